"""Makes committed transactions survive a power cut: one shared sync of the write-ahead log for many learners.

A commit with ``synchronous=NORMAL`` leaves its frames in the system's cache. Before it is acknowledged, the file
has to be synced by a sync that *started after* the commit; one such sync covers everybody who committed before it
began. Whoever comes first syncs for all who wait (leader and followers), so that the cost is shared.

Why it is enough to sync the ``-wal`` file that is there now:

- The frames of the commit are in it, or a checkpoint has moved them into the database since. With NORMAL a
  checkpoint syncs the log before it copies and the database after it, and only then may the log start again from
  its beginning; the new head of the log is synced before any frame follows it.
- The log is deleted only when the last connection of all processes closes, after a checkpoint. We commit over a
  connection that is still open, so that cannot happen between our commit and our sync. A log that was deleted and
  made anew earlier has another inode, which is checked before each sync.
- Frames of other processes that lie before ours are in the same file, so the same sync covers them; the checksums
  chain, so a log can only ever lose its end.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

from continuum.storage.write_lock import LOOK_AGAIN_SECONDS, Turn

SyncFile = Callable[[int], None]

_LOG_HEAD_BYTES = 32
_LOG_HEAD = struct.Struct(">8xI4x8s")  # page size and salt
_FRAME_HEAD = struct.Struct(">8x8s8x")  # salt

if sys.platform == "darwin":
    import fcntl

    def sync_file(descriptor: int) -> None:
        """Put a file's content on the medium (fsync alone stops at the drive's cache there)."""
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)

else:
    sync_file: SyncFile = getattr(os, "fdatasync", os.fsync)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


class WalSync:
    """Syncs one write-ahead log for all threads of this process."""

    def __init__(self, path: Path, sync: SyncFile = sync_file) -> None:
        self._path = path
        self._sync = sync
        self._mutex = threading.Lock()  # only ever `with` it: that is one step, whatever interrupts
        self._waiting: list[Turn] = []
        self._leader: weakref.ref[Turn] | None = None
        self._descriptor: int | None = None
        self._started = 0
        self._finished = 0
        self.failed = False
        """Whether a sync failed since `clear_failure`. A system may forget what it could not write, and call the
        next sync a success: until everything was moved and synced elsewhere, no sync proves anything."""

    def cover(self) -> None:
        """Return when all that was committed before this call is on the medium.

        Raises OSError if the sync that was to cover it failed.
        """
        mine = self._started + 1  # a sync that runs already may have started before our commit
        turn = Turn()
        try:
            while self._must_wait(turn, mine):
                turn.called.acquire(timeout=LOOK_AGAIN_SECONDS)
            if self.failed:
                raise OSError(errno.EIO, f"a sync of {self._path} failed")
            if self._finished < mine:
                self._lead()
        finally:
            try:
                self._step_down(turn)
            finally:
                self._step_down(turn)  # if an interrupt stopped the first

    def _must_wait(self, turn: Turn, mine: int) -> bool:
        """False if `mine` is done, or `turn` is to do it: nobody else leads, or who led was interrupted."""
        with self._mutex:
            if self._finished >= mine or self.failed:
                return False
            leader = self._leader and self._leader()
            if leader is None:
                self._leader = weakref.ref(turn)
            elif leader is not turn:
                self._waiting.append(turn)
                return True
            return False

    def _lead(self) -> None:
        try:
            with self._mutex:
                self._started += 1
                number = self._started
                descriptor = self._open_log()
            self._sync(descriptor)
        except OSError:
            self.failed = True
            raise
        self._finished = number

    def _step_down(self, turn: Turn) -> None:
        with self._mutex:
            if self._leader and self._leader() is turn:
                self._leader = None
                waiting, self._waiting = self._waiting, []
                for each in waiting:
                    each.call()

    def _open_log(self) -> int:
        """A descriptor of the log that has the name now (closing it frees no lock: SQLite locks other files)."""
        there = self._path.stat()
        if self._descriptor is not None:
            ours = os.fstat(self._descriptor)
            if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
                return self._descriptor
            self.close()
        self._descriptor = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        sync_folder(self._path.parent)
        return self._descriptor

    def size(self) -> int:
        """Bytes of the file, 0 if there is none; after a checkpoint it keeps its size and is filled again."""
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def is_longer_than(self, size_bytes: int) -> bool:
        """Whether the part of the log in use is longer: whether a frame of this generation lies there.

        Each frame repeats the salt of the log's head, which changes whenever the log starts again.
        """
        with self._mutex:
            if self._descriptor is None:
                return False
            head = _read_at(self._descriptor, _LOG_HEAD.size, 0)
            if len(head) < _LOG_HEAD.size:
                return False
            page_bytes, salt = _LOG_HEAD.unpack(head)
            frame_bytes = page_bytes + _FRAME_HEAD.size
            at = _LOG_HEAD_BYTES + size_bytes // frame_bytes * frame_bytes
            frame = _read_at(self._descriptor, _FRAME_HEAD.size, at)
            return len(frame) == _FRAME_HEAD.size and _FRAME_HEAD.unpack(frame)[0] == salt

    def clear_failure(self) -> None:
        """Trust syncs again, after everything was moved to the database and synced there."""
        self.failed = False

    def close(self) -> None:
        """Let go of the log (SQLite's own locks lie on other files: none is freed)."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
