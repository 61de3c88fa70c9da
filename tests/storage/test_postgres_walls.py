"""What keeps tenants apart on PostgreSQL, where a statement forgets to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import psycopg
import pytest

from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.errors import ConfigurationError, StorageError
from continuum.storage import system_unit_of_work, unit_of_work
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_pipe import Pipe
from continuum.storage.postgres_settings import PostgresSettings
from continuum.testing.storage_rows import ALICE, BOB, READS, plant
from tests.requirements import requirement

FOREIGN = "The zebra archive of Bob lies in Oslo"


@pytest.fixture
def backend(postgres_url: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(postgres_url)
    yield backend
    backend.close_all()


@pytest.fixture
def planted(backend: PostgresBackend) -> PostgresBackend:
    for tenant in (ALICE, BOB):
        with unit_of_work(backend, tenant, write=True) as work:
            plant(work)
    return backend


def refused(why: str) -> pytest.RaisesExc[StorageError]:
    return pytest.raises(StorageError, match=why)


def tenant_tables(backend: PostgresBackend) -> list[str]:
    with backend.connect() as connection:
        rows = connection.execute(
            "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid "
            "WHERE c.relkind = 'p' AND NOT c.relispartition AND a.attname = 'tenant_id' ORDER BY 1"
        ).fetchall()
    return [str(row[0]) for row in rows]


@requirement("storage:row-level-security")
def test_without_a_tenant_no_table_shows_a_row(planted: PostgresBackend) -> None:
    tables = tenant_tables(planted)
    assert len(tables) > 25
    for table in tables:
        assert planted.execute(f"SELECT count(*) FROM {table}") == [(0,)]
    with planted.tenant_transaction(ALICE) as connection:
        assert connection.execute("SELECT count(*) FROM auto_messages").fetchall() == [(2,)]
    assert planted.execute("SELECT count(*) FROM auto_messages") == [(0,)], "the tenant is gone with its transaction"


def test_nobody_writes_into_another_tenant_or_into_none(planted: PostgresBackend) -> None:
    insert = (
        "INSERT INTO sessions (tenant_id, session_id, created_at, last_active, message_count) VALUES ($1, 'x', 1, 1, 1)"
    )
    for tenant in (BOB, ""):
        with refused("row-level security"), planted.tenant_transaction(ALICE, write=True) as connection:
            connection.execute(insert, (tenant,))
    with refused("row-level security"), planted.tenant_transaction(ALICE, write=True) as connection:
        connection.execute("UPDATE sessions SET tenant_id = 'bob'")


def test_the_role_owns_nothing_and_partitions_are_closed_to_it(planted: PostgresBackend) -> None:
    with planted.connect() as connection:
        owned = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = 'continuum_app'::regrole::oid"
        ).fetchone()
    assert owned == (0,)
    for statement in ("SELECT * FROM auto_messages_p0", "TRUNCATE log", "ALTER TABLE log NO FORCE ROW LEVEL SECURITY"):
        with refused("not allowed"), planted.tenant_transaction(ALICE, write=True) as connection:
            connection.execute(statement)


def test_the_owner_is_bound_too(planted: PostgresBackend) -> None:
    with planted.connect() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE continuum_owner")
        assert connection.execute("SELECT count(*) FROM auto_messages").fetchone() == (0,)


def test_listing_tenants_shows_no_word_and_no_secret(planted: PostgresBackend) -> None:
    with system_unit_of_work(planted) as system:
        assert [(each.tenant_id, each.secret) for each in system.tenants()] == [("alice", b""), ("bob", b"")]
    for statement in ("SELECT secret FROM tenants", "SELECT * FROM auto_messages", "SELECT receipt FROM erasures"):
        with pytest.raises(StorageError, match="not allowed"), planted.system_transaction() as connection:
            connection.execute(statement).fetchall()


# The wall holds where the statements do not: each of them without its own condition on the tenant.

_CONDITION = re.compile(r"\b(?:[a-z_]+\.)?tenant_id = (\$\d+)")


@pytest.fixture
def careless(planted: PostgresBackend, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement forgets its tenant; gives those that did."""
    forgotten: list[str] = []
    send = Pipe.execute

    def without_condition(self: Pipe, sql: str, parameters: object = (), /) -> object:
        changed = _CONDITION.sub(lambda found: f"({found[1]}::text = '' OR true)", sql)
        if changed != sql:
            forgotten.append(sql)
        return send(self, changed, parameters)  # type: ignore[arg-type]  # as it was given

    monkeypatch.setattr(Pipe, "execute", without_condition)
    return forgotten


