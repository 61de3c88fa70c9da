"""Writers and followers of a log, for the change feed's tests; writers may be processes of their own."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from types import TracebackType

from continuum.core.change_feed import Change, ChangeFeed
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import LogEntry
from continuum.storage import StorageBackend, open_backend, unit_of_work
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_wakes import PostgresWakes
from continuum.storage.wakes import LocalWakes, Wakes

TENANT = TenantId("acme")
WAIT_SECONDS = 60.0


def wakes_for(backend: StorageBackend) -> Wakes:
    """The kind of wakes that goes with a store."""
    return PostgresWakes(backend.connect) if isinstance(backend, PostgresBackend) else LocalWakes()


def write(backend: StorageBackend, wakes: Wakes | None = None, tenant: TenantId = TENANT, number: int = 1) -> list[str]:
    """Commit entries, each alone, and announce them; gives their ids."""
    ids = []
    for _ in range(number):
        with unit_of_work(backend, tenant, write=True) as work:
            work.tenants.ensure(1, lambda: secrets.token_bytes(32))
            record = work.tenants.advance(1, 1)
            entry = LogEntry(record.last_seq, "policy", uuid7(1), 1)
            work.log.append([entry])
        if wakes is not None:
            wakes.announce(tenant, entry.seq)
        ids.append(entry.entry_id)
    return ids


def write_in_threads(storage: str, threads: int, number: int) -> None:
    """Open a store and write into it from several threads."""
    backend = open_backend(storage)
    wakes = wakes_for(backend)
    writers = [threading.Thread(target=write, args=(backend, wakes, TENANT, number)) for _ in range(threads)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    wakes.close()
    backend.close_all()


class Following:
    """Follows a tenant in a thread and keeps what it is given."""

    def __init__(
        self, feed: ChangeFeed, tenant: TenantId = TENANT, after_seq: int = 0, *, poll_seconds: float = WAIT_SECONDS
    ) -> None:
        self.given: list[Change] = []
        self.stop = threading.Event()
        self._changed = threading.Condition()
        changes = feed.follow(tenant, after_seq, stop=self.stop, poll_seconds=poll_seconds)

        def follow() -> None:
            for change in changes:
                with self._changed:
                    self.given.append(change)
                    self._changed.notify_all()

        self._thread = threading.Thread(target=follow)

    def __enter__(self) -> Following:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive()

    @property
    def seqs(self) -> list[int]:
        return [change.seq for change in self.given]

    def wait(self, enough: Callable[[list[Change]], bool], seconds: float = WAIT_SECONDS / 2) -> None:
        """Wait until what was given is enough: half as long as the default poll, so polling cannot be what helped."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.given), seconds), self.given[-3:]

    def reaches(self, seq: int, seconds: float = WAIT_SECONDS / 2) -> None:
        """Wait for a position."""
        self.wait(lambda given: bool(given) and given[-1].seq >= seq, seconds)
