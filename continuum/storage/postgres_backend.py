"""PostgreSQL as a store: one tenant at a time behind row level security, few round trips, safe behind a pooler."""

from __future__ import annotations

import os
import select
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from continuum.domain.forking import at_fork
from continuum.domain.ids import NAME_PATTERN
from continuum.errors import ConfigurationError, StorageConnectionError, StorageError
from continuum.storage.base import BackendInfo, Connection, Dialect, StorageBackend
from continuum.storage.migrate import Migrator
from continuum.storage.postgres_errors import failures_named
from continuum.storage.postgres_pipe import Answer, Pipe
from continuum.storage.postgres_roles import APP, DIRECTORY, OWNER, Server, create_roles, look_at, refuse_unlimited

POSTGRES = Dialect(
    name="postgres",
    placeholder="$",
    max_parameters=65_535,
    rows_at_once=1_000,
    arrays=True,
    ahead=True,
    begin_read="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    begin_write="BEGIN ISOLATION LEVEL READ COMMITTED",
    tables="SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')",
)

POOL_SIZE = 10
MAX_OVERFLOW = 20
PARTITIONS = 16
CONNECTION_WAIT_SECONDS = 3.0
CONNECT_SECONDS = 5
IDLE_TRUSTED_SECONDS = 30.0
CONFIRM_SECONDS = 10.0
_MIGRATION_LOCK = 0x636F6E74696E7575


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """How the server is used."""

    pool_size: int = POOL_SIZE
    max_overflow: int = MAX_OVERFLOW
    """Connections beyond the pool's size, closed again when they are not needed."""
    partitions: int = PARTITIONS
    """Hash partitions of each table, fixed when the store is made."""
    lock_seconds: float = 30.0
    """Longest wait for another writer of the same tenant."""
    connection_seconds: float = CONNECTION_WAIT_SECONDS
    """Longest wait for a free connection."""


