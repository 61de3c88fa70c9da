"""The list of what belongs to a tenant is the schema's, and its statements keep to the tenant."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from continuum.storage import open_backend
from continuum.storage.repositories.copying import COPIED_TABLES, FIRST_TABLES, LAST_TABLES, TENANTS, copy_statements


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("schema") / "memory.db"
    open_backend(path).close_all()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def test_every_table_of_a_tenant_is_copied_with_every_stored_column(schema: sqlite3.Connection) -> None:
    """A migration that adds a table or a column fails here until it is copied, too."""
    tables = schema.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    names = {row[0] for row in tables} - {"schema_migrations"}
    assert {table.name for table in COPIED_TABLES} == names
    for table in COPIED_TABLES:
        # 2 and 3 mark generated columns, which the target computes itself.
        rows = schema.execute(f"PRAGMA table_xinfo({table.name})").fetchall()
        stored = {row[1]: row[5] for row in rows if row[6] not in (2, 3)}
        assert stored.pop("tenant_id") == 1
        assert set(table.columns) == set(stored), table.name
        assert len(set(table.columns)) == len(table.columns), table.name
        key = sorted((place, name) for name, place in stored.items() if place)
        assert table.key == tuple(name for _, name in key), table.name
        assert table.columns[: len(table.key)] == table.key


def test_a_table_is_copied_once_and_the_tenant_comes_last() -> None:
    assert len({table.name for table in COPIED_TABLES}) == len(FIRST_TABLES) + len(LAST_TABLES)
    assert COPIED_TABLES[-1] is TENANTS


def test_what_wakes_background_work_comes_with_the_tenant() -> None:
    assert {"erasures", "quarantines"} <= {table.name for table in LAST_TABLES}


@pytest.mark.parametrize("name", sorted(copy_statements()))
def test_a_statement_walks_one_tenants_rows_in_the_order_of_their_keys(schema: sqlite3.Connection, name: str) -> None:
    statement = copy_statements()[name]
    assert statement.scope == "tenant"
    text = statement.text(1)
    plan = " ; ".join(row[3] for row in schema.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")))
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
    if not name.startswith("copy_put_"):
        assert plan.count("(tenant_id=?") == plan.count("SEARCH") == 1
    if name.startswith(("copy_next_", "copy_remove_")) and name not in ("copy_next_tenants", "copy_remove_tenants"):
        assert "(tenant_id=? AND" in plan
