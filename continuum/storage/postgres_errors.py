"""What a failure of PostgreSQL means here: one of our errors, in words that name the server and the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolClosed, PoolTimeout

from continuum.errors import (
    ConflictError,
    ContinuumError,
    StorageBusyError,
    StorageConflictError,
    StorageConnectionError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)

_GIVEN_UP = {
    "40001": "another transaction came in between",
    "40P01": "two transactions waited for each other",
}
_BUSY = {
    "55P03": "another writer held the tenant longer than the bounded wait",
    "57014": "the statement took longer than the bounded wait",
    "53200": "the server has no memory left",
    "53300": "the server has no connection left",
    "53400": "a limit of the server is reached",
}
_LOST = {"57P01": "it is shutting down", "57P02": "it crashed", "57P03": "it is starting or stopping"}
_REFUSED = {"28P01", "28000", "3D000"}


def storage_error(exc: psycopg.Error | PoolTimeout | PoolClosed, server: str) -> ContinuumError:
    """Our error for the driver's; `server` names host, port and database, never a password."""
    state = getattr(exc, "sqlstate", None) or ""
    problem = _first_line(exc)
    if isinstance(exc, PoolTimeout):
        return StorageBusyError(f"{server}: no connection became free in time; nothing was written, try again")
    if isinstance(exc, PoolClosed):
        return StorageUnavailableError(f"{server}: the store is closed; open a new one")
    if state in _GIVEN_UP:
        return StorageConflictError(f"{server}: {_GIVEN_UP[state]}; nothing was written, try again")
    if state in _BUSY:
        return StorageBusyError(f"{server}: {_BUSY[state]}; nothing was written, try again")
    if state in _LOST:
        return StorageConnectionError(f"{server}: {_LOST[state]}; nothing was written, try again")
    if state in ("53100", "58030"):
        return StorageFullError(f"{server}: no space is left; free some and try again, nothing was lost")
    if state.startswith("23"):
        return ConflictError(f"{server}: contradicts what is stored ({problem})")
    if state.startswith("XX"):
        return StorageCorruptError(f"{server}: the database reports damage ({problem}); restore a backup copy")
    if state == "25006":
        return StorageUnavailableError(f"{server}: takes no writes (a standby?); name the primary in POSTGRES_URL")
    if state in _REFUSED or "password" in problem or 'database "' in problem:
        return StorageUnavailableError(f"{server}: refuses the connection ({problem}); check user, password, database")
    if not state or state.startswith("08"):
        return StorageConnectionError(f"{server}: the connection failed ({problem}); nothing was written, try again")
    if state == "42501":
        return StorageError(f"{server}: not allowed ({problem}); run `continuum migrate`, which grants what is needed")
    return StorageError(f"{server}: {problem}")


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0][:300] if lines else type(exc).__name__


@contextmanager
def failures_named(server: str) -> Iterator[None]:
    """Turn the driver's failures into ours. Other exceptions of the body pass as they are."""
    try:
        yield
    except (psycopg.Error, PoolTimeout, PoolClosed) as exc:
        raise storage_error(exc, server) from exc
