"""Recalls that read replicas: never older than what this process wrote, and never a failure because of one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from continuum.core.memory import ConsciousMemory
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_replicas import Replicas, position_of
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.private_postgres import PrivatePostgres, free_port
from tests.requirements import requirement
from tests.servers import UNSAFE, OwnPostgres


@pytest.fixture
def pair(own_postgres: OwnPostgres) -> Iterator[tuple[PrivatePostgres, PrivatePostgres]]:
    """A primary with a store, and a standby that repeats what it does."""
    primary = own_postgres("primary")
    primary.start()
    PostgresBackend(primary.url, PostgresSettings(partitions=1)).close_all()
    standby = PrivatePostgres.basebackup_of(primary, primary.folder.with_name("standby"), UNSAFE)
    standby.start()
    yield primary, standby
    standby.stop()


def reads_of(server: PrivatePostgres) -> int:
    """How many statements of tenants a server has answered as a replica: it counts scans of the messages."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(xact_commit), 0)::bigint FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def stopped_repeating(server: PrivatePostgres, stopped: bool) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_wal_replay_{'pause' if stopped else 'resume'}()".encode())


@requirement("storage:replicas")
def test_a_recall_reads_the_replica_and_finds_what_was_just_learnt(
    pair: tuple[PrivatePostgres, PrivatePostgres],
) -> None:
    primary, standby = pair
    settings = PostgresSettings(replica_urls=(standby.url,), replica_wait_seconds=5.0)
    backend = PostgresBackend(primary.url, settings)
    with ConsciousMemory("ann", storage=backend) as memory:
        before = reads_of(standby)
        for number in range(20):
            memory.learn(f"Project Aurora{number} runs on Kafka{number}")
            assert f"Kafka{number}" in memory.recall(f"What does Aurora{number} run on?").context_string
        backend.close_all()  # what a connection counted is told when it ends
        assert reads_of(standby) - before >= 20
    assert "replicas" in backend.get_backend_info()["features"]
    backend.close_all()


@requirement("storage:replicas")
def test_a_replica_that_lags_or_is_gone_is_not_waited_for_long(pair: tuple[PrivatePostgres, PrivatePostgres]) -> None:
    primary, standby = pair
    backend = PostgresBackend(primary.url, PostgresSettings(replica_urls=(standby.url,), replica_wait_seconds=0.05))
    with ConsciousMemory("ann", storage=backend) as memory:
        memory.learn("Aurora runs on Kafka")
        memory.recall("What does Aurora run on?")
        stopped_repeating(standby, True)
        memory.learn("Boreas runs on NATS")
        assert "NATS" in memory.recall("What does Boreas run on?").context_string, "the primary answers"
        stopped_repeating(standby, False)
        standby.stop()
        memory.learn("Zephyr runs on Pulsar")
        assert "Pulsar" in memory.recall("What does Zephyr run on?").context_string
    backend.close_all()


def test_a_replica_that_was_promoted_is_read_no_more(pair: tuple[PrivatePostgres, PrivatePostgres]) -> None:
    primary, standby = pair
    backend = PostgresBackend(primary.url, PostgresSettings(replica_urls=(standby.url,)))
    with ConsciousMemory("ann", storage=backend) as memory:
        memory.learn("Aurora runs on Kafka")
        standby.promote()
        memory.learn("Boreas runs on NATS")
        assert "NATS" in memory.recall("What does Boreas run on?").context_string
    backend.close_all()


def test_a_replica_that_never_answered_slows_one_recall_and_fails_none(postgres_url: str) -> None:
    nowhere = f"postgresql://ann@127.0.0.1:{free_port()}/db"
    settings = PostgresSettings(replica_urls=(nowhere,), connection_seconds=0.3)
    backend = PostgresBackend(postgres_url, settings)
    with ConsciousMemory("ann", storage=backend) as memory:
        started = time.monotonic()
        for number in range(20):
            memory.learn(f"Project Aurora{number} runs on Kafka{number}")
            assert f"Kafka{number}" in memory.recall(f"What does Aurora{number} run on?").context_string
        assert time.monotonic() - started < 20 * 0.3
    backend.close_all()


def test_positions_are_remembered_with_a_bound_and_never_too_low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("continuum.storage.postgres_replicas.TENANTS_REMEMBERED", 2)
    replicas = Replicas([])
    for number, tenant in enumerate(("a", "b", "c", "a")):
        replicas.wrote(tenant, 10 * (number + 1))
    assert [replicas.needed(tenant) for tenant in ("a", "b", "c", "stranger")] == [40, 20, 30, 20]
    assert position_of("1/0") == 1 << 32
