"""Sessions and their message numbers."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.storage.repositories.base import Repository, TwoSteps, finished


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session: when its first and its newest message were said, and how many there are."""

    session_id: str
    created_at: Micros
    last_active: Micros
    message_count: int


class Sessions(Repository):
    """Counts the messages of each session."""

    def append(self, session_id: str, count: int, timestamp: Micros) -> int:
        """Take the next `count` message numbers of a session; gives the first, counted from 1.

        Numbers have no gaps and no repeats, whoever else is learning.
        """
        return finished(self.appending(session_id, count, timestamp))

    def appending(self, session_id: str, count: int, timestamp: Micros) -> TwoSteps[int]:
        """`append` in two steps, for `together`."""
        answer = self._asked("append_to_session", session_id=session_id, count=count, timestamp=timestamp)
        yield
        rows = answer()
        first = int(rows[0][0]) - count + 1
        self._session.added["sessions"] += first == 1
        return first

    def get(self, session_id: str) -> SessionRecord | None:
        rows = self._rows("get_session", session_id=session_id)
        return SessionRecord(*rows[0]) if rows else None

    def list(self, limit: int = 100, *, before: tuple[Micros, str] | None = None) -> list[SessionRecord]:
        """Sessions, those active last first; go on with the last one's `last_active` and id as `before`."""
        if before is None:
            return [SessionRecord(*row) for row in self._rows("list_sessions", limit=limit)]
        rows = self._rows("list_sessions_before", last_active=before[0], session_id=before[1], limit=limit)
        return [SessionRecord(*row) for row in rows]
