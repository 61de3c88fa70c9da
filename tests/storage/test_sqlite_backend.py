"""SQLite with many threads, forks, readers and checkpoints."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
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


@pytest.mark.parametrize("url", ["postgresql://u@h/d", "postgres://u@h/d", "mysql://h/d", "sqlite://memory.db"])
def test_other_databases_are_refused_in_words(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use a path or sqlite:///path"):
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


def test_a_child_process_opens_its_own_connections(backend: SQLiteBackend, tmp_path: Path) -> None:
    write_exchange(backend, "parent before")
    with backend.connection():
        child = os.fork()
        if child == 0:
            code = 1
            try:
                write_exchange(backend, "child")
                backend.close_all()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    write_exchange(backend, "parent after")
    assert complaints(tmp_path / "memory.db", {"parent before", "child", "parent after"}) == []


def test_a_child_is_not_held_up_by_what_a_thread_of_its_parent_was_doing(
    backend: SQLiteBackend, tmp_path: Path
) -> None:
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with backend.transaction():
            inside.set()
            assert leave.wait(30)

    thread = threading.Thread(target=read)
    thread.start()
    assert inside.wait(30)
    with backend._opening:  # as if a thread were opening connections in the moment of the fork
        child = os.fork()
        if child == 0:
            code = 1
            try:
                write_exchange(backend, "child")
                code = 0
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    leave.set()
    thread.join()
    assert complaints(tmp_path / "memory.db", {"child"}) == []


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
