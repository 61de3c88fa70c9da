"""PostgreSQL as a store: one tenant at a time behind row level security, few round trips, safe behind a pooler."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from hashlib import sha256
from typing import Any

import psycopg

from continuum.domain.forking import at_fork
from continuum.domain.ids import NAME_PATTERN
from continuum.errors import (
    StorageBusyError,
    StorageConflictError,
    StorageConnectionError,
    StorageError,
    StorageUnavailableError,
)
from continuum.storage.base import BackendInfo, Connection, Dialect, Finding, Proof, StorageBackend
from continuum.storage.migrate import Migrator
from continuum.storage.postgres_catalog import look_through_catalog
from continuum.storage.postgres_errors import failures_named
from continuum.storage.postgres_pipe import Answer, Pipe
from continuum.storage.postgres_pool import Pool
from continuum.storage.postgres_replicas import Replica, Replicas, position_of
from continuum.storage.postgres_roles import APP, DIRECTORY, OWNER, Server, create_roles, look_at, refuse_unlimited
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.postgres_wakes import PostgresWakes
from continuum.storage.wakes import Wakes

POSTGRES = Dialect(
    name="postgres",
    placeholder="$",
    max_parameters=65_535,
    rows_at_once=1_000,
    arrays=True,
    ahead=True,
    begin_read="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    begin_write="BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    tables="SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')",
)

CONFIRM_SECONDS = 10.0
"""How long the outcome of a commit whose connection broke is looked for."""
CONFIRM_PAUSE_SECONDS = 0.1
IDLE_WRITER_MS = 60_000
"""A writer that vanished in the middle holds up the tenant's other writers no longer."""
_MIGRATION_LOCK = 0x636F6E74696E7575
_POLL_SECONDS = 0.005

_logger = logging.getLogger(__name__)


