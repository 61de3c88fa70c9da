"""What export and import need beside the other repositories: places by id, whole sessions, names of models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.erasures import Tombstone


@dataclass(frozen=True, slots=True)
class WholeSession:
    """A session's own row. `summary_seq` is the position of the message that sums it up."""

    session_id: str
    created_at: Micros
    last_active: Micros
    message_count: int
    summary_seq: int | None


class Portability(Repository):
    """Look-ups by id that need no words, and rows that an export carries as they are."""

    def message_places(self, ids: Iterable[str]) -> dict[str, int]:
        """The positions of those of the ids that are messages of this tenant."""
        return {row[0]: row[1] for row in self._rows_in("message_places", ids)}

    def tombstones(self, entry_ids: Iterable[str]) -> dict[str, Tombstone]:
        """The tombstones of those of the ids that were erased."""
        return {row[0]: Tombstone(*row) for row in self._rows_in("tombstones_by_id", entry_ids)}

    def entries_by_hand(self, after: int = 0, limit: int = 10_000) -> list[tuple[int, str]]:
        """Position and id of the next entries that are no messages."""
        return [(row[0], row[1]) for row in self._rows("entries_by_hand", after=after, limit=limit)]

    def sessions(self, after: str = "", limit: int = 1_000) -> list[WholeSession]:
        """Sessions in the order of their names; go on with the last name as `after`."""
        return [WholeSession(*row) for row in self._rows("sessions_by_name", after=after, limit=limit)]

    def restore_session(self, session: WholeSession) -> None:
        """Give a session that is there the times, the count and the summary of another row."""
        self._rows(
            "restore_session",
            session_id=session.session_id,
            created_at=session.created_at,
            last_active=session.last_active,
            message_count=session.message_count,
            summary_seq=session.summary_seq,
        )

    def vector_models(self) -> list[str]:
        """The models that there are vectors of, in the order of their names."""
        return sorted(row[0] for row in self._rows("models_with_vectors"))
