"""Vectors from a server: the OpenAI protocol, which many servers speak, and Ollama's."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from continuum.domain.addresses import checked_address, shown_address
from continuum.embeddings.base import Vectors
from continuum.embeddings.vectors import batches, checked, well_formed
from continuum.errors import ConfigurationError, EmbeddingError

ANSWER_BYTES_MAX: Final = 64 * 1_048_576
TIMEOUT_SECONDS: Final = 30.0
BATCH: Final = 64
OPENAI_URL: Final = "https://api.openai.com/v1"
OLLAMA_URL: Final = "http://127.0.0.1:11434"
_OPENAI_DIMENSIONS: Final[Mapping[str, int]] = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
_PIECE_BYTES: Final = 65_536
_EMPTY_TEXT: Final = " "
"""What is sent for an empty text: the protocols refuse it. Its row is set to zero."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the texts, and the key, to an address nobody configured."""

    def redirect_request(self, *args: object) -> None:
        return None


class _HttpProvider(ABC):
    """What both protocols share: batches, one deadline a request, typed failures, rows that are checked."""

    def __init__(
        self,
        name: str,
        url: str,
        headers: Mapping[str, str],
        dimensions: int | None,
        timeout_seconds: float,
        batch: int,
    ) -> None:
        if batch < 1 or timeout_seconds <= 0 or (dimensions is not None and dimensions < 1):
            raise ConfigurationError("batch, timeout_seconds and dimensions of an embedding provider must be positive")
        self._name = name
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}
        self._dimensions = dimensions
        self._timeout_seconds = timeout_seconds
        self._batch = batch
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
            handlers.append(urllib.request.ProxyHandler({}))  # no proxy knows this machine's own servers
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def dimensions(self) -> int:
        """The width of the rows; asked of the server once if it was not given. Raises EmbeddingError."""
        if self._dimensions is None:
            self._dimensions = len(self._rows(["width"])[0])
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        sent = [well_formed(text) if text.strip() else _EMPTY_TEXT for text in texts]
        rows = [row for some in batches(sent, self._batch) for row in self._rows(some)]
        if self._dimensions is None:
            self._dimensions = len(rows[0])
        found = checked(rows, len(texts), self._dimensions, self._name)
        found[[number for number, text in enumerate(texts) if not text.strip()]] = 0.0
        return found

    def _rows(self, texts: Sequence[str]) -> list[Sequence[float]]:
        answer = self._post(self._body(texts))
        try:
            rows = self._read(answer)
            widths = {len(row) for row in rows}
        except (KeyError, TypeError, ValueError, IndexError) as exc:
            raise EmbeddingError(f"{self._name}: the answer is not an embedding answer") from exc
        if len(rows) != len(texts) or len(widths) != 1:
            raise EmbeddingError(f"{self._name}: {len(rows)} vectors of widths {sorted(widths)} for {len(texts)} texts")
        return rows

    @abstractmethod
    def _body(self, texts: Sequence[str]) -> dict[str, Any]:  # JSON
        """The question for these texts."""

    @abstractmethod
    def _read(self, answer: Any) -> list[Sequence[float]]:  # JSON, of which nothing is known yet
        """The rows of an answer, in the order of the texts."""

    def _post(self, body: Mapping[str, Any]) -> Any:  # JSON
        request = urllib.request.Request(self._url, json.dumps(body).encode(), self._headers)  # noqa: S310  checked above
        deadline = time.monotonic() + self._timeout_seconds
        try:
            with self._opener.open(request, timeout=self._timeout_seconds) as response:
                data = _read_all(response.read1, deadline)
        except urllib.error.HTTPError as exc:
            with exc:
                raise EmbeddingError(f"{self._name}: the server answered {exc.code} {exc.reason}") from exc
        except TimeoutError as exc:
            raise EmbeddingError(f"{self._name}: no answer within {self._timeout_seconds:g} s") from exc
        except (OSError, http.client.HTTPException) as exc:
            raise EmbeddingError(f"{self._name}: {shown_address(self._url)} cannot be reached: {exc}") from exc
        try:
            return json.loads(data)
        except ValueError as exc:
            raise EmbeddingError(f"{self._name}: the answer is not JSON") from exc


def _checked_base(address: str) -> str:
    """The address without a last slash. Raises ConfigurationError, which does not repeat it."""
    try:
        return checked_address(address).rstrip("/")
    except ValueError as exc:
        raise ConfigurationError(f"the embedding address {exc}") from exc


def _read_all(read: Callable[[int], bytes], deadline: float) -> bytes:
    """The whole answer, within the deadline however slowly it drips, and within 64 MB."""
    pieces: list[bytes] = []
    size = 0
    while piece := read(_PIECE_BYTES):
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise OSError(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError
        pieces.append(piece)
    return b"".join(pieces)


class OpenAIProvider(_HttpProvider):
    """Any server that speaks the OpenAI embeddings protocol.

    `base_url` ends before ``/embeddings``. `dimensions` is sent to the server if given; else it is known for
    OpenAI's models and asked of others. The texts leave this machine. Timeouts are in seconds, for each request.
    """

    def __init__(
        self,
        model: str = "text-embedding-3-small",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        dimensions: int | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        batch: int = BATCH,
    ) -> None:
        base = _checked_base(base_url or OPENAI_URL)
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        width = dimensions or (_OPENAI_DIMENSIONS.get(model) if base == OPENAI_URL else None)
        place = "" if base == OPENAI_URL else f"@{urlsplit(base).netloc}"
        self.model: Final = f"openai:{model}{place}" + (f"/{dimensions}" if dimensions else "")
        self._sent_model = model
        self._sent_dimensions = dimensions
        super().__init__(self.model, f"{base}/embeddings", headers, width, timeout_seconds, batch)

    def _body(self, texts: Sequence[str]) -> dict[str, Any]:  # JSON
        body: dict[str, Any] = {"model": self._sent_model, "input": list(texts), "encoding_format": "float"}
        if self._sent_dimensions:
            body["dimensions"] = self._sent_dimensions
        return body

    def _read(self, answer: Any) -> list[Sequence[float]]:  # JSON
        items = sorted(answer["data"], key=lambda item: int(item["index"]))
        return [item["embedding"] for item in items]


class OllamaProvider(_HttpProvider):
    """A model of an Ollama server, by default the one on this machine. Timeouts are in seconds, for each request."""

    def __init__(
        self,
        model: str = "nomic-embed-text",
        *,
        base_url: str | None = None,
        dimensions: int | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        batch: int = BATCH,
    ) -> None:
        self.model: Final = f"ollama:{model}"
        self._sent_model = model
        url = _checked_base(base_url or OLLAMA_URL) + "/api/embed"
        super().__init__(self.model, url, {}, dimensions, timeout_seconds, batch)

    def _body(self, texts: Sequence[str]) -> dict[str, Any]:  # JSON
        return {"model": self._sent_model, "input": list(texts), "truncate": True}

    def _read(self, answer: Any) -> list[Sequence[float]]:  # JSON
        return list(answer["embeddings"])