@requirement("storage:row-level-security")
def test_statements_that_forget_their_tenant_see_no_other(planted: PostgresBackend, careless: list[str]) -> None:
    def seen(name: str) -> object:
        with unit_of_work(planted, ALICE) as work:
            return READS[name](work)

    with planted.connect() as connection:
        connection.execute("DELETE FROM tenants WHERE tenant_id = 'none'")  # as superuser: both tenants are there
        assert connection.execute("SELECT count(DISTINCT tenant_id) FROM auto_messages").fetchone() == (2,)
    with_both = {name: seen(name) for name in READS}
    assert len(careless) > 100
    with planted.connect() as connection:
        for table in tenant_tables(planted):
            connection.execute(f"DELETE FROM {table} WHERE tenant_id = 'bob'".encode())
    assert {name: seen(name) for name in READS} == with_both


def test_a_careless_recall_finds_nothing_foreign(planted: PostgresBackend, careless: list[str]) -> None:
    with TenantManager(storage=planted) as manager:
        manager.get_tenant("carol").learn("I keep my notes in Lisbon")
        manager.get_tenant("dave").learn(FOREIGN)
        answer = manager.get_tenant("carol").recall("Where does the zebra archive lie?")
    assert careless
    assert "zebra" not in answer.context_string
    assert "Oslo" not in answer.context_string


# Roles


def test_a_role_that_passes_policies_by_is_refused_unless_it_is_named(
    postgres_url: str, request: pytest.FixtureRequest
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        request.addfinalizer(lambda: _alter(postgres_url, "NOBYPASSRLS"))
        connection.execute("ALTER ROLE continuum_app BYPASSRLS")
        with pytest.raises(ConfigurationError, match=r"continuum_app is a superuser or has BYPASSRLS.*ALTER ROLE"):
            PostgresBackend(postgres_url)
        allowed = PostgresBackend(postgres_url, PostgresSettings(unsafe_role="continuum_app"))
        allowed.close_all()


def _alter(url: str, what: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE continuum_app {what}".encode())


def test_a_login_that_is_a_plain_member_is_enough(postgres_url: str, request: pytest.FixtureRequest) -> None:
    name = "member_" + postgres_url.rpartition("_")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {name} LOGIN NOINHERIT PASSWORD 'plain' IN ROLE continuum_app, continuum_directory".encode()
        )
    request.addfinalizer(lambda: _drop(postgres_url, name))
    scheme, _, place = postgres_url.partition("://")
    url = f"{scheme}://{name}:plain@{place.rpartition('@')[2]}"
    with ConsciousMemory("erin", storage=url) as memory:
        memory.learn("Aurora runs on Kafka")
        assert "Kafka" in memory.recall("What does Aurora run on?").context_string
        with pytest.raises(psycopg.Error, match="permission denied"), psycopg.connect(url) as connection:
            connection.execute("SELECT * FROM auto_messages")


def _drop(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_login_that_may_not_create_the_roles_is_told_what_to_run(postgres_url: str) -> None:
    from continuum.storage.postgres_roles import Server, create_roles

    plain = Server(180_000, "web", False, False, frozenset({"continuum_app"}), frozenset(), frozenset(), True, False)
    with psycopg.connect(postgres_url) as connection, pytest.raises(ConfigurationError) as refused:
        create_roles(connection, plain, "postgresql://host/db")
    assert "CREATE ROLE continuum_owner NOLOGIN" in str(refused.value)
    assert 'GRANT continuum_owner, continuum_app, continuum_directory TO "web"' in str(refused.value)


@pytest.mark.parametrize("name", ["a'b", "", "x; DROP TABLE log", "é"])
def test_a_name_that_was_not_checked_reaches_no_statement(backend: PostgresBackend, name: str) -> None:
    with pytest.raises(StorageError, match="not checked"), unit_of_work(backend, TenantId(name)) as work:
        work.tenants.get()
