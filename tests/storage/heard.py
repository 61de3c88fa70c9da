"""What a subscriber hears, to be waited for with a bound; and connections of wakes, to be cut."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg

WAIT_SECONDS = 20.0
NAME = "wakes-under-test"

Heard = list[tuple[str | None, int]]


class Ear:
    """A callback for wakes that keeps them."""

    def __init__(self) -> None:
        self.heard: Heard = []
        self._changed = threading.Condition()

    def __call__(self, key: str | None, seq: int) -> None:
        with self._changed:
            self.heard.append((key, seq))
            self._changed.notify_all()

    def wait(self, enough: Callable[[Heard], bool], seconds: float = WAIT_SECONDS) -> Heard:
        """What was heard, once it is enough."""
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.heard), seconds), self.heard[-5:]
            return list(self.heard)

    def hears(self, key: str | None, seq: int, seconds: float = WAIT_SECONDS) -> None:
        """Wait for one wake."""
        self.wait(lambda heard: (key, seq) in heard, seconds)

    def forget(self) -> None:
        """Begin anew."""
        with self._changed:
            self.heard.clear()


def connected(url: str) -> psycopg.Connection[object]:
    """A connection as wakes open it, by a name of its own."""
    return psycopg.connect(url, autocommit=True, connect_timeout=5, application_name=NAME)


def end_connections(url: str) -> int:
    """Cut all connections of wakes; says how many there were."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [NAME]
        )
        return len(found.fetchall())
