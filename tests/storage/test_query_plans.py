"""Every statement finds its rows by an index that begins with the tenant, whatever the store holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from continuum.storage import open_backend
from continuum.storage.base import SQLITE
from continuum.storage.statements import sql_text, statements

PLANNED = sorted(
    each.name for each in statements("sqlite").values() if each.scope == "tenant" and each.expands != "rows"
)
WHOLE_TENANT = {"weak_links", "links_by_strength", "links_by_type", "most_connected", "orphans"}
"""A look at a whole graph, now and then: an index for it would cost every learn."""
INDEXES = {
    "mentions_of_entity": "mentions_by_entity (tenant_id=? AND entity_id=?)",
    "mentions_of_messages": "PRIMARY KEY (tenant_id=? AND message_seq=?)",
    "links_from": "attention_links_from (tenant_id=? AND concept_a=? AND tier>?)",
    "links_to": "attention_links_to (tenant_id=? AND concept_b=? AND tier>?)",
    "list_entities_of_type": "entities_by_type (tenant_id=? AND entity_type=? AND name_key>?",
    "list_session_messages": "auto_messages_by_session (tenant_id=? AND session_id=? AND seq<?)",
    "known_messages": "auto_messages_same_again (tenant_id=? AND same_key=?)",
    "index_after": "PRIMARY KEY (tenant_id=? AND seq>?)",
    "list_repeated_compounds": "compound_concepts_by_count (tenant_id=?",
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("plans") / "memory.db"
    open_backend(path).close_all()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", PLANNED)
def test_a_tenants_statement_walks_nobody_elses_rows_and_sorts_nothing(store: sqlite3.Connection, name: str) -> None:
    text = sql_text(SQLITE, name, 4)
    rows = store.execute(f"EXPLAIN QUERY PLAN {text}", [1] * text.count("?")).fetchall()
    plan = " ; ".join(row[3] for row in rows)
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan or name in WHOLE_TENANT
    assert plan.count("(tenant_id=?") == plan.count("SEARCH")
    assert INDEXES.get(name, "") in plan
