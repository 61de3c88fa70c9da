"""A cache in this process, bounded in entries and bytes, in which no tenant crowds out the others."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic

from continuum.cache.base import Key, Value
from continuum.cache.strategies import LeastRecentlyUsed, Strategy
from continuum.domain.forking import at_fork

TENANT_SHARE: Final = 0.5
"""Of entries and of bytes: how much one tenant keeps when others want room."""
SWEPT_AT_ONCE: Final = 4
"""Dead entries that a call removes in passing: more than it adds, so they never pile up."""


@dataclass(slots=True)
class _Entry(Generic[Value]):
    expires_at: float
    size: int
    value: Value


@dataclass(slots=True)
class _Shelf:
    """What one tenant has here."""

    order: Strategy[Key]
    keys: set[Key] = field(default_factory=set)
    size: int = 0


class MemoryCache(Generic[Value]):
    """At most `entries_max` values, of `bytes_max` in all, each for at most `ttl_seconds` of `monotonic` time.

    `size_of` estimates a value's bytes; without it only entries are counted. A value larger than a tenant's share of
    the bytes is not kept. `strategy` makes the order in which entries leave. A tenant that has more than
    `tenant_share` of the entries or bytes gives room first; alone, it may have everything. Each call is O(log n).
    """

    def __init__(
        self,
        entries_max: int,
        ttl_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        bytes_max: int | None = None,
        size_of: Callable[[Value], int] | None = None,
        strategy: Callable[[], Strategy[Key]] = LeastRecentlyUsed,
        tenant_share: float = TENANT_SHARE,
    ) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._ttl_seconds = ttl_seconds
        self._monotonic = monotonic
        self._size_of = size_of
        self._strategy = strategy
        self._share_of_entries = max(1, int(entries_max * tenant_share))
        self._share_of_bytes = None if bytes_max is None else int(bytes_max * tenant_share)
        self._hits = self._misses = self._evictions = self._refused = 0
        self._empty()
        at_fork(self, in_child=MemoryCache._empty)

    def _empty(self) -> None:
        """New everything; in a forked child the lock may be held by a thread that stayed with the parent."""
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()  # in the order in which they die
        self._order = self._strategy()
        self._shelves: dict[str, _Shelf] = {}
        self._crowding: dict[str, None] = {}  # tenants beyond their share: few, as shares add up to the whole
        self._size = 0

    def get(self, key: Key) -> Value | None:
        with self._lock:
            self._sweep()
            entry = self._entries.get(key)
            if entry is None or entry.expires_at <= self._monotonic():
                self._misses += 1
                return None
            self._order.use(key)
            self._shelves[key[0]].order.use(key)
            self._hits += 1
            return entry.value

    def put(self, key: Key, value: Value) -> None:
        size = self._size_of(value) if self._size_of else 0
        with self._lock:
            self._sweep()
            self._remove(key)
            if self._share_of_bytes is not None and size > self._share_of_bytes:
                self._refused += 1
                return
            self._make_room(key[0], size)
            self._add(key, _Entry(self._monotonic() + self._ttl_seconds, size, value))

    def clear(self, tenant_id: str | None = None) -> None:
        with self._lock:
            for tenant in [*self._shelves] if tenant_id is None else [tenant_id]:
                shelf = self._shelves.get(tenant)
                for key in [*shelf.keys] if shelf else []:
                    self._remove(key)

    def stats(self) -> dict[str, int]:
        with self._lock:
            return {
                "entries": len(self._entries),
                "hits": self._hits,
                "misses": self._misses,
                "errors": 0,
                "bytes": self._size,
                "evictions": self._evictions,
                "too_large": self._refused,
            }

    def close(self) -> None:
        self.clear()

    def _sweep(self) -> None:
        now = self._monotonic()
        for _ in range(SWEPT_AT_ONCE):
            key = next(iter(self._entries), None)
            if key is None or self._entries[key].expires_at > now:
                return
            self._remove(key)

    def _make_room(self, tenant: str, size: int) -> None:
        while self._entries and self._is_full(size):
            self._remove(self._victim(tenant, size))
            self._evictions += 1

    def _is_full(self, size: int) -> bool:
        if len(self._entries) >= self._entries_max:
            return True
        return self._bytes_max is not None and self._size + size > self._bytes_max

    def _victim(self, tenant: str, size: int) -> Key:
        own = self._shelves.get(tenant)
        if own and self._is_crowding(len(own.keys) + 1, own.size + size):
            return own.order.victim()
        for other in self._crowding:
            return self._shelves[other].order.victim()
        return self._order.victim()

    def _is_crowding(self, entries: int, size: int) -> bool:
        return entries > self._share_of_entries or (self._share_of_bytes is not None and size > self._share_of_bytes)

    def _add(self, key: Key, entry: _Entry[Value]) -> None:
        self._entries[key] = entry
        self._size += entry.size
        self._order.add(key, entry.expires_at)
        shelf = self._shelves.get(key[0])
        if shelf is None:
            shelf = self._shelves[key[0]] = _Shelf(self._strategy())
        shelf.order.add(key, entry.expires_at)
        shelf.keys.add(key)
        shelf.size += entry.size
        if self._is_crowding(len(shelf.keys), shelf.size):
            self._crowding[key[0]] = None

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._size -= entry.size
        self._order.remove(key)
        shelf = self._shelves[key[0]]
        shelf.order.remove(key)
        shelf.keys.discard(key)
        shelf.size -= entry.size
        if not self._is_crowding(len(shelf.keys), shelf.size):
            self._crowding.pop(key[0], None)
        if not shelf.keys:
            del self._shelves[key[0]]
