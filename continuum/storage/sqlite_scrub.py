"""Takes the bytes of deleted rows out of the files of an SQLite store.

What a DELETE leaves behind (measured, SQLite 3.40): the row itself where ``secure_delete`` is off; with it on, still
the copies that lie in the gaps of pages that were split or joined, and every page as it was in the write-ahead log,
which a checkpoint lets be overwritten some day. No setting covers the gaps. VACUUM does: it builds the database anew
from the rows that are left, in pages that begin as zeros, and writes all of it over the old one.

So a scrub, in this order: the log is emptied, so that nobody reads the old database through it; VACUUM under the
writers' lock; a truncating checkpoint, which writes the new pages over the old ones, cuts the file to its new length
and the log to nothing. The store's own copies from before migrations are deleted, for they hold the old rows too.

A kill in between leaves the old database or the new one, whole: until the last checkpoint SQLite can undo or redo
each step. Between VACUUM and that checkpoint learners go on; what they write is made from the new pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from continuum.storage.sqlite_driver import ClosableConnection
from continuum.storage.sqlite_log import empty_log, move_log
from continuum.storage.wal_sync import sync_folder

SCRUB_TRIES = 20
"""How often a scrub tries to empty the log, 0.1 s each, letting learners in between, before it gives up for now."""
SCRUB_CACHE_KIB = 65_536
"""VACUUM builds a database up to this size in memory. A larger one goes through a nameless temporary file, which
holds only the rows that are left and which the system frees when the process ends, however it ends."""
_COPY = re.compile(r"\.bak-\d+-\d{8}T\d{12}Z(?:-journal)?")

Alone = Callable[[], AbstractContextManager[None]]
"""Gives the writers' lock for a `with`."""


def scrub_database(connection: ClosableConnection, path: Path, alone: Alone) -> bool:
    """Whether the files hold nothing any more of the rows that were deleted before; False if readers are in the way.

    `connection` may write and is used for nothing else. Learners wait while VACUUM runs (about 1 s for each 150 MB),
    readers never. Raises what the driver and `alone` raise, and OSError if a copy cannot be deleted.
    """
    for pragma in ("temp_store = file", f"cache_size = -{SCRUB_CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return _vacuumed(connection, path, alone) and _log_emptied(connection, alone)


def _vacuumed(connection: ClosableConnection, path: Path, alone: Alone) -> bool:
    for _ in range(SCRUB_TRIES):
        move_log(connection)
        with alone():
            # First, not last: else a reader that stays would make each vain try add a whole database to the log.
            if empty_log(connection):
                delete_copies(path)  # nobody is making one now: that takes the lock too
                connection.execute("VACUUM").fetchall()
                return True
    return False


def _log_emptied(connection: ClosableConnection, alone: Alone) -> bool:
    for _ in range(SCRUB_TRIES):
        move_log(connection)
        with alone():
            if empty_log(connection):
                return True
    return False


def copies_of(path: Path) -> list[Path]:
    """The copies that were made of a store before migrations, whole or not, oldest first."""
    found = (each for each in path.parent.iterdir() if each.name.startswith(path.name))
    return sorted(each for each in found if _COPY.fullmatch(each.name[len(path.name) :]))


def delete_copies(path: Path) -> None:
    """Delete the copies of a store, for good. Raises OSError."""
    copies = copies_of(path)
    for each in copies:
        each.unlink(missing_ok=True)
    if copies:
        sync_folder(path.parent)
