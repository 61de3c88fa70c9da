"""Stores are brought up to date once, after a copy, and never downgraded."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from continuum.errors import SchemaVersionError, StorageError
from continuum.storage import StorageBackend, open_backend
from continuum.storage.migrate import Migration, Migrator, known_migrations, migration
from tests.durability.exchanges import complaints, write_exchange
from tests.requirements import requirement

NOW = len(known_migrations("sqlite"))
NAME = f"{NOW + 1:04}_notes.sql"
NEXT = migration(NAME, "-- phase: before-code\n-- why; because\nCREATE TABLE notes (body TEXT);\n")
BROKEN = migration(
    f"{NOW + 1:04}_broken.sql", "-- phase: after-code\nCREATE TABLE half (a TEXT);\nCREATE TABLE half (a TEXT);\n"
)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[StorageBackend]:
    backend = open_backend(tmp_path / "memory.db")
    yield backend
    backend.close_all()


def with_next(backend: StorageBackend, extra: Migration = NEXT) -> Migrator:
    return Migrator(backend, [*known_migrations("sqlite"), extra])


@requirement("storage:migrations")
def test_an_older_store_is_copied_then_migrated_and_keeps_its_memories(backend: StorageBackend, tmp_path: Path) -> None:
    write_exchange(backend, "before")
    assert with_next(backend).upgrade() == (NOW + 1,)
    assert with_next(backend).upgrade() == ()
    assert with_next(backend).version() == NOW + 1
    write_exchange(backend, "after")
    backend.execute("INSERT INTO notes VALUES (?)", ("new",))
    assert complaints(tmp_path / "memory.db", {"before", "after"}) == []
    copies = list(tmp_path.glob(f"memory.db.bak-{NOW}-*"))
    assert [complaints(copy, {"before"}) for copy in copies] == [[]]
    assert copies[0].stat().st_mode & 0o777 == 0o600


def test_a_new_store_needs_no_copy(backend: StorageBackend, tmp_path: Path) -> None:
    assert Migrator(backend).version() == len(known_migrations("sqlite"))
    assert list(tmp_path.glob("*.bak*")) == []


def test_a_newer_store_is_refused_and_untouched(backend: StorageBackend, tmp_path: Path) -> None:
    with_next(backend).upgrade()
    backend.close_all()
    with pytest.raises(SchemaVersionError, match=rf"{tmp_path}.*schema {NOW + 1}, this version knows {NOW}; upgrade"):
        open_backend(tmp_path / "memory.db")
    with_next(backend).upgrade()


def test_a_store_made_by_another_file_of_the_same_number_is_refused(backend: StorageBackend) -> None:
    with_next(backend).upgrade()
    changed = migration(NAME, NEXT.text + "-- changed later\n")
    with pytest.raises(SchemaVersionError, match=f"migration {NOW + 1} was applied from a different file"):
        with_next(backend, changed).upgrade()


def test_a_migration_that_fails_leaves_the_store_as_it_was(backend: StorageBackend) -> None:
    with pytest.raises(StorageError, match="half"):
        with_next(backend, BROKEN).upgrade()
    assert with_next(backend).version() == NOW
    assert with_next(backend).upgrade() == (NOW + 1,)


def test_many_who_open_a_new_store_at_once_all_succeed(tmp_path: Path) -> None:
    gate = threading.Barrier(8)
    opened: list[StorageBackend] = []

    def open_it(number: int) -> None:
        gate.wait(30)
        backend = open_backend(tmp_path / "new" / "folder" / "memory.db")
        opened.append(backend)
        write_exchange(backend, str(number))

    threads = [threading.Thread(target=open_it, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    for backend in opened:
        backend.close_all()
    assert complaints(tmp_path / "new" / "folder" / "memory.db", {str(number) for number in range(8)}) == []


def test_an_unknown_dialect_has_no_migrations() -> None:
    with pytest.raises(StorageError, match="'oracle'"):
        known_migrations("oracle")


def test_the_tables_have_the_columns_that_the_specification_names(backend: StorageBackend, tmp_path: Path) -> None:
    columns = {
        "entities": {"id", "name", "entity_type", "description", "created_at", "tenant_id"},
        "auto_messages": {"id", "instance_id", "timestamp", "message_number", "role", "content", "metadata"},
        "decisions": {"id", "instance_id", "timestamp", "decision_text", "context", "extracted_from", "tenant_id"},
        "attention_links": {"id", "concept_a", "concept_b", "link_type", "strength", "created_at", "tenant_id"},
        "compound_concepts": {"id", "compound_name", "component_concepts", "co_occurrence_count", "last_seen"},
        "tenants": {"tenant_id", "created_at", "last_active", "metadata"},
    }  # fmt: skip
    connection = sqlite3.connect(tmp_path / "memory.db")
    for table, names in columns.items():
        found = {row[1] for row in connection.execute(f"PRAGMA table_xinfo({table})").fetchall()}
        assert names | {"tenant_id"} <= found, table
    connection.close()


def test_every_key_and_index_begins_with_the_tenant(backend: StorageBackend, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "memory.db")
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    for table in set(tables) - {"schema_migrations"}:
        for index in connection.execute(f"PRAGMA index_list({table})").fetchall():
            first = connection.execute(f"PRAGMA index_info({index[1]})").fetchone()
            assert first[2] == "tenant_id", index[1]
    connection.close()