class PostgresBackend(StorageBackend):
    """A store in a PostgreSQL database (14 or newer), its schema brought up to date when it is opened.

    Each transaction is one tenant's: it takes on a role that owns nothing and names the tenant for as long as it
    lasts, so a statement that forgot its tenant would find no row. Writers of one tenant wait for each other, those
    of different tenants do not; readers wait for nobody. When a writing transaction is left without an exception,
    the server has confirmed it, or what it wrote was seen afterwards.
    """

    dialect = POSTGRES
    shared = True

    def __init__(self, url: str, settings: PostgresSettings | None = None) -> None:
        self.settings = settings or PostgresSettings()
        self._primary = Pool(url, self.settings)
        self.place = self._primary.place
        super().__init__(place=self.place, pool_size=self.settings.pool_size, max_overflow=self.settings.max_overflow)
        self._replicas = Replicas([Pool(each, self.settings) for each in self.settings.replica_urls])
        at_fork(self, in_child=PostgresBackend._renew)
        self.server = self._look()
        self._primary.answers_itself(self.server.direct)
        if self.settings.migrates:
            Migrator(self).upgrade()
            self.server = self._look()
        refuse_unlimited(self.server, self.settings.unsafe_role, self.place)

    def _look(self) -> Server:
        with failures_named(self.place), self.connect() as connection:
            return look_at(connection, self.place)

    def _renew(self) -> None:
        for pool in (self._primary, *(each.pool for each in self._replicas)):
            pool.renew()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of its own, as who logs in, for what belongs to no tenant. Raises psycopg.Error."""
        return self._primary.connect()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection as the role that sees one tenant, with none named: it sees no row."""
        with self.transaction() as connection:
            yield connection

    # -- transactions

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        with self._writing(None) if write else self._reading(self._primary, APP, None) as connection:
            yield connection

    def tenant_transaction(self, tenant: str, write: bool = False) -> AbstractContextManager[Connection]:
        return self._writing(tenant) if write else self._reading(self._primary, APP, tenant)

    def system_transaction(self) -> AbstractContextManager[Connection]:
        return self._reading(self._primary, DIRECTORY, None)

    @contextmanager
    def lagging_transaction(self, tenant: str) -> Iterator[Connection]:
        with ExitStack() as stack:
            yield self._on_a_replica(tenant, stack) or stack.enter_context(self.tenant_transaction(tenant))

    def _on_a_replica(self, tenant: str, stack: ExitStack) -> Connection | None:
        """A transaction on a replica that has all this process wrote of a tenant; None: the primary is read."""
        if not self._replicas:
            return None
        replica = self._replicas.next()
        if replica.is_away:
            return None
        try:
            if not self._is_caught_up(replica, self._replicas.needed(tenant)):
                return None
            connection = stack.enter_context(self._reading(replica.pool, APP, tenant))
        except StorageError as exc:
            replica.failed()
            _logger.warning("a replica is not read for a while: %s", exc)
            return None
        replica.answered()
        return connection

    @contextmanager
    def _reading(self, pool: Pool, role: str, tenant: str | None) -> Iterator[Connection]:
        with pool.pipe() as pipe, _rolled_back(pipe):
            reading = Reading(pipe, role, tenant)
            reading.begin()
            try:
                yield reading
                reading.end()
            finally:
                reading.close()
            _sync(pipe)

    @contextmanager
    def _writing(self, tenant: str | None) -> Iterator[Connection]:
        with self._primary.pipe() as pipe, _rolled_back(pipe):
            writing = self._begin(pipe, tenant)
            try:
                yield writing
            finally:
                writing.close()
            self._commit(pipe, tenant, writing)

    def _begin(self, pipe: Pipe, tenant: str | None) -> Writing:
        """Begin to write, as the only one of a tenant."""
        pipe.execute(self.dialect.begin_write)
        pipe.execute(f"SET LOCAL ROLE {APP}")
        pipe.execute(f"SET LOCAL lock_timeout = {max(1, int(self.settings.lock_seconds * 1_000))}")
        pipe.execute(f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_WRITER_MS}")
        if tenant is not None:
            pipe.execute(_naming(tenant))
            pipe.execute(f"SELECT pg_advisory_xact_lock({lock_key(tenant)})")
        return Writing(pipe)

    def _commit(self, pipe: Pipe, tenant: str | None, writing: Writing) -> None:
        """Commit; if the connection breaks before the answer, look on another one what became of it."""
        pipe.execute("COMMIT")
        position = pipe.execute("SELECT pg_current_wal_insert_lsn()::text") if self._replicas and tenant else None
        try:
            problem = pipe.sync()
        except psycopg.OperationalError:
            pipe.connection.close()
            if not self._is_there(tenant, writing.proof):
                raise
            _logger.warning("%s: a connection broke during a commit, which was carried out", self.place)
            return
        if problem is not None:
            raise problem
        if position is not None and tenant is not None:
            self._replicas.wrote(tenant, position_of(position.fetchall()[0][0]))

    def _is_there(self, tenant: str | None, proof: Proof | None) -> bool:
        """Whether what a transaction wrote is there, after its commit was not confirmed.

        The question is asked as a writer: whoever is still committing for the tenant is waited for. Numbers of
        transactions prove nothing: a server that crashed, or a standby that was promoted, gives them out again.
        Raises StorageUnavailableError if nobody can tell.
        """
        deadline = time.monotonic() + CONFIRM_SECONDS
        while tenant is not None and proof is not None and time.monotonic() < deadline:
            try:
                with self._writing(tenant) as connection:
                    return proof(connection)
            except (StorageConnectionError, StorageBusyError):
                time.sleep(CONFIRM_PAUSE_SECONDS)
        raise StorageUnavailableError(
            f"{self.place}: the connection broke during the commit, and nobody can tell whether it was written; "
            "look, or try again with the same idempotency key"
        )

    def _is_caught_up(self, replica: Replica, needed: int) -> bool:
        """Whether a replica has come so far, after a short wait. Raises StorageError."""
        deadline = time.monotonic() + self.settings.replica_wait_seconds
        while replica.replayed < needed:
            with replica.pool.pipe() as pipe:
                answer = pipe.execute("SELECT pg_last_wal_replay_lsn()::text")
                _sync(pipe)
                said = answer.fetchall()[0][0]
            if said is None:  # it was promoted, and goes its own way
                return False
            replica.replayed = position_of(said)
            if replica.replayed < needed and time.monotonic() > deadline:
                return False
            time.sleep(0 if replica.replayed >= needed else _POLL_SECONDS)
        return True

    @contextmanager
    def migration_transaction(self, write: bool = False) -> Iterator[Connection]:
        """As the owner of the schema; the roles are created first. Migrations wait for each other."""
        if write:
            with failures_named(self.place), self.connect() as connection:
                create_roles(connection, self.server, self.place)
        with self._primary.pipe() as pipe, _rolled_back(pipe):
            pipe.execute("BEGIN")
            if not write and APP in self.server.taken_on:
                pipe.execute(f"SET LOCAL ROLE {APP}")
            if write:
                pipe.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                pipe.execute(f"SET LOCAL ROLE {OWNER}")
                pipe.execute(f"SET LOCAL continuum.partitions = {int(self.settings.partitions)}")
            yield pipe
            pipe.execute("COMMIT")
            _sync(pipe)

    # -- care

    def _new_wakes(self) -> Wakes:
        return PostgresWakes(self.connect, listens=self.server.direct)

    def close_all(self) -> None:
        self.close_wakes()
        for pool in (self._primary, *(each.pool for each in self._replicas)):
            pool.close()

    def examine(self) -> list[Finding]:
        with failures_named(self.place), self.connect() as connection:
            found = look_through_catalog(connection)
        if self.server.unlimited_login:
            login = self.server.login
            problem = f"is a superuser or has BYPASSRLS; statements run as {APP}, but log in as a role that is neither"
            found.append(Finding("login", login, problem))
        return found

    def get_stats(self) -> dict[str, object]:
        return self._primary.stats()

    def get_backend_info(self) -> BackendInfo:
        features = ["transactions", "many processes", "durable commits", "row level security"]
        features += ["pgvector"] if self.server.vectors else []
        features += ["replicas"] if self._replicas else []
        return BackendInfo(
            backend_type="postgres",
            version=f"{self.server.major}.{self.server.version % 10_000}",
            features=features,
            configuration=dict(self.config),
        )


