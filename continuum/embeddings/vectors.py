"""Arithmetic of unit vectors: lengths, likeness, the best few, and their form on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from continuum.embeddings.base import Vectors
from continuum.errors import EmbeddingError

STORED_TYPE: Final = np.dtype("<f4")
"""Little-endian float32, on every machine."""
_TINY: Final = 1e-12
_Item = TypeVar("_Item")


def normalise(rows: ArrayLike) -> Vectors:
    """Rows of length 1, float32; a row of zeros stays as it is. Raises EmbeddingError for NaN or infinity.

    >>> normalise([[3.0, 4.0]]).tolist() == [[np.float32(0.6), np.float32(0.8)]]
    True
    """
    wide = np.asarray(rows, dtype=np.float64)
    if not np.isfinite(wide).all():
        raise EmbeddingError("a vector holds NaN or infinity; check the provider's model")
    # By the largest part first: the square of 1e200 is more than a float holds.
    largest = np.abs(wide).max(axis=-1, keepdims=True, initial=0.0)
    scaled = np.divide(wide, largest, out=np.zeros_like(wide), where=largest > 0)
    lengths = np.linalg.norm(scaled, axis=-1, keepdims=True)
    unit: Vectors = np.divide(scaled, lengths, out=scaled, where=lengths > _TINY).astype(np.float32)
    return unit


def cosine(a: Sequence[float] | Vectors, b: Sequence[float] | Vectors) -> float:
    """How alike two vectors of any length are, in [-1, 1]; 0 if one of them is zero.

    >>> cosine([1.0, 0.0], [2.0, 0.0])
    1.0
    """
    return float(np.clip(normalise(a) @ normalise(b), -1.0, 1.0))


def top_k(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Positions of the `k` largest scores, largest first; of equal ones the earlier first."""
    if k <= 0 or scores.size == 0:
        return np.empty(0, dtype=np.intp)
    if k < scores.size:
        threshold = np.partition(scores, scores.size - k)[scores.size - k]
        candidates = np.flatnonzero(scores >= threshold)
    else:
        candidates = np.arange(scores.size)
    order = np.argsort(-scores[candidates], kind="stable")
    return candidates[order[:k]]


def to_bytes(vector: ArrayLike) -> bytes:
    """One vector as little-endian float32."""
    return np.ascontiguousarray(vector, dtype=STORED_TYPE).tobytes()


def from_bytes(data: bytes, dimensions: int) -> Vectors:
    """The vector of `to_bytes`. Raises EmbeddingError if it does not have `dimensions` numbers."""
    if len(data) != dimensions * STORED_TYPE.itemsize:
        raise EmbeddingError(f"a stored vector has {len(data)} bytes, not {dimensions * STORED_TYPE.itemsize}")
    return np.frombuffer(data, dtype=STORED_TYPE).astype(np.float32)


def checked(rows: ArrayLike, count: int, dimensions: int, model: str) -> Vectors:
    """Unit rows of what a model answered. Raises EmbeddingError unless there are `count` rows of `dimensions`."""
    try:
        found = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise EmbeddingError(f"{model}: the answer is not a table of numbers") from exc
    if found.shape != (count, dimensions):
        raise EmbeddingError(f"{model}: the answer has shape {found.shape}, expected {(count, dimensions)}")
    return normalise(found)


def batches(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """The items in order, at most `size` at once."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced, so that it can leave Python as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
