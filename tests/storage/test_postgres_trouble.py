"""What befalls a server in its life: no acknowledged memory is lost, and every failure has a name."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import psycopg
import pytest

from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.errors import (
    ConfigurationError,
    NotFoundError,
    SchemaVersionError,
    StorageBusyError,
    StorageConflictError,
    StorageConnectionError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from continuum.storage import open_backend, unit_of_work
from continuum.storage.migrate import Migrator, known_migrations, migration
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_pipe import Pipe
from continuum.storage.postgres_roles import look_at
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.private_postgres import PrivatePostgres, free_port
from continuum.testing.storage_rows import ALICE, plant
from tests.requirements import requirement
from tests.servers import OwnPostgres
from tests.storage.postgres_ledger import Ledger

SAFE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
WRITERS = 8
FEW = PostgresSettings(partitions=2)


@pytest.fixture
def backend(postgres_url: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(postgres_url)
    yield backend
    backend.close_all()


def with_login(url: str, login: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()


# -- the server goes away


def test_a_server_that_is_away_at_the_start_is_named_soon() -> None:
    started = time.monotonic()
    with pytest.raises(StorageConnectionError, match=r"postgresql://127\.0\.0\.1:\d+/db: the connection failed"):
        open_backend(f"postgresql://ann:secret@127.0.0.1:{free_port()}/db")
    assert time.monotonic() - started < 10


def test_a_wrong_password_and_a_missing_database_are_named_without_the_password(postgres_url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="refuses the connection") as refused:
        open_backend(with_login(postgres_url, "nobody_known:hunter22"))
    assert "hunter22" not in str(refused.value)
    with pytest.raises(StorageUnavailableError, match="does not exist"):
        open_backend(postgres_url.rpartition("/")[0] + "/no_such_database")


@requirement("storage:postgres")
def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_eight_writers(own_postgres: OwnPostgres) -> None:
    server = own_postgres(settings=SAFE)
    server.start()
    killed_under_writers(server, kills=3, seconds_between=1.0)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_nothing_acknowledged_is_lost_in_fifty_kills(own_postgres: OwnPostgres) -> None:
    server = own_postgres(settings=SAFE)
    server.start()
    killed_under_writers(server, kills=50, seconds_between=2.0)


def killed_under_writers(server: PrivatePostgres, kills: int, seconds_between: float) -> None:
    backend = PostgresBackend(server.url, FEW)
    with TenantManager(storage=backend) as manager:
        ledger = Ledger(manager)
        stop = threading.Event()
        threads = ledger.run(WRITERS, 3, stop)
        for _ in range(kills):
            time.sleep(seconds_between)
            server.kill()
            server.start()
        time.sleep(seconds_between)
        stop.set()
        for thread in threads:
            thread.join()
        assert ledger.complaints() == []
        assert len(ledger.acknowledged) > WRITERS
        assert ledger.failures
        assert ledger.longest_outage < 10
        assert manager.get_tenant("tenant-0").recall("What does Aurora run on?").memories
    backend.close_all()


def test_a_restart_is_recovered_from_without_restarting_anything(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    with ConsciousMemory("ann", config=MemoryConfig(storage=server.url, postgres_partitions=2)) as memory:
        memory.learn("Aurora runs on Kafka")
        server.restart()
        assert "Kafka" in memory.recall("What does Aurora run on?").context_string
        server.stop()
        with pytest.raises(StorageError) as failed:
            memory.recall("What does Aurora run on?")
        assert isinstance(failed.value, StorageConnectionError | StorageBusyError)
        server.start()
        memory.learn("Boreas runs on NATS")
        assert "NATS" in memory.recall("What does Boreas run on?").context_string


def test_a_promoted_standby_has_all_that_was_acknowledged(
    own_postgres: OwnPostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    primary = own_postgres("primary", settings=SAFE)
    primary.start()
    standby = PrivatePostgres.basebackup_of(primary, primary.folder.with_name("standby"), SAFE)
    standby.start()
    try:
        with psycopg.connect(primary.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        parts = urlsplit(primary.url)
        login = parts.netloc.rpartition("@")[0]
        both = f"postgresql://{login}@127.0.0.1:{primary.port},127.0.0.1:{standby.port}{parts.path}"
        backend = PostgresBackend(f"{both}?target_session_attrs=read-write", FEW)
        with TenantManager(storage=backend) as manager:
            ledger = Ledger(manager)
            stop = threading.Event()
            threads = ledger.run(4, 2, stop)
            time.sleep(1.0)
            primary.kill()
            standby.promote()
            time.sleep(1.5)
            stop.set()
            for thread in threads:
                thread.join()
            assert ledger.complaints() == []
            assert len(ledger.acknowledged) > 4
            manager.get_tenant("tenant-0").learn("and on")
        backend.close_all()
    finally:
        standby.stop()


# -- a connection breaks


def terminate(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_cut_within_a_transaction_leaves_nothing(backend: PostgresBackend, postgres_url: str) -> None:
    def cut() -> None:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
            terminate(postgres_url)

    with pytest.raises(StorageConnectionError, match="try again"):
        cut()
    with unit_of_work(backend, ALICE, write=True) as work:
        assert work.tenants.get() is None
        plant(work)
    with unit_of_work(backend, ALICE) as work:
        assert work.tenants.position() == 2


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "not committed"])
def test_a_connection_that_breaks_during_the_commit_is_asked_after(
    backend: PostgresBackend, postgres_url: str, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    """The answer to COMMIT is lost on its way: what became of it is known all the same."""
    real = Pipe.sync
    broken: list[bool] = []

    def breaking(self: Pipe) -> psycopg.Error | None:
        if broken:
            return real(self)
        broken.append(True)
        if committed:
            problem = real(self)
            assert problem is None
        else:
            terminate(postgres_url)
        raise psycopg.OperationalError("the line went dead")

    def learn() -> None:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
            monkeypatch.setattr(Pipe, "sync", breaking)

    if committed:
        learn()
    else:
        with pytest.raises(StorageConnectionError, match="nothing was written"):
            learn()
    assert broken
    with unit_of_work(backend, ALICE) as work:
        assert work.tenants.position() == (2 if committed else 0)


# -- the server refuses


def raising(url: str, state: str, times: int = 1_000_000) -> None:
    """Let the server fail this often when a message is written, with an error of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE failures")
        connection.execute("GRANT USAGE ON SEQUENCE failures TO PUBLIC")
        connection.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'as asked for' USING ERRCODE = '{state}'; END IF; "
            "RETURN NEW; END $$".encode()
        )
        connection.execute("CREATE TRIGGER fail BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION fail()")


