"""Vectors of one model, by message: several rows may stand for one message, its best counts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from continuum.retrieval.index_view import IndexView
from continuum.retrieval.postings import Floats

Vectors = NDArray[np.float32]


class VectorSet:
    """Rows of unit length in ascending `seq`."""

    def __init__(self, model: str, dimensions: int) -> None:
        self.model = model
        self.dimensions = dimensions
        self._lock = threading.Lock()
        self._seqs: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._rows: Vectors = np.zeros((0, dimensions), dtype=np.float32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, seqs: Sequence[int], matrix: Vectors) -> None:
        with self._lock:
            self._seqs = np.concatenate((self._seqs, np.asarray(seqs, dtype=np.int64)))
            self._rows = np.concatenate((self._rows, matrix))
            self._size = len(self._seqs)

    def scores(self, query: Vectors) -> tuple[NDArray[np.int64], Vectors]:
        return self._seqs, self._rows @ query

    def by_place(self, view: IndexView, query: Vectors) -> Floats:
        seqs, cos = self.scores(query)
        places, there = view.places(seqs)
        out = np.zeros(len(view))
        np.maximum.at(out, places[there], cos[there])
        return out
