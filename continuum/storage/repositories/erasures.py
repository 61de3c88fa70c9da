"""Receipts of what was forgotten, and the ids that no copy may bring back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from continuum.storage.repositories.base import Repository

ErasureState = Literal["running", "erased", "scrubbed"]


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """One erasure: `remaining` are the positions still to be erased, `receipt` its receipt, both as JSON.

    `number` is below 0 until it is finished: receipts are numbered in the order in which they are sealed.
    """

    number: int
    id: str
    state: ErasureState
    remaining: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was erased: its id and place, no words."""

    entry_id: str
    seq: int
    erasure_id: str


class Erasures(Repository):
    """Erasures by number, by id, by state; tombstones by id."""

    def put(self, row: ErasureRow) -> None:
        """Keep an erasure; an earlier row of the same number is replaced."""
        self._put("put_erasure", [(row.number, row.id, row.state, row.remaining, row.receipt)])

    def get(self, erasure_id: str) -> ErasureRow | None:
        rows = self._rows("get_erasure", id=erasure_id)
        return ErasureRow(*rows[0]) if rows else None

    def last(self) -> ErasureRow | None:
        """The newest finished erasure, which the next receipt is chained to."""
        rows = self._rows("last_erasure")
        return ErasureRow(*rows[0]) if rows else None

    def next_running(self) -> int:
        """A free number for an erasure that begins."""
        rows = self._rows("lowest_erasure")
        return min(rows[0][0], 0) - 1 if rows else -1

    def finish(self, running: int, sealed: ErasureRow) -> None:
        """Keep a finished erasure under its own number."""
        self._rows("remove_erasure", number=running)
        self.put(sealed)

    def in_state(self, state: ErasureState) -> list[ErasureRow]:
        """Erasures in a state, oldest first."""
        return [ErasureRow(*row) for row in self._rows("erasures_in_state", state=state)]

    def list(self, after: int = 0, limit: int = 100) -> list[ErasureRow]:
        """Erasures by number; go on with the last number as `after`."""
        return [ErasureRow(*row) for row in self._rows("list_erasures", after=after, limit=limit)]

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """Keep the ids of erased entries."""
        self._put("add_tombstones", [(each.entry_id, each.seq, each.erasure_id) for each in tombstones])

    def tombstones(self, after: str = "", limit: int = 1_000) -> Sequence[Tombstone]:
        """Tombstones in the order of their ids; go on with the last id as `after`."""
        return tuple(Tombstone(*row) for row in self._rows("list_tombstones", after=after, limit=limit))