class Writing:
    """A writing transaction, and how to see on another connection that it was committed."""

    __slots__ = ("_pipe", "proof")

    def __init__(self, pipe: Pipe) -> None:
        self._pipe: Pipe | None = pipe
        self.proof: Proof | None = None

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        return self._open().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> None:
        self._open().executemany(sql, parameters)

    def _open(self) -> Pipe:
        if self._pipe is None:
            raise StorageError("the unit of work is over; open another one")
        return self._pipe

    def close(self) -> None:
        """Take no more: the pipe is somebody else's now."""
        self._pipe = None

    def prove_by(self, proof: Proof) -> None:
        """Take a way to see that this transaction was committed; the last one counts."""
        self.proof = proof


class Reading:
    """A reading transaction that may be told to end while its last answers are still on their way.

    What is asked after that would be of another moment, so it is refused: who told it to end too early reads again.
    """

    __slots__ = ("_closed", "_ended", "_pipe", "_role", "_tenant")

    def __init__(self, pipe: Pipe, role: str, tenant: str | None) -> None:
        self._pipe, self._role, self._tenant = pipe, role, tenant
        self._ended = True
        self._closed = False

    def begin(self) -> None:
        """Take on the role, and name the tenant."""
        self._ended = False
        self._pipe.execute(POSTGRES.begin_read)
        self._pipe.execute(f"SET LOCAL ROLE {self._role}")
        if self._tenant is not None:
            self._pipe.execute(_naming(self._tenant))

    def end(self) -> None:
        """End after what was sent; a second time it does nothing."""
        if not self._ended:
            self._ended = True
            self._pipe.execute("COMMIT")
            self._pipe.send_sync()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        self._still_open()
        return self._pipe.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> None:
        self._still_open()
        self._pipe.executemany(sql, parameters)

    def close(self) -> None:
        """Take no more: the pipe is somebody else's now."""
        self._closed = True

    def _still_open(self) -> None:
        if self._closed:
            raise StorageError("the unit of work is over; open another one")
        if self._ended:
            raise StorageConflictError("more was asked after the last of all; read again")


@contextmanager
def _rolled_back(pipe: Pipe) -> Iterator[None]:
    """Roll back if the body raises, and keep the connection for others where that is possible."""
    process_id = os.getpid()
    try:
        yield
    except BaseException as exc:
        if os.getpid() != process_id:
            raise  # a forked child unwinds: the transaction is its parent's
        lost = isinstance(exc, psycopg.OperationalError) and exc.sqlstate is None
        if lost or not isinstance(exc, Exception):
            pipe.connection.close()  # nobody waits once more for a server that is silent, or after Ctrl-C
        elif not pipe.connection.closed:
            _roll_back(pipe)
        raise


def _roll_back(pipe: Pipe) -> None:
    try:
        pipe.sync()
        pipe.execute("ROLLBACK")
        pipe.forget_prepared()
        pipe.sync()
        pipe.leave()
    except psycopg.Error:
        pipe.connection.close()


def _sync(pipe: Pipe) -> None:
    """Wait for all answers. Raises the first failure among them."""
    problem = pipe.sync()
    if problem is not None:
        raise problem


def _naming(tenant: str) -> str:
    """The statement that names the tenant until the transaction ends; a literal, which poolers and Citus pass on."""
    if not NAME_PATTERN.match(tenant):  # none of a checked name's characters means anything inside quotes
        raise StorageError(f"a tenant's name was not checked: {tenant[:40]!r}")
    return f"SET LOCAL app.tenant_id = '{tenant}'"


def lock_key(tenant: str) -> int:
    """The number under which a tenant's writers wait for each other."""
    return int.from_bytes(sha256(b"tenant:" + tenant.encode()).digest()[:8], signed=True)
