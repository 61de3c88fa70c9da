"""Limits that processes share in Redis. While it is away each counts for itself: callers notice nothing."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from continuum.cache.breaker import BreakerState, CircuitBreaker, Ticket
from continuum.cache.redis_connection import open_redis, redis_errors
from continuum.identity.rate_limit import ROUNDING, Allowance, MemoryLimiter, Policy, allowance_of, seconds_of

if TYPE_CHECKING:
    from redis import Redis

BUDGET_SECONDS: Final = 0.02
CONNECT_SECONDS: Final = 0.1
_KEPT_LONGER_MS: Final = 1_000

# One bucket: how many seconds it lacks, and when that was so. A server's clock that was set back gives nothing back,
# and one that was set ahead no more than a full bucket.
_TAKE: Final = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local cost, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local lacking, at = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+%.%d+) (%d+%.%d+)$')
lacking, at = tonumber(lacking) or 0, tonumber(at) or now
lacking = math.min(math.max(lacking - math.max(now - at, 0), 0), window)
local allowed = lacking + cost <= window * {1 + ROUNDING!r}
local left = allowed and lacking + cost or lacking
if left > 0 then
  local kept = math.ceil(left * 1000) + {_KEPT_LONGER_MS}
  redis.call('SET', KEYS[1], string.format('%.6f %.6f', left, now), 'PX', string.format('%d', kept))
end
return {{allowed and 1 or 0, string.format('%.6f', lacking)}}
"""
_TAKE_SHA: Final = hashlib.sha1(_TAKE.encode()).hexdigest()  # noqa: S324  the name that Redis gives a script
_logger = logging.getLogger(__name__)


class RedisLimiter:
    """Counts for all processes with the same Redis and `prefix`.

    Each process counts in memory as well, what it allowed itself: so a flood that it can refuse alone costs no round
    trips, it goes on with what it knows when Redis is away, and a clock of Redis that was set ahead opens each process
    no more than it has left by its own, which only goes forward. Keys are hashed: no name of a tenant is in Redis.
    """

    def __init__(
        self,
        client: Redis,
        *,
        prefix: str = "continuum",
        breaker: CircuitBreaker | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`client` was opened with a budget; whoever opened it closes it."""
        from redis.exceptions import NoScriptError

        self._client = client
        self._prefix = prefix
        self._breaker = breaker or CircuitBreaker(monotonic=monotonic)
        self._here = MemoryLimiter(monotonic=monotonic)
        self._errors = redis_errors()
        self._unknown_script = NoScriptError
        self._is_away = False

    def take(self, key: str, cost: float, policy: Policy) -> Allowance:
        here = self._here.take(key, cost, policy)
        if not here.allowed:
            return here
        shared = self._take_shared(key, cost, policy)
        if shared is None:
            return here
        if not shared.allowed:
            self._here.give_back(key, cost, policy)
        return shared

    def _take_shared(self, key: str, cost: float, policy: Policy) -> Allowance | None:
        ticket = self._breaker.admit()
        if ticket is None:
            return None
        if ticket.probe:
            # On a thread of its own, so that nobody's request waits for a Redis that is likely still away.
            threading.Thread(target=self._ask, args=(ticket, "probe", 0.0, policy), daemon=True).start()
            return None
        return self._ask(ticket, key, cost, policy)

    def _ask(self, ticket: Ticket, key: str, cost: float, policy: Policy) -> Allowance | None:
        cost_seconds = seconds_of(cost, policy)
        try:
            allowed, lacking = self._run(self._name(key, policy), cost_seconds, policy.window_seconds)
        except self._errors:
            self._breaker.failed(ticket)
            self._note_away(self._breaker.state is not BreakerState.CLOSED)
            return None
        self._breaker.succeeded(ticket)
        self._note_away(self._breaker.state is not BreakerState.CLOSED)
        return allowance_of(allowed, lacking, cost_seconds, policy)

    def _note_away(self, is_away: bool) -> None:
        """Log once when Redis goes and once when it is back, however often it is looked for."""
        if is_away == self._is_away:
            return
        self._is_away = is_away
        if is_away:
            _logger.warning("Redis does not answer: until it does, limits count in each process for itself")
        else:
            _logger.info("Redis answers again: limits are shared")

    def _run(self, name: str, cost_seconds: float, window_seconds: float) -> tuple[bool, float]:
        arguments = (1, name, repr(cost_seconds), repr(window_seconds))
        try:
            answer = self._client.evalsha(_TAKE_SHA, *arguments)
        except self._unknown_script:  # the first call, or Redis has started anew
            answer = self._client.eval(_TAKE, *arguments)
        allowed, lacking = answer
        return allowed == 1, float(lacking)

    def _name(self, key: str, policy: Policy) -> str:
        digest = hashlib.sha256(f"{policy.name}\x1f{key}".encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._prefix}:limit:{digest[:40]}"


def open_limiter_client(url: str) -> Redis:
    """A client for a `RedisLimiter`. Raises ConfigurationError, FeatureUnavailableError."""
    return open_redis(url, budget_seconds=BUDGET_SECONDS, connect_seconds=CONNECT_SECONDS)
