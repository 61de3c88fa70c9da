"""A process that kills itself in the middle of a scrub: ``scrubbed_to_death.py PATH POINT``."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from itertools import count

from continuum.storage.sqlite_backend import SQLiteBackend
from tests.storage.watched import watched_driver

POINTS = ("before VACUUM", "early in VACUUM", "late in VACUUM", "after VACUUM", "before the last cut", "after it")
_CALLS = {"early in VACUUM": 5, "late in VACUUM": 140}
"""After how many hundreds of the database's own instructions."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def scrub_and_die(path: str, point: str) -> None:
    cuts = {"before": count(1), "after": count(1)}
    calls = count(1)

    def before(connection: sqlite3.Connection, sql: str) -> None:
        last = "TRUNCATE" in sql and next(cuts["before"]) == 2
        if (sql == "VACUUM" and point == "before VACUUM") or (last and point == "before the last cut"):
            die()
        if sql == "VACUUM" and point in _CALLS:
            connection.set_progress_handler(lambda: die() if next(calls) == _CALLS[point] else None, 100)

    def after(_: sqlite3.Connection, sql: str) -> None:
        last = "TRUNCATE" in sql and next(cuts["after"]) == 2
        if (sql == "VACUUM" and point == "after VACUUM") or (last and point == "after it"):
            die()

    SQLiteBackend(path, driver=watched_driver(before, after)).scrub()


if __name__ == "__main__":
    scrub_and_die(sys.argv[1], sys.argv[2])
