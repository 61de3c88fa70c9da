"""What turns texts into vectors must promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (texts, dimensions)."""


@runtime_checkable
class EmbeddingProvider(Protocol):
    """Gives each text a vector, so that texts of like meaning have a large dot product.

    Laws, checked for every provider by `EmbeddingConformance`:

    - `embed(texts)` has shape (len(texts), `dimensions`), float32, one row a text, in their order; no texts, no rows;
    - every row has length 1, except that of a text in which the model sees nothing: that is zero, and like nothing;
    - the same text gives the same row, whatever stands beside it in the call (to within 1e-3);
    - any text is taken: empty, very long (read up to the model's limit), with NUL, lone surrogates or any script;
    - `model` names the model and its version, so that two providers with the same `model` give comparable vectors,
      and vectors of different models are never compared;
    - calls from several threads do not disturb each other;
    - what cannot be computed raises `EmbeddingError`, and nothing is returned for part of the texts.
    """

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors: ...
