"""Parts of an index: exactly some of its messages, or other words for some, as if it had been built from just these.

All of it works on whole arrays; a view of 100,000 messages takes some ten milliseconds. The view that is read stays
as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from continuum.domain.records import ROLES
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.postings import Ints, Places, Segment, build_segment

Bools = NDArray[np.bool_]


def subset(view: IndexView, keep: Bools) -> IndexView:
    """The messages for which `keep` is true, in every column and posting as if no other had ever been added."""
    running = np.append(np.zeros(1, dtype=np.int64), np.cumsum(keep, dtype=np.int64))
    names = _Names.of(view)
    return _arranged(
        replace(
            view,
            segments=tuple(found for each in view.segments if (found := _restricted(each, keep, running)) is not None),
            offsets=_kept_offsets(view.offsets, keep),
            stream=view.stream[np.repeat(keep, np.diff(view.offsets))],
            tag_offsets=_kept_offsets(view.tag_offsets, keep),
            tags=view.tags[np.repeat(keep, np.diff(view.tag_offsets))],
            **{name: getattr(view, name)[keep] for name in _PLAIN},
        ),
        names,
    )


def replaced(view: IndexView, others: IndexView) -> IndexView:
    """The messages of `others` in the place of those with the same `seq`; those that have none are passed over."""
    places, there = view.places(others.seqs)
    if not there.any():
        return view
    others, places = (others, places) if there.all() else (subset(others, there), places[there])
    names, numbers = _Names.of(view), _Names.of(others)
    sessions, speakers = names.joined(numbers)
    columns = {name: getattr(view, name).copy() for name in _PLAIN}
    for name in ("seqs", "times", "roles", "forms", "signatures"):
        columns[name][places] = getattr(others, name)
    columns["sessions"][places] = sessions[others.sessions]
    columns["speakers"][places] = speakers[others.speakers]
    stream, offsets = _spliced(view.stream, view.offsets, places, others.stream, others.offsets)
    tags, tag_offsets = _spliced(view.tags, view.tag_offsets, places, others.tags, others.tag_offsets)
    segments = tuple(
        build_segment(each.start, offsets[each.start : each.end + 1], stream)
        if ((places >= each.start) & (places < each.end)).any()
        else each
        for each in view.segments
    )
    changed = replace(
        view, segments=segments, stream=stream, offsets=offsets, tags=tags, tag_offsets=tag_offsets, **columns
    )
    return _arranged(changed, names)


_PLAIN = ("seqs", "times", "sessions", "speakers", "roles", "forms", "signatures")


@dataclass(frozen=True, slots=True)
class _Names:
    """The names behind a view's numbers; copied, since an index that grows shares them with its views."""

    sessions: list[str]
    speakers: list[str]
    terms: dict[int, tuple[int, ...]]

    @classmethod
    def of(cls, view: IndexView) -> _Names:
        sessions, speakers = list(view.session_ids), list(view.speaker_ids)
        return cls(sessions[: view.sessions_count], speakers[: view.speakers_count], dict(view.name_terms))

    def joined(self, others: _Names) -> tuple[Ints, Ints]:
        """Take in the names of others; gives the new numbers of their sessions and of their speakers."""
        sessions, speakers = _joined(self.sessions, others.sessions), _joined(self.speakers, others.speakers)
        for term, numbers in others.terms.items():
            bearers = {*self.terms.get(term, ()), *speakers[list(numbers)].tolist()}
            self.terms[term] = tuple(sorted(bearers))
        return sessions, speakers


def _joined(names: list[str], others: Sequence[str]) -> Ints:
    numbers = {name: number for number, name in enumerate(names)}
    found = np.array([numbers.setdefault(name, len(numbers)) for name in others], dtype=np.int32)
    names += list(numbers)[len(names) :]
    return found


