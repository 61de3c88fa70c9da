"""A connection to SQLite that tells what it is about to run, and what it has run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from continuum.storage.base import Cursor
from continuum.storage.sqlite_driver import CACHED_STATEMENTS, SQLiteDriver

Listener = Callable[[sqlite3.Connection, str], None]


def silent(_: sqlite3.Connection, __: str) -> None:
    """Hear and do nothing."""


class WatchedConnection:
    """Calls `before` and `after` around each statement, with the real connection and the statement's text."""

    def __init__(self, path: str, before: Listener, after: Listener) -> None:
        self._real = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
        )
        self._before, self._after = before, after

    @property
    def in_transaction(self) -> bool:
        return self._real.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        self._before(self._real, sql)
        cursor = self._real.execute(sql, parameters)
        self._after(self._real, sql)
        return cursor

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> object:
        return self._real.executemany(sql, parameters)

    def close(self) -> None:
        self._real.close()


def watched_driver(before: Listener = silent, after: Listener = silent) -> SQLiteDriver:
    return SQLiteDriver(connect=lambda path: WatchedConnection(path, before, after))
