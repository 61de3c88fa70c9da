"""The one place that names the `sqlite3` module: how a connection is made, and what its failures mean."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from continuum.errors import (
    ConflictError,
    StorageBusyError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from continuum.storage.base import Connection
from continuum.storage.wal_sync import SyncFile, sync_file

CACHED_STATEMENTS = 512

_BUSY, _LOCKED, _READONLY, _CORRUPT, _FULL, _CANTOPEN, _CONSTRAINT, _NOTADB = 5, 6, 8, 11, 13, 14, 19, 26
_PERM, _AUTH = 3, 23
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class ClosableConnection(Connection, Protocol):
    """A connection that its maker closes."""

    @property
    def in_transaction(self) -> bool: ...

    def close(self) -> None: ...


def connect_sqlite(path: str) -> ClosableConnection:
    """A connection in autocommit mode that any thread may use, one at a time."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS)


@dataclass(frozen=True, slots=True)
class SQLiteDriver:
    """What the backend needs of an SQLite library; tests bring one that records every write and sync."""

    connect: Callable[[str], ClosableConnection] = connect_sqlite
    errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    code_of: Callable[[Exception], int] = lambda exc: getattr(exc, "sqlite_errorcode", 0)
    """SQLite's (extended) result code of an exception, 0 if it has none."""
    sync: SyncFile = sync_file


def storage_error(code: int, problem: object, path: str) -> StorageError | ConflictError:
    """What an SQLite result code means here, in words that name the file and the next step."""
    primary = code & 0xFF
    if primary in (_BUSY, _LOCKED):
        return StorageBusyError(f"{path}: another program holds the database; nothing was written, try again")
    if primary == _FULL:
        return StorageFullError(f"{path}: no space is left; free some and try again, nothing was lost")
    if primary == _NOTADB:
        return StorageCorruptError(f"{path}: not an SQLite database; name another file, or move this one away")
    if primary == _CORRUPT:
        return StorageCorruptError(f"{path}: the database is damaged ({problem}); restore a backup copy")
    if primary in (_READONLY, _PERM, _AUTH):
        return StorageUnavailableError(f"{path}: may not be written ({problem}); check the file's permissions")
    if primary == _CANTOPEN:
        return StorageUnavailableError(f"{path}: cannot be opened ({problem}); check folder and permissions")
    if primary == _CONSTRAINT:
        return ConflictError(f"{path}: contradicts what is stored ({problem})")
    return StorageError(f"{path}: {problem}")


def system_error(exc: OSError, path: str) -> StorageError:
    """What a failure of the operating system means here."""
    if exc.errno in _NO_SPACE:
        return StorageFullError(f"{path}: no space is left; free some and try again, nothing was lost")
    if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageUnavailableError(f"{path}: no permission ({exc.strerror}); check who owns file and folder")
    if exc.errno in (errno.EIO,):
        return StorageError(f"{path}: the disk reports an error ({exc.strerror}); check it before going on")
    return StorageUnavailableError(f"{path}: {exc.strerror or exc}; name another file with db_path")


def not_confirmed(exc: OSError, path: str) -> StorageError:
    """What it means that a sync failed: the transaction is there, but nobody knows for how long."""
    kind = type(system_error(exc, path))
    return kind(
        f"{path}: not confirmed, the disk says: {exc.strerror or exc}; what was just written can be read but may not "
        "survive a power cut; see to the disk, then write it again"
    )


@contextmanager
def failures_named(driver: SQLiteDriver, path: str) -> Iterator[None]:
    """Turn the driver's failures into ours. Other exceptions of the body pass as they are."""
    try:
        yield
    except driver.errors as exc:
        raise storage_error(driver.code_of(exc), exc, path) from exc


def absolute(path: str) -> str:
    """The path to show: absolute, with links followed."""
    return str(Path(path).expanduser().absolute())
