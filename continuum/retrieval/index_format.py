"""The saved form of an index: a checksum, a header in JSON, then the arrays as they lie in memory."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from continuum.language.tokens import TERMS_VERSION
from continuum.retrieval.postings import Segment

FORMAT_VERSION = 2
_MAGIC = b"CTMINDEX"
_FIXED_BYTES = len(_MAGIC) + 8
_ALIGNMENT = 8
_SEGMENT_TYPES = (("terms", "<u4"), ("bounds", "<i4"), ("documents", "<i4"), ("codes", "|u1"))


@dataclass(frozen=True, slots=True, eq=False)
class SavedIndex:
    """What `unpack` read; the arrays lie in the blob and are read-only."""

    position: int
    sessions: list[str]
    speakers: list[str]
    arrays: dict[str, NDArray[Any]]
    segments: tuple[Segment, ...]


def pack(
    position: int,
    names: Mapping[str, Sequence[str]],
    arrays: Mapping[str, NDArray[Any]],
    segments: Sequence[Segment],
) -> bytes:
    """One blob of everything, that says by itself when it is damaged."""
    inner = [getattr(segment, name) for segment in segments for name, _ in _SEGMENT_TYPES]
    body = [_padded(array.tobytes()) for array in (*arrays.values(), *inner)]
    header = json.dumps(
        {
            "format": FORMAT_VERSION,
            "terms": TERMS_VERSION,
            "position": position,
            "names": dict(names),
            "arrays": [[name, len(array)] for name, array in arrays.items()],
            "segments": [[s.start, s.end, *(len(getattr(s, name)) for name, _ in _SEGMENT_TYPES)] for s in segments],
        }
    ).encode()
    rest = b"".join([len(header).to_bytes(8, "little"), _padded(header), *body])
    return b"".join([_MAGIC, zlib.crc32(rest).to_bytes(8, "little"), rest])


def unpack(blob: bytes, column_types: Sequence[tuple[str, str]]) -> SavedIndex:
    """Read what `pack` wrote. Raises ValueError if it is damaged, or of another version."""
    view = memoryview(blob)
    if len(blob) < _FIXED_BYTES + 8 or blob[: len(_MAGIC)] != _MAGIC:
        raise ValueError("this is no saved index")
    if zlib.crc32(view[_FIXED_BYTES:]) != int.from_bytes(blob[len(_MAGIC) : _FIXED_BYTES], "little"):
        raise ValueError("the saved index is damaged: its checksum differs")
    size = int.from_bytes(blob[_FIXED_BYTES : _FIXED_BYTES + 8], "little")
    start = _FIXED_BYTES + 8
    header = json.loads(bytes(view[start : start + size]))
    if (header["format"], header["terms"]) != (FORMAT_VERSION, TERMS_VERSION):
        raise ValueError("the saved index is of another version; build it again from the log")
    reader = _Reader(view, start + _padded_size(size))
    lengths = dict(header["arrays"])
    if list(lengths) != [name for name, _ in column_types]:
        raise ValueError("the saved index has other columns; build it again from the log")
    arrays = {name: reader.take(dtype, lengths[name]) for name, dtype in column_types}
    segments = tuple(_segment(reader, entry) for entry in header["segments"])
    names = header["names"]
    return SavedIndex(header["position"], names["sessions"], names["speakers"], arrays, segments)


def _segment(reader: _Reader, entry: Sequence[int]) -> Segment:
    start, end, *sizes = entry
    parts = [reader.take(dtype, size) for (_, dtype), size in zip(_SEGMENT_TYPES, sizes, strict=True)]
    return Segment(start, end, *parts)


class _Reader:
    """Takes one array after the other out of a blob."""

    def __init__(self, view: memoryview, position: int) -> None:
        self._view = view
        self._position = position

    def take(self, dtype: str, length: int) -> NDArray[Any]:
        array: NDArray[Any] = np.frombuffer(self._view, dtype=dtype, count=length, offset=self._position)
        self._position += _padded_size(array.nbytes)
        return array


def _padded_size(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _padded(data: bytes) -> bytes:
    return data + bytes(_padded_size(len(data)) - len(data))
