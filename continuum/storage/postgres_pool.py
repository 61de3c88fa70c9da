"""The connections of one process to one PostgreSQL server: a bounded number, each in pipeline mode while it is used."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from continuum.errors import ConfigurationError
from continuum.storage.postgres_errors import failures_named
from continuum.storage.postgres_pipe import Pipe
from continuum.storage.postgres_settings import PostgresSettings


class PipedConnection(psycopg.Connection[Any]):
    """A connection of the pool, with the pipe that speaks over it."""

    pipe: Pipe | None = None


PoolOfConnections = ConnectionPool[PipedConnection]

_ALWAYS_GENERIC = "-c plan_cache_mode=force_generic_plan"
"""Statements are written for one plan; planning them for their values each time costs more than it can gain."""
_CONNECTING: dict[str, str | int] = {
    "connect_timeout": 5,
    "application_name": "continuum",
    "client_encoding": "UTF8",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
IDLE_SECONDS = 300.0


class Pool:
    """Connections to one server. They are made when they are first needed; a forked child makes its own."""

    def __init__(self, url: str, settings: PostgresSettings) -> None:
        self.place = place_of(url)
        self._url = make_conninfo(url, **_CONNECTING)
        self._settings = settings
        self._direct = False
        self._opening = threading.Lock()
        self._pool: PoolOfConnections | None = None

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of its own, outside of the pool, in autocommit mode. Raises psycopg.Error."""
        return psycopg.connect(self._url, autocommit=True)

    def answers_itself(self, direct: bool) -> None:
        """Say whether no pooler stands before the server: only then may statements be prepared."""
        self._direct = direct

    def renew(self) -> None:
        """In a forked child: the connections are the parent's."""
        self._opening = threading.Lock()
        self._pool = None

    @contextmanager
    def pipe(self) -> Iterator[Pipe]:
        """A connection that answers, in pipeline mode.

        Raises StorageBusyError if none becomes free in time, StorageConnectionError if the server is away.
        """
        with failures_named(self.place):
            pool = self._opened()
            connection = self._living(pool)
            try:
                pipe = self._pipe_of(connection)
                pipe.enter()
                yield pipe
                if not connection.closed:  # the outcome of a commit was asked for elsewhere
                    pipe.leave()
            finally:
                # In the middle of something, after a failure: the pool makes a new one.
                if not connection.closed and connection.pgconn.pipeline_status != pq.PipelineStatus.OFF:
                    connection.close()
                with suppress(ValueError):  # the pool was closed meanwhile by a fork
                    pool.putconn(connection)

    def _opened(self) -> PoolOfConnections:
        with self._opening:
            if self._pool is None:
                settings = self._settings
                self._pool = ConnectionPool(
                    make_conninfo(self._url, **({"options": _ALWAYS_GENERIC} if self._direct else {})),
                    connection_class=PipedConnection,
                    kwargs={"autocommit": True, "prepare_threshold": None},
                    min_size=0,
                    max_size=settings.pool_size + settings.max_overflow,
                    timeout=settings.connection_seconds,
                    reconnect_timeout=settings.connection_seconds,
                    max_idle=IDLE_SECONDS,
                    num_workers=1,
                    open=True,
                    name="continuum",
                )
            return self._pool

    def _pipe_of(self, connection: PipedConnection) -> Pipe:
        if connection.pipe is None:
            seconds = self._settings.lock_seconds + self._settings.answer_seconds
            connection.pipe = Pipe(connection, prepares=self._direct, answer_seconds=seconds)
        return connection.pipe

    def _living(self, pool: PoolOfConnections) -> PipedConnection:
        """A connection whose server has not hung up: what is left of a restart is thrown away."""
        deadline = time.monotonic() + self._settings.connection_seconds
        while True:
            try:
                connection = pool.getconn(max(0.001, deadline - time.monotonic()))
            except PoolTimeout as exc:
                if pool.get_stats().get("pool_size", 0):
                    raise
                raise psycopg.OperationalError("no connection could be made in time") from exc
            if not _has_something_to_say(connection):
                return connection
            connection.close()
            pool.putconn(connection)

    def stats(self) -> dict[str, object]:
        """Figures of the pool."""
        return {} if self._pool is None else dict(self._pool.get_stats())

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


def _has_something_to_say(connection: PipedConnection) -> bool:
    """Whether an idle connection can be read from: then the server has hung up, or says that it is about to."""
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


def place_of(url: str) -> str:
    """Where a URL leads, without user and password: for messages.

    Raises ConfigurationError for a URL that names no database server.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigurationError(f"storage: {_UNREADABLE}") from None  # the driver repeats the URL, password and all
    host, port, name = (str(parts.get(key) or "") for key in ("host", "port", "dbname"))
    if not all(each.isdigit() for each in port.split(",") if each) or "@" in host + name:
        raise ConfigurationError(f"storage: {_UNREADABLE}")
    return f"postgresql://{host or 'localhost'}:{port or '5432'}/{name}"


_UNREADABLE = (
    "not a PostgreSQL URL; write postgresql://user:password@host/database, with signs such as / and @ in the password "
    "percent-encoded"
)
