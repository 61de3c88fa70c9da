"""Reads the messages in a store of the earlier public program, whose tables are others; changes nothing in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from continuum.errors import InvalidInputError, StorageCorruptError


class FormerMessage(NamedTuple):
    """One message as it was kept; `at` is seconds since 1970 or a text."""

    session: str
    role: str
    text: str
    at: float | str | None


def former_messages(path: Path) -> Iterator[FormerMessage]:
    """The messages of a store, session by session.

    Raises InvalidInputError for a store that is of this program, of several tenants or without messages, and
    StorageCorruptError for a file that cannot be read.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            _check(path, connection, tables)
            if "auto_messages" in tables:
                yield from map(FormerMessage._make, connection.execute(_AUTO_MESSAGES))
            if "messages" in tables:
                yield from _paired(connection)
    except sqlite3.DatabaseError as exc:
        raise StorageCorruptError(f"{path}: cannot be read: {exc}") from exc


def _check(path: Path, connection: sqlite3.Connection, tables: set[str]) -> None:
    if "schema_migrations" in tables:
        raise InvalidInputError("source", f"{path.name} is a store of this program; use `continuum copy`")
    kept = sorted(tables & {"auto_messages", "messages"})
    if not kept:
        raise InvalidInputError("source", f"{path.name} holds no messages; it is no store that is known")
    tenants: set[object] = set()
    for table in kept:
        if any(row[1] == "tenant_id" for row in connection.execute(f"PRAGMA table_info({table})")):
            told = connection.execute(f"SELECT DISTINCT tenant_id FROM {table} LIMIT 2")  # noqa: S608  # fixed names
            tenants |= {row[0] for row in told}
    if len(tenants) > 1:
        # Memories of several people would become those of one.
        raise InvalidInputError("source", f"{path.name} holds several tenants; make a copy that holds one of them")


_AUTO_MESSAGES = """
SELECT instance_id, role, content, timestamp FROM auto_messages ORDER BY instance_id, timestamp, message_number
"""


def _paired(connection: sqlite3.Connection) -> Iterator[FormerMessage]:
    """Rows that hold both sides of an exchange."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(messages)")}
    if not {"user_message", "ai_response"} <= columns:
        return
    session = "session_id" if "session_id" in columns else "'all'"
    created = "created_at" if "created_at" in columns else "NULL"
    wanted = f"SELECT {session}, user_message, ai_response, {created} FROM messages ORDER BY 1, rowid"  # noqa: S608  # fixed names
    for name, user, answer, at in connection.execute(wanted):
        yield FormerMessage(name, "user", user, at)
        yield FormerMessage(name, "assistant", answer, at)