def test_a_serialisation_failure_is_tried_again(postgres_url: str) -> None:
    with ConsciousMemory("ann", storage=postgres_url) as memory:
        raising(postgres_url, "40001", times=4)
        assert memory.learn("Aurora runs on Kafka", "Noted.").seq == 2
        assert memory.get_stats()["auto_messages"] == 2


def test_what_fails_for_ever_is_tried_a_few_times_only(postgres_url: str) -> None:
    with ConsciousMemory("ann", storage=postgres_url) as memory:
        raising(postgres_url, "40P01")
        with pytest.raises(StorageConflictError, match="waited for each other; nothing was written"):
            memory.learn("Aurora runs on Kafka")
        assert memory.get_stats()["auto_messages"] == 0


def test_a_full_disk_is_named_and_nothing_is_half_done(postgres_url: str) -> None:
    with ConsciousMemory("ann", storage=postgres_url) as memory:
        memory.learn("Aurora runs on Kafka")
        before = memory.get_stats()
        raising(postgres_url, "53100", times=2)
        with pytest.raises(StorageFullError, match="no space is left; free some and try again"):
            memory.learn("Boreas runs on NATS")
        assert memory.get_stats() == before
        with pytest.raises(StorageFullError):
            memory.learn("Boreas runs on NATS")
        memory.learn("Boreas runs on NATS")
        assert memory.get_stats()["auto_messages"] == 2


def test_an_exhausted_pool_is_an_error_within_three_seconds(postgres_url: str) -> None:
    settings = PostgresSettings(pool_size=1, max_overflow=0, connection_seconds=0.5)
    backend = PostgresBackend(postgres_url, settings)
    with unit_of_work(backend, ALICE) as work:
        work.tenants.get()
        started = time.monotonic()
        with pytest.raises(StorageBusyError, match="no connection became free in time"), unit_of_work(backend, ALICE):
            pass
        assert time.monotonic() - started < 3
    with unit_of_work(backend, ALICE) as work:
        assert work.tenants.get() is None
    backend.close_all()


