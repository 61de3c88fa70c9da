"""The lexical index of one tenant: columns of all messages, postings of the sealed ones, a small unsealed tail.

Columns only grow, so a view is a set of slices that stay true while another thread appends. The tail is inverted
afresh for each view (256 short messages take a third of a millisecond); once it holds `TAIL_MAX` messages it is
sealed into a segment, and small segments are merged as they come. Larger merges wait for `compact`, which a caller
runs where nobody waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from continuum.domain.records import ROLES, IndexedMessage
from continuum.language.tokens import RESERVED, query_terms
from continuum.retrieval.columns import Column
from continuum.retrieval.index_format import pack, unpack
from continuum.retrieval.index_subset import replaced, subset
from continuum.retrieval.index_view import VIEW_COLUMNS, IndexView
from continuum.retrieval.postings import Ints, Places, Segment, Terms, build_segment
from continuum.retrieval.signatures import heads_of, marks_of, signatures_of

TAIL_MAX = 256
INLINE_MERGE_MAX = 8_192
"""Merges up to this many messages happen inside `extend`: a few milliseconds, once in thousands of messages."""

UNORDERED_MAX = 512
"""So many messages, and a sixteenth of the others, may be newer than the order by signature before it is made anew."""

SEGMENTS_KEPT = 4
"""`compact` has nothing to do while there are no more segments than this."""

COLUMN_TYPES: tuple[tuple[str, str], ...] = (
    ("seqs", "<i8"),
    ("times", "<i8"),
    ("sessions", "<i4"),
    ("speakers", "<i4"),
    ("roles", "|u1"),
    ("forms", "|u1"),
    ("before", "<i4"),
    ("after", "<i4"),
    ("offsets", "<i8"),
    ("stream", "<u4"),
    ("tag_offsets", "<i8"),
    ("tags", "<u4"),
    ("signatures", "<u8"),
    ("session_terms", "<i8"),
    ("session_last", "<i4"),
    ("role_counts", "<i8"),
)
_ROLE_CODES: dict[str, int] = {role: code for code, role in enumerate(ROLES)}


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Terms of many messages in one array, with the length, the form and the wording mark of each."""

    stream: Terms
    lengths: Ints
    forms: Ints
    marks: Terms


def _decode(blobs: Sequence[bytes]) -> _Decoded:
    values = np.frombuffer(b"".join(blobs), dtype="<u4")
    ends = np.cumsum(np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs))) // 4
    starts: NDArray[np.int64] = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1]))
    kept = values >= RESERVED
    places: NDArray[np.int64] = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(kept)))
    lengths = (places[ends] - places[starts]).astype(np.int32)
    last = values[np.maximum(ends - 1, 0)] if len(values) else np.zeros(len(blobs), dtype=np.uint32)
    forms = np.where((ends > starts) & (last < RESERVED), last, 0).astype(np.int32)
    return _Decoded(values[kept], lengths, forms, marks_of(values, starts, ends))


