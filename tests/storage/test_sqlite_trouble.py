"""Where a store cannot work, the error says what and what next; nothing is lost, and it works again afterwards."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from continuum.errors import (
    ContinuumError,
    StorageBusyError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from continuum.storage import unit_of_work
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.storage.sqlite_driver import (
    ClosableConnection,
    SQLiteDriver,
    connect_sqlite,
    storage_error,
    system_error,
)
from continuum.storage.sqlite_files import file_system_of, prepare_files
from continuum.storage.wal_sync import sync_file
from tests.durability.exchanges import TENANT, complaints, write_exchange
from tests.requirements import requirement


@contextmanager
def opened(path: Path, timeout: float = 30.0, driver: SQLiteDriver | None = None) -> Iterator[SQLiteBackend]:
    backend = SQLiteBackend(path, timeout=timeout, driver=driver)
    try:
        yield backend
    finally:
        backend.close_all()


def test_a_missing_folder_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "memory.db"
    with opened(path) as backend:
        write_exchange(backend, "x")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_a_copy_that_fails_leaves_neither_a_file_nor_a_descriptor(tmp_path: Path) -> None:
    in_transaction = False

    def connect(path: str) -> ClosableConnection:
        connection = connect_sqlite(path)
        if in_transaction:
            connection.execute("BEGIN")  # SQLite refuses to VACUUM within one
        return connection

    with opened(tmp_path / "memory.db", driver=SQLiteDriver(connect)) as backend:
        write_exchange(backend, "x")
        before = sorted(each.name for each in tmp_path.iterdir())
        descriptor = os.open(tmp_path, os.O_RDONLY)
        os.close(descriptor)
        in_transaction = True
        with pytest.raises(StorageError, match="VACUUM"):
            backend.copy_before_migration(1)
        again = os.open(tmp_path, os.O_RDONLY)  # the lowest free number: the same, unless one was left open
        os.close(again)
        assert again == descriptor
        assert sorted(each.name for each in tmp_path.iterdir()) == before
        in_transaction = False
        assert Path(str(backend.copy_before_migration(1))).exists()


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match=f"{tmp_path}: is a folder; name a file in it"):
        SQLiteBackend(tmp_path)


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageUnavailableError, match=r"file/memory\.db"):
        SQLiteBackend(tmp_path / "file" / "memory.db")


@pytest.mark.parametrize("content", [b"these are notes, not a database. " * 200, b"x"])
def test_a_file_that_is_not_a_database_is_refused_and_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StorageCorruptError, match=f"{path}: not an SQLite database; name another"):
        SQLiteBackend(path)
    assert path.read_bytes() == content


def test_a_truncated_file_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend:
        for number in range(20):
            write_exchange(backend, str(number))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StorageCorruptError, match=f"{path}: the database is damaged.*restore a backup"):
        SQLiteBackend(path)


def test_a_store_locked_by_a_foreign_program_is_busy_for_a_bounded_time(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path, timeout=0.05) as backend:
        foreign = sqlite3.connect(path, isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusyError, match=f"{path}: another program holds the database"):
            write_exchange(backend, "while locked")
        foreign.execute("COMMIT")
        foreign.close()
        write_exchange(backend, "afterwards")
    assert complaints(path, {"afterwards"}) == []


def test_opening_a_store_that_a_foreign_program_holds_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageBusyError, match=str(path)):
        SQLiteBackend(path, timeout=0.05)
    foreign.close()
    with opened(path) as backend:
        write_exchange(backend, "x")


MOUNTS = """/dev/vda / ext4 rw 0 0
server:/srv /srv nfs4 rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
/dev/vdb /srv/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tmp/x", "ext4"),
        ("/srv/ada", "nfs4"),
        ("/srv", "nfs4"),
        ("/srvs", "ext4"),
        ("/mnt/my share/x", "cifs"),
        ("/srv/local/x", "ext4"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_deepest_mount(tmp_path: Path, path: str, kind: str) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert file_system_of(Path(path), mounts) == kind
    assert file_system_of(Path(path), tmp_path / "missing") == ""


@requirement("storage:open-errors")
def test_a_network_file_system_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match=r"network file system \(nfs4\)"):
        prepare_files(tmp_path / "memory.db", lambda _: "nfs4")
    assert list(tmp_path.iterdir()) == []
    prepare_files(tmp_path / "memory.db", lambda _: "")


