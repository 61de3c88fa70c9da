"""Reads from replicas without reading what is older than one's own writes."""

from __future__ import annotations

import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from continuum.storage.postgres_pool import Pool

TENANTS_REMEMBERED = 10_000
AWAY_SECONDS, AWAY_SECONDS_MAX = 5.0, 120.0


@dataclass(slots=True)
class Replica:
    """One replica, and how far it was known to be."""

    pool: Pool
    replayed: int = 0
    away_until: float = 0.0
    """Until when, on the monotonic clock, nobody asks it again after a failure."""
    failures: int = 0

    @property
    def is_away(self) -> bool:
        """Whether it failed lately."""
        return time.monotonic() < self.away_until

    def failed(self) -> None:
        """Let nobody ask it for a while, longer each time."""
        self.failures += 1
        self.away_until = time.monotonic() + min(AWAY_SECONDS * 2 ** (self.failures - 1), AWAY_SECONDS_MAX)

    def answered(self) -> None:
        """It is there."""
        self.failures = 0


class Replicas:
    """Where this process may read, and how far a replica must have come for each tenant.

    A position is a byte offset in the primary's log of changes. Of tenants that were not written for longest only
    the highest position is remembered, for all of them together: that asks for more than it must, never for less.
    """

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._replicas = [Replica(pool) for pool in pools]
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._written: OrderedDict[str, int] = OrderedDict()
        self._floor = 0

    def __bool__(self) -> bool:
        return bool(self._replicas)

    def __iter__(self) -> itertools.chain[Replica]:
        return itertools.chain(self._replicas)

    def next(self) -> Replica:
        """The replicas take turns."""
        return self._replicas[next(self._turn) % len(self._replicas)]

    def wrote(self, tenant: str, position: int) -> None:
        """This process has committed a write of a tenant, which ends at or before a position."""
        with self._lock:
            self._written[tenant] = max(position, self._written.get(tenant, 0))
            self._written.move_to_end(tenant)
            while len(self._written) > TENANTS_REMEMBERED:
                _, forgotten = self._written.popitem(last=False)
                self._floor = max(self._floor, forgotten)

    def needed(self, tenant: str) -> int:
        """How far a replica must be to have all that this process wrote of a tenant."""
        with self._lock:
            return self._written.get(tenant, self._floor)


def position_of(text: str) -> int:
    """A log position as PostgreSQL writes it, as a number.

    >>> position_of("16/B374D848") - position_of("16/0")
    3010779208
    """
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)