class PostgresBackend(StorageBackend):
    """A store in a PostgreSQL database (14 or newer), its schema brought up to date when it is opened.

    Each transaction is one tenant's: it takes on a role that owns nothing and names the tenant for as long as it
    lasts, so a statement that forgot its tenant would find no row. Writers of one tenant wait for each other, those
    of different tenants do not; readers wait for nobody. When a writing transaction is left without an exception,
    the server has confirmed it, or said afterwards that it was committed.
    """

    dialect = POSTGRES

    def __init__(self, url: str, settings: PostgresSettings | None = None) -> None:
        self.settings = settings or PostgresSettings()
        self._url = url
        self.place = place_of(url)
        super().__init__(place=self.place, pool_size=self.settings.pool_size)
        self._pipes: weakref.WeakKeyDictionary[psycopg.Connection[Any], Pipe] = weakref.WeakKeyDictionary()
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._process_id = os.getpid()
        self.server = self._look()
        at_fork(self, in_child=PostgresBackend._renew)
        Migrator(self).upgrade()
        self.server = self._look()
        refuse_unlimited(self.server, self.place)

    # -- connections

    def _look(self) -> Server:
        with failures_named(self.place), self.connect() as connection:
            return look_at(connection, self.place)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of its own, outside of the pool, in autocommit mode. Raises psycopg.Error."""
        return psycopg.connect(make_conninfo(self._url, **_CONNECTING), autocommit=True)

    def _connections(self) -> ConnectionPool[psycopg.Connection[Any]]:
        if self._pool is None:
            self._pool = ConnectionPool(
                make_conninfo(self._url, **_CONNECTING, **({"options": _ALWAYS_GENERIC} if self.server.direct else {})),
                kwargs={"autocommit": True, "prepare_threshold": None},
                min_size=0,
                max_size=self.settings.pool_size + self.settings.max_overflow,
                timeout=self.settings.connection_seconds,
                reconnect_timeout=self.settings.connection_seconds,
                max_idle=300.0,
                num_workers=1,
                open=True,
                name="continuum",
            )
        return self._pool

    def _renew(self) -> None:
        """In a forked child: the connections are the parent's."""
        self._pool = None
        self._pipes = weakref.WeakKeyDictionary()

    @contextmanager
    def _pipe(self) -> Iterator[Pipe]:
        """A connection from the pool that answers, in pipeline mode."""
        with failures_named(self.place):
            pool = self._connections()
            connection = self._living(pool)
            pipe = self._pipes.get(connection)
            if pipe is None:
                pipe = Pipe(connection, prepares=self.server.direct, answer_seconds=self.settings.lock_seconds + 30.0)
                self._pipes[connection] = pipe
            try:
                pipe.enter()
                yield pipe
                pipe.leave()
            except BaseException:
                if connection.pgconn.pipeline_status != pq.PipelineStatus.OFF:
                    connection.close()  # in an unknown state: the pool makes a new one
                raise
            finally:
                pool.putconn(connection)

    def _living(self, pool: ConnectionPool[psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
        """A connection whose server has not hung up: what is left of a restart is thrown away."""
        deadline = time.monotonic() + self.settings.connection_seconds
        while True:
            connection = pool.getconn(max(0.001, deadline - time.monotonic()))
            if not select.select([connection.pgconn.socket], [], [], 0)[0]:
                return connection
            connection.close()
            pool.putconn(connection)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in autocommit mode, as the role that sees one tenant, and with none named: no rows."""
        with self.transaction() as connection:
            yield connection

    # -- transactions

    def transaction(self, write: bool = False) -> Any:
        return self._transaction(APP, None, write)

    def tenant_transaction(self, tenant: str, write: bool = False) -> Any:
        return self._transaction(APP, tenant, write)

    def system_transaction(self) -> Any:
        return self._transaction(DIRECTORY, None, write=False)

    @contextmanager
    def _transaction(self, role: str, tenant: str | None, write: bool) -> Iterator[Connection]:
        with self._pipe() as pipe:
            reading = _Reading(pipe, role, tenant)
            try:
                if not write:
                    reading.begin()
                    yield reading
                    reading.end()
                    self._end(pipe)
                else:
                    begun = self._begin(pipe, role, tenant)
                    yield pipe
                    self._commit(pipe, begun)
            except BaseException:
                self._roll_back(pipe)
                raise

    def _begin(self, pipe: Pipe, role: str, tenant: str | None) -> Answer | None:
        """Begin to write as the only one of a tenant; gives the number of the transaction, once it is asked for."""
        pipe.execute(self.dialect.begin_write)
        pipe.execute(f"SET LOCAL ROLE {role}")
        pipe.execute(f"SET LOCAL lock_timeout = {int(self.settings.lock_seconds * 1_000)}")
        if tenant is None:
            return None
        pipe.execute(_naming(tenant))
        return pipe.execute(f"SELECT pg_advisory_xact_lock({lock_key(tenant)}), pg_current_xact_id()::text")

    def _end(self, pipe: Pipe) -> None:
        problem = pipe.sync()
        if problem is not None:
            raise problem

    def _roll_back(self, pipe: Pipe) -> None:
        if pipe.connection.closed:
            return
        try:
            pipe.sync()
            pipe.execute("ROLLBACK")
            pipe.execute("DEALLOCATE ALL")
            pipe.forget_prepared()
            pipe.sync()
        except psycopg.Error:
            pipe.connection.close()

    def _commit(self, pipe: Pipe, begun: Answer | None) -> None:
        """Commit; if the connection breaks before the answer, ask on another one what became of it.

        `begun` holds the number of a writing transaction, and has always been read: nobody commits unseen.
        """
        number = None if begun is None else str(begun.fetchall()[0][1])
        pipe.execute("COMMIT")
        try:
            problem = pipe.sync()
        except psycopg.OperationalError:
            pipe.connection.close()
            if number is None or not self._was_committed(number):
                raise
            return
        if problem is not None:
            raise problem

    def _was_committed(self, transaction_id: str) -> bool:
        deadline = time.monotonic() + CONFIRM_SECONDS
        while time.monotonic() < deadline:
            try:
                with self.connect() as connection:
                    row = connection.execute("SELECT pg_xact_status(%s::text::xid8)", [transaction_id]).fetchone()
            except psycopg.Error:
                time.sleep(0.1)
                continue
            if row is not None and row[0] == "in progress":
                time.sleep(0.05)
                continue
            return row is not None and row[0] == "committed"
        raise StorageConnectionError(
            f"{self.place}: the connection broke during the commit and the server does not come back, so nobody knows "
            "whether it was written; try again with the same idempotency key"
        )

    @contextmanager
    def migration_transaction(self, write: bool = False) -> Iterator[Connection]:
        """As the owner of the schema; the roles are created first. Migrations wait for each other."""
        if write:
            with failures_named(self.place), self.connect() as connection:
                create_roles(connection, self.server, self.place)
        with self._pipe() as pipe:
            pipe.execute("BEGIN")
            try:
                if write:
                    pipe.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
                    pipe.execute(f"SET LOCAL ROLE {OWNER}")
                    pipe.execute(f"SET LOCAL continuum.partitions = {self.settings.partitions}")
                yield pipe
                pipe.execute("COMMIT")
                self._end(pipe)
            except BaseException:
                self._roll_back(pipe)
                raise

    # -- care

    def close_all(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def get_stats(self) -> dict[str, object]:
        return {} if self._pool is None else dict(self._pool.get_stats())

    def get_backend_info(self) -> BackendInfo:
        features = ["transactions", "many processes", "durable commits", "row level security"]
        if self.server.vectors:
            features.append("pgvector")
        return BackendInfo(
            backend_type="postgres",
            version=f"{self.server.major}.{self.server.version % 10_000}",
            features=features,
            configuration=dict(self.config),
        )


class _Reading:
    """A reading transaction that may be told to end while its last answers are still on their way.

    What is asked after that opens another one: a moment later, as the same tenant, never as nobody.
    """

    __slots__ = ("_ended", "_pipe", "_role", "_tenant")

    def __init__(self, pipe: Pipe, role: str, tenant: str | None) -> None:
        self._pipe, self._role, self._tenant = pipe, role, tenant
        self._ended = True

    def begin(self) -> None:
        self._ended = False
        self._pipe.execute(POSTGRES.begin_read)
        self._pipe.execute(f"SET LOCAL ROLE {self._role}")
        if self._tenant is not None:
            self._pipe.execute(_naming(self._tenant))

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._pipe.execute("COMMIT")
            self._pipe.send_sync()

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
        self._begin_again()
        return self._pipe.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> None:
        self._begin_again()
        self._pipe.executemany(sql, parameters)

    def _begin_again(self) -> None:
        if self._ended:
            problem = self._pipe.sync()
            if problem is not None:
                raise problem
            self.begin()


def _naming(tenant: str) -> str:
    """The statement that names the tenant until the transaction ends; a literal, which poolers and Citus pass on."""
    return f"SET LOCAL app.tenant_id = '{_literal(tenant)}'"


_ALWAYS_GENERIC = "-c plan_cache_mode=force_generic_plan"
"""Statements are written for one plan; planning them for their values each time costs more than it can gain."""
_CONNECTING: dict[str, str | int] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "continuum",
    "client_encoding": "UTF8",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def lock_key(tenant: str) -> int:
    """The number under which a tenant's writers wait for each other."""
    return int.from_bytes(sha256(b"tenant:" + tenant.encode()).digest()[:8], signed=True)


def place_of(url: str) -> str:
    """Where a URL leads, without its password: for messages.

    Raises ConfigurationError for a URL that names no database server.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as exc:
        raise ConfigurationError(
            "storage: this is no PostgreSQL URL; write postgresql://user:password@host/db"
        ) from exc
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    return f"postgresql://{host}:{port}/{parts.get('dbname', '')}"


def _literal(tenant: str) -> str:
    """A tenant's name inside of quotes: checked names need none of their characters escaped."""
    if not NAME_PATTERN.match(tenant):
        raise StorageError(f"a tenant's name is not checked: {tenant!r}")
    return tenant
