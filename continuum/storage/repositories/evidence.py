"""What each exchange taught, and which entries made by hand speak of an entity: what derived rows are folded from."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from continuum.domain.records import Adjustment, CompoundSighting, Entity, Sources, Taught
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.messages import NO_SEQ

EVIDENCE_AT_ONCE = 1_000


class Meeting(NamedTuple):
    """Two concepts met, or a compound was sighted: positions, time, and on whose word."""

    first_seq: int
    last_seq: int
    at: int
    sources: Sources


def _text(taught: Taught) -> str:
    places = {entity.id: number for number, entity in enumerate(taught.entities)}
    entities = [
        [e.id, e.name, e.entity_type, e.key, e.created_at, e.last_seen, e.occurrences, e.first_seq, e.last_seq]
        + ([e.description, list(e.aliases)] if e.description or e.aliases else [])
        for e in taught.entities
    ]
    links = [[places[a], places[b], int(sources)] for a, b, sources in taught.links]
    compounds = [[[places[each] for each in c.component_ids], c.name, c.at, c.seq] for c in taught.compounds]
    return json.dumps([taught.at, entities, links, compounds], ensure_ascii=False, separators=(",", ":"))


def _taught(row: Row, only: Collection[str] | None = None) -> Taught:
    """Evidence as it was kept; with `only`, no more of it than the sightings of some entities."""
    exchange_id, first_seq, last_seq, text = row
    at, entities, links, compounds = json.loads(text)
    if only is not None:
        entities, links, compounds = [e for e in entities if e[0] in only], [], []
    found = tuple(
        Entity(
            e[0], e[1], e[2], e[3], e[9] if len(e) > 9 else "", e[4], e[5], e[6],
            aliases=tuple(e[10]) if len(e) > 9 else (), first_seq=e[7], last_seq=e[8],
        )
        for e in entities
    )  # fmt: skip
    return Taught(
        exchange_id,
        first_seq,
        last_seq,
        at,
        found,
        tuple((found[a].id, found[b].id, Sources(sources)) for a, b, sources in links),
        tuple(CompoundSighting(tuple(found[i].id for i in ids), name, at, seq) for ids, name, at, seq in compounds),
    )


def _meeting_rows(taught: Taught) -> list[tuple[str, str, int, int, int, int]]:
    """Pairs by the extent of their exchange, compounds by the message that holds their sentence."""
    rows = [(a, b, taught.first_seq, taught.last_seq, taught.at, int(sources)) for a, b, sources in taught.links]
    return rows + [("+".join(sorted(c.component_ids)), "", c.seq, c.seq, c.at, 0) for c in taught.compounds]


class Evidence(Repository):
    """Evidence by exchange, by entity, or all of it; ids are those that words gave, before any merge."""

    def put(self, taught: Sequence[Taught]) -> None:
        """Keep what exchanges taught, and who met in them; an earlier row of the same exchange is replaced."""
        self._put("put_evidence", [(each.exchange_id, each.first_seq, each.last_seq, _text(each)) for each in taught])
        self._put("add_meetings", sorted(row for each in taught for row in _meeting_rows(each)))

    def of_exchanges(self, exchange_ids: Iterable[str], only: Collection[str] | None = None) -> list[Taught]:
        """What these exchanges taught, in the order of the log; with `only`, no more than sightings of entities."""
        rows = self._rows_in("evidence_of_exchanges", exchange_ids)
        return sorted((_taught(row, only) for row in rows), key=lambda each: each.first_seq)

    def meetings(self, subject_a: str, subject_b: str = "", until_seq: int = NO_SEQ) -> list[Meeting]:
        """Where two concepts met, a < b, or a compound was sighted, up to a position; in the order of the log."""
        values = {"subject_a": subject_a, "subject_b": subject_b, "seq": until_seq}
        return [Meeting(first, last, at, Sources(s)) for first, last, at, s in self._rows("meetings_of", **values)]

    def edge_exchanges(self, entity_id: str, limit: int, until_seq: int = NO_SEQ) -> list[str]:
        """The exchanges of the first and of the last mentions of an entity, `limit` mentions at either end."""
        first = self._rows("first_mentions", entity_id=entity_id, limit=limit)
        last = self._rows("last_mentions", entity_id=entity_id, seq=until_seq, limit=limit)
        return sorted({row[1] for row in (*first, *last) if row[0] <= until_seq})

    def edges(self, entity_id: str) -> tuple[int, int]:
        """The positions of the first and the last message that name an entity, which some must do."""
        first = self._rows("first_mentions", entity_id=entity_id, limit=1)
        last = self._rows("last_mentions", entity_id=entity_id, seq=NO_SEQ, limit=1)
        return first[0][0], last[0][0]

    def times(self, entity_id: str) -> tuple[int, int]:
        """The times of the earliest and the latest message that name an entity, which some must do."""
        row = self._rows("times_of_entity", entity_id=entity_id)[0]
        return row[0], row[1]

    def session_extent(self, session_id: str) -> tuple[int, int, int, int, int]:
        """First and last time, first and last position, and number of a session's messages; it must have some."""
        return tuple(self._rows("extent_of_session", session_id=session_id)[0])

    def every(self) -> Iterator[Taught]:
        """All evidence, page by page, in the order of exchange ids, which is not that of the log."""
        after = ""
        while rows := self._rows("all_evidence", after=after, limit=EVIDENCE_AT_ONCE):
            yield from map(_taught, rows)
            after = rows[-1][0]

    def remove(self, evidence: Sequence[Taught]) -> None:
        """Delete the evidence of exchanges, given as it was kept."""
        self._rows_in("remove_evidence", [each.exchange_id for each in evidence])
        rows = [row for each in evidence for row in _meeting_rows(each)]
        self._each("remove_meeting", [{"subject_a": row[0], "subject_b": row[1], "first_seq": row[2]} for row in rows])

    def exchanges_of(self, entity_ids: Iterable[str], until_seq: int = NO_SEQ) -> dict[str, set[str]]:
        """The exchanges, up to a position, that name each entity or take the decision that it stands for."""
        wanted = list(entity_ids)
        found: dict[str, set[str]] = {}
        for name in ("exchanges_of_entities", "exchanges_of_decisions"):
            for entity_id, exchange_id in self._rows_in(name, wanted, seq=until_seq):
                found.setdefault(entity_id, set()).add(exchange_id)
        return found

    def exchanges_of_session(self, session_id: str, until_seq: int = NO_SEQ) -> set[str]:
        """The exchanges of a session up to a position."""
        return {row[0] for row in self._rows("exchanges_of_session", session_id=session_id, seq=until_seq)}

    def add_entry(self, seq: int, subject_ids: Iterable[str]) -> None:
        """Note that the entry at `seq` speaks of these entities."""
        self._put("add_entry_subjects", [(each, seq) for each in sorted(set(subject_ids))])

    def entries_of(self, subject_ids: Iterable[str], until_seq: int = NO_SEQ) -> dict[str, set[int]]:
        """The entries, up to a position, that speak of each entity."""
        found: dict[str, set[int]] = {}
        for subject_id, seq in self._rows_in("entries_of_subjects", subject_ids, seq=until_seq):
            found.setdefault(subject_id, set()).add(seq)
        return found

    def subjects_of(self, seqs: Iterable[int]) -> set[str]:
        """The entities that these entries speak of."""
        return {row[0] for row in self._rows_in("subjects_of_entries", seqs)}

    def remove_entries(self, seqs: Iterable[int]) -> None:
        """Forget what entries speak of."""
        self._rows_in("remove_entry_subjects", seqs)

    def add_adjustment(self, adjustment: Adjustment) -> None:
        """Keep a merge or a rename."""
        each = adjustment
        self._put("add_adjustment", [(each.seq, each.entry_id, each.kind, each.subject_id, each.object_id, each.name)])
        self._session.added["adjustments"] += 1

    def undo_adjustment(self, seq: int, undone_seq: int) -> bool:
        """End a merge or rename at a position; False if there is none in force that began at `seq`."""
        return bool(self._rows("undo_adjustment", seq=seq, undone=undone_seq))

    def adjustments(self) -> list[Adjustment]:
        """Every merge and rename, those undone as well, in the order of the log."""
        return [Adjustment(*row) for row in self._rows("list_adjustments")]

    def remove_adjustments(self, seqs: Iterable[int]) -> None:
        """Delete merges and renames, as if nobody had made them."""
        self._rows_in("remove_adjustments", seqs)
