"""Static token vectors: a table look-up and a mean, a hundred times faster than a transformer and less exact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from continuum.embeddings.base import Vectors
from continuum.embeddings.vectors import checked, well_formed
from continuum.errors import EmbeddingError, FeatureUnavailableError, install_hint

STATIC_DIMENSIONS: Final = 256
_CHARACTERS_MAX: Final = 8_192
_PACKAGE: Final = "wordllama"
_WEIGHTS: Final = (
    "weights/l2_supercat_256.safetensors",
    "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
)
_TOKENS: Final = (
    "tokenizers/l2_supercat_tokenizer_config.json",
    "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
)
_INSTALL: Final = install_hint("static-embeddings")


class StaticProvider:
    """Means of 256-number token vectors from the package wordllama, whose files are read without importing it.

    Reads the first 8,192 characters of a text. Raises FeatureUnavailableError if the packages are not installed,
    EmbeddingError if their files are not the known ones.
    """

    def __init__(self) -> None:
        try:
            library: Any = import_module("tokenizers")  # the library has no types
        except ImportError as exc:
            raise FeatureUnavailableError(f"static vectors need the package tokenizers: {_INSTALL}") from exc
        self._tokenizer = library.Tokenizer.from_str(_known_file(*_TOKENS).decode("utf-8"))
        self._table = _tensor(_known_file(*_WEIGHTS))

    @property
    def model(self) -> str:
        return f"wordllama-l2-supercat-256@{_WEIGHTS[1][:12]}"

    @property
    def dimensions(self) -> int:
        return STATIC_DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), STATIC_DIMENSIONS))
        for row, text in zip(rows, texts, strict=True):
            if not text:
                continue
            ids = self._tokenizer.encode(well_formed(text[:_CHARACTERS_MAX]), add_special_tokens=False).ids
            if ids:
                row[:] = self._table[ids].mean(axis=0, dtype=np.float64)
        return checked(rows, len(texts), STATIC_DIMENSIONS, self.model)


def _known_file(name: str, sha256: str) -> bytes:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FeatureUnavailableError(f"static vectors need the package {_PACKAGE}: {_INSTALL}")
    path = Path(spec.submodule_search_locations[0]) / name
    if not path.is_file():
        raise EmbeddingError(f"{path.name} is not in the installed {_PACKAGE}; install version 0.4")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise EmbeddingError(f"{path.name} has SHA-256 {digest}, expected {sha256}; install {_PACKAGE} 0.4")
    return data


def _tensor(data: bytes) -> NDArray[np.float16]:
    """The one table of a safetensors file: eight bytes of header length, a JSON header, the numbers."""
    length = int.from_bytes(data[:8], "little")
    start, end = json.loads(data[8 : 8 + length])["embedding.weight"]["data_offsets"]
    table = np.frombuffer(data, dtype="<f2", count=(end - start) // 2, offset=8 + length + start)
    return table.reshape(-1, STATIC_DIMENSIONS)
