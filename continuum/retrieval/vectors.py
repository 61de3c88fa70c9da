"""Vectors of one model, one row for each message; a message with several rows counts by its best.

What to embed: the whole text without the speaker's name, as it stands. Cutting long messages into passages of 200 or
450 characters and taking the best gave nothing on top of one vector of the first 256 tokens, for ten times the rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from continuum.retrieval.columns import Column
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.postings import Floats

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """What a set held at one moment."""

    seqs: NDArray[np.int64]
    matrix: Vectors
    distinct: bool


class VectorSet:
    """Rows of unit length, four bytes a number: 100,000 of 384 take 154 MB and some milliseconds to compare.

    Rows may come in any order of `seq`. Readers see a set as it was when they began; writers exclude each other.
    """

    def __init__(self, model: str, dimensions: int) -> None:
        if dimensions < 1:
            raise ValueError(f"dimensions must be at least 1; got {dimensions}")
        self.model = model
        self.dimensions = dimensions
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._seqs = Column.empty("<i8")
        self._matrix = Column(np.zeros((0, self.dimensions), dtype=np.float32))
        self._known: set[int] = set()
        self._rows = _Rows(self._seqs.shown(), self._matrix.shown(), True)

    def __len__(self) -> int:
        return len(self._rows.seqs)

    def __contains__(self, seq: int) -> bool:
        return seq in self._known

    @property
    def nbytes(self) -> int:
        return self._seqs.nbytes + self._matrix.nbytes + 60 * len(self._known)

    def append(self, seqs: Sequence[int], matrix: Vectors) -> None:
        """Add rows. Raises ValueError if they are not as many as `seqs`, or of another width."""
        rows = np.asarray(matrix, dtype=np.float32)
        if rows.shape != (len(seqs), self.dimensions):
            raise ValueError(f"{len(seqs)} messages need rows of {self.dimensions} numbers; got shape {rows.shape}")
        with self._lock:
            distinct = self._rows.distinct and len(set(seqs)) == len(seqs) and self._known.isdisjoint(seqs)
            self._seqs.append(np.asarray(seqs, dtype=np.int64))
            self._matrix.append(rows)
            self._known.update(seqs)
            self._rows = _Rows(self._seqs.shown(), self._matrix.shown(), distinct)

    def remove(self, seqs: Iterable[int]) -> int:
        """Forget the rows of some messages; returns how many rows there were."""
        with self._lock:
            old = self._rows
            kept = ~np.isin(old.seqs, np.fromiter(seqs, dtype=np.int64))
            if kept.all():
                return 0
            self._clear()
            self._seqs.append(old.seqs[kept])
            self._matrix.append(old.matrix[kept])
            self._known = set(self._seqs.shown().tolist())
            self._rows = _Rows(self._seqs.shown(), self._matrix.shown(), len(self._known) == len(self._seqs))
            return int((~kept).sum())

    def scores(self, query: Vectors) -> tuple[NDArray[np.int64], Vectors]:
        """The `seq` and the cosine of every row."""
        rows = self._rows
        return rows.seqs, rows.matrix @ self._checked(query)

    def _checked(self, query: Vectors) -> Vectors:
        wanted = np.asarray(query, dtype=np.float32)
        if wanted.shape != (self.dimensions,):
            raise ValueError(f"a vector of {self.dimensions} numbers is needed; got shape {wanted.shape}")
        return wanted

    def by_place(self, view: IndexView, query: Vectors) -> Floats:
        """The cosine of each message of the view by its place; 0 where there is no vector."""
        rows = self._rows
        cosines = rows.matrix @ self._checked(query)
        result = np.zeros(len(view))
        if rows.distinct and len(cosines) <= len(view) and np.array_equal(rows.seqs, view.seqs[: len(cosines)]):
            result[: len(cosines)] = cosines
            return result
        places, there = view.places(rows.seqs)
        if rows.distinct:
            result[places[there]] = cosines[there]
        else:
            result[places[there]] = -np.inf
            np.maximum.at(result, places[there], cosines[there])
        return result
