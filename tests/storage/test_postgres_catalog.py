"""The catalog of a fresh store breaks no rule, and each rule finds what breaks it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from continuum.cli.main import command_line
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_catalog import look_through_catalog
from tests.requirements import requirement

BREAKS = {
    "CREATE VIEW leak AS SELECT * FROM auto_messages": ("view", "leak"),
    "CREATE MATERIALIZED VIEW leak AS SELECT * FROM facts": ("view", "leak"),
    "GRANT SELECT ON entities_p0 TO continuum_app": ("grant", "entities_p0"),
    "GRANT SELECT ON log TO PUBLIC": ("grant", "log"),
    "GRANT TRUNCATE ON log TO continuum_app": ("grant", "log"),
    "GRANT SELECT (secret) ON tenants TO continuum_directory": ("grant", "tenants.secret"),
    "GRANT SELECT (content) ON auto_messages TO continuum_directory": ("grant", "auto_messages.content"),
    "ALTER TABLE facts NO FORCE ROW LEVEL SECURITY": ("wall", "facts"),
    "ALTER TABLE facts DISABLE ROW LEVEL SECURITY": ("wall", "facts"),
    "DROP POLICY own_rows ON log": ("policy", "log"),
    "CREATE POLICY wide ON log USING (true)": ("policy", "log.wide"),
    "CREATE POLICY wide ON log TO continuum_app USING (kind <> 'message')": ("policy", "log.wide"),
    "ALTER POLICY own_rows ON log WITH CHECK (true)": ("policy", "log"),
    "CREATE POLICY listing ON log FOR SELECT TO continuum_directory USING (true)": ("policy", "log.listing"),
    "CREATE FUNCTION one() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'": ("function", "one"),
    "CREATE UNIQUE INDEX oracle ON sessions (session_id, tenant_id)": ("key", "sessions"),
    'CREATE TABLE odd (tenant_id TEXT COLLATE "C" PRIMARY KEY)': ("tenant", "odd"),
    "ALTER TABLE decisions ADD COLUMN colour TEXT": ("collation", "decisions"),
    "ALTER TABLE decisions OWNER TO CURRENT_USER": ("owner", "decisions"),
    "GRANT CREATE ON SCHEMA public TO continuum_app": ("role", "continuum_app"),
}


@pytest.fixture
def backend(postgres_url: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(postgres_url)
    yield backend
    backend.close_all()


@requirement("storage:row-level-security")
@pytest.mark.parametrize("statement", BREAKS)
def test_each_rule_finds_what_breaks_it(backend: PostgresBackend, statement: str) -> None:
    with backend.connect() as connection:
        assert look_through_catalog(connection) == []
        connection.execute(statement.encode())
        assert BREAKS[statement] in {(each.rule, each.subject) for each in look_through_catalog(connection)}


def test_a_view_with_its_callers_rights_and_a_pinned_function_break_none(backend: PostgresBackend) -> None:
    with backend.connect() as connection:
        connection.execute("CREATE VIEW fine WITH (security_invoker = true) AS SELECT * FROM auto_messages")
        connection.execute("CREATE FUNCTION fine() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        assert look_through_catalog(connection) == []


def test_the_doctor_says_what_is_wrong_and_ends_with_1(postgres_url: str) -> None:
    with PostgresBackend(postgres_url).connect() as connection:
        connection.execute("GRANT SELECT ON entities_p0 TO continuum_app")
    done = CliRunner().invoke(command_line, ["doctor", "--storage", postgres_url, "--json"])
    assert done.exit_code == 1
    found = [(each["rule"], each["subject"]) for each in json.loads(done.output)["findings"]]
    assert ("grant", "entities_p0") in found
    assert "password" not in done.output
    assert postgres_url not in done.output


def test_the_doctor_finds_nothing_wrong_with_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = str(tmp_path_factory.mktemp("store") / "memory.db")
    CliRunner().invoke(command_line, ["learn", "Aurora runs on Kafka", "--storage", store])
    done = CliRunner().invoke(command_line, ["doctor", "--storage", store])
    assert (done.exit_code, "nothing is wrong" in done.output) == (0, True)
