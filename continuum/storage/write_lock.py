"""Who may write next: first come, first served among threads, and one process at a time.

SQLite lets writers fight for its lock by sleeping and trying again; under load one process then wins thousands of
times while another waits for seconds. So writers queue before they reach it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from continuum.errors import StorageBusyError

_POLL_SECONDS = 0.0002


class TicketLock:
    """A lock that is handed over in the order of asking."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, timeout_seconds: float) -> bool:
        """Wait for the lock; False if it did not come in time."""
        with self._mutex:
            if not self._held:
                self._held = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=timeout_seconds):
            return True
        with self._mutex:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # handed over in the moment of giving up

    def release(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        _unlock(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class WriterLock:
    """The right to write to one store, across threads and processes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._threads = TicketLock()
        self._processes = FileLock(path) if path else None
        self._owner: int | None = None

    @contextmanager
    def held(self, timeout_seconds: float) -> Iterator[None]:
        """Hold it for the `with`. Raises StorageBusyError after `timeout_seconds`."""
        assert self._owner != threading.get_ident(), "a write transaction inside a write transaction"
        deadline = time.monotonic() + timeout_seconds
        if not self._threads.acquire(timeout_seconds):
            raise self._busy(timeout_seconds)
        try:
            if self._processes and not self._processes.acquire(max(0.0, deadline - time.monotonic())):
                raise self._busy(timeout_seconds)
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None
                if self._processes:
                    self._processes.release()
        finally:
            self._threads.release()

    def _busy(self, timeout_seconds: float) -> StorageBusyError:
        where = f" ({self._path})" if self._path else ""
        return StorageBusyError(
            f"other writers held the store for {timeout_seconds:g} s{where}; nothing was written, try again"
        )

    def close(self) -> None:
        if self._processes:
            self._processes.close()
