"""Keeps forks and SQLite apart: a child must not inherit a connection, nor fork from the middle of the library.

SQLite notes in the memory of the process which locks it holds on a file. A child inherits the notes but not the
locks: it would wait for ever for a writer that it does not have, or write beside a parent that deletes the log. So
a fork waits until nobody is inside the store, and its connections are closed before it.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from continuum.storage.write_lock import Turn

FORK_WAIT_SECONDS = 5.0
"""How long a fork waits for transactions to end. A child that was forked earlier cannot use the store."""
_POLL_SECONDS = 0.0005


class ForkGate:
    """Lets everybody in, except during a fork."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._inside: list[weakref.ref[Turn]] = []
        self._closed_by = 0

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Be inside for the `with`; waits while the process is being forked."""
        turn = Turn()
        try:
            while not self._let_in(turn):
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            try:
                self._leave(turn)
            finally:
                self._leave(turn)  # if an interrupt stopped the first

    def _let_in(self, turn: Turn) -> bool:
        with self._mutex:
            if self._closed_by in (0, turn.thread_id):
                self._inside.append(weakref.ref(turn))
                return True
        return False

    def _leave(self, turn: Turn) -> None:
        with self._mutex:
            self._inside = [each for each in self._inside if each() not in (None, turn)]

    def close(self, wait_seconds: float = FORK_WAIT_SECONDS) -> bool:
        """Let nobody in any more; True once all are out, False if the caller is inside itself or time is over."""
        me = threading.get_ident()
        with self._mutex:
            self._closed_by = me
        deadline = time.monotonic() + wait_seconds
        while inside := [turn for each in self._inside if (turn := each()) is not None]:
            if any(turn.thread_id == me for turn in inside) or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def open(self) -> None:
        """Let them in again."""
        self._closed_by = 0
