"""SQLite as a store for many threads and processes: fair writers, readers that never wait, durable commits."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from continuum.domain.forking import at_fork
from continuum.errors import StorageBusyError, StorageError, StorageUnavailableError
from continuum.storage.base import SQLITE, BackendInfo, Connection, StorageBackend
from continuum.storage.fork_gate import FORK_WAIT_SECONDS, ForkGate
from continuum.storage.migrate import Migrator
from continuum.storage.sqlite_driver import (
    ClosableConnection,
    SQLiteDriver,
    failures_named,
    not_confirmed,
    system_error,
)
from continuum.storage.sqlite_files import prepare_files
from continuum.storage.wal_sync import WalSync
from continuum.storage.write_lock import TicketLock, Turn, WriterLock

MEMORY = ":memory:"
WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 4_096
PAGE_BYTES = 4_096
CHECKPOINT_BYTES = 64 << 20
"""Once the write-ahead log is longer than this, a thread moves it into the database, beside the learners.

Larger ones repeat fewer pages (p95 of 8 threads 24 against 33 ms at half of it), but take disk, and time after a crash.
"""
CHECKPOINT_PASSES = 6
CHECKPOINT_SMALL_PAGES = 512
"""A checkpoint repeats its part beside the learners until so few pages are left for the part that stops them."""
CHECKPOINT_WAIT_SECONDS = 0.1
"""How long the end of a checkpoint waits for readers of old rows, while writers wait for it."""


_inherited_open: set[str] = set()
"""Databases that were in use in the parent when this process was forked."""


class _Connections:
    """The connections of one process to one file: one writer, a bounded number of readers."""

    def __init__(self, backend: SQLiteBackend) -> None:
        self.process_id = os.getpid()
        self.gate = ForkGate()
        self._backend = backend
        path = backend.path
        in_memory = path == MEMORY
        self.lock = WriterLock(None if in_memory else Path(f"{path}-writer.lock"))
        self.wal = None if in_memory else WalSync(Path(f"{path}-wal"), backend.driver.sync)
        self._writer: ClosableConnection | None = None
        self._places = TicketLock(backend.max_pool_size)
        self._readers: list[ClosableConnection] = []
        self._starting = threading.Lock()
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
    def renewed_if_interrupted(self) -> Iterator[ClosableConnection]:
        """The writer, which is replaced if the body is not let to its end."""
        writer = self.writer()
        try:
            yield writer
        except BaseException as exc:
            if not isinstance(exc, Exception):
                # A statement may be left open, which would hold the next transaction to old rows. Close after opening:
                # with the last connection the log would go, which other threads may be about to sync.
                self._writer = None
                with suppress(*self._backend.driver.errors):
                    self._writer = self._backend.open_writer()
                    writer.close()
            raise

    @contextmanager
    def reader(self) -> Iterator[ClosableConnection]:
        """A reader of one's own. Raises StorageBusyError if all stay in use for too long."""
        turn = Turn()
        try:
            if not self._places.acquire(turn, self._backend.timeout_seconds):
                raise StorageBusyError(
                    f"{self._backend.path}: all {self._backend.max_pool_size} readers are in use; try again"
                )
            try:
                connection = self._readers.pop()
            except IndexError:
                connection = self._backend.open_reader()
            try:
                yield connection
            except BaseException:
                connection.close()  # a statement may be left open, which would show old rows to the next reader
                raise
            self._readers.append(connection)
        finally:
            try:
                self._places.release(turn)
            finally:
                self._places.release(turn)  # if an interrupt stopped the first

    def start_checkpoint(self) -> None:
        """Begin a checkpoint in a thread of its own, unless one is under way."""
        with self._starting:
            if self._mover is None or not self._mover.is_alive():
                self._mover = threading.Thread(target=self._checkpoint_in_thread, name="continuum-checkpoint")
                with suppress(RuntimeError):  # the interpreter is shutting down: closing does the same
                    self._mover.start()

    def _checkpoint_in_thread(self) -> None:
        try:
            with self.gate.visit(), self._moving:
                done = self._checkpoint(self.checkpoint_at_bytes)
            # Readers of old rows held it back: try again when as much has been written again.
            self.checkpoint_at_bytes = self._backend.checkpoint_bytes + (0 if done else self.checkpoint_at_bytes)
            self.checkpoint_problem = ""
        except StorageError as exc:
            self.checkpoint_at_bytes += self._backend.checkpoint_bytes
            self.checkpoint_problem = str(exc)

    def checkpoint(self) -> bool:
        """Move the log now; False if readers of old rows kept it from starting again."""
        with self.gate.visit(), self._moving:
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
        if self._mover is not None and self._mover.is_alive():
            self._mover.join()
        self.close_databases()
        self.close_files()

    def begin_anew(self) -> None:
        """In the child of a fork: locks of its own around connections that are its own copy."""
        self.process_id = os.getpid()
        self.gate = ForkGate()
        self.lock = WriterLock(None)

    def close_databases(self) -> None:
        """Close every connection to the database; whoever needs one opens it again."""
        while self._readers:
            self._readers.pop().close()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def close_files(self) -> None:
        """Let go of the log and of the lock's file."""
        if self.wal:
            self.wal.close()
        self.lock.close()


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
        self._current: _Connections | None = None
        self._forking = 0  # the thread that holds `_opening` for a fork
        self._fork_is_clean = False
        self._inherited: list[_Connections] = []
        at_fork(
            self,
            before=SQLiteBackend._before_fork,
            in_parent=SQLiteBackend._after_fork_in_parent,
            in_child=SQLiteBackend._after_fork_in_child,
        )
        Migrator(self).upgrade()

    # -- connections

    def _connections(self) -> _Connections:
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

    def _make_durable(self, connections: _Connections) -> None:
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
