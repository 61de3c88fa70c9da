"""One sync covers all who committed before it began, and no one else."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from continuum.storage.wal_sync import WalSync


class SlowDisk:
    """Syncs only when told; counts, and remembers which file it was."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.inodes: list[int] = []

    def __call__(self, descriptor: int) -> None:
        self.inodes.append(os.fstat(descriptor).st_ino)
        self.begun.release()
        assert self.go_on.acquire(timeout=30)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "memory.db-wal"
    path.write_bytes(b"frames")
    return path


def test_followers_wait_for_a_sync_that_began_after_them_and_share_it(log: Path) -> None:
    disk = SlowDisk()
    sync = WalSync(log, disk)
    done: list[str] = []

    def cover(name: str) -> None:
        sync.cover()
        done.append(name)

    first = threading.Thread(target=cover, args=("first",))
    first.start()
    assert disk.begun.acquire(timeout=30)
    others = [threading.Thread(target=cover, args=(f"other{number}",)) for number in range(5)]
    for thread in others:
        thread.start()
    while len(set(sync._waiting)) < 5:  # until all five have asked
        threading.Event().wait(0.001)
    disk.go_on.release()
    assert disk.begun.acquire(timeout=30)
    first.join()
    assert done == ["first"], "the sync that ran when they asked does not cover the others"
    disk.go_on.release()
    for thread in others:
        thread.join()
    assert len(disk.inodes) == 2
    sync.close()


def test_a_log_that_was_made_anew_is_the_one_that_is_synced(log: Path) -> None:
    disk = SlowDisk()
    for _ in range(2):
        disk.go_on.release()
    sync = WalSync(log, disk)
    sync.cover()
    other = log.with_name("new")
    other.write_bytes(b"frames")
    other.replace(log)
    sync.cover()
    assert disk.inodes[0] != disk.inodes[1] == log.stat().st_ino
    sync.close()


def test_after_a_failed_sync_nothing_is_covered_until_it_is_cleared(log: Path) -> None:
    failing = [True]

    def disk(_: int) -> None:
        if failing.pop() if failing else False:
            raise OSError(28, "No space left on device")

    sync = WalSync(log, disk)
    with pytest.raises(OSError, match="No space"):
        sync.cover()
    with pytest.raises(OSError, match="failed"):
        sync.cover()
    sync.clear_failure()
    sync.cover()
    sync.close()


class Interrupted(BaseException):
    """Arrives in the middle of a sync."""


def test_a_sync_that_was_interrupted_covers_nobody_and_holds_nobody_up(log: Path) -> None:
    done: list[int] = []

    def disk(descriptor: int) -> None:
        done.append(descriptor)
        if len(done) == 1:
            raise Interrupted

    sync = WalSync(log, disk)
    with pytest.raises(Interrupted) as kept:  # and with it the frames of the interrupted call
        sync.cover()
    sync.cover()
    assert len(done) == 2
    assert not sync.failed
    assert kept.value
    sync.close()
