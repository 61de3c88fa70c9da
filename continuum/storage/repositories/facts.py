"""Statements and the facts that they fold into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from continuum.domain.facts import Fact, FactMode, Statement
from continuum.domain.records import Origin, Scope
from continuum.language.attributes import fact_key
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.messages import NO_SEQ

SLOTS_AT_ONCE = 1_000
STATEMENTS_MAX = 1_000
"""Statements of one message or entry; a closed one is moved out of the way by a multiple of it."""
MODES_BY_HAND = frozenset({FactMode.RETRACT, FactMode.SUPERSEDE})
"""Modes of statements that mark others, and state nothing in words of their own."""


def statement_of_row(row: Row) -> Statement:
    """A statement from its columns."""
    seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces = row[:10]
    refers = None if row[22] is None else (row[22], row[23])
    return Statement(
        slot_id, seq, number % STATEMENTS_MAX, subject, attribute, value, FactMode(mode), bool(polarity),
        bool(single), replaces,
        confidence=row[10], valid_from=row[11], valid_to=row[12], recorded_at=row[13], message_id=row[14],
        start=row[15], end=row[16], origin=Origin(row[17]), source=row[18], scope=Scope(*row[19:22]),
        refers_to=refers, since_seq=row[24], until_seq=row[25],
    )  # fmt: skip


def row_of_statement(each: Statement) -> tuple[object, ...]:
    """The columns of a statement that is to be kept."""
    scope, refers = each.scope, each.refers_to or (None, None)
    number = each.number if each.until_seq is None else each.number + STATEMENTS_MAX * each.until_seq
    return (
        each.seq, number, each.slot_id, each.subject, each.attribute, each.value, each.mode.value,
        int(each.polarity), int(each.single), each.replaces, each.confidence, each.valid_from, each.valid_to,
        each.recorded_at, each.message_id, each.start, each.end, each.origin.value, each.source,
        scope.user_id, scope.agent_id, scope.project_id, *refers, each.since_seq, each.until_seq,
        fact_key(each.subject), fact_key(each.value),
    )  # fmt: skip


def _fact(row: Row) -> Fact:
    fact_id, slot_id, subject, attribute, value, polarity, single, status, confidence = row[:9]
    return Fact(
        fact_id, slot_id, subject, attribute, value, bool(polarity), bool(single), status, confidence,
        valid_from=row[9], valid_to=row[10], recorded_at=row[11], message_id=row[12], start=row[13], end=row[14],
        origin=Origin(row[15]), source=row[16], scope=Scope(*row[17:20]), first_seq=row[20], first_number=row[21],
        last_seq=row[22], witnesses=row[23], replaced_by=row[24], reason=row[25],
    )  # fmt: skip


def _fact_row(each: Fact) -> tuple[object, ...]:
    scope = each.scope
    return (
        each.id, each.slot_id, each.subject, each.attribute, each.value, int(each.polarity), int(each.single),
        each.status, each.confidence, each.valid_from, each.valid_to, each.recorded_at, each.message_id, each.start,
        each.end, each.origin.value, each.source, scope.user_id, scope.agent_id, scope.project_id, each.first_seq,
        each.first_number, each.last_seq, each.witnesses, each.replaced_by, each.reason,
        fact_key(each.subject), fact_key(each.attribute),
    )  # fmt: skip


def _pairs_asked(pairs: Sequence[tuple[str, str]], limit: int) -> dict[str, Any]:
    return {"attributes": [a for a, _ in pairs], "subjects": [s for _, s in pairs], "limit": limit}


def _in_order(rows: Iterable[Row]) -> list[Statement]:
    return sorted(map(statement_of_row, rows), key=statement_order)


class Stated(NamedTuple):
    """What a recall needs of a statement: which value of which slot a message states, or denies."""

    seq: int
    slot_id: str
    value: str
    polarity: int
    mode: str


class Facts(Repository):
    """Facts by slot, by attribute, by id; statements by slot, by message, by value."""

    def append(self, statements: Sequence[Statement]) -> None:
        """Keep statements; one at the same place is left as it is."""
        self._put("append_statements", [row_of_statement(each) for each in statements])

    def statements(self, slot_id: str, known_at_seq: int = NO_SEQ) -> list[Statement]:
        """What counts, at a position of the log, for a slot; in the order in which it was said to the memory."""
        return _in_order(self._rows("statements_of_slot", slot_id=slot_id, known=known_at_seq))

    def every_statement(self, slot_id: str) -> list[Statement]:
        """All that was ever stated about a slot, closed statements too."""
        return _in_order(self._rows("every_statement_of_slot", slot_id=slot_id))

    def statements_at(self, seqs: Iterable[int], known_at_seq: int = NO_SEQ) -> list[Statement]:
        """What messages or entries state, as it counts at a position of the log."""
        return _in_order(self._rows_in("statements_of_seqs", seqs, known=known_at_seq))

    def stated_at(self, seqs: Iterable[int], known_at_seq: int = NO_SEQ) -> list[Stated]:
        """Which slots messages speak of, as it counts at a position of the log; of what was stated by words."""
        rows = self._rows_in("slots_stated", seqs, known=known_at_seq)
        return [stated for stated in map(Stated._make, rows) if stated.mode not in MODES_BY_HAND]

    def every_statement_at(self, seqs: Iterable[int]) -> list[Statement]:
        """All that messages or entries ever stated, closed statements too."""
        return _in_order(self._rows_in("every_statement_of_seqs", seqs))

    def with_value(self, value_key: str, before_seq: int, limit: int) -> list[Statement]:
        """The newest statements of a value, up to a position."""
        rows = self._rows("statements_with_value", value_key=value_key, before=before_seq, limit=limit)
        return [statement_of_row(row) for row in rows]

    def replacing_after(self, seq: int) -> list[int]:
        """Messages and entries after a position that name a former value."""
        return sorted({row[0] for row in self._rows("statements_replacing_after", after=seq)})

    def referring_to(self, seqs: Iterable[int]) -> list[Statement]:
        """The statements that took their slot from what these messages or entries state."""
        return _in_order(self._rows_in("statements_referring", seqs))

    def close(self, seqs: Iterable[int], until_seq: int) -> None:
        """Let the statements of messages count no more from a position on."""
        self._rows_in("close_statements", seqs, until=until_seq)

    def counting_since(self) -> dict[int, int]:
        """From where on messages and entries state what they do, where others were worded anew after them."""
        return {row[0]: row[1] for row in self._rows("statements_counting_since")}

    def remove_statements(self, seqs: Iterable[int]) -> None:
        """Delete all that messages or entries stated, and what closed statements took from it."""
        gone = list(seqs)
        self._rows_in("remove_statements", gone)
        self._remove_closed_referring(gone, None)

    def remove_every_statement(self, seq: int, number: int) -> None:
        """Delete one statement, what it was before, and what closed ones took from it: as if it had never been made."""
        self._rows("remove_every_statement", seq=seq, number=number)
        self._remove_closed_referring([seq], number)

    def _remove_closed_referring(self, seqs: Sequence[int], number: int | None) -> None:
        """Delete closed statements that took their slot, and maybe a former value, from what is gone."""
        for row in self._rows_in("remove_closed_referring", seqs, number=number):
            self._remove_closed_referring([row[0]], row[1])

    def remove_statement(self, seq: int, number: int) -> None:
        """Delete one statement."""
        self._rows("remove_statement", seq=seq, number=number)

    def prune(self, until_seq: int) -> None:
        """Delete statements that ceased to count at or before a position."""
        self._rows("prune_statements", until=until_seq)

    def slots_changed(self, after_seq: int, until_seq: int, limit: int) -> list[str]:
        """Slots with statements that began or ceased to count between two positions."""
        rows = self._rows("slots_changed_between", after=after_seq, until=until_seq, limit=limit)
        return sorted(row[0] for row in rows)

    def every_slot(self) -> Iterator[str]:
        """All slots, in the order of their ids."""
        after = ""
        while rows := self._rows("every_slot", after=after, limit=SLOTS_AT_ONCE):
            yield from (row[0] for row in rows)
            after = rows[-1][0]

    def write(self, facts: Sequence[Fact]) -> None:
        """Write facts as folded; the caller counts what is new."""
        self._put("write_facts", [_fact_row(each) for each in facts])

    def added(self, count: int) -> None:
        """Count facts that are new, or with a negative number gone."""
        self._session.added["facts"] += count

    def remove(self, ids: Iterable[str]) -> None:
        """Delete facts that nothing states any more."""
        self._rows_in("remove_facts", ids)

    def of_slots(self, slot_ids: Iterable[str]) -> list[Fact]:
        """The facts of slots, in the order in which they began."""
        return sorted(map(_fact, self._rows_in("facts_of_slots", slot_ids)), key=fact_order)

    def foresee_slots(self, slot_ids: Iterable[str]) -> None:
        """`of_slots` will be asked for exactly these."""
        self._foresee_in("facts_of_slots", slot_ids)

    def foresee_stated(self, seqs: Iterable[int]) -> None:
        """`stated_at` will be asked for exactly these, as it is now."""
        self._foresee_in("slots_stated", seqs, known=NO_SEQ)

    def foresee_attributes(self, attribute_keys: Iterable[str], limit: int) -> None:
        """`of_attributes` will be asked for exactly these."""
        self._foresee_in("facts_of_attributes", attribute_keys, limit=limit)

    def by_ids(self, ids: Iterable[str]) -> dict[str, Fact]:
        """Those of the ids that are this tenant's."""
        return {row[0]: _fact(row) for row in self._rows_in("facts_by_id", ids)}

    def of_attributes(self, attribute_keys: Iterable[str], limit: int) -> list[Fact]:
        """Facts of attributes, of any subject; some of them if there are more than `limit`."""
        return [_fact(row) for row in self._rows_in("facts_of_attributes", attribute_keys, limit=limit)]

    def of_pairs(self, pairs: Sequence[tuple[str, str]], limit: int) -> list[Fact]:
        """Facts of (attribute, subject) pairs, in their order, at most `limit` of each."""
        if not self._session.dialect.arrays:
            return [fact for pair in pairs for fact in self._of_pair(*pair, limit)]
        return [_fact(row) for row in self._rows("facts_of_pairs", **_pairs_asked(pairs, limit))]

    def foresee_pairs(self, pairs: Sequence[tuple[str, str]], limit: int) -> None:
        """`of_pairs` will be asked for exactly these."""
        if self._session.dialect.ahead:
            self._foresee("facts_of_pairs", **_pairs_asked(pairs, limit))

    def _of_pair(self, attribute_key: str, subject_key: str, limit: int) -> list[Fact]:
        values = {"attribute_key": attribute_key, "subject_key": subject_key, "limit": limit}
        return [_fact(row) for row in self._rows("facts_of_attribute_and_subject", **values)]

    def disputed_slots(self, limit: int) -> list[str]:
        """Slots whose values contradict each other undecidedly."""
        return [row[0] for row in self._rows("disputed_slots", limit=limit)]

    def list(
        self,
        *,
        subject_key: str | None = None,
        attribute_key: str | None = None,
        status: str | None = None,
        after: str = "",
        limit: int = 100,
    ) -> list[Fact]:
        """Facts in the order of their ids; go on with the last id as `after`."""
        values = {"subject_key": subject_key, "attribute_key": attribute_key, "status": status}
        return [_fact(row) for row in self._rows("list_facts", after=after, limit=limit, **values)]


def statement_order(each: Statement) -> tuple[int, int, int]:
    """When it was first recorded: the order of the log, but for what came from another store of the same memory."""
    return (each.recorded_at, each.seq, each.number)


def fact_order(fact: Fact) -> tuple[int, int, int, str]:
    """When a fact began, then where it was stated."""
    return (fact.valid_from, fact.first_seq, fact.first_number, fact.id)
