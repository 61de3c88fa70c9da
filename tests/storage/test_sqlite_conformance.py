"""The conformance suite over SQLite in a file, in memory, and over a small backend of a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import RLock

import apsw
import pytest

from continuum.errors import ConflictError, StorageError
from continuum.storage import Connection, StorageBackend, open_backend
from continuum.storage.base import SQLITE
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.testing.storage_suite import StorageConformance
from tests.requirements import requirement


@requirement("storage:conformance")
class TestSQLiteFile(StorageConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[StorageBackend]:
        backend = open_backend(tmp_path / "memory.db")
        yield backend
        backend.close_all()


class ServerLikeBackend(SQLiteBackend):
    """Inserts as a database server wants them: many rows in one statement."""

    dialect = replace(SQLITE, rows_at_once=64)


class TestSQLiteInMemory(StorageConformance):
    # One connection serves all: a writer waits for the reader, so no reader can see past a writer.
    test_a_reader_stays_at_its_moment = None  # type: ignore[assignment]  # takes it out of this class

    @pytest.fixture
    def backend(self) -> Iterator[StorageBackend]:
        backend = open_backend(ServerLikeBackend(":memory:"))
        yield backend
        backend.close_all()


class NotesBackend(StorageBackend):
    """What a user writes: how to connect, how to close, and what the driver's failures mean."""

    def __init__(self, path: Path) -> None:
        super().__init__(path=str(path))
        self._path = str(path)
        self._writing = RLock()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = apsw.Connection(self._path)
        connection.set_busy_timeout(10_000)
        connection.pragma("journal_mode", "wal")
        try:
            yield connection
        except apsw.ConstraintError as exc:
            raise ConflictError(f"{self._path}: {exc}") from exc
        except apsw.Error as exc:
            raise StorageError(f"{self._path}: {exc}") from exc
        finally:
            connection.close()

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        with self._writing if write else nullcontext(), super().transaction(write) as connection:
            yield connection

    def close_all(self) -> None:
        """Each connection is closed after use."""


@requirement("storage:own-backend")
class TestBackendOfAUsersOwn(StorageConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[StorageBackend]:
        backend = open_backend(NotesBackend(tmp_path / "notes.db"))
        yield backend
        backend.close_all()
