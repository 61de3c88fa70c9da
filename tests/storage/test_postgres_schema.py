"""The schema on PostgreSQL: one partition a statement, migrations that resume, old code beside new."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from continuum.core.memory import ConsciousMemory
from continuum.storage import unit_of_work
from continuum.storage.columns import column_types
from continuum.storage.migrate import Migration, Migrator, known_migrations, migration
from continuum.storage.postgres_backend import POSTGRES, PostgresBackend
from continuum.storage.postgres_pipe import Answer, Pipe
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.statements import statements as all_statements
from continuum.testing.storage_rows import ALICE, READS, WRITES, plant
from tests.requirements import requirement

PARTITIONS = 16
_PARTITION = re.compile(r"\b([a-z_]+)_p(\d+)\b")


@pytest.fixture
def wide(empty_postgres_url: str) -> Iterator[PostgresBackend]:
    """A store with as many partitions as one has by itself."""
    backend = PostgresBackend(empty_postgres_url, PostgresSettings(partitions=PARTITIONS))
    yield backend
    backend.close_all()


Sent = dict[str, Sequence[Any]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Every statement that is sent from now on, with the parameters it had last."""
    found: Sent = {}
    send = Pipe.execute

    def noting(self: Pipe, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        if sql.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")) and "pg_" not in sql:
            found[sql] = parameters
        return send(self, sql, parameters)

    monkeypatch.setattr(Pipe, "execute", noting)
    return found


def partitions_touched(backend: PostgresBackend, sql: str, parameters: Sequence[Any]) -> dict[str, set[str]]:
    """By table, the partitions that the plan of a statement names; without policies, which would cut it down, too."""
    with backend.connect() as connection:
        pipe = Pipe(connection, prepares=False, answer_seconds=30)
        pipe.enter()
        plan = "\n".join(row[0] for row in pipe.execute(f"EXPLAIN (VERBOSE) {sql}", parameters).fetchall())
    touched: dict[str, set[str]] = {}
    for table, number in _PARTITION.findall(plan):
        touched.setdefault(table, set()).add(number)
    return touched


@requirement("storage:postgres")
def test_every_statement_of_a_tenant_touches_one_partition(wide: PostgresBackend, sent: Sent) -> None:
    with unit_of_work(wide, ALICE, write=True) as work:
        plant(work)
    for read in READS.values():
        with unit_of_work(wide, ALICE) as work:
            read(work)
    for name, write in WRITES.items():
        if not name.startswith("clear"):
            with unit_of_work(wide, ALICE, write=True) as work:
                write(work)
    with ConsciousMemory("alice", storage=wide) as memory:
        memory.learn("We decided that Aurora runs on Kafka. I live in Berlin.", "Noted.")
        memory.learn("I moved to Hamburg. Aurora runs on NATS now.", "Noted.")
        memory.recall("Where do I live, and what does Aurora run on?")
    across = {POSTGRES.adapt(each.before) for each in all_statements("postgres").values() if each.scope == "system"}
    statements = {sql: parameters for sql, parameters in sent.items() if sql not in across}
    assert len(statements) > 200
    wide_ones = {}
    for sql, parameters in statements.items():
        touched = partitions_touched(wide, sql, parameters)
        if any(len(numbers) > 1 for numbers in touched.values()):
            wide_ones[sql] = touched
    assert wide_ones == {}


def test_a_statement_without_its_tenant_touches_all_so_the_test_above_can_fail(wide: PostgresBackend) -> None:
    touched = partitions_touched(wide, "SELECT count(*) FROM entities WHERE name_key = $1", ["x"])
    assert len(touched["entities"]) == PARTITIONS


def test_both_databases_have_the_same_tables_and_columns() -> None:
    sqlite, postgres = column_types("sqlite"), column_types("postgres")
    kinds = {"TEXT": "TEXT", "INTEGER": "BIGINT", "BIGINT": "BIGINT", "BLOB": "BYTEA", "REAL": "DOUBLE PRECISION"}
    expected = {table: {c: kinds[kind] for c, kind in columns.items()} for table, columns in sqlite.items()}
    assert {table: dict(columns) for table, columns in postgres.items()} == expected


# -- migrations

NEXT = len(known_migrations("postgres")) + 1
ADDS = migration(
    f"{NEXT:04}_colour.sql",
    "-- phase: before-code\nALTER TABLE sessions ADD COLUMN colour TEXT COLLATE \"C\" NOT NULL DEFAULT 'grey';\n",
)
DROPS = migration(f"{NEXT + 1:04}_no_colour.sql", "-- phase: after-code\nALTER TABLE sessions DROP COLUMN colour;\n")


def with_more(backend: PostgresBackend, *more: Migration) -> Migrator:
    return Migrator(backend, [*known_migrations("postgres"), *more])


@requirement("storage:postgres")
def test_old_code_goes_on_while_the_schema_gets_new(postgres_url: str) -> None:
    old, new = PostgresBackend(postgres_url), PostgresBackend(postgres_url)
    with ConsciousMemory("alice", storage=old) as memory:
        memory.learn("Aurora runs on Kafka")
        assert with_more(new, ADDS, DROPS).upgrade() == (NEXT,), "what old code cannot live with waits"
        memory.learn("Boreas runs on NATS")
        assert "NATS" in memory.recall("What does Boreas run on?").context_string
        with new.tenant_transaction("alice") as connection:
            assert connection.execute("SELECT DISTINCT colour FROM sessions").fetchall() == [("grey",)]
        assert [each.version for each in with_more(new, ADDS, DROPS).waiting()] == [NEXT + 1]
        assert with_more(new, ADDS, DROPS).upgrade(after_code=True) == (NEXT + 1,)
        memory.learn("Zephyr runs on Pulsar")
    new.close_all()
    old.close_all()


_SLOW = """
import sys
from continuum.storage.migrate import Migrator, known_migrations, migration
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_settings import PostgresSettings
steps = [f"ALTER TABLE sessions ADD COLUMN step_{n} BIGINT;\\nSELECT pg_sleep(0.02);" for n in range(20)]
slow = migration(f"{len(known_migrations('postgres')) + 1:04}_slow.sql", "-- phase: before-code\\n" + "\\n".join(steps))
backend = PostgresBackend(sys.argv[1], PostgresSettings(migrates=False))  # it may be done already
print("begins", flush=True)
print(Migrator(backend, [*known_migrations("postgres"), slow]).upgrade(), flush=True)
"""


@requirement("storage:postgres")
def test_a_migration_that_is_killed_is_begun_anew(postgres_url: str) -> None:
    with ConsciousMemory("alice", storage=postgres_url) as memory:
        for number in range(10):
            process = subprocess.Popen([sys.executable, "-c", _SLOW, postgres_url], stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            time.sleep(0.03 * number)
            process.kill()
            process.communicate()
            memory.learn(f"Note {number}: Aurora runs on Kafka")
        with psycopg.connect(postgres_url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM information_schema.columns "
                "WHERE table_name = 'sessions' AND column_name ~ '^step_'"
            ).fetchone()
            assert row in ((0,), (20,)), "all of a migration or nothing of it"
        done = subprocess.run([sys.executable, "-c", _SLOW, postgres_url], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[1] in (f"({NEXT},)", "()")
        memory.learn("and on")
        assert memory.get_stats()["auto_messages"] == 11


def test_many_who_open_a_new_store_at_once_make_one(empty_postgres_url: str) -> None:
    failures: list[BaseException] = []

    def opens() -> None:
        try:
            PostgresBackend(empty_postgres_url, PostgresSettings(partitions=1)).close_all()
        except BaseException as exc:  # handed to the test's own thread
            failures.append(exc)

    threads = [threading.Thread(target=opens) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    backend = PostgresBackend(empty_postgres_url)
    assert Migrator(backend).version() == NEXT - 1
    backend.close_all()
