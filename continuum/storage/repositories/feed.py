"""The log as those read it who only want to hear what happened: positions and kinds, none of the words."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.domain.records import LogKind, Role
from continuum.storage.base import StorageBackend
from continuum.storage.repositories.base import Repository, TenantSession


@dataclass(frozen=True, slots=True)
class Said:
    """Whose message it was: found with the entry, without the words."""

    exchange_id: str
    session_id: str
    instance_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry; `payload` is JSON text only where the entry speaks of earlier positions, ``{}`` elsewhere."""

    seq: int
    kind: LogKind
    entry_id: str
    recorded_at: Micros
    payload: str
    said: Said | None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Entries in order, and the newest position of the log when they were read (0: the tenant is not known)."""

    position: int
    entries: list[FeedEntry]


class Feed(Repository):
    """Reads a tenant's log for its followers."""

    def after(self, after_seq: int, limit: int) -> FeedPage:
        """The next entries after a position, oldest first, at most `limit`; in one round trip."""
        position = self._asked("get_position")
        entries = self._asked("read_feed", after=after_seq, limit=limit)
        sources = self._asked("read_feed_sources", after=after_seq, limit=limit)
        self._session.end()
        found = position()
        if not found:  # unknown, or still being copied: then the log may fill out of order, and the position comes last
            return FeedPage(0, [])
        said = {row[0]: Said(*row[1:]) for row in sources()}
        read = [FeedEntry(seq, kind, own_id, at, told, said.get(seq)) for seq, kind, own_id, at, told in entries()]
        return FeedPage(int(found[0][0]), read)


def read_feed(backend: StorageBackend, tenant_id: TenantId, after_seq: int, limit: int) -> FeedPage:
    """A page of a tenant's log, read in a transaction of its own, from no replica. Raises StorageError."""
    with backend.tenant_transaction(tenant_id) as connection:
        return Feed(TenantSession(connection, backend.dialect, tenant_id)).after(after_seq, limit)
