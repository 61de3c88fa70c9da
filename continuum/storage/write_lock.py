"""Who may write next: first come, first served among threads, and one process at a time.

SQLite lets writers fight for its lock by sleeping and trying again; under load one process then wins thousands of
times while another waits for seconds. So writers queue before they reach it.

An interrupt (Ctrl-C, a timer, a thread that is told to end) can arrive between any two steps. So nobody's right is
a flag that someone has to take back: it is a `Turn`, known to the queue by a weak reference only, and ends at the
latest with the call that made it. Whatever takes or gives something back may be done twice.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from continuum.errors import StorageBusyError

_POLL_SECONDS = 0.0002
LOOK_AGAIN_SECONDS = 0.05
"""How often a waiter looks for turns before it that ended without a word."""


class Turn:
    """One wish to enter, and then the right to be inside; ends when its maker leaves, or is no more."""

    __slots__ = ("__weakref__", "called", "thread_id")

    def __init__(self) -> None:
        self.thread_id = threading.get_ident()
        self.called = threading.Lock()
        self.called.acquire()

    def call(self) -> None:
        """Wake its maker; only under the mutex of the queue that it is in."""
        if self.called.locked():
            self.called.release()


class TicketLock:
    """A lock for `places` holders at once that is handed over in the order of asking."""

    def __init__(self, places: int = 1) -> None:
        self._mutex = threading.Lock()  # only ever `with` it: that is one step, whatever interrupts
        self._places = places
        self._queue: list[weakref.ref[Turn]] = []

    def acquire(self, turn: Turn, timeout_seconds: float) -> bool:
        """Wait for the lock; False if it did not come in time, and then `turn` has left the queue."""
        deadline = time.monotonic() + timeout_seconds
        with self._mutex:
            self._queue.append(weakref.ref(turn))
        while not self.is_held_by(turn):
            left = deadline - time.monotonic()
            if left <= 0:
                self.release(turn)
                return False
            turn.called.acquire(timeout=min(left, LOOK_AGAIN_SECONDS))
        return True

    def release(self, turn: Turn) -> None:
        """Leave, from whichever place in the queue; nothing happens to who is not in it."""
        with self._mutex:
            self._queue = [each for each in self._queue if each() not in (None, turn)]
            for each in self._queue[: self._places]:
                if (served := each()) is not None:
                    served.call()

    def is_held_by(self, turn: Turn) -> bool:
        return any(each is turn for each in self.holders())

    def holders(self) -> list[Turn]:
        """The turns that are being served now."""
        with self._mutex:
            if any(each() is None for each in self._queue):
                self._queue = [each for each in self._queue if each() is not None]
            return [turn for each in self._queue[: self._places] if (turn := each()) is not None]

    def waiting(self) -> int:
        """How many have asked and are not served yet."""
        return max(0, len(self._queue) - self._places)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        _unlock(descriptor)  # what an interrupt left locked: only who may have the lock gets here
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        with suppress(OSError):  # it was not locked
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # true as well if an interrupt left it locked
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """A lock between processes, on a file of its own that is never deleted. The system frees it if we die."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)

    def acquire(self, timeout_seconds: float) -> bool:
        """Wait for the lock; False if it did not come in time."""
        if _try_lock(self._descriptor):
            return True
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            if _try_lock(self._descriptor):
                return True
        return False

    def release(self) -> None:
        """Give it back; nothing happens if it is not held."""
        _unlock(self._descriptor)

    def close(self) -> None:
        """Let go of the file. In the child of a fork the parent's lock stays: it is the parent's file too."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class WriterLock:
    """The right to write to one store, across threads and processes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._threads = TicketLock()
        self._processes = FileLock(path) if path else None

    def is_mine(self) -> bool:
        """Whether the calling thread holds it."""
        return any(turn.thread_id == threading.get_ident() for turn in self._threads.holders())

    @contextmanager
    def held(self, timeout_seconds: float) -> Iterator[None]:
        """Hold it for the `with`. Raises StorageBusyError after `timeout_seconds`."""
        assert not self.is_mine(), "a write transaction inside a write transaction"
        turn = Turn()
        try:
            self._take(turn, timeout_seconds)
            yield
        finally:
            try:
                self._give_back(turn)
            finally:
                self._give_back(turn)  # if an interrupt stopped the first

    def _take(self, turn: Turn, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        if not self._threads.acquire(turn, timeout_seconds):
            raise self._busy(timeout_seconds)
        if self._processes and not self._processes.acquire(max(0.0, deadline - time.monotonic())):
            raise self._busy(timeout_seconds)

    def _give_back(self, turn: Turn) -> None:
        if self._processes and self._threads.is_held_by(turn):
            self._processes.release()
        self._threads.release(turn)

    def _busy(self, timeout_seconds: float) -> StorageBusyError:
        where = f" ({self._path})" if self._path else ""
        return StorageBusyError(
            f"other writers held the store for {timeout_seconds:g} s{where}; nothing was written, try again"
        )

    def close(self) -> None:
        if self._processes:
            self._processes.close()
