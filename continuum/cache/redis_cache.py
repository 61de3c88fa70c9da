"""A cache that processes share in Redis, which may be away, slow or spoilt: that costs hits and nothing else."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from continuum.cache.base import Key
from continuum.cache.breaker import BreakerState, CircuitBreaker, Ticket
from continuum.cache.redis_connection import redis_errors
from continuum.cache.sealed_entry import entry_name, sealed, tenant_prefix, unsealed
from continuum.domain.forking import at_fork

if TYPE_CHECKING:
    from redis import Redis

BUDGET_SECONDS: Final = 0.02
VALUE_BYTES_MAX: Final = 256 * 1_024
TTL_JITTER: Final = 0.1
"""The share of its time that an entry may lose, so that entries put together do not die together."""
CLEAR_SECONDS: Final = 5.0
CLEARED_AT_ONCE: Final = 500
_SLOW: Final = 2.0
"""How many budgets an answer may take in pieces before it counts as a failure."""

Answer = TypeVar("Answer")
_logger = logging.getLogger(__name__)


class RedisCache:
    """Bytes under keys, for all processes with the same Redis, `prefix` and `secret`.

    An entry lives `ttl_seconds` at most, and at least nine tenths of that. One wait for Redis is `budget_seconds` at
    most if `client` was opened with that budget; after a few failures a circuit breaker answers at once, and a thread
    of its own finds out when Redis is back. A value of more than `value_bytes_max` is not kept.

    Entries are sealed with `secret` and all parts of their key: what somebody else wrote, moved or changed is a miss.
    So `secret`, or a part of each key, must be unknown to whoever may write to that Redis. The values themselves can
    be read there.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str,
        ttl_seconds: float,
        *,
        secret: bytes,
        budget_seconds: float = BUDGET_SECONDS,
        value_bytes_max: int = VALUE_BYTES_MAX,
        breaker: CircuitBreaker | None = None,
        jitter: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        from redis.exceptions import ClusterDownError, ResponseError

        self._client = client
        self._prefix = prefix
        self._secret = secret
        self._ttl_ms = max(1, int(ttl_seconds * 1_000))
        self._slow_seconds = budget_seconds * _SLOW
        self._value_bytes_max = value_bytes_max
        self._breaker = breaker or CircuitBreaker(on_change=_log_change)
        self._jitter = jitter
        self._monotonic = monotonic
        self._errors = redis_errors()
        self._refusal, self._cluster_down = ResponseError, ClusterDownError
        self._counts: Counter[str] = Counter()
        self._closed = False
        self._renew()
        at_fork(self, in_child=RedisCache._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    @property
    def available(self) -> bool:
        """Whether calls go to Redis at the moment."""
        return self._breaker.state is BreakerState.CLOSED and not self._closed

    def get(self, key: Key) -> bytes | None:
        name = entry_name(self._prefix, self._secret, key)
        entry = self._ask(lambda: self._client.get(name.name))
        value = None
        if isinstance(entry, bytes):
            try:
                value = unsealed(name, entry, self._value_bytes_max)
            except ValueError:
                self._count("spoilt", "errors")
        self._count("misses" if value is None else "hits")
        return value

    def put(self, key: Key, value: bytes) -> None:
        if len(value) > self._value_bytes_max:
            self._count("too_large")
            return
        name = entry_name(self._prefix, self._secret, key)
        entry = sealed(name, value)
        life = max(1, int(self._ttl_ms * (1.0 - TTL_JITTER * self._jitter())))
        self._ask(lambda: self._client.set(name.name, entry, px=life))

    def clear(self, tenant_id: str | None = None) -> None:
        """Remove entries of a tenant, or all under this prefix; gives up after `CLEAR_SECONDS`.

        It looks through all names in that Redis: meant for erasure. What it does not reach dies within its time.
        """
        begin = self._prefix if tenant_id is None else tenant_prefix(self._prefix, self._secret, tenant_id)
        pattern, end = _literally(begin) + "*", self._monotonic() + CLEAR_SECONDS
        for node in self._ask(self._nodes) or ():
            cursor: int | None = 0
            while cursor is not None and self._monotonic() < end:
                cursor = self._ask(partial(self._clear_page, pattern, node, cursor), slow=True)

    def _nodes(self) -> list[dict[str, Any]]:  # arguments of redis-py
        """What to add to a command for each server that has some of the names."""
        primaries = getattr(self._client, "get_primaries", None)
        return [{}] if primaries is None else [{"target_nodes": node} for node in primaries()]

    def _clear_page(self, pattern: str, node: dict[str, Any], cursor: int) -> int | None:
        """Remove some entries; where to go on, or None at the end."""
        scan: Callable[..., Any] = self._client.scan  # a cluster's client answers with a cursor for each node
        following, names = scan(cursor, match=pattern, count=CLEARED_AT_ONCE, **node)
        if names:
            self._client.unlink(*names)
        if isinstance(following, dict):
            following = next(iter(following.values()), 0)
        return int(following) or None

    def stats(self) -> dict[str, int]:
        """Also `calls` that went to Redis, `refused` by the breaker, `spoilt` and `too_large` entries."""
        names = ("hits", "misses", "errors", "calls", "refused", "spoilt", "too_large")
        with self._lock:
            return {"entries": 0, **{name: self._counts[name] for name in names}}

    def close(self) -> None:
        self._closed = True
        self._client.close()

    def _ask(self, command: Callable[[], Answer], *, slow: bool = False) -> Answer | None:
        """The answer to a command, or None if Redis is not to be asked, or does not answer."""
        ticket = None if self._closed else self._breaker.admit()
        if ticket is None or ticket.probe:
            self._count("refused")
            if ticket is not None:
                self._probe(ticket)
            return None
        self._count("calls")
        begun = self._monotonic()
        try:
            answer = command()
        except self._errors as exc:
            self._count("errors")
            if isinstance(exc, self._refusal) and not isinstance(exc, self._cluster_down):
                self._breaker.succeeded(ticket)  # it is there, and says no: out of memory, or of another type
            else:
                self._breaker.failed(ticket)
            return None
        if not slow and self._monotonic() - begun > self._slow_seconds:
            self._breaker.failed(ticket)
        else:
            self._breaker.succeeded(ticket)
        return answer

    def _probe(self, ticket: Ticket) -> None:
        """Look for Redis in a thread: no caller waits for a connection that may never come."""
        try:
            threading.Thread(target=self._knock, args=(ticket,), daemon=True, name="looks for Redis").start()
        except RuntimeError:  # no more threads, or the interpreter is shutting down
            self._breaker.failed(ticket)

    def _knock(self, ticket: Ticket) -> None:
        try:
            self._client.ping()
        except self._errors:
            self._breaker.failed(ticket)
        else:
            self._breaker.succeeded(ticket)

    def _count(self, *names: str) -> None:
        with self._lock:
            for name in names:
                self._counts[name] += 1


def _literally(text: str) -> str:
    """A text as a pattern that fits itself alone."""
    return "".join(f"\\{char}" if char in "\\*?[]" else char for char in text)


def _log_change(state: BreakerState) -> None:
    if state is BreakerState.OPEN:
        _logger.warning("the cache in Redis does not answer; going on without it")
    elif state is BreakerState.CLOSED:
        _logger.warning("the cache in Redis answers again")