class MessageIndex:
    """Holds what ranking needs of each message of one tenant. Writers exclude each other; readers use views."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._clear()

    def _clear(self) -> None:
        self._columns: dict[str, Column] = {name: Column.empty(dtype) for name, dtype in COLUMN_TYPES}
        for name in ("offsets", "tag_offsets"):
            self._columns[name].append(np.zeros(1, dtype=np.int64))
        self._columns["role_counts"].append(np.zeros(len(ROLES), dtype=np.int64))
        self._session_ids: dict[str, int] = {}
        self._speaker_ids: dict[str, int] = {}
        self._name_terms: dict[int, tuple[int, ...]] = {}
        self._speaker_hashes: list[int] = []
        self._by_signature: Places = np.zeros(0, dtype=np.int64)
        self._segments: tuple[Segment, ...] = ()
        self._position = 0
        self._view: IndexView | None = None

    def __len__(self) -> int:
        return len(self._columns["seqs"])

    @property
    def position(self) -> int:
        """The log position up to which it is complete."""
        return self._position

    def advance(self, position: int) -> None:
        """Say that the log holds nothing for this index up to `position`."""
        with self._lock:
            self._position = max(self._position, position)

    @property
    def nbytes(self) -> int:
        """Bytes held in arrays and, roughly, in names."""
        names = sum(len(name) + 120 for names in (self._session_ids, self._speaker_ids) for name in names)
        columns = sum(column.nbytes for column in self._columns.values())
        return columns + self._by_signature.nbytes + sum(segment.nbytes for segment in self._segments) + names

    def view(self) -> IndexView:
        """What the index holds now, unchanged by whatever comes later. Free when nothing was added."""
        view = self._view
        if view is None:
            with self._lock:
                view = self._view = self._snapshot()
        return view

    def extend(self, rows: Sequence[IndexedMessage]) -> None:
        """Add messages in ascending `seq`; those at or before `position` are known already and passed over.

        Raises ValueError when `seq` does not ascend or `terms` is no array of uint32.
        """
        with self._lock:
            rows = [row for row in rows if row.seq > self._position] if rows else rows
            if not rows:
                return
            if any(later.seq <= earlier.seq for earlier, later in pairwise(rows)):
                raise ValueError("messages must come in ascending seq")
            self._append(rows, _decode([row.terms for row in rows]))
            self._position = rows[-1].seq
            self._seal()
            self._view = None

    def _append(self, rows: Sequence[IndexedMessage], decoded: _Decoded) -> None:
        columns, first = self._columns, len(self)
        sessions = self._interned(self._session_ids, [row.session_id for row in rows])
        fresh = len(self._session_ids) - len(columns["session_last"])
        roles = np.array([_ROLE_CODES[row.role] for row in rows], dtype=np.uint8)
        columns["session_terms"].append(np.zeros(fresh * len(ROLES), dtype=np.int64))
        columns["session_last"].append(np.full(fresh, -1, dtype=np.int32))
        columns["session_terms"].add_at(sessions * np.int64(len(ROLES)) + roles, decoded.lengths)
        columns["role_counts"].add_at(roles, np.ones(len(rows), dtype=np.int64))
        self._link(first, sessions)
        columns["seqs"].append(np.array([row.seq for row in rows], dtype=np.int64))
        columns["times"].append(np.array([row.timestamp for row in rows], dtype=np.int64))
        columns["sessions"].append(sessions)
        speakers = self._speakers_of(rows)
        columns["speakers"].append(speakers)
        columns["roles"].append(roles)
        columns["forms"].append(decoded.forms)
        columns["offsets"].append(columns["offsets"].shown()[-1] + np.cumsum(decoded.lengths, dtype=np.int64))
        columns["stream"].append(decoded.stream)
        tags = [row.tags for row in rows]
        tag_counts = np.fromiter(map(len, tags), dtype=np.int64, count=len(tags)) // 4
        flat_tags = np.frombuffer(b"".join(tags), dtype="<u4")
        columns["tag_offsets"].append(columns["tag_offsets"].shown()[-1] + np.cumsum(tag_counts))
        columns["tags"].append(flat_tags)
        hashes = np.fromiter((self._speaker_hashes[i] for i in speakers.tolist()), np.uint32, len(rows))
        heads = heads_of(roles, decoded.forms, hashes)
        columns["signatures"].append(
            signatures_of(decoded.stream, decoded.lengths, decoded.marks, heads, flat_tags, tag_counts)
        )

    def _link(self, first: int, sessions: Ints) -> None:
        """Join each message to the one before it in its session."""
        count = len(sessions)
        last = self._columns["session_last"].shown()
        order = np.argsort(sessions, kind="stable")
        grouped = sessions[order]
        heads = np.concatenate(([True], grouped[1:] != grouped[:-1]))
        before = np.empty(count, dtype=np.int32)
        earlier = np.concatenate((np.zeros(1, dtype=np.int64), order[:-1])) + first
        before[order] = np.where(heads, last[grouped], earlier)
        tails = np.concatenate((heads[1:], [True]))
        self._columns["session_last"].put(grouped[tails].astype(np.int64), (order[tails] + first).astype(np.int32))
        self._columns["before"].append(before)
        self._columns["after"].append(np.full(count, -1, dtype=np.int32))
        linked = np.flatnonzero(before >= 0)
        self._columns["after"].put(before[linked].astype(np.int64), (linked + first).astype(np.int32))

    def _speakers_of(self, rows: Sequence[IndexedMessage]) -> Ints:
        names = [row.speaker or "" for row in rows]
        for name in [name for name in dict.fromkeys(names) if name not in self._speaker_ids]:
            self._learn_name(name)
        ids = self._speaker_ids
        return np.fromiter((ids[name] for name in names), dtype=np.int32, count=len(names))

    def _learn_name(self, name: str) -> None:
        speaker = self._speaker_ids.setdefault(name, len(self._speaker_ids))
        self._speaker_hashes.append(_name_hash(name))
        if name.lower() in _ROLE_CODES:  # a role's name tells no one apart
            return
        for term in query_terms(name):
            self._name_terms[term.hash] = (*self._name_terms.get(term.hash, ()), speaker)

    @staticmethod
    def _interned(ids: dict[str, int], names: Iterable[str]) -> Ints:
        return np.array([ids.setdefault(name, len(ids)) for name in names], dtype=np.int32)

    def _seal(self) -> None:
        """Turn a full tail into a segment and merge it with neighbours of its size."""
        start = self._sealed()
        if len(self) - start < TAIL_MAX:
            return
        segments = [*self._segments]
        while segments and _merges_inline(segments[-1], len(self) - start):
            start = segments.pop().start
        self._segments = (*segments, self._built(start, len(self)))

    def _built(self, start: int, end: int) -> Segment:
        offsets = self._columns["offsets"].shown()[start : end + 1]
        return build_segment(start, offsets, self._columns["stream"].shown())

    def compact(self) -> bool:
        """Merge large segments; True if there was something to merge. Readers and writers go on meanwhile."""
        with self._lock:
            segments = self._segments
            if len(segments) <= SEGMENTS_KEPT:
                return False
            offsets = self._columns["offsets"].shown()[: segments[-1].end + 1]
            stream = self._columns["stream"].shown()
        merged = build_segment(0, offsets, stream)
        with self._lock:
            same = [new is old for new, old in zip(self._segments, segments, strict=False)]
            if len(same) < len(segments) or not all(same):  # a removal or an inline merge came between
                return True
            self._segments = (merged, *self._segments[len(segments) :])
            self._view = None
        return True

    def remove(self, seqs: Iterable[int]) -> int:
        """Forget messages as if they had never been added; returns how many were there. Copies what is kept."""
        with self._lock:
            gone = np.isin(self._columns["seqs"].shown(), np.fromiter(seqs, dtype=np.int64))
            if gone.any():
                self._adopt(subset(self.view(), ~gone), int((~gone[: self._sealed()]).sum()))
            return int(gone.sum())

    def replace(self, rows: Sequence[IndexedMessage]) -> None:
        """Put other rows in the place of those with the same `seq`; others are passed over.

        Raises ValueError when `seq` does not ascend or `terms` is no array of uint32.
        """
        others = MessageIndex()
        others.extend(rows)
        with self._lock:
            self._adopt(replaced(self.view(), others.view()), self._sealed())

    def _sealed(self) -> int:
        return self._segments[-1].end if self._segments else 0

    def _adopt(self, view: IndexView, sealed: int) -> None:
        """Hold what a view holds, all of it new; its messages from place `sealed` on are the tail."""
        columns = {name: Column(getattr(view, name)) for name in VIEW_COLUMNS}
        last = np.full(view.sessions_count, -1, dtype=np.int32)
        last[view.sessions] = np.arange(len(view), dtype=np.int32)
        columns["session_last"] = Column(last)
        columns["session_terms"] = Column(view.session_terms.reshape(-1).copy())
        columns["role_counts"] = Column(view.role_counts.copy())
        self._columns = {name: columns[name] for name, _ in COLUMN_TYPES}
        self._session_ids, self._speaker_ids = dict(view.session_ids), dict(view.speaker_ids)
        self._name_terms = dict(view.name_terms)
        self._speaker_hashes = [_name_hash(name) for name in self._speaker_ids]
        self._segments = tuple(segment for segment in view.segments if segment.end <= sealed)
        self._by_signature = view.by_signature
        self._view = None

    def _snapshot(self) -> IndexView:
        shown = {name: column.shown() for name, column in self._columns.items()}
        count = len(self)
        sealed = self._sealed()
        tail = self._built(sealed, count) if count > sealed else None
        ordered = len(self._by_signature)
        if count - ordered > UNORDERED_MAX + ordered // 16:
            self._by_signature = np.argsort(shown["signatures"])
        return IndexView(
            position=self._position,
            segments=self._segments if tail is None else (*self._segments, tail),
            session_ids=self._session_ids,
            speaker_ids=self._speaker_ids,
            name_terms=self._name_terms,
            speakers_count=len(self._speaker_ids),
            session_terms=shown["session_terms"].reshape(-1, len(ROLES)).copy(),
            role_counts=shown["role_counts"].copy(),
            by_signature=self._by_signature,
            **{name: shown[name] for name in VIEW_COLUMNS},
        )

    def to_bytes(self) -> bytes:
        """Everything, for `from_bytes`; sealed, versioned and guarded by a checksum."""
        with self._lock:
            view = self.view()
            names = {"sessions": list(self._session_ids), "speakers": list(self._speaker_ids)}
            arrays = {name: column.shown() for name, column in self._columns.items()}
        return pack(view.position, names, arrays, view.segments)

    @classmethod
    def from_bytes(cls, blob: bytes) -> MessageIndex:
        """Restore what `to_bytes` gave, without copying it. Raises ValueError for anything else."""
        saved = unpack(blob, COLUMN_TYPES)
        index = cls()
        index._position = saved.position
        index._columns = {name: Column(saved.arrays[name]) for name, _ in COLUMN_TYPES}
        index._session_ids = {name: place for place, name in enumerate(saved.sessions)}
        for name in saved.speakers:
            index._learn_name(name)
        index._segments = saved.segments
        return index


def _merges_inline(segment: Segment, size: int) -> bool:
    held = segment.end - segment.start
    return held <= 2 * size and held + size <= INLINE_MERGE_MAX


def _name_hash(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass"))
