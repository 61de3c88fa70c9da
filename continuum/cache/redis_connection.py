"""Opens clients of Redis whose every wait has a bound, for each kind of address.

A client connects when it is first used, so opening one never waits and never fails because Redis is away. It tries
nothing twice: who uses it has a circuit breaker, or a deadline, of its own.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, cast

from continuum.cache.redis_address import RedisAddress, parse_redis_url
from continuum.domain.forking import at_fork
from continuum.errors import FeatureUnavailableError, install_hint

if TYPE_CHECKING:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

CONNECT_SECONDS: Final = 1.0
CONNECTIONS_MAX: Final = 32
"""Of one client to one server."""


def open_redis(
    url: str,
    *,
    budget_seconds: float,
    connect_seconds: float = CONNECT_SECONDS,
    connections_max: int = CONNECTIONS_MAX,
) -> Redis:
    """A client for threads that gives bytes; a cluster's client has the same commands.

    An answer may take `budget_seconds`, a new connection `connect_seconds`, and a caller waits `budget_seconds` for a
    free connection. Raises ConfigurationError for a URL it cannot read and FeatureUnavailableError without the
    package `redis`; its commands raise what `redis_errors` names.
    """
    address = parse_redis_url(url)
    _require_redis()
    options = _options(address, budget_seconds, connect_seconds, connections_max)
    if address.kind == "cluster":
        return cast("Redis", _LateCluster(address, options))
    if address.kind == "sentinel":
        return _behind_sentinels(address, options)
    return _of_one_server(address, options, budget_seconds)


def open_async_redis(
    url: str,
    *,
    budget_seconds: float,
    connect_seconds: float = CONNECT_SECONDS,
    connections_max: int = CONNECTIONS_MAX,
) -> AsyncRedis:
    """A client for one event loop; else as `open_redis`. Close it with `await client.aclose()`."""
    address = parse_redis_url(url)
    _require_redis()
    options = _options(address, budget_seconds, connect_seconds, connections_max)
    if address.kind == "cluster":
        return cast("AsyncRedis", _async_cluster(address, options))
    if address.kind == "sentinel":
        return _async_behind_sentinels(address, options)
    return _async_of_one_server(address, options, budget_seconds)


def redis_errors() -> tuple[type[Exception], ...]:
    """What a command raises when Redis is away, slow, or refuses: catch these together."""
    _require_redis()
    from redis.exceptions import RedisClusterException, RedisError

    return (RedisError, RedisClusterException, OSError)


def _require_redis() -> None:
    try:
        import redis  # noqa: F401 - only whether it is there
    except ImportError as exc:
        raise FeatureUnavailableError(f"Redis needs an optional package: {install_hint('redis')}") from exc


Options = dict[str, Any]  # keyword arguments of redis-py, which takes dozens of types


def _options(address: RedisAddress, budget_seconds: float, connect_seconds: float, connections_max: int) -> Options:
    options: Options = {
        "username": address.username,
        "password": address.password,
        "socket_timeout": budget_seconds,
        "socket_connect_timeout": connect_seconds,
        "socket_keepalive": True,
        "max_connections": connections_max,
        "decode_responses": False,
        "health_check_interval": 0,
        "protocol": 2,  # the newer one asks three more questions before the first command
        "driver_info": None,
        **address.tls_options,
    }
    if address.kind == "socket":
        del options["socket_keepalive"]
        options["path"] = address.path
    elif address.kind == "server":
        options["host"], options["port"] = address.hosts[0] if address.hosts else ("localhost", 6379)
    if address.kind != "cluster":
        options["db"] = address.database
    return options


def _of_one_server(address: RedisAddress, options: Options, budget_seconds: float) -> Redis:
    from redis import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    kind = UnixDomainSocketConnection if address.kind == "socket" else SSLConnection if address.tls else Connection
    once = Retry(NoBackoff(), 0)
    pool = BlockingConnectionPool(timeout=budget_seconds, connection_class=kind, retry=once, **options)  # type: ignore[no-untyped-call]  # redis-py
    return Redis.from_pool(pool)


def _behind_sentinels(address: RedisAddress, options: Options) -> Redis:
    from redis.backoff import NoBackoff
    from redis.retry import Retry
    from redis.sentinel import Sentinel

    once = Retry(NoBackoff(), 0)
    asked = _of_sentinels(address, options, once)
    sentinel = Sentinel(address.hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]  # redis-py
    master = sentinel.master_for(address.master, ssl=address.tls, retry=once, **options)  # type: ignore[no-untyped-call]  # redis-py
    return cast("Redis", master)


def _of_sentinels(address: RedisAddress, options: Options, retry: object) -> Options:
    """The sentinels' own options: they know no databases, and usually no password of the servers they watch."""
    kept = {name: value for name, value in options.items() if name not in ("username", "password", "db")}
    return {**kept, "ssl": address.tls, "retry": retry}


def _async_of_one_server(address: RedisAddress, options: Options, budget_seconds: float) -> AsyncRedis:
    from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    kind = UnixDomainSocketConnection if address.kind == "socket" else SSLConnection if address.tls else Connection
    once = Retry(NoBackoff(), 0)
    return Redis.from_pool(BlockingConnectionPool(timeout=budget_seconds, connection_class=kind, retry=once, **options))


def _async_behind_sentinels(address: RedisAddress, options: Options) -> AsyncRedis:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.asyncio.sentinel import Sentinel
    from redis.backoff import NoBackoff

    once = Retry(NoBackoff(), 0)
    asked = _of_sentinels(address, options, once)
    sentinel = Sentinel(list(address.hosts), sentinel_kwargs=asked)  # type: ignore[no-untyped-call]  # redis-py

    class Master(Redis):
        """Closes the connections to the sentinels too."""

        async def aclose(self, close_connection_pool: bool | None = None) -> None:
            await super().aclose(close_connection_pool)
            for each in sentinel.sentinels:
                await each.aclose()

    master: AsyncRedis = sentinel.master_for(address.master, redis_class=Master, ssl=address.tls, retry=once, **options)
    return master


def _async_cluster(address: RedisAddress, options: Options) -> object:
    from redis.asyncio.cluster import ClusterNode, RedisCluster
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    nodes = [ClusterNode(host, port) for host, port in address.hosts]
    return RedisCluster(startup_nodes=nodes, retry=Retry(NoBackoff(), 0), ssl=address.tls, **options)


class _LateCluster:
    """A cluster's client, made when a command is first asked for: redis-py's own looks for the nodes at once."""

    def __init__(self, address: RedisAddress, options: Options) -> None:
        self._address = address
        self._options = options
        self._client: object | None = None
        self._lock = threading.Lock()
        at_fork(self, in_child=_LateCluster._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<client of the Redis cluster {self._address.hosts}>"

    def __getattr__(self, name: str) -> Any:  # a command of redis-py, whichever
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._connected(), name)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            cast("Redis", client).close()

    def _connected(self) -> object:
        with self._lock:
            if self._client is None:
                self._client = _cluster(self._address, self._options)
            return self._client


def _cluster(address: RedisAddress, options: Options) -> object:
    from redis.backoff import NoBackoff
    from redis.cluster import ClusterNode, RedisCluster
    from redis.retry import Retry

    nodes = [ClusterNode(host, port) for host, port in address.hosts]  # type: ignore[no-untyped-call]  # redis-py
    return RedisCluster(startup_nodes=nodes, retry=Retry(NoBackoff(), 0), ssl=address.tls, **options)
