"""Postings: for each term the messages that hold it, sorted, as flat arrays that never change.

A segment covers a run of consecutive documents. Documents are numbered by their place in the index, from 0. Each
posting carries one byte that joins how often the term occurs (three bits) with how long the message is (five bits,
in steps of a third), so that a query turns postings into weights by one look-up in a table of 256.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Terms = NDArray[np.uint32]
Codes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Counts = NDArray[np.integer[Any]]

COUNT_STEPS = np.array([0, 1, 2, 3, 4, 6, 9, 14], dtype=np.float64)
"""What the eight values of a posting's count bits stand for."""

_LENGTH_STEP = 1.33
LENGTH_STEPS = np.round(_LENGTH_STEP ** np.arange(32)) + np.minimum(np.arange(32), 2)
"""What the 32 values of the length bits stand for, in terms: 1 to about 7,000."""

_COUNT_CODE_MAX = 255
_COUNT_CODES = np.searchsorted(COUNT_STEPS, np.arange(_COUNT_CODE_MAX + 1), side="right").astype(np.uint8) - 1
_COUNT_CODES[0] = 0


def length_codes(lengths: Ints) -> Codes:
    """The five-bit code of each length, to the nearest step below."""
    codes = np.searchsorted(LENGTH_STEPS, lengths, side="right") - 1
    return np.clip(codes, 0, 31).astype(np.uint8)


def weight_table(k1: float, b: float, average_length: float) -> Floats:
    """Okapi BM25's weight, without idf, of each of the 256 posting codes; between 0 and k1 + 1."""
    counts = COUNT_STEPS[np.arange(256) >> 5]
    lengths = LENGTH_STEPS[np.arange(256) & 31]
    scaled = k1 * (1.0 - b + b * lengths / max(average_length, 1.0))
    table: Floats = counts * (k1 + 1.0) / (counts + scaled)
    return table


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents [start, end): `terms` sorted, `bounds` their slices of `documents` (ascending in each) and `codes`."""

    start: int
    end: int
    terms: Terms
    bounds: Ints
    documents: Ints
    codes: Codes

    @property
    def nbytes(self) -> int:
        return self.terms.nbytes + self.bounds.nbytes + self.documents.nbytes + self.codes.nbytes

    def holds(self, wanted: Terms) -> NDArray[np.bool_]:
        """Which of the wanted terms occur."""
        if not len(self.terms):
            return np.zeros(len(wanted), dtype=np.bool_)
        found: NDArray[np.bool_] = self.terms.take(self.terms.searchsorted(wanted), mode="clip") == wanted
        return found

    def slices(self, wanted: Terms) -> list[tuple[int, int]]:
        """Where the postings of each wanted term lie; (0, 0) for one that does not occur."""
        if not len(self.terms):
            return [(0, 0)] * len(wanted)
        places = np.searchsorted(self.terms, wanted)
        places[places == len(self.terms)] = 0
        found = self.terms[places] == wanted
        return [
            (first, last) if hit else (0, 0)
            for first, last, hit in zip(
                self.bounds[places].tolist(), self.bounds[places + 1].tolist(), found.tolist(), strict=True
            )
        ]


def build_segment(start: int, offsets: NDArray[np.int64], stream: Terms) -> Segment:
    """Invert the documents whose terms are `stream[offsets[i]:offsets[i + 1]]`; takes about 60 ns a term."""
    lengths = np.diff(offsets).astype(np.int32)
    keys = stream[offsets[0] : offsets[-1]].astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.repeat(np.arange(len(lengths), dtype=np.uint32), lengths)
    keys.sort()
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else _EMPTY_PLACES
    counts = np.diff(np.append(firsts, len(keys)))
    keys = keys[firsts]
    documents = keys.astype(np.uint32).astype(np.int32)
    times = _COUNT_CODES[np.minimum(counts, _COUNT_CODE_MAX)]
    codes = (times << 5 | length_codes(lengths)[documents]).astype(np.uint8)
    return _grouped(start, start + len(lengths), (keys >> np.uint64(32)).astype(np.uint32), documents + start, codes)


def _grouped(start: int, end: int, terms: Terms, documents: Ints, codes: Codes) -> Segment:
    heads = np.flatnonzero(np.concatenate(([True], terms[1:] != terms[:-1]))) if len(terms) else _EMPTY_PLACES
    bounds = np.append(heads, len(terms)).astype(np.int32)
    return Segment(start, end, terms[heads], bounds, documents.astype(np.int32), codes)


_EMPTY_PLACES: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
