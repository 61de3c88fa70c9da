"""After a scrub no file of the store holds a byte of what was deleted, and nothing else is lost."""

from __future__ import annotations

import os
import random
import resource
import sqlite3
import string
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from continuum.errors import StorageError
from continuum.storage import unit_of_work
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.storage.sqlite_driver import ClosableConnection, SQLiteDriver, connect_sqlite
from continuum.storage.sqlite_scrub import copies_of, delete_copies
from continuum.storage.wal_sync import sync_file
from tests.durability.exchanges import TENANT, complaints, write_exchange
from tests.requirements import requirement
from tests.storage.scrubbed_to_death import POINTS
from tests.storage.watched import watched_driver

ROOT = Path(__file__).parents[2]
FRAGMENT_BYTES = 12
LETTERS = string.ascii_letters + "äÖßéñжλ"
SIZES = (20, 60, 200, 800, 6_000, 15_000)
"""Characters of a marked text; the last two are longer than a page, so they lie in overflow pages."""


@contextmanager
def opened(path: Path, *, timeout: float = 30.0, driver: SQLiteDriver | None = None) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(path, timeout=timeout, driver=driver)
    try:
        yield backend
    finally:
        backend.close_all()


class Marked:
    """Rows with random words among plain ones, in tables of both kinds, in no order, so that pages split."""

    def __init__(self, backend: SQLiteBackend, seed: int, rows: int = 1_000) -> None:
        self._backend = backend
        self._random = random.Random(seed)
        backend.execute("CREATE TABLE appended (id TEXT NOT NULL, words TEXT, PRIMARY KEY (id))")
        backend.execute("CREATE TABLE sorted (id TEXT NOT NULL PRIMARY KEY, words TEXT) WITHOUT ROWID")
        backend.execute("CREATE INDEX sorted_by_words ON sorted (words, id)")
        self.ids = [f"{number:05}" for number in range(rows)]
        self._random.shuffle(self.ids)
        self.words = {each: self._marked() for each in self._random.sample(self.ids, rows // 3)}
        values = [(each, self.words.get(each) or "plain " * self._random.randint(1, 60)) for each in self.ids]
        for table in ("appended", "sorted"):
            for first in range(0, rows, 100):
                backend.executemany(f"INSERT INTO {table} VALUES (?, ?)", values[first : first + 100])

    def _marked(self) -> str:
        return "".join(self._random.choices(LETTERS, k=self._random.choice(SIZES)))

    def delete(self, ids: Iterable[str]) -> set[bytes]:
        """Delete rows with marked words; gives all fragments of them, as written and in lower case."""
        gone = sorted(ids)
        self._random.shuffle(gone)
        for table in ("appended", "sorted"):
            self._backend.executemany(f"DELETE FROM {table} WHERE id = ?", [(each,) for each in gone])
        texts = [text for each in gone for text in (self.words[each], self.words[each].lower())]
        return {piece for text in texts for piece in fragments(text.encode())}

    def left(self) -> int:
        tables = ("appended", "sorted")
        counts = {self._backend.execute(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables}
        assert len(counts) == 1
        return int(counts.pop())


def fragments(text: bytes) -> set[bytes]:
    return {text[at : at + FRAGMENT_BYTES] for at in range(len(text) - FRAGMENT_BYTES + 1)}


def files_with(folder: Path, gone: set[bytes]) -> set[str]:
    """Names of the files below a folder that hold any of these fragments."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    return {each.name for each in files if not gone.isdisjoint(fragments(each.read_bytes()))}


@requirement("forget:scrub")
@pytest.mark.parametrize(("secure_delete", "seed"), [("off", 1), ("on", 2)])
def test_no_fragment_of_a_deleted_row_is_left_in_any_file(tmp_path: Path, secure_delete: str, seed: int) -> None:
    def connect(path: str) -> ClosableConnection:
        connection = connect_sqlite(path)
        connection.execute(f"PRAGMA secure_delete = {secure_delete}").fetchall()
        return connection

    with opened(tmp_path / "memory.db", driver=SQLiteDriver(connect)) as backend:
        marked = Marked(backend, seed)
        backend.checkpoint()
        backend.copy_before_migration(1)
        gone = marked.delete(marked.words)
        backend.checkpoint()
        before = files_with(tmp_path, gone)
        assert {"memory.db", "memory.db-wal"} < before, "else this test shows nothing"
        assert len(before) == 3, "the copy holds them too"
        assert backend.scrub()
        assert files_with(tmp_path, gone) == set()
        assert marked.left() == len(marked.ids) - len(marked.words)
        assert backend.execute("PRAGMA integrity_check") == [("ok",)]
        assert backend.get_stats()["wal_bytes"] == 0
        write_exchange(backend, "afterwards")
    assert files_with(tmp_path, gone) == set()
    assert complaints(tmp_path / "memory.db", {"afterwards"}) == []


def test_rows_deleted_after_a_scrub_are_gone_after_the_next(tmp_path: Path) -> None:
    with opened(tmp_path / "memory.db") as backend:
        marked = Marked(backend, seed=3, rows=300)
        ids = sorted(marked.words)
        first = marked.delete(ids[::2])
        assert backend.scrub()
        second = marked.delete(ids[1::2])
        assert files_with(tmp_path, second)
        assert backend.scrub()
        assert files_with(tmp_path, first | second) == set()


def test_a_reader_of_old_rows_refuses_the_scrub_until_it_leaves(tmp_path: Path) -> None:
    with opened(tmp_path / "memory.db") as backend:
        write_exchange(backend, "first")
        with unit_of_work(backend, TENANT) as reader:
            assert reader.tenants.counts().messages == 2
            answers: list[bool] = []
            thread = threading.Thread(target=lambda: answers.append(backend.scrub()))
            thread.start()
            write_exchange(backend, "second")  # let in between two tries
            thread.join()
            assert answers == [False]
            assert reader.tenants.counts().messages == 2, "its moment lasts"
        size = backend.get_stats()["wal_bytes"]
        assert isinstance(size, int)
        assert size < 1 << 20, "no vain VACUUM filled the log"
        assert backend.scrub()
    assert complaints(tmp_path / "memory.db", {"first", "second"}) == []


def test_a_reader_that_comes_during_vacuum_keeps_its_moment_and_refuses_the_scrub(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    readers: list[sqlite3.Connection] = []

    def let_a_reader_in(_: sqlite3.Connection, sql: str) -> None:
        if sql == "VACUUM" and not readers:
            readers.append(reader := sqlite3.connect(path, isolation_level=None, check_same_thread=False))
            reader.execute("BEGIN")
            assert reader.execute("SELECT COUNT(*) FROM auto_messages").fetchone() == (2,)

    with opened(path, driver=watched_driver(before=let_a_reader_in)) as backend:
        write_exchange(backend, "first")
        assert not backend.scrub()
        (reader,) = readers
        assert reader.execute("SELECT COUNT(*) FROM auto_messages").fetchone() == (2,)
        reader.close()
        assert backend.scrub()
    assert complaints(path, {"first"}) == []


def test_a_store_that_a_foreign_program_writes_to_is_scrubbed_later(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path, timeout=0.2) as backend:
        write_exchange(backend, "first")
        foreign = sqlite3.connect(path, isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        assert not backend.scrub()
        foreign.execute("COMMIT")
        foreign.close()
        assert backend.scrub()


def test_a_scrub_waits_its_turn_behind_writers_for_a_bounded_time(tmp_path: Path) -> None:
    with opened(tmp_path / "memory.db", timeout=0.2) as backend, backend.transaction(write=True):
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(backend.scrub()))
        thread.start()
        thread.join()
        assert answers == [False]


def test_idle_readers_of_the_pool_and_other_open_backends_are_not_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend, opened(path) as other:
        write_exchange(backend, "first")
        with other.connection() as one, other.connection() as two:
            assert [each.execute("SELECT 1").fetchone() for each in (one, two)] == [(1,), (1,)]
        assert backend.scrub()
        write_exchange(other, "second")
        assert other.scrub()
        write_exchange(backend, "third")
    assert complaints(path, {"first", "second", "third"}) == []


@requirement("forget:scrub")
def test_a_process_that_learns_during_scrubs_waits_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    command = [sys.executable, "-m", "tests.durability.writer", str(path), "other"]
    with opened(path) as backend:
        marked = Marked(backend, seed=4, rows=600)
        gone = marked.delete(marked.words)
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as learner:
            assert learner.stdout
            acknowledged = {learner.stdout.readline().decode().strip()}
            for number in range(20):
                assert backend.scrub()
                write_exchange(backend, f"own-{number}")
                acknowledged |= {f"own-{number}", learner.stdout.readline().decode().strip()}
            assert learner.poll() is None, "it learnt all the time"
            learner.kill()
            rest = learner.stdout.read().split(b"\n")[:-1]  # a last line without its end was not acknowledged
        acknowledged |= {line.decode() for line in rest}
        assert files_with(tmp_path, gone) == set()
    assert complaints(path, acknowledged) == []


@requirement("forget:scrub")
@pytest.mark.parametrize("point", POINTS)
def test_a_scrub_that_is_killed_leaves_a_sound_store_and_the_next_one_works(tmp_path: Path, point: str) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend:
        marked = Marked(backend, seed=5, rows=600)
        gone = marked.delete(marked.words)
        left = marked.left()
        names = {str(number) for number in range(50)}
        for each in names:
            write_exchange(backend, each)
    child = subprocess.run([sys.executable, "-m", "tests.storage.scrubbed_to_death", str(path), point], cwd=ROOT)
    assert child.returncode == -9
    with opened(path) as backend:
        assert backend.execute("PRAGMA integrity_check") == [("ok",)]
        assert marked.left() == left
        write_exchange(backend, "afterwards")
        assert backend.scrub()
        assert files_with(tmp_path, gone) == set()
    assert complaints(path, names | {"afterwards"}) == []


@contextmanager
def files_no_longer_than(size_bytes: int) -> Iterator[None]:
    """Let this process write no file beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_is_an_error_in_words_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend:
        marked = Marked(backend, seed=6, rows=600)
        gone = marked.delete(marked.words)
        left = marked.left()
        write_exchange(backend, "first")
        backend.checkpoint()
        with files_no_longer_than(64 << 10), pytest.raises(StorageError, match=str(path)):
            backend.scrub()
        assert marked.left() == left
        write_exchange(backend, "second")
        assert backend.scrub()
        assert files_with(tmp_path, gone) == set()
    assert complaints(path, {"first", "second"}) == []


def test_a_log_whose_sync_failed_is_repaired_before_a_scrub_vouches(tmp_path: Path) -> None:
    broken = False

    def sync(descriptor: int) -> None:
        if broken:
            raise OSError(5, os.strerror(5))
        sync_file(descriptor)

    with opened(tmp_path / "memory.db", driver=SQLiteDriver(sync=sync)) as backend:
        write_exchange(backend, "first")
        broken = True
        with pytest.raises(StorageError, match="the disk reports an error"):
            backend.scrub()
        assert not backend.scrub(), "nothing that this disk says proves anything"
        broken = False
        write_exchange(backend, "second")
        assert backend.scrub()


def test_only_the_stores_own_copies_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend:
        copies = [Path(str(backend.copy_before_migration(version))) for version in (1, 2)]
        half = Path(f"{copies[0]}-journal")
        foreign = ["memory.db.bak", "memory.db.bak-1-mine", "other.db.bak-1-20260101T000000000000Z", "memory.db2"]
        for each in (half, *(tmp_path / name for name in foreign)):
            each.write_text("x")
        assert copies_of(path) == sorted([*copies, half])
        assert backend.scrub()
        assert copies_of(path) == []
        assert all((tmp_path / name).read_text() == "x" for name in foreign)
        delete_copies(path)


def test_a_store_in_memory_has_no_file_to_scrub(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    backend = SQLiteBackend(":memory:")
    write_exchange(backend, "first")
    assert backend.scrub()
    assert list(tmp_path.iterdir()) == []
    backend.close_all()
