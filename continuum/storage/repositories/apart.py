"""Statements that no fold of the log gives again, kept apart while they are hidden; and what waits for a value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from continuum.domain.facts import Statement
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.facts import STATEMENTS_MAX, row_of_statement, statement_of_row


@dataclass(frozen=True, slots=True)
class _Apart:
    """A statement that is kept apart; `number` tells closed ones of one place from each other."""

    seq: int
    number: int
    refers_to: tuple[int, int] | None
    row: str

    @property
    def place(self) -> tuple[int, int]:
        return (self.seq, self.number % STATEMENTS_MAX)


class Apart(Repository):
    """Statements of former words of what is hidden, and since when its words count; by position."""

    def set_aside(self, seqs: Iterable[int]) -> None:
        """Take what messages or entries state away, with what closed statements took from it.

        Closed statements are kept here, and those that count since later than their place: no rebuild gives them.
        """
        gone = list(seqs)
        stated = [statement_of_row(row) for row in self._rows_in("every_statement_of_seqs", gone)]
        kept = [each for each in stated if each.until_seq is not None or each.since_seq > each.seq]
        self._keep(kept)
        self._rows_in("remove_statements", gone)
        self._set_referring_aside(dict.fromkeys(gone))

    def _set_referring_aside(self, gone: Mapping[int, set[int] | None]) -> None:
        """Closed statements that took their slot from places, given by position with numbers, None for all."""
        found = [statement_of_row(row) for row in self._rows_in("closed_statements_referring", list(gone))]
        lost = [each for each in found if _refers(each, gone)]
        if not lost:
            return
        self._keep(lost)
        self._each("remove_statement", [{"seq": each.seq, "number": row_of_statement(each)[1]} for each in lost])
        further: dict[int, set[int] | None] = {}
        for each in lost:
            numbers = further.setdefault(each.seq, set())
            assert numbers is not None
            numbers.add(each.number)
        self._set_referring_aside(further)

    def _keep(self, statements: Sequence[Statement]) -> None:
        rows = []
        for each in statements:
            row = row_of_statement(each)
            rows.append((row[0], row[1], *(each.refers_to or (None, None)), each.until_seq, json.dumps(row)))
        self._put("keep_statements_apart", rows)

    def bring_back(self) -> None:
        """Put back what speaks of nothing that is hidden now."""
        rows = self._every()
        lost = self._not_yet(rows)
        back = [each for each in rows if each not in lost]
        self._put("append_statements", [json.loads(each.row) for each in back])
        self._drop(back)

    def _not_yet(self, rows: Sequence[_Apart]) -> set[_Apart]:
        """Those that stand at hidden places, or took their slot from there, or from such again."""
        named = {seq for each in rows for seq in (each.seq, *(each.refers_to or ())[:1])}
        hidden = {row[0] for row in self._rows_in("hidden_among", named)}
        return _with_dependents(rows, hidden)

    def drop(self, seqs: Sequence[int]) -> None:
        """Delete what was forgotten, and what took its slot from there."""
        rows = self._every()
        self._drop(sorted(_with_dependents(rows, set(seqs)), key=lambda each: (each.seq, each.number)))

    def drop_one(self, seq: int, number: int) -> None:
        """Delete one statement, all that it was before, and what took its slot from it."""
        rows = self._every()
        gone = {each for each in rows if each.place == (seq, number)}
        self._drop(list(_dependents(rows, gone, {(seq, number)})))

    def prune(self, until_seq: int) -> None:
        """Delete statements that ceased to count at or before a position."""
        self._rows("prune_statements_kept_apart", until=until_seq)

    def kept(self) -> list[tuple[int, int]]:
        """Position and number of what is kept apart, in the order of the log."""
        return [each.place for each in self._every()]

    def _every(self) -> list[_Apart]:
        return [
            _Apart(seq, number, None if refers is None else (refers, refers_number), text)
            for seq, number, refers, refers_number, _, text in self._rows("statements_kept_apart")
        ]

    def _drop(self, rows: Iterable[_Apart]) -> None:
        self._each("drop_statement_kept_apart", [{"seq": each.seq, "number": each.number} for each in rows])

    # -- what looks for values that others stated ----------------------------------------------------------------

    def wait(self, waiting: Iterable[tuple[str, int]]) -> None:
        """Note that messages or entries, by position, name values that nothing had stated."""
        self._put("wait_for_values", sorted(set(waiting)))

    def waiting(self, seqs: Iterable[int]) -> set[int]:
        """Those of the messages and entries that wait for a value."""
        return {row[0] for row in self._rows_in("waiting_among", seqs)}

    def wait_no_more(self, seqs: Iterable[int]) -> None:
        """Forget what messages or entries wait for."""
        self._rows_in("wait_no_more", seqs)

    def looking_for(self, value_keys: Iterable[str], after_seq: int) -> set[int]:
        """Messages and entries after a position that name one of these values as a former one, or wait for it."""
        keys = sorted(value_keys)
        found = {row[0] for row in self._rows_in("waiting_for_values", keys) if row[0] > after_seq}
        return found | {row[0] for row in self._rows_in("statements_about_values", keys, after=after_seq)}

    def former_values(self, after_seq: int) -> list[tuple[int, str]]:
        """Position and former value of the statements after a position that replace one."""
        return [(row[0], row[1]) for row in self._rows("former_values_after", after=after_seq)]


def _refers(statement: Statement, gone: Mapping[int, set[int] | None]) -> bool:
    assert statement.refers_to is not None, "only such are asked for"
    seq, number = statement.refers_to
    numbers = gone.get(seq, set())
    return numbers is None or number in numbers


def _with_dependents(rows: Sequence[_Apart], seqs: set[int]) -> set[_Apart]:
    own = {each for each in rows if each.seq in seqs or (each.refers_to is not None and each.refers_to[0] in seqs)}
    return _dependents(rows, own, {each.place for each in own})


def _dependents(rows: Sequence[_Apart], own: set[_Apart], places: set[tuple[int, int]]) -> set[_Apart]:
    """What is given, and all that took its slot from there."""
    found = set(own)
    while True:
        more = {each for each in rows if each not in found and each.refers_to in places}
        if not more:
            return found
        found |= more
        places = places | {each.place for each in more}
