"""The append-only log of one tenant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from continuum.domain.records import LogEntry, LogKind
from continuum.storage.repositories.base import Repository, TenantSession

ENTRIES_AT_ONCE = 2_000


class Log(Repository):
    """Entries in the order of `seq`, which is the order of commits; never changed, never deleted here."""

    __slots__ = ("newest",)

    def __init__(self, session: TenantSession) -> None:
        super().__init__(session)
        self.newest = 0
        """The last position that this unit of work has written, 0 for none."""

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Keep entries at positions that `tenants.advance` gave. ConflictError if a position is taken."""
        self._put(
            "append_log",
            [(entry.seq, entry.kind, entry.entry_id, entry.recorded_at, entry.payload) for entry in entries],
        )
        if entries:  # ids of entries are used once: who finds the last one finds this very transaction
            last = entries[-1]
            self.newest = last.seq
            self._session.prove_by(
                lambda other: [e.entry_id for e in Log(other).read(last.seq - 1, 1)] == [last.entry_id]
            )

    def of_kind(self, kind: LogKind, after_seq: int = 0, limit: int = 1_000) -> list[LogEntry]:
        """The next entries of a kind after a position, oldest first, at most `limit`."""
        return [LogEntry(*row) for row in self._rows("read_log_of_kind", kind=kind, after=after_seq, limit=limit)]

    def read(self, after_seq: int = 0, limit: int = 1_000) -> list[LogEntry]:
        """The next entries after a position, oldest first, at most `limit`."""
        return [LogEntry(*row) for row in self._rows("read_log", after=after_seq, limit=limit)]

    def pages(self, after_seq: int = 0, kind: LogKind | None = None) -> Iterator[list[LogEntry]]:
        """All entries after a position, or those of one kind but messages, oldest first, 2,000 at a time."""
        while entries := self._page(after_seq, kind):
            yield entries
            after_seq = entries[-1].seq

    def _page(self, after_seq: int, kind: LogKind | None) -> list[LogEntry]:
        if kind is None:
            return self.read(after_seq, ENTRIES_AT_ONCE)
        return self.of_kind(kind, after_seq, ENTRIES_AT_ONCE)
