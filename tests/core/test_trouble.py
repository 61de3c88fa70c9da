"""Stores that cannot be used, disks that fill up, text that is too much: one typed error, nothing lost."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.errors import (
    ConfigurationError,
    InvalidInputError,
    SchemaVersionError,
    StorageBusyError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from tests.requirements import requirement


@requirement("storage:open-errors")
def test_a_file_that_is_no_database_is_refused_by_path_and_left_alone(db_path: Path) -> None:
    db_path.write_text("this is a shopping list, not a database\n" * 100)
    before = db_path.read_bytes()
    with pytest.raises(StorageCorruptError, match=str(db_path)):
        ConsciousMemory("t", db_path)
    assert db_path.read_bytes() == before


@requirement("storage:open-errors")
def test_a_folder_or_an_impossible_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match=str(tmp_path)):
        ConsciousMemory("t", tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageUnavailableError):
        ConsciousMemory("t", tmp_path / "file" / "memory.db")


@requirement("storage:open-errors")
@pytest.mark.parametrize("arguments", [{"storage": 5}, {"storage": object()}, {"storage": "a\0"}, {"db_path": "\0"}])
def test_what_names_no_store_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ConsciousMemory("t", **arguments)


@requirement("storage:open-errors", "async:twins")
@pytest.mark.parametrize("place", ["memory.db", ":memory:"])
def test_a_closed_memory_says_so_and_does_not_open_again(place: str) -> None:
    memory, manager = ConsciousMemory("t", place), TenantManager(place)
    memory.learn("before")
    shared = manager.get_tenant("t")
    memory.close()
    memory.close()
    manager.close()
    for call in (
        lambda: memory.learn("after"),
        lambda: memory.recall("before"),
        memory.get_stats,
        lambda: memory.learn_many([{"user_message": "after"}]),
        lambda: asyncio.run(memory.arecall("before")),
        lambda: shared.recall("before"),
        manager.list_tenants,
    ):
        with pytest.raises(StorageUnavailableError, match="the memory is closed; open a new one"):
            call()
    if place != ":memory:":
        with ConsciousMemory("t", place) as again:
            assert [message.text for message in again.get_messages()] == ["before"]


@requirement("storage:migrations")
def test_a_store_of_a_newer_version_is_refused(db_path: Path) -> None:
    ConsciousMemory("t", db_path).close()
    with sqlite3.connect(db_path) as connection:
        columns = "version, name, phase, checksum, applied_at"
        connection.execute(f"INSERT INTO schema_migrations ({columns}) VALUES (9999, 'future', 'before', 'x', 1)")
    connection.close()
    with pytest.raises(SchemaVersionError, match="newer"):
        ConsciousMemory("t", db_path)


@requirement("storage:open-errors")
def test_a_store_held_by_another_program_is_busy_and_works_again(db_path: Path) -> None:
    config = MemoryConfig(db_path=db_path, db_timeout=0.2, tenant_id="t")
    with ConsciousMemory(config=config) as memory:
        memory.learn("before the lock")
        other = sqlite3.connect(db_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusyError, match="try again"):
            memory.learn("during the lock")
        assert len(memory.recall("lock").memories) == 1
        other.execute("ROLLBACK")
        other.close()
        memory.learn("after the lock")
        assert [m.text for m in memory.get_messages()] == ["after the lock", "before the lock"]


@requirement("durability:disk-full")
def test_a_full_disk_is_a_typed_error_and_the_memory_works_again(manager: TenantManager) -> None:
    memory = manager.get_tenant("t")
    memory.learn("kept before")

    def bound(pages: int) -> None:
        with manager.engine.backend.transaction(write=True) as connection:
            connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    with manager.engine.backend.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    bound(pages + 2)
    with pytest.raises(StorageFullError):
        memory.learn("much more " * 20_000)
    assert [m.text for m in memory.get_messages()] == ["kept before"]
    assert memory.recall("kept").memories
    bound(1_000_000)
    memory.learn("kept after")
    assert memory.get_stats()["messages"] == 2


@requirement("compat:fault-10")
def test_a_learn_that_fails_midway_leaves_nothing(manager: TenantManager, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = manager.get_tenant("t")
    memory.learn("Aurora runs on Kafka")
    before = memory.get_stats()

    def fail(*_: object) -> None:
        raise StorageError("the last table is on fire")

    with monkeypatch.context() as patch:
        patch.setattr("continuum.storage.repositories.compounds.Compounds.counting", fail)
        with pytest.raises(StorageError, match="on fire"):
            memory.learn("We decided that Minka runs on Kubernetes with PostgreSQL")
    assert memory.get_stats() == before
    assert memory.learn("and on").seq == 2


@requirement("compat:fault-15")
def test_long_input_neither_crashes_nor_stalls(memory: ConsciousMemory) -> None:
    quoted = " ".join(f'"quoted concept number {number}"' for number in range(200))
    started = time.process_time()
    memory.learn(quoted)
    memory.recall(" ".join(f"word{number}" for number in range(5_000)))
    memory.recall("word " * 10_000)
    assert time.process_time() - started < 5  # the fault it stands for took 69 seconds
    with pytest.raises(InvalidInputError):
        memory.recall("x" * 100_000)