def _restricted(segment: Segment, keep: Bools, running: Places) -> Segment | None:
    """A segment's postings of the messages that are kept, at their new places; None if none is kept."""
    start, end = int(running[segment.start]), int(running[segment.end])
    if start == end:
        return None
    if end - start == segment.end - segment.start:
        moved = segment.documents if start == segment.start else segment.documents - np.int32(segment.start - start)
        return replace(segment, start=start, end=end, documents=moved)
    kept = keep[segment.documents]
    held = np.append(np.zeros(1, dtype=np.int32), np.cumsum(kept, dtype=np.int32))
    bounds = held[segment.bounds]
    there = bounds[1:] > bounds[:-1]
    documents = running.astype(np.int32)[segment.documents[kept]]
    bounds = np.append(bounds[:-1][there], bounds[-1])
    return Segment(start, end, segment.terms[there], bounds, documents, segment.codes[kept])


def _kept_offsets(offsets: Places, keep: Bools) -> Places:
    return np.append(np.zeros(1, dtype=np.int64), np.cumsum(np.diff(offsets)[keep]))


def _spliced(
    flat: NDArray[Any], offsets: Places, places: Places, new: NDArray[Any], new_offsets: Places
) -> tuple[NDArray[Any], Places]:
    """`flat` with the runs of some places replaced, `places` ascending, and where the runs lie then."""
    pieces, start = [], 0
    for number, place in enumerate(places.tolist()):
        pieces += [flat[start : offsets[place]], new[new_offsets[number] : new_offsets[number + 1]]]
        start = int(offsets[place + 1])
    lengths = np.diff(offsets)
    lengths[places] = np.diff(new_offsets)
    return np.concatenate([*pieces, flat[start:]]), np.append(np.zeros(1, dtype=np.int64), np.cumsum(lengths))


def _arranged(view: IndexView, names: _Names) -> IndexView:
    """A view whose own columns and segments are right, with all that follows from them made to fit."""
    sessions, session_ids, _ = _renumbered(view.sessions, names.sessions)
    speakers, speaker_ids, numbers = _renumbered(view.speakers, names.speakers)
    before, after = _links(sessions)
    cells = sessions * np.int64(len(ROLES)) + view.roles
    held = np.bincount(cells, np.diff(view.offsets), len(session_ids) * len(ROLES)).astype(np.int64)
    return replace(
        view,
        session_ids=session_ids,
        speaker_ids=speaker_ids,
        name_terms=_bearers(names.terms, numbers),
        speakers_count=len(speaker_ids),
        session_terms=held.reshape(-1, len(ROLES)),
        role_counts=np.bincount(view.roles, minlength=len(ROLES)).astype(np.int64),
        sessions=sessions,
        speakers=speakers,
        before=before,
        after=after,
        by_signature=np.argsort(view.signatures),
    )


def _renumbered(numbers: Ints, names: Sequence[str]) -> tuple[Ints, dict[str, int], Ints]:
    """Numbers in the order in which they first occur, their names, and what became of each old number (-1: gone)."""
    first = np.full(len(names), len(numbers), dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]  # the last write stays: the first occurrence
    order = np.argsort(first, kind="stable")
    order = order[first[order] < len(numbers)]
    became = np.full(len(names), -1, dtype=np.int32)
    became[order] = np.arange(len(order), dtype=np.int32)
    return became[numbers], {names[old]: new for new, old in enumerate(order.tolist())}, became


def _bearers(terms: dict[int, tuple[int, ...]], became: Ints) -> dict[int, tuple[int, ...]]:
    """The speakers that bear each term, by their new numbers."""
    numbers = dict(enumerate(became.tolist()))
    found = {
        term: tuple(sorted(new for old in olds if (new := numbers.get(old, -1)) >= 0)) for term, olds in terms.items()
    }
    return {term: news for term, news in found.items() if news}


def _links(sessions: Ints) -> tuple[Ints, Ints]:
    """The places before and after each message in its session, -1 for none."""
    before, after = np.full((2, len(sessions)), -1, dtype=np.int32)
    order = np.argsort(sessions, kind="stable").astype(np.int32)
    same = sessions[order[1:]] == sessions[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    return before, after
