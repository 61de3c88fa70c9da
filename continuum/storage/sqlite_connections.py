"""The connections of one process to one SQLite file, its locks, and what moves and scrubs its log."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from continuum.errors import StorageBusyError, StorageError
from continuum.storage.fork_gate import ForkGate
from continuum.storage.sqlite_driver import ClosableConnection, SQLiteDriver, failures_named, system_error
from continuum.storage.sqlite_log import move_log, restart_log
from continuum.storage.sqlite_scrub import scrub_database
from continuum.storage.wal_sync import WalSync
from continuum.storage.write_lock import TicketLock, Turn, WriterLock

MEMORY = ":memory:"


class Store(Protocol):
    """What the connections need to know of the store they belong to."""

    path: str
    driver: SQLiteDriver
    max_pool_size: int
    timeout_seconds: float
    checkpoint_bytes: int

    def open_writer(self) -> ClosableConnection: ...

    def open_reader(self) -> ClosableConnection: ...


class Connections:
    """The connections of one process to one file: one writer, a bounded number of readers."""

    def __init__(self, backend: Store) -> None:
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
        self.scrubs = 0
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
                move_log(connection)
                with self.lock.held(backend.timeout_seconds):
                    if if_longer_than and self.wal and not self.wal.is_longer_than(if_longer_than):
                        return True  # another process was faster
                    done = restart_log(connection)
            finally:
                connection.close()
        self.checkpoints += done
        return done

    def scrub(self) -> bool:
        """Take the bytes of deleted rows out of the files; False if readers or other writers kept it from that now."""
        with self.gate.visit(), self._moving, suppress(StorageBusyError):
            return self._scrub()
        return False

    def _scrub(self) -> bool:
        backend = self._backend
        if self.wal and self.wal.failed:
            return False  # the next transaction that writes repairs the log first
        with failures_named(backend.driver, backend.path):
            connection = backend.open_writer()
            try:
                alone = partial(self.lock.held, backend.timeout_seconds)
                done = scrub_database(connection, Path(backend.path), alone)
                if done and self.wal:
                    self.wal.cover()  # the cut of the log, too, survives a power cut
            except OSError as exc:
                raise system_error(exc, backend.path) from exc
            finally:
                connection.close()
        self.scrubs += done
        return done

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
