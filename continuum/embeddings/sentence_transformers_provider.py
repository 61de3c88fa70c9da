"""Any model of the sentence-transformers library, for those who have it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np

from continuum.embeddings.base import Vectors
from continuum.embeddings.vectors import checked, well_formed
from continuum.errors import EmbeddingError, FeatureUnavailableError, install_hint

_BATCH: Final = 32


class SentenceTransformersProvider:
    """A model by its name or folder; the library may download it the first time.

    Raises FeatureUnavailableError if the library is not installed, EmbeddingError if the model cannot be loaded.
    """

    def __init__(self, name: str = "all-MiniLM-L6-v2", *, device: str = "cpu") -> None:
        try:
            library: Any = import_module("sentence_transformers")  # the library has no types here
        except ImportError as exc:
            raise FeatureUnavailableError(
                f"sentence-transformers is not installed: {install_hint('sentence-transformers')}"
            ) from exc
        try:
            self._model = library.SentenceTransformer(name, device=device)
        except (OSError, ValueError, RuntimeError) as exc:
            raise EmbeddingError(f"sentence-transformers: model {name!r} cannot be loaded: {exc}") from exc
        self.model: Final = f"sentence-transformers:{name}"
        self.dimensions: Final = int(self._model.get_sentence_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        sent = [well_formed(text) for text in texts]
        try:
            rows = self._model.encode(sent, batch_size=_BATCH, show_progress_bar=False)
        except RuntimeError as exc:
            raise EmbeddingError(f"{self.model}: {exc}") from exc
        return checked(rows, len(sent), self.dimensions, self.model)
