"""SQLite as a store for many threads and processes: fair writers, readers that never wait, durable commits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from continuum.errors import StorageBusyError, StorageError
from continuum.storage.base import SQLITE, BackendInfo, Connection, StorageBackend
from continuum.storage.migrate import Migrator
from continuum.storage.sqlite_driver import (
    ClosableConnection,
    SQLiteDriver,
    failures_named,
    system_error,
)
from continuum.storage.sqlite_files import prepare_files
from continuum.storage.wal_sync import WalSync
from continuum.storage.write_lock import WriterLock

MEMORY = ":memory:"
WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 4_096
PAGE_BYTES = 4_096
CHECKPOINT_BYTES = 32 << 20
"""Once the write-ahead log is longer than this, a thread moves it into the database, beside the learners."""
CHECKPOINT_PASSES = 6
CHECKPOINT_SMALL_PAGES = 512
"""A checkpoint repeats its part beside the learners until so few pages are left for the part that stops them."""
CHECKPOINT_WAIT_SECONDS = 0.1
"""How long the end of a checkpoint waits for readers of old rows, while writers wait for it."""


class _Connections:
    """The connections of one process to one file: one writer, a bounded number of readers."""

    def __init__(self, backend: SQLiteBackend) -> None:
        self.process_id = os.getpid()
        self._backend = backend
        path = backend.path
        in_memory = path == MEMORY
        self.lock = WriterLock(None if in_memory else Path(f"{path}-writer.lock"))
        self.wal = None if in_memory else WalSync(Path(f"{path}-wal"), backend.driver.sync)
        self.memory_owner = threading.RLock()
        self._writer: ClosableConnection | None = None
        self._readers: list[ClosableConnection] = []
        self._free = threading.Semaphore(backend.max_pool_size)
        self._moving = threading.Lock()
        self._mover: threading.Thread | None = None
        self.checkpoint_at_bytes = backend.checkpoint_bytes
        self.commits = 0
        self.checkpoints = 0
        self.checkpoint_problem = ""

    def writer(self) -> ClosableConnection:
        """The writer; only for whoever holds the lock."""
        if self._writer is None:
            self._writer = self._backend.open_writer()
        return self._writer

    @contextmanager
    def reader(self) -> Iterator[ClosableConnection]:
        """A reader of one's own. Raises StorageBusyError if all stay in use for too long."""
        if not self._free.acquire(timeout=self._backend.timeout_seconds):
            raise StorageBusyError(
                f"{self._backend.path}: all {self._backend.max_pool_size} readers are in use; try again"
            )
        try:
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._backend.open_reader()
            try:
                yield connection
            finally:
                self._readers.append(connection)
        finally:
            self._free.release()

    def start_checkpoint(self) -> None:
        """Begin a checkpoint in a thread of its own, unless one is under way."""
        if not self._moving.acquire(blocking=False):
            return
        try:
            self._mover = threading.Thread(target=self._checkpoint_in_thread, name="continuum-checkpoint")
            self._mover.start()
        except RuntimeError:  # the interpreter is shutting down: closing does the same
            self._moving.release()

    def _checkpoint_in_thread(self) -> None:
        try:
            done = self._checkpoint(self.checkpoint_at_bytes)
            # Readers of old rows held it back: try again when as much has been written again.
            self.checkpoint_at_bytes = self._backend.checkpoint_bytes + (0 if done else self.checkpoint_at_bytes)
            self.checkpoint_problem = ""
        except StorageError as exc:
            self.checkpoint_at_bytes += self._backend.checkpoint_bytes
            self.checkpoint_problem = str(exc)
        finally:
            self._moving.release()

    def checkpoint(self) -> bool:
        """Move the log now; False if readers of old rows kept it from starting again."""
        with self._moving:
            return self._checkpoint(0)

    def _checkpoint(self, if_longer_than: int) -> bool:
        backend = self._backend
        with failures_named(backend.driver, backend.path):
            connection = backend.open_reader()
            try:
                connection.execute(f"PRAGMA busy_timeout = {int(CHECKPOINT_WAIT_SECONDS * 1000)}").fetchall()
                moved = 0
                for _ in range(CHECKPOINT_PASSES):
                    before, moved = moved, connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[2]
                    if moved - before < CHECKPOINT_SMALL_PAGES:
                        break  # little to move, so little was written meanwhile
                with self.lock.held(backend.timeout_seconds):
                    if if_longer_than and self.wal and not self.wal.is_longer_than(if_longer_than):
                        return True  # another process was faster
                    busy = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
            finally:
                connection.close()
        self.checkpoints += not busy
        return not busy

    def close(self) -> None:
        if self._mover is not None:
            self._mover.join()
        while self._readers:
            self._readers.pop().close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self.wal:
            self.wal.close()
        self.lock.close()


