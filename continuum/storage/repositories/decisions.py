"""Decisions and where they were taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from continuum.domain.records import Decision
from continuum.storage.repositories.base import Repository, TwoSteps, finished
from continuum.storage.repositories.messages import NO_SEQ


class Decisions(Repository):
    """Decisions, newest first, or by the messages that hold them."""

    def append(self, decisions: Sequence[Decision]) -> int:
        """Keep decisions; one whose id is there already is left as it is. Gives how many are new."""
        return finished(self.appending(decisions))

    def keep(self, decisions: Sequence[Decision]) -> None:
        """`append` without waiting for how many are new."""
        operation = self.appending(decisions)
        next(operation)
        self._session.owed.append(lambda: finished(operation))

    def appending(self, decisions: Sequence[Decision]) -> TwoSteps[int]:
        """`append` in two steps, for `together`."""
        rows = [
            (
                each.id, each.decision_text, each.context, each.role, each.instance_id, each.timestamp,
                each.extracted_from, each.message_seq, each.start, each.end, each.entity_id,
            )
            for each in decisions
        ]  # fmt: skip
        answer = self._putting("append_decisions", rows)
        yield
        new = len(answer())
        self._session.added["decisions"] += new
        return new

    def remove(self, seqs: Iterable[int]) -> int:
        """Delete the decisions of messages; says how many there were."""
        gone = len(self._rows_in("remove_decisions", seqs))
        self._session.added["decisions"] -= gone
        return gone

    def recent(self, limit: int = 20) -> list[Decision]:
        """The newest decisions by log position."""
        return self.list(limit=limit)

    def foresee(self, seqs: Iterable[int]) -> None:
        """`of_messages` will be asked for exactly these."""
        self._foresee_in("decisions_of_messages", seqs)

    def of_messages(self, seqs: Iterable[int]) -> list[Decision]:
        """Decisions that these messages hold, in the order of their words."""
        return sorted(
            (Decision(*row) for row in self._rows_in("decisions_of_messages", seqs)),
            key=lambda each: (each.message_seq, each.start, each.id),
        )

    def list_before(self, place: tuple[int, int, str], limit: int) -> list[Decision]:
        """The next decisions behind one, given by the position of its message, its start and its id; newest first."""
        seq, start, own = place
        rows = self._rows("list_decisions_before", seq=seq, start=start, own=own, limit=limit)
        return [Decision(*row) for row in rows]

    def list(self, *, limit: int = 100, before_seq: int | None = None) -> list[Decision]:
        """Newest first, of messages before a position."""
        before = NO_SEQ if before_seq is None else before_seq
        return [Decision(*row) for row in self._rows("list_decisions", before=before, limit=limit)]
