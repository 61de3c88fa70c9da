"""Moving SQLite's write-ahead log into the database, mostly beside those who write."""

from __future__ import annotations

from continuum.storage.sqlite_driver import ClosableConnection

MOVE_PASSES = 6
MOVE_SMALL_PAGES = 512
"""A move repeats its part beside the learners until so few pages are left for the part that stops them."""
READERS_WAIT_SECONDS = 0.1
"""How long the end of a move waits for readers of old rows, while writers wait for it."""


def move_log(connection: ClosableConnection) -> None:
    """Move what can be moved while others read and write."""
    connection.execute(f"PRAGMA busy_timeout = {int(READERS_WAIT_SECONDS * 1000)}").fetchall()
    moved = 0
    for _ in range(MOVE_PASSES):
        before, moved = moved, connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[2]
        if moved - before < MOVE_SMALL_PAGES:
            break  # little to move, so little was written meanwhile


def restart_log(connection: ClosableConnection) -> bool:
    """Move the rest, so that the log is written from its beginning; only for whoever holds the writers' lock.

    False if readers of old rows are in the way.
    """
    return not connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]


def empty_log(connection: ClosableConnection) -> bool:
    """Move the rest and cut the log's file to nothing; only for whoever holds the writers' lock.

    False if readers of old rows are in the way.
    """
    return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