class SQLiteBackend(StorageBackend):
    """A store in one file (or ``:memory:``), its schema brought up to date when it is opened.

    A writer waits its turn (first come, first served, across processes too), commits, lets go, and returns when
    its commit is on the medium; several that commit together share one sync. Readers work on a snapshot and are
    never blocked. After a fork the child opens its own connections.
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
        self._current: _Connections | None = None
        self._inherited: list[_Connections] = []
        Migrator(self).upgrade()

    # -- connections

    def _connections(self) -> _Connections:
        current = self._current
        if current is not None and current.process_id == os.getpid():
            return current
        if current is not None:
            self._opening = threading.Lock()  # the parent's may be held by a thread that we do not have
        with self._opening:
            if self._current is None or self._current.process_id != os.getpid():
                if self._current is not None:
                    # Closing what the parent opened could free its locks: it is kept, unused.
                    self._inherited.append(self._current)
                self._current = self._opened()
            return self._current

    def _opened(self) -> _Connections:
        try:
            if self.path != MEMORY:
                prepare_files(Path(self.path))
            connections = _Connections(self)
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
        if self.path == MEMORY:
            with connections.memory_owner, failures_named(self.driver, self.path):
                yield connections.writer()
        else:
            with connections.reader() as reader, failures_named(self.driver, self.path):
                yield reader

    # -- transactions

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        connections = self._connections()
        if self.path == MEMORY:
            with connections.memory_owner, self._committed(connections.writer(), "BEGIN") as connection:
                yield connection
        elif write:
            with connections.lock.held(self.timeout_seconds):
                self._recover_from_failed_sync(connections)
                with self._committed(connections.writer(), "BEGIN IMMEDIATE") as connection:
                    yield connection
            self._make_durable(connections)
        else:
            with connections.reader() as reader, self._committed(reader, "BEGIN") as connection:
                yield connection

    @contextmanager
    def _committed(self, connection: ClosableConnection, begin: str) -> Iterator[Connection]:
        with failures_named(self.driver, self.path):
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _roll_back(self, connection: ClosableConnection) -> None:
        with suppress(*self.driver.errors):  # a full disk has rolled back already
            connection.execute("ROLLBACK")

    def _make_durable(self, connections: _Connections) -> None:
        assert connections.wal is not None
        try:
            connections.wal.cover()
        except OSError as exc:
            problem = system_error(exc, self.path)
            problem.add_note("What was just written may not survive a power cut; write it again.")
            raise problem from exc
        connections.commits += 1
        if connections.wal.is_longer_than(connections.checkpoint_at_bytes):
            connections.start_checkpoint()

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the database, so that it starts again; False if readers held it back.

        Most of it is moved beside other writers; for the rest they wait. Raises StorageError.
        """
        connections = self._connections()
        return self.path == MEMORY or connections.checkpoint()

    def _recover_from_failed_sync(self, connections: _Connections) -> None:
        """After a failed sync nothing is acknowledged before all of the log is in the database, and synced there."""
        if connections.wal is not None and connections.wal.failed:
            with failures_named(self.driver, self.path):
                busy = connections.writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise StorageBusyError(f"{self.path}: readers hold back the repair after a failed sync; try again")
            connections.wal.clear_failure()

    # -- care

    def close_all(self) -> None:
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
        with failures_named(self.driver, target):
            connection = self.driver.connect(self.path)
            try:
                connection.execute("VACUUM INTO ?", (target,)).fetchall()
            finally:
                connection.close()
        os.fsync(descriptor)
        os.close(descriptor)
        return target

    def get_stats(self) -> dict[str, object]:
        connections = self._connections()
        wal = connections.wal
        return {
            "commits": connections.commits,
            "checkpoints": connections.checkpoints,
            "checkpoint_problem": connections.checkpoint_problem,
            "wal_bytes": wal.size() if wal else 0,
        }

    def get_backend_info(self) -> BackendInfo:
        with self.connection() as connection:
            version = str(connection.execute("SELECT sqlite_version()").fetchone()[0])
        return BackendInfo(
            backend_type="sqlite",
            version=version,
            features=["transactions", "many processes", "durable commits"],
            configuration=dict(self.config),
        )
