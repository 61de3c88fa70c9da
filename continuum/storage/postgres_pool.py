"""The connections of one process to one PostgreSQL server: a bounded number, each in pipeline mode while it is used."""

from __future__ import annotations

import select
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from continuum.errors import ConfigurationError
from continuum.storage.postgres_errors import failures_named
from continuum.storage.postgres_pipe import Pipe
from continuum.storage.postgres_settings import PostgresSettings

PoolOfConnections = ConnectionPool[psycopg.Connection[Any]]

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
        self._pool: PoolOfConnections | None = None
        self._pipes: weakref.WeakKeyDictionary[psycopg.Connection[Any], Pipe] = weakref.WeakKeyDictionary()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of its own, outside of the pool, in autocommit mode. Raises psycopg.Error."""
        return psycopg.connect(self._url, autocommit=True)

    def answers_itself(self, direct: bool) -> None:
        """Say whether no pooler stands before the server: only then may statements be prepared."""
        self._direct = direct

    def renew(self) -> None:
        """In a forked child: the connections are the parent's."""
        self._pool = None
        self._pipes = weakref.WeakKeyDictionary()

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
        if self._pool is None:
            settings = self._settings
            self._pool = ConnectionPool(
                make_conninfo(self._url, **({"options": _ALWAYS_GENERIC} if self._direct else {})),
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

    def _pipe_of(self, connection: psycopg.Connection[Any]) -> Pipe:
        pipe = self._pipes.get(connection)
        if pipe is None:
            seconds = self._settings.lock_seconds + self._settings.answer_seconds
            pipe = self._pipes[connection] = Pipe(connection, prepares=self._direct, answer_seconds=seconds)
        return pipe

    def _living(self, pool: PoolOfConnections) -> psycopg.Connection[Any]:
        """A connection whose server has not hung up: what is left of a restart is thrown away."""
        deadline = time.monotonic() + self._settings.connection_seconds
        while True:
            connection = pool.getconn(max(0.001, deadline - time.monotonic()))
            if not select.select([connection.pgconn.socket], [], [], 0)[0]:
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


def place_of(url: str) -> str:
    """Where a URL leads, without user and password: for messages.

    Raises ConfigurationError for a URL that names no database server.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as exc:
        raise ConfigurationError(
            "storage: not a PostgreSQL URL; write postgresql://user:password@host/database"
        ) from exc
    return f"postgresql://{parts.get('host', 'localhost')}:{parts.get('port', '5432')}/{parts.get('dbname', '')}"
