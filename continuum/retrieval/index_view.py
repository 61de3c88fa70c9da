"""What one tenant's index held at one moment: read by any number of threads, changed by none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from continuum.domain.records import ROLES
from continuum.language.forms import Form
from continuum.retrieval.postings import Codes, Ints, Places, Segment, Terms

VIEW_COLUMNS = (
    "seqs",
    "times",
    "sessions",
    "speakers",
    "roles",
    "forms",
    "before",
    "after",
    "offsets",
    "stream",
    "tag_offsets",
    "tags",
    "signatures",
)


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Postings of several terms in a row: `counts[i]` of them belong to term i. Documents ascend within a term."""

    documents: Ints
    codes: Codes
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class IndexView:
    """Columns by document (its place in the index), postings by segment.

    `before` and `after` lead to the neighbours within the session, -1 or past the end where there is none.
    """

    position: int
    segments: tuple[Segment, ...]
    session_ids: Mapping[str, int]
    speaker_ids: Mapping[str, int]
    name_terms: Mapping[int, tuple[int, ...]]
    speakers_count: int
    session_terms: NDArray[np.int64]
    """How many terms each role has in each session: a row for each session."""
    role_counts: NDArray[np.int64]
    """How many messages each role has."""
    seqs: NDArray[np.int64]
    times: NDArray[np.int64]
    sessions: Ints
    speakers: Ints
    roles: Codes
    forms: Codes
    before: Ints
    after: Ints
    offsets: NDArray[np.int64]
    stream: Terms
    tag_offsets: NDArray[np.int64]
    tags: Terms
    signatures: NDArray[np.uint64]
    """What near-duplicates share; 0 for what has none."""
    by_signature: Places
    """The first so many places, ordered by signature; later ones are looked through."""

    def __len__(self) -> int:
        return len(self.seqs)

    @property
    def sessions_count(self) -> int:
        return len(self.session_terms)

    @property
    def terms_total(self) -> int:
        return int(self.offsets[-1])

    def session(self, name: str) -> int:
        """The session's number, -1 for one this view has not seen."""
        number = self.session_ids.get(name, -1)
        return number if number < self.sessions_count else -1

    def places(self, seqs: Iterable[int] | NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where messages stand, and which of them are there at all (the others' place means nothing)."""
        wanted = seqs if isinstance(seqs, np.ndarray) else np.fromiter(seqs, dtype=np.int64)
        if not len(self):
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
        places = np.searchsorted(self.seqs, wanted)
        places[places == len(self)] = 0
        return places, self.seqs[places] == wanted

    def bearers(self, term: int) -> tuple[int, ...]:
        """The speakers whose name has this term."""
        found = self.name_terms.get(term)
        return tuple(number for number in found if number < self.speakers_count) if found else ()

    def knows(self, term: int) -> bool:
        """Whether any message holds this term."""
        return bool(self.known((term,)))

    def known(self, terms: Collection[int]) -> set[int]:
        """Those of the terms that any message holds."""
        wanted = np.fromiter(terms, dtype=np.uint32, count=len(terms))
        held = np.zeros(len(wanted), dtype=np.bool_)
        for segment in self.segments:
            held |= segment.holds(wanted)
        return set(wanted[held].tolist())

    def postings(self, wanted: Terms) -> Postings:
        """The postings of each wanted term, all segments together."""
        documents: list[Ints] = []
        codes: list[Codes] = []
        counts = np.zeros(len(wanted), dtype=np.int64)
        slices = [segment.slices(wanted) for segment in self.segments]
        for term in range(len(wanted)):
            for segment, slots in zip(self.segments, slices, strict=True):
                first, last = slots[term]
                if last > first:
                    documents.append(segment.documents[first:last])
                    codes.append(segment.codes[first:last])
                    counts[term] += last - first
        if not documents:
            return Postings(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.uint8), counts)
        return Postings(np.concatenate(documents), np.concatenate(codes), counts)

    def tagged(self, tag: int) -> NDArray[np.bool_]:
        """Which messages carry a tag."""
        mask = np.zeros(len(self), dtype=np.bool_)
        hits = np.flatnonzero(self.tags == tag)
        mask[np.searchsorted(self.tag_offsets, hits, side="right") - 1] = True
        return mask

    def suspect_among(self, seqs: Sequence[int]) -> frozenset[int]:
        """Those of the messages that read like orders to a model."""
        wanted = np.array(seqs, dtype=np.int64)
        places, there = self.places(wanted)
        marked = (self.forms.take(places[there]) & Form.SUSPECT.value) > 0
        return frozenset(wanted[there][marked].tolist())

    def of_roles(self, roles: Iterable[str]) -> NDArray[np.bool_]:
        """Which messages have one of these roles."""
        mask: NDArray[np.bool_] = np.isin(self.roles, [ROLES.index(role) for role in roles if role in ROLES])
        return mask

    def witnesses(self, places: Places) -> list[Places]:
        """For each place the other places with the same signature, ascending; none where there is no signature."""
        wanted, ordered = self.signatures[places], len(self.by_signature)
        sealed, late = self.signatures[:ordered], self.signatures[ordered:]
        firsts = sealed.searchsorted(wanted, side="left", sorter=self.by_signature).tolist()
        lasts = sealed.searchsorted(wanted, side="right", sorter=self.by_signature).tolist()
        found = []
        for place, signature, first, last in zip(places.tolist(), wanted.tolist(), firsts, lasts, strict=True):
            same = self.by_signature[first:last] if signature else self.by_signature[:0]
            if signature and len(late):
                same = np.append(same, ordered + np.flatnonzero(late == signature))
            found.append(np.sort(same[same != place]) if len(same) > 1 else same[:0])
        return found

    @property
    def nbytes(self) -> int:
        """Bytes held in arrays."""
        columns = sum(getattr(self, name).nbytes for name in VIEW_COLUMNS)
        counts = self.session_terms.nbytes + self.by_signature.nbytes
        return int(columns + counts + sum(segment.nbytes for segment in self.segments))
