"""SQLite with many threads, forks, readers and checkpoints."""

from __future__ import annotations

import faulthandler
import itertools
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from continuum.errors import ConfigurationError, StorageBusyError, StorageError
from continuum.storage import StorageBackend, open_backend, unit_of_work
from continuum.storage.factory import sqlite_path
from continuum.storage.sqlite_backend import SQLiteBackend
from tests.durability.exchanges import TENANT, complaints, write_exchange


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(tmp_path / "memory.db", max_pool_size=2, timeout=0.2, checkpoint_bytes=1 << 18)
    yield backend
    backend.close_all()


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("memory.db", "memory.db"),
        ("/a b/memory.db", "/a b/memory.db"),
        ("sqlite:///memory.db", "memory.db"),
        ("sqlite:////a%20b/memory.db", "/a b/memory.db"),
        (":memory:", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite:///", ":memory:"),
    ],
)
def test_paths_and_urls_name_a_file(named: str, path: str) -> None:
    assert sqlite_path(named) == path


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://memory.db"])
def test_other_databases_are_refused_in_words(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use a path, sqlite:///path or postgresql"):
        open_backend(url)


def test_a_backend_of_ones_own_is_taken_as_it_is(backend: SQLiteBackend) -> None:
    taken: StorageBackend = open_backend(backend)
    assert taken is backend


def test_readers_beyond_the_pool_wait_then_are_told(backend: SQLiteBackend) -> None:
    busy = pytest.raises(StorageBusyError, match="all 2 readers are in use")
    with backend.connection(), backend.connection(), busy, backend.transaction():
        raise AssertionError("a third reader")
    with backend.transaction() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_reading_unit_cannot_write(backend: SQLiteBackend) -> None:
    with pytest.raises(StorageError, match="may not be written"), unit_of_work(backend, TENANT) as work:
        work.sessions.append("s", 1, 0)


def in_a_child(work: Callable[[], object]) -> str:
    """What `work` raises in a forked process, or '' if it ends."""
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        answer = "killed"
        faulthandler.dump_traceback_later(30, exit=True)
        try:
            work()
            answer = ""
        except BaseException as exc:  # the parent judges it
            answer = f"{type(exc).__name__}: {exc}"
        finally:
            os.write(writable, answer.encode())
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable) as stream:
        answer = stream.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return answer


@contextmanager
def busy(work: Callable[[int], object], threads: int) -> Iterator[None]:
    """`work` runs in threads, again and again, as long as the `with` lasts."""
    stop = threading.Event()
    problems: list[BaseException] = []

    def run(number: int) -> None:
        try:
            while not stop.is_set():
                work(number)
        except BaseException as exc:
            problems.append(exc)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in running:
            thread.join()
    assert problems == []


def test_parent_and_child_of_a_fork_go_on_each_with_its_own_connections(backend: SQLiteBackend, tmp_path: Path) -> None:
    write_exchange(backend, "parent before")

    def work() -> None:
        write_exchange(backend, "child")
        backend.close_all()

    assert in_a_child(work) == ""
    write_exchange(backend, "parent after")
    assert complaints(tmp_path / "memory.db", {"parent before", "child", "parent after"}) == []


def test_children_that_are_forked_beside_busy_threads_learn_and_nothing_is_lost(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    acknowledged = [f"child {number}" for number in range(12)]
    counter = itertools.count()

    def work(number: int) -> None:
        name = f"{number}.{next(counter)}"
        write_exchange(backend, name)
        acknowledged.append(name)
        assert backend.is_healthy()

    with busy(work, 3):
        for number in range(12):
            reached = len(acknowledged) + 3
            while len(acknowledged) < reached:
                threading.Event().wait(0.001)
            assert in_a_child(partial(write_exchange, backend, f"child {number}")) == ""
    assert complaints(tmp_path / "memory.db", set(acknowledged)) == []


def test_a_child_that_was_forked_inside_a_transaction_is_refused_and_its_parent_goes_on(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    with unit_of_work(backend, TENANT, write=True):
        answer = in_a_child(partial(write_exchange, backend, "child"))
    assert answer.startswith("StorageUnavailableError: "), answer
    assert "forked while a transaction was open" in answer
    with backend.connection():
        answer = in_a_child(lambda: SQLiteBackend(tmp_path / "memory.db"))
    assert "start the process with 'spawn'" in answer
    write_exchange(backend, "parent after")
    assert complaints(tmp_path / "memory.db", {"parent after"}) == []


def test_a_fork_waits_a_bounded_time_for_a_thread_that_stays_in_a_transaction(backend: SQLiteBackend) -> None:
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with backend.transaction():
            inside.set()
            assert leave.wait(30)

    thread = threading.Thread(target=read)
    thread.start()
    assert inside.wait(30)
    assert "forked while a transaction was open" in in_a_child(partial(write_exchange, backend, "child"))
    with backend._opening:  # as if a thread were opening connections in the moment of the fork
        assert "forked while a transaction was open" in in_a_child(partial(write_exchange, backend, "child"))
    leave.set()
    thread.join()
    assert in_a_child(partial(write_exchange, backend, "child")) == ""


def test_a_store_in_memory_is_copied_by_a_fork() -> None:
    backend = SQLiteBackend(":memory:")
    write_exchange(backend, "parent")

    def work() -> None:
        write_exchange(backend, "child")
        with unit_of_work(backend, TENANT) as unit:
            assert unit.tenants.counts().messages == 4

    with busy(lambda _: backend.is_healthy(), 2):
        assert in_a_child(work) == ""
    with unit_of_work(backend, TENANT) as unit:
        assert unit.tenants.counts().messages == 2
    backend.close_all()


def test_the_log_starts_again_once_it_is_long(backend: SQLiteBackend) -> None:
    for number in range(120):
        write_exchange(backend, str(number), size=2_000)
    backend.checkpoint()
    stats = backend.get_stats()
    assert isinstance(stats["checkpoints"], int)
    assert stats["checkpoints"] >= 2
    assert stats["checkpoint_problem"] == ""
    assert isinstance(stats["wal_bytes"], int)
    assert stats["wal_bytes"] < 120 * 2 * 2_000 * 4


def test_a_reader_of_old_rows_holds_back_the_log_but_no_learner(backend: SQLiteBackend, tmp_path: Path) -> None:
    write_exchange(backend, "first")
    with unit_of_work(backend, TENANT) as reader:
        assert reader.tenants.position() == 2
        write_exchange(backend, "second")
        assert backend.checkpoint() is False
        write_exchange(backend, "third")
        assert reader.tenants.position() == 2
    assert backend.checkpoint() is True
    assert complaints(tmp_path / "memory.db", {"first", "second", "third"}) == []


def test_closing_is_not_the_end(backend: SQLiteBackend) -> None:
    write_exchange(backend, "before")
    backend.close_all()
    backend.close_all()
    write_exchange(backend, "after")
    with unit_of_work(backend, TENANT) as work:
        assert work.tenants.counts().messages == 4


def test_what_is_acknowledged_is_seen_by_the_next_reader_anywhere(backend: SQLiteBackend, tmp_path: Path) -> None:
    other = SQLiteBackend(tmp_path / "memory.db")
    for number in range(10):
        write_exchange((backend, other)[number % 2], str(number))
        for each in (backend, other):
            with unit_of_work(each, TENANT) as work:
                assert work.tenants.position() == 2 * (number + 1)
    other.close_all()