def as_nobody(function: Callable[[], None]) -> str:
    """What `function` raises, run by a user without rights in a process of its own."""
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        answer = "nothing was raised"
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            function()
        except BaseException as exc:  # the parent judges it
            answer = f"{type(exc).__name__}: {exc}"
        os.write(writable, answer.encode())
        os._exit(0)
    os.close(writable)
    os.waitpid(child, 0)
    with os.fdopen(readable) as stream:
        return stream.read()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_without_permission_is_named(open_folder: Path) -> None:
    (open_folder / "mine").mkdir(mode=0o500)
    answer = as_nobody(lambda: SQLiteBackend(open_folder / "mine" / "memory.db").close_all())
    assert answer.startswith("StorageUnavailableError: "), answer
    assert str(open_folder / "mine" / "memory.db") in answer
    assert "permission" in answer


def test_a_read_only_file_is_named(open_folder: Path) -> None:
    path = open_folder / "memory.db"
    with opened(path) as backend:
        write_exchange(backend, "x")
    path.chmod(0o444)
    answer = as_nobody(lambda: SQLiteBackend(path).close_all())
    assert answer.startswith(f"StorageUnavailableError: {path}: may not be read and written"), answer


def test_a_store_that_becomes_read_only_fails_in_words(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path):
        pass
    read_only = SQLiteDriver(
        connect=lambda name: sqlite3.connect(
            f"file:{name}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
    )
    with opened(path, driver=read_only) as backend, pytest.raises(StorageUnavailableError, match="permissions"):
        write_exchange(backend, "x")


def keeps_when_full(backend: SQLiteBackend, path: Path) -> bool:
    """Try to learn; if there is no space, see that nothing of it was kept."""
    try:
        write_exchange(backend, "second", size=50_000)
    except StorageFullError as exc:
        message = str(exc)
    else:
        return True
    assert f"{path}: no space is left" in message
    with unit_of_work(backend, TENANT) as work:
        assert work.tenants.counts().messages == 2
    return False


@requirement("durability:disk-full")
def test_a_full_disk_at_any_page_of_a_learn_keeps_what_there_was(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as backend:
        write_exchange(backend, "first", size=50_000)
        pages = backend.execute("PRAGMA page_count")[0][0]
        refused = 0
        for spare in range(100):
            backend.execute(f"PRAGMA max_page_count = {pages + spare}")
            if keeps_when_full(backend, path):
                break
            refused += 1
        assert refused > 20
    assert complaints(path, {"first", "second"}) == []


def test_a_sync_that_fails_acknowledges_nothing_until_all_is_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    problems = [errno.ENOSPC, errno.EIO]

    def sync(descriptor: int) -> None:
        if syncing and problems:
            raise OSError(problems.pop(0), "the disk says no")
        sync_file(descriptor)

    syncing = False
    with opened(path, driver=SQLiteDriver(sync=sync)) as backend:
        syncing = True
        for kind, number in ((StorageFullError, 1), (StorageError, 2)):
            with pytest.raises(kind, match=f"{path}: not confirmed.*can be read but may not survive"):
                write_exchange(backend, str(number))
            with unit_of_work(backend, TENANT) as work:
                assert work.tenants.counts().messages == 2 * number, "it can be read, as the message says"
        write_exchange(backend, "third")
        assert problems == []
    assert complaints(path, {"third"}) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (5, StorageBusyError),
        (6, StorageBusyError),
        (517, StorageBusyError),
        (13, StorageFullError),
        (26, StorageCorruptError),
        (11, StorageCorruptError),
        (267, StorageCorruptError),
        (8, StorageUnavailableError),
        (1032, StorageUnavailableError),
        (14, StorageUnavailableError),
        (3, StorageUnavailableError),
        (10, StorageError),
        (1, StorageError),
    ],
)
def test_every_result_code_has_a_meaning(code: int, kind: type[ContinuumError]) -> None:
    assert type(storage_error(code, "problem", "/a/memory.db")) is kind
    assert "/a/memory.db" in str(storage_error(code, "problem", "/a/memory.db"))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFullError),
        (errno.EACCES, StorageUnavailableError),
        (errno.EROFS, StorageUnavailableError),
        (errno.EIO, StorageError),
        (errno.ENAMETOOLONG, StorageUnavailableError),
    ],
)
def test_every_failure_of_the_system_has_a_meaning(number: int, kind: type[ContinuumError]) -> None:
    error = system_error(OSError(number, os.strerror(number)), "/a/memory.db")
    assert type(error) is kind
    assert str(error).startswith("/a/memory.db: ")