@requirement("storage:postgres")
def test_five_hundred_callers_on_ten_connections_get_an_answer_or_a_typed_error(postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url, PostgresSettings(pool_size=5, max_overflow=5))
    answers: list[str] = []

    def call(number: int) -> None:
        tenant = f"t{number % 7}"
        try:
            with backend.tenant_transaction(tenant) as connection:
                rows = connection.execute("SELECT current_setting('app.tenant_id'), current_user::text").fetchall()
            answers.append("right" if rows == [(tenant, "continuum_app")] else f"leaked {rows}")
        except StorageBusyError:
            answers.append("busy")

    threads = [threading.Thread(target=call, args=(number,)) for number in range(500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {"right", "busy"}
    assert (len(answers), answers.count("right") >= 10) == (500, True)
    backend.close_all()


def test_a_writer_waits_for_another_with_a_bound(postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url, PostgresSettings(lock_seconds=0.2))
    with unit_of_work(backend, ALICE, write=True) as work:
        plant(work)
        busy = pytest.raises(StorageBusyError, match="another writer held the tenant")
        with busy, unit_of_work(backend, ALICE, write=True) as other:
            other.tenants.get()
    backend.close_all()


# -- versions


def test_a_schema_from_the_future_is_refused_and_untouched(backend: PostgresBackend, postgres_url: str) -> None:
    known = known_migrations("postgres")
    later = migration(f"{len(known) + 1:04}_later.sql", "-- phase: before-code\nCREATE TABLE later (a BIGINT);\n")
    assert Migrator(backend, [*known, later]).upgrade() == (len(known) + 1,)
    with pytest.raises(SchemaVersionError, match=f"has schema {len(known) + 1}, this version knows {len(known)};"):
        open_backend(postgres_url)


def test_an_older_server_is_refused_by_its_name() -> None:
    old = SimpleNamespace(info=SimpleNamespace(server_version=130_014))
    with pytest.raises(StorageUnavailableError, match="PostgreSQL 13 is too old; this needs 14 or newer"):
        look_at(old, "postgresql://host/db")  # type: ignore[arg-type]  # all of it that is asked


# -- what an attack found


@pytest.mark.parametrize(
    "url", ["postgresql://ann:hunter/22@127.0.0.1:5/db", "postgresql://ann:hunter 22@127.0.0.1/db"]
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="percent-encoded") as refused:
        open_backend(url)
    shown = "".join(traceback.format_exception(refused.value))
    assert "hunter" not in shown.replace(repr(url), "")


def test_many_open_files_are_no_trouble(postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
    finally:
        for each in files:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with unit_of_work(backend, ALICE) as work:
        assert work.tenants.position() == 2
    backend.close_all()


def test_refusals_cost_no_connection(backend: PostgresBackend) -> None:
    def refused() -> None:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
            raise NotFoundError("on purpose")

    for _ in range(20):
        with pytest.raises(NotFoundError):
            refused()
    assert backend.get_stats()["connections_num"] == 1


def test_a_unit_that_is_over_takes_no_statement(backend: PostgresBackend) -> None:
    for write in (False, True):
        with backend.tenant_transaction(ALICE, write) as connection:
            connection.execute("SELECT 1").fetchall()
        with pytest.raises(StorageError, match="unit of work is over"):
            connection.execute("SELECT 1")
    with unit_of_work(backend, ALICE, write=True) as work:
        plant(work)


def test_interrupted_waiting_ends_at_once(backend: PostgresBackend) -> None:
    """Ctrl-C while another writer holds the tenant: nobody waits for that writer once more."""
    entered, stop = threading.Event(), threading.Event()

    def hold() -> None:
        with backend.tenant_transaction(ALICE, write=True) as connection:
            connection.execute("SELECT 1").fetchall()
            entered.set()
            stop.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait(10)
    threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), backend.tenant_transaction(ALICE, write=True) as connection:
        connection.execute("SELECT 1").fetchall()
    assert time.monotonic() - started < 10
    stop.set()
    holder.join()
    with unit_of_work(backend, ALICE, write=True) as work:
        plant(work)
