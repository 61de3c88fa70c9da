"""The append-only log of one tenant."""

from __future__ import annotations

from collections.abc import Sequence

from continuum.domain.records import LogEntry, LogKind
from continuum.storage.repositories.base import Repository


class Log(Repository):
    """Entries in the order of `seq`, which is the order of commits; never changed, never deleted here."""

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Keep entries at positions that `tenants.advance` gave. ConflictError if a position is taken."""
        self._put(
            "append_log",
            [(entry.seq, entry.kind, entry.entry_id, entry.recorded_at, entry.payload) for entry in entries],
        )

    def of_kind(self, kind: LogKind, after_seq: int = 0, limit: int = 1_000) -> list[LogEntry]:
        """The next entries of a kind after a position, oldest first, at most `limit`."""
        return [LogEntry(*row) for row in self._rows("read_log_of_kind", kind=kind, after=after_seq, limit=limit)]

    def read(self, after_seq: int = 0, limit: int = 1_000) -> list[LogEntry]:
        """The next entries after a position, oldest first, at most `limit`."""
        return [LogEntry(*row) for row in self._rows("read_log", after=after_seq, limit=limit)]
