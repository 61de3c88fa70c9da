"""Statements are named, scoped and written for every database at once."""

from __future__ import annotations

import pytest

from continuum.errors import ConfigurationError
from continuum.storage.base import SQLITE, Dialect
from continuum.storage.statements import list_chunks, parse_statements, row_chunks, sql_text, statements


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-- name: x\n-- scope: tenant\nSELECT a FROM t WHERE b = :b;", "tenant_id 0 times"),
        ("-- name: x\n-- scope: tenant\nSELECT a FROM t JOIN u ON t.a = u.a AND t.tenant_id = :tenant_id;", "1 times"),
        ("-- name: x\n-- scope: tenant\nUPDATE t SET a = :a;", "0 times"),
        ("-- name: x\n-- scope: everyone\nSELECT 1;", "tenant or system"),
        ("-- name: x\nSELECT 1;", "a name and a scope"),
        ("-- name: x\n-- scope: tenant\nINSERT INTO t VALUES :rows(:tenant_id, 1);", "nothing but"),
    ],
)
def test_a_statement_that_could_reach_another_tenant_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        list(parse_statements(text))


def test_only_administration_has_system_scope() -> None:
    named = {each.name for each in statements("sqlite").values() if each.scope == "system"}
    assert named == {
        "list_tenants",
        "list_migrations",
        "unfinished_erasures",
        "tenants_with_ends",
        "tenants_with_quarantines_at_work",
    }


def test_parameters_rows_and_lists_become_question_marks() -> None:
    assert sql_text(SQLITE, "read_log", 0).count("?") == 3
    assert sql_text(SQLITE, "append_log", 2).endswith("VALUES (?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?)")
    assert sql_text(SQLITE, "degrees", 4).endswith("WHERE tenant_id = ? AND id IN (?, ?, ?, ?)")


def test_a_dialect_puts_its_own_placeholder_outside_text() -> None:
    dialect = Dialect(name="sqlite", placeholder="%s")
    assert dialect.adapt("SELECT '?' || ? || 'it''s ?'") == "SELECT '?' || %s || 'it''s ?'"


def test_rows_are_split_within_the_parameter_limit() -> None:
    small = Dialect(name="small", rows_at_once=64, max_parameters=100)
    sizes = list(row_chunks(1_000, 9, small))
    assert sum(sizes) == 1_000
    assert max(sizes) * 10 <= 100


@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 256, 257, 1_000])
def test_lists_lose_nothing_and_come_in_few_sizes(count: int) -> None:
    pieces = list(list_chunks([*range(count), *range(count)]))
    assert {each for piece in pieces for each in piece} == set(range(count))
    assert {len(piece) for piece in pieces} <= {1 << power for power in range(9)}
