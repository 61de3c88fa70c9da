"""How often something may be asked: token buckets (the generic cell rate algorithm), and the headers that tell callers.

Why not the library `limits`: its storage in memory counts by the wall clock, so a clock that is set back or ahead
closes or reopens its windows, and its windows take no costs that are fractions.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from continuum.domain.forking import at_fork
from continuum.errors import RateLimitedError

BUCKETS_MAX: Final = 100_000
ROUNDING: Final = 1e-9
_SWEPT_AT_ONCE: Final = 2
"""Buckets looked at with each new one: more than come in, so that full ones never pile up."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` in any `window_seconds` on average, and up to `quota` at once after a rest."""

    name: str
    quota: float
    window_seconds: float = 60.0

    def __post_init__(self) -> None:
        assert self.quota > 0
        assert self.window_seconds > 0

    @property
    def seconds_each(self) -> float:
        """The time in which one unit of cost comes back."""
        return self.window_seconds / self.quota


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a call may go on, and what is left after it.

    `reset_seconds` is the time until the bucket is full again, `retry_after_seconds` the time until a call of the
    same cost may go on: 0 if it was allowed.
    """

    allowed: bool
    limit: float
    remaining: float
    reset_seconds: float
    retry_after_seconds: float


class RateLimiter(Protocol):
    """Counts costs under keys.

    Within any t seconds a key is never allowed more than the quota and what comes back in t. A refused call costs
    nothing. A cost above the quota counts as the whole quota: it is allowed after a rest, and never refused for ever.
    Calls may come from several threads. It never raises.
    """

    def take(self, key: str, cost: float, policy: Policy) -> Allowance: ...


def seconds_of(cost: float, policy: Policy) -> float:
    """The time in which what a call costs comes back."""
    return min(max(cost, 0.0), policy.quota) * policy.seconds_each


def is_allowed(lacking: float, cost_seconds: float, policy: Policy) -> bool:
    """Whether a bucket that lacks so many seconds has room; a rounding must not cost a caller its last unit."""
    return lacking + cost_seconds <= policy.window_seconds * (1 + ROUNDING)


def allowance_of(allowed: bool, lacking: float, cost_seconds: float, policy: Policy) -> Allowance:
    """What to tell the caller; `lacking` is how many seconds the bucket was from full before the call.

    >>> allowance_of(True, 0.0, 5.0, Policy("tenant", quota=2, window_seconds=10))
    Allowance(allowed=True, limit=2, remaining=1.0, reset_seconds=5.0, retry_after_seconds=0.0)
    """
    wanted = lacking + cost_seconds
    lacks = min(wanted, policy.window_seconds) if allowed else lacking
    remaining = (policy.window_seconds - lacks) / policy.seconds_each
    return Allowance(allowed, policy.quota, remaining, lacks, 0.0 if allowed else wanted - policy.window_seconds)


class MemoryLimiter:
    """Counts in this process, on a clock that only goes forward. Each call is O(1).

    A full bucket is as good as none: each new one lets two of those used longest ago go, if they are full. Of more
    than `buckets_max` the one used longest ago goes, full or not.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic, buckets_max: int = BUCKETS_MAX) -> None:
        assert buckets_max >= 1
        self._monotonic = monotonic
        self._buckets_max = buckets_max
        self._full_at: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()
        at_fork(self, in_child=MemoryLimiter._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, cost: float, policy: Policy) -> Allowance:
        bucket = (policy.name, key)
        cost_seconds = seconds_of(cost, policy)
        with self._lock:
            now = self._monotonic()
            known = self._full_at.get(bucket)
            # More than a window only if the policy was another one before.
            lacking = 0.0 if known is None else min(max(known - now, 0.0), policy.window_seconds)
            allowed = is_allowed(lacking, cost_seconds, policy)
            if allowed:
                self._full_at[bucket] = now + lacking + cost_seconds
                if known is None:
                    self._make_room(now)
            if bucket in self._full_at:
                self._full_at.move_to_end(bucket)  # refused ones too: a flood must not be forgotten while it lasts
        return allowance_of(allowed, lacking, cost_seconds, policy)

    def give_back(self, key: str, cost: float, policy: Policy) -> None:
        """Undo a `take` that was allowed here, as somebody else refused the call."""
        bucket = (policy.name, key)
        with self._lock:
            if bucket in self._full_at:
                self._full_at[bucket] -= seconds_of(cost, policy)

    def _make_room(self, now: float) -> None:
        """Forget full buckets among the least lately used, and those beyond the bound whatever they hold."""
        for _ in range(_SWEPT_AT_ONCE):
            oldest = next(iter(self._full_at), None)
            if oldest is None:
                return
            if self._full_at[oldest] <= now or len(self._full_at) > self._buckets_max:
                del self._full_at[oldest]


def limit_headers(taken: Iterable[tuple[Policy, Allowance]]) -> list[tuple[str, str]]:
    """`RateLimit-Policy` and `RateLimit` of a call's limits (draft-ietf-httpapi-ratelimit-headers), in their order.

    >>> policy = Policy("tenant", quota=600, window_seconds=60)
    >>> limit_headers([(policy, Allowance(True, 600, 12.7, 2.4, 0.0))])
    [('RateLimit-Policy', '"tenant";q=600;w=60'), ('RateLimit', '"tenant";r=12;t=3')]
    """
    pairs = list(taken)
    if not pairs:
        return []
    policies = ", ".join(f'"{p.name}";q={math.floor(p.quota)};w={math.ceil(p.window_seconds)}' for p, _ in pairs)
    states = ", ".join(
        f'"{p.name}";r={math.floor(a.remaining + 1e-6)};t={math.ceil(a.reset_seconds)}' for p, a in pairs
    )
    return [("RateLimit-Policy", policies), ("RateLimit", states)]


def retry_after(seconds: float) -> str:
    """The value of `Retry-After`: whole seconds, at least 1.

    >>> retry_after(0.2), retry_after(2.5)
    ('1', '3')
    """
    return str(max(1, math.ceil(seconds)))


class Limits:
    """Several limits of one call, by credential and by tenant say; it goes on if all allow it."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def take(self, counted: Sequence[tuple[str, Policy]], cost: float = 1.0) -> list[tuple[Policy, Allowance]]:
        """Count a call under each key, in their order: the narrowest first, as those before a refusal stay counted.

        Raises RateLimitedError, whose message names the policy and never the key.
        """
        taken: list[tuple[Policy, Allowance]] = []
        for key, policy in counted:
            allowance = self._limiter.take(key, cost, policy)
            taken.append((policy, allowance))
            if not allowance.allowed:
                raise RateLimitedError(
                    f"more than {policy.quota:g} in {policy.window_seconds:g} seconds of this {policy.name}; "
                    f"ask again in {allowance.retry_after_seconds:.1f} seconds",
                    allowance.retry_after_seconds,
                )
        return taken
