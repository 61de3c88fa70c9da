"""Writers take turns: in the order of asking, one process at a time, never waiting for ever."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from continuum.errors import StorageBusyError
from continuum.storage.write_lock import FileLock, TicketLock, Turn, WriterLock


def wait_for_queue(lock: TicketLock, length: int) -> None:
    while lock.waiting() < length:
        threading.Event().wait(0.001)


def test_threads_are_served_in_the_order_of_asking() -> None:
    lock = TicketLock()
    served: list[int] = []

    def work(number: int) -> None:
        mine = Turn()
        assert lock.acquire(mine, 30)
        served.append(number)
        lock.release(mine)

    first = Turn()
    assert lock.acquire(first, 0)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        wait_for_queue(lock, number)
    lock.release(first)
    for thread in threads:
        thread.join()
    assert served == list(range(6))


def test_who_gives_up_leaves_the_queue() -> None:
    lock = TicketLock()
    first, other = Turn(), Turn()
    assert lock.acquire(first, 0)
    assert not lock.acquire(other, 0.01)
    lock.release(first)
    assert lock.holders() == []
    assert lock.acquire(other, 0)


def test_a_turn_whose_maker_is_gone_holds_nobody_up() -> None:
    lock = TicketLock()
    gone, waiting = Turn(), Turn()
    assert lock.acquire(gone, 0)
    assert not lock.acquire(waiting, 0)
    del gone  # as after an interrupt between taking and giving back
    assert lock.acquire(waiting, 1)
    assert lock.holders() == [waiting]


def test_leaving_twice_or_without_having_entered_frees_nobody_elses_place() -> None:
    lock = TicketLock(places=2)
    one, two, third = Turn(), Turn(), Turn()
    assert lock.acquire(one, 0)
    assert lock.acquire(two, 0)
    lock.release(third)
    assert not lock.acquire(third, 0)
    lock.release(one)
    lock.release(one)
    assert lock.holders() == [two]
    assert lock.acquire(third, 0)


def test_two_holders_of_a_file_lock_exclude_each_other(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire(0)
    assert not other.acquire(0.01)
    one.release()
    assert other.acquire(0)
    one.close()
    other.close()


def test_a_writer_that_waits_too_long_is_told_so_and_may_try_again(tmp_path: Path) -> None:
    path = tmp_path / "memory.db-writer.lock"
    one, other = WriterLock(path), WriterLock(path)
    busy = pytest.raises(StorageBusyError, match=r"0\.01 s .*memory\.db-writer\.lock.*try again")
    with one.held(1), busy, other.held(0.01):
        raise AssertionError("two writers at once")
    with other.held(0.01):
        assert not one._processes or not one._processes.acquire(0)
    one.close()
    other.close()


def test_a_write_inside_a_write_is_a_mistake_not_a_deadlock() -> None:
    lock = WriterLock(None)
    with lock.held(1), pytest.raises(AssertionError, match="inside"), lock.held(1):
        raise AssertionError("entered twice")
