"""Which entry leaves next when a cache is full."""

from __future__ import annotations

import heapq
import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, Literal, Protocol, TypeVar

from continuum.cache.base import Key

K = TypeVar("K", bound=Hashable)

StrategyName = Literal["lru", "lfu", "ttl"]

STALE_ENTRIES_MIN = 64
"""A heap is built anew when it holds this many outdated entries, and more of them than of current ones."""


class Strategy(Protocol[K]):
    """An order of leaving among keys. Laws: `victim` names one of the keys added and not removed since.

    Not thread-safe: the cache that owns it holds its own lock. Each call is O(log n) at most, over many calls.
    """

    def add(self, key: K, expires_at: float) -> None:
        """A key that is not there yet, and the moment its value dies, in seconds of the cache's clock."""
        ...

    def use(self, key: K) -> None:
        """Its value was given to somebody."""
        ...

    def remove(self, key: K) -> None:
        """The key has gone, for whatever reason."""
        ...

    def victim(self) -> K:
        """The key to leave next; it stays until it is removed. Raises KeyError if there is none."""
        ...


class LeastRecentlyUsed(Generic[K]):
    """Whoever was neither put nor used for longest leaves. O(1)."""

    def __init__(self) -> None:
        self._order: OrderedDict[K, None] = OrderedDict()

    def add(self, key: K, expires_at: float) -> None:
        self._order[key] = None

    def use(self, key: K) -> None:
        self._order.move_to_end(key)

    def remove(self, key: K) -> None:
        del self._order[key]

    def victim(self) -> K:
        for key in self._order:
            return key
        raise KeyError("no keys")


class _RankedKeys(Generic[K]):
    """Keys by rank, lowest first, equal ones in the order in which they were ranked. O(log n) over many calls."""

    def __init__(self) -> None:
        self._rank: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._numbers = itertools.count()

    def rank(self, key: K, rank: float) -> None:
        number = next(self._numbers)
        self._rank[key] = (rank, number)
        heapq.heappush(self._heap, (rank, number, key))
        if len(self._heap) > 2 * len(self._rank) + STALE_ENTRIES_MIN:
            self._heap = [(rank, number, key) for key, (rank, number) in self._rank.items()]
            heapq.heapify(self._heap)

    def remove(self, key: K) -> None:
        del self._rank[key]
        if not self._rank:
            self._heap.clear()

    def lowest(self) -> tuple[K, float]:
        while self._heap:
            rank, number, key = self._heap[0]
            if self._rank.get(key) == (rank, number):
                return key, rank
            heapq.heappop(self._heap)
        raise KeyError("no keys")


class LeastFrequentlyUsed(Generic[K]):
    """Whoever was used least leaves; of equals, the one used longest ago. O(log n).

    With ageing: a newcomer starts level with the last one that left, so that what was popular once does not stay
    for ever.
    """

    def __init__(self) -> None:
        self._keys: _RankedKeys[K] = _RankedKeys()
        self._count: dict[K, float] = {}
        self._age = 0.0

    def add(self, key: K, expires_at: float) -> None:
        self._set(key, self._age + 1.0)

    def use(self, key: K) -> None:
        self._set(key, self._count[key] + 1.0)

    def remove(self, key: K) -> None:
        del self._count[key]
        self._keys.remove(key)

    def victim(self) -> K:
        key, self._age = self._keys.lowest()
        return key

    def _set(self, key: K, count: float) -> None:
        self._count[key] = count
        self._keys.rank(key, count)


class SoonestToExpire(Generic[K]):
    """Whoever would die first leaves; of equals, the one put first. O(log n)."""

    def __init__(self) -> None:
        self._keys: _RankedKeys[K] = _RankedKeys()

    def add(self, key: K, expires_at: float) -> None:
        self._keys.rank(key, expires_at)

    def use(self, key: K) -> None:
        """Being used does not prolong a life."""

    def remove(self, key: K) -> None:
        self._keys.remove(key)

    def victim(self) -> K:
        return self._keys.lowest()[0]


STRATEGIES: Mapping[str, Callable[[], Strategy[Key]]] = {
    "lru": LeastRecentlyUsed,
    "lfu": LeastFrequentlyUsed,
    "ttl": SoonestToExpire,
}
"""By the names that settings use."""
