"""SQLite as a store for many threads and processes: fair writers, readers that never wait, durable commits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from continuum.domain.forking import at_fork
from continuum.errors import StorageBusyError, StorageUnavailableError
from continuum.storage.base import SQLITE, BackendInfo, Connection, Finding, StorageBackend
from continuum.storage.fork_gate import FORK_WAIT_SECONDS
from continuum.storage.migrate import Migrator
from continuum.storage.sqlite_connections import MEMORY, Connections
from continuum.storage.sqlite_driver import (
    ClosableConnection,
    SQLiteDriver,
    failures_named,
    not_confirmed,
    system_error,
)
from continuum.storage.sqlite_files import prepare_files
from continuum.storage.sqlite_log import empty_log

WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 4_096
PAGE_BYTES = 4_096
CHECKPOINT_BYTES = 64 << 20
"""Once the write-ahead log is longer than this, a thread moves it into the database, beside the learners.

Larger ones repeat fewer pages (p95 of 8 threads 24 against 33 ms at half of it), but take disk, and time after a crash.
"""

_inherited_open: set[str] = set()
"""Databases that were in use in the parent when this process was forked."""


class SQLiteBackend(StorageBackend):
    """A store in one file (or ``:memory:``), its schema brought up to date when it is opened.

    A writer waits its turn (first come, first served, across processes too), commits, lets go, and returns when
    its commit is on the medium; several that commit together share one sync. Readers work on a snapshot and are
    never blocked. An interrupt at any point undoes what was not committed, and no more. A fork waits until no
    transaction is open; then parent and child each open connections of their own.
    """

    dialect = SQLITE

    def __init__(
        self,
        db_path: str | Path,
        max_pool_size: int = 5,
        timeout: float = 30.0,
        *,
        driver: SQLiteDriver | None = None,
        checkpoint_bytes: int = CHECKPOINT_BYTES,
    ) -> None:
        in_memory = str(db_path) == MEMORY
        self.path = MEMORY if in_memory else str(Path(db_path).expanduser().absolute())
        super().__init__(db_path=self.path, max_pool_size=max_pool_size, timeout=timeout)
        self.max_pool_size = max_pool_size
        self.timeout_seconds = timeout
        self.driver = driver or SQLiteDriver()
        self.checkpoint_bytes = checkpoint_bytes
        self._opening = threading.Lock()
        self._current: Connections | None = None
        self._forking = 0  # the thread that holds `_opening` for a fork
        self._fork_is_clean = False
        self._inherited: list[Connections] = []
        at_fork(
            self,
            before=SQLiteBackend._before_fork,
            in_parent=SQLiteBackend._after_fork_in_parent,
            in_child=SQLiteBackend._after_fork_in_child,
        )
        Migrator(self).upgrade()

    # -- connections

    def _connections(self) -> Connections:
        current = self._current
        if current is not None and current.process_id == os.getpid():
            return current
        if current is not None:
            self._after_fork_in_child()  # by a program that does not run Python's hooks
        with self._opening:
            if self._current is None:
                if self.path in _inherited_open or (self.path == MEMORY and self._inherited):
                    raise StorageUnavailableError(
                        f"{self.path}: this process was forked while a transaction was open, so its locks cannot be "
                        "trusted; fork at another moment, or start the process with 'spawn'"
                    )
                self._current = self._opened()
            return self._current

    def _before_fork(self) -> None:
        wait_seconds = min(FORK_WAIT_SECONDS, self.timeout_seconds)
        if not self._opening.acquire(timeout=wait_seconds):
            return
        self._forking = threading.get_ident()
        current = self._current
        self._fork_is_clean = current is None or current.gate.close(wait_seconds)
        if current is not None and self._fork_is_clean and self.path != MEMORY:  # that is copied by the fork
            current.close_databases()

    def _after_fork_in_parent(self) -> None:
        if self._forking == threading.get_ident():
            self._forking = 0
            if self._current is not None:
                self._current.gate.open()
            self._opening.release()

    def _after_fork_in_child(self) -> None:
        clean = self._fork_is_clean and self._forking == threading.get_ident()
        self._forking = 0
        self._opening = threading.Lock()
        current = self._current
        if current is not None and clean and self.path == MEMORY:
            current.begin_anew()
        elif current is not None:
            self._current = None
            current.close_files()
            if not clean:
                # Closing what the parent opened could free its locks: it is kept, unused.
                self._inherited.append(current)
                _inherited_open.add(self.path)

    def _opened(self) -> Connections:
        try:
            if self.path != MEMORY:
                prepare_files(Path(self.path))
            connections = Connections(self)
        except OSError as exc:
            raise system_error(exc, self.path) from exc
        try:
            with connections.lock.held(self.timeout_seconds), failures_named(self.driver, self.path):
                connections.writer()
        except BaseException:
            connections.close()
            raise
        return connections

    def open_writer(self) -> ClosableConnection:
        """A connection that may write. The journal mode is set by whoever comes first, under the lock."""
        connection = self.driver.connect(self.path)
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self.timeout_seconds * 1000)}").fetchall()
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}").fetchall()
            if self.path != MEMORY and connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = wal").fetchall()
            for pragma in (
                "synchronous = normal",
                "wal_autocheckpoint = 0",
                f"journal_size_limit = {2 * self.checkpoint_bytes}",
                f"cache_size = -{WRITER_CACHE_KIB}",
                "temp_store = memory",
                "trusted_schema = off",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def open_reader(self) -> ClosableConnection:
        """A connection that cannot write."""
        connection = self.driver.connect(self.path)
        for pragma in (
            f"busy_timeout = {int(self.timeout_seconds * 1000)}",
            "query_only = on",
            f"cache_size = -{READER_CACHE_KIB}",
            "temp_store = memory",
            "trusted_schema = off",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A reading connection in autocommit mode."""
        connections = self._connections()
        with connections.gate.visit():
            if self.path == MEMORY:
                mine = connections.lock.is_mine()
                alone = nullcontext() if mine else connections.lock.held(self.timeout_seconds)
                with alone, failures_named(self.driver, self.path):
                    yield connections.writer()
            else:
                with connections.reader() as reader, failures_named(self.driver, self.path):
                    yield reader

    # -- transactions

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        connections = self._connections()
        with connections.gate.visit():
            if self.path == MEMORY:
                with (
                    connections.lock.held(self.timeout_seconds),
                    self._committed(connections.writer(), "BEGIN") as connection,
                ):
                    yield connection
            elif write:
                with connections.lock.held(self.timeout_seconds):
                    self._recover_from_failed_sync(connections)
                    with (
                        connections.renewed_if_interrupted() as writer,
                        self._committed(writer, "BEGIN IMMEDIATE") as connection,
                    ):
                        yield connection
                self._make_durable(connections)
            else:
                with connections.reader() as reader, self._committed(reader, "BEGIN") as connection:
                    yield connection

    @contextmanager
    def _committed(self, connection: ClosableConnection, begin: str) -> Iterator[Connection]:
        with failures_named(self.driver, self.path):
            self._roll_back(connection)  # what an interrupt left open: whoever gets here has the connection alone
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _roll_back(self, connection: ClosableConnection) -> None:
        if connection.in_transaction:  # a full disk has rolled back already
            with suppress(*self.driver.errors):
                connection.execute("ROLLBACK")

    def _make_durable(self, connections: Connections) -> None:
        assert connections.wal is not None
        try:
            connections.wal.cover()
        except OSError as exc:
            raise not_confirmed(exc, self.path) from exc
        connections.commits += 1
        if connections.wal.is_longer_than(connections.checkpoint_at_bytes):
            connections.start_checkpoint()

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database, so that it starts again; False if readers held it back.

        Most of it is moved beside other writers; for the rest they wait. Raises StorageError.
        """
        connections = self._connections()
        return self.path == MEMORY or connections.checkpoint()

    def scrub(self) -> bool:
        connections = self._connections()
        return self.path == MEMORY or connections.scrub()

    def _recover_from_failed_sync(self, connections: Connections) -> None:
        """After a failed sync nothing is acknowledged before all of the log is in the database, and synced there."""
        if connections.wal is not None and connections.wal.failed:
            with failures_named(self.driver, self.path):
                emptied = empty_log(connections.writer())
            if not emptied:
                raise StorageBusyError(f"{self.path}: readers hold back the repair after a failed sync; try again")
            connections.wal.clear_failure()

    # -- care

    def close_all(self) -> None:
        self.close_wakes()
        with self._opening:
            if self._current is not None and self._current.process_id == os.getpid():
                self._current.close()
            self._current = None

    def copy_before_migration(self, version: int) -> str | None:
        if self.path == MEMORY:
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        target = f"{self.path}.bak-{version}-{stamp}"
        try:
            descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as exc:
            raise system_error(exc, target) from exc
        copied = False
        try:
            self._copy_into(target)
            os.fsync(descriptor)
            copied = True
        except OSError as exc:
            raise system_error(exc, target) from exc
        finally:
            os.close(descriptor)
            if not copied:  # half a copy would pass for one
                Path(target).unlink(missing_ok=True)
        return target

    def _copy_into(self, target: str) -> None:
        with failures_named(self.driver, target):
            connection = self.driver.connect(self.path)
            try:
                connection.execute("VACUUM INTO ?", (target,)).fetchall()
            finally:
                connection.close()

    def examine(self) -> list[Finding]:
        with self.transaction() as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check").fetchall()]
        return [Finding("damage", self.path, line) for line in said if line != "ok"]

    def get_stats(self) -> dict[str, object]:
        connections = self._connections()
        wal = connections.wal
        return {
            "commits": connections.commits,
            "checkpoints": connections.checkpoints,
            "scrubs": connections.scrubs,
            "checkpoint_problem": connections.checkpoint_problem,
            "wal_bytes": wal.size() if wal else 0,
        }

    def get_backend_info(self) -> BackendInfo:
        with self.connection() as connection:
            version = str(connection.execute("SELECT sqlite_version()").fetchone()[0])
        return BackendInfo(
            backend_type="sqlite",
            version=version,
            features=["transactions", "many processes", "durable commits", "scrub"],
            configuration=dict(self.config),
        )
