"""A cache in this process: least recently used entries leave first."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic

from continuum.cache.base import Value
from continuum.domain.forking import at_fork


class MemoryCache(Generic[Value]):
    """At most `entries_max` values, each for at most `ttl_seconds` of `monotonic` time."""

    def __init__(self, entries_max: int, ttl_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._entries: OrderedDict[Hashable, tuple[float, Value]] = OrderedDict()
        self._entries_max = entries_max
        self._ttl_seconds = ttl_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0
        at_fork(self, in_child=MemoryCache._renew)

    def _renew(self) -> None:
        """In a forked child: the lock may be held by a thread that stayed with the parent."""
        self._lock = threading.Lock()
        self._entries.clear()

    def get(self, key: Hashable) -> Value | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry[0] <= self._monotonic():
                self._entries.pop(key, None)
                self._misses += 1
                return None
            self._entries.move_to_end(key)
            self._hits += 1
            return entry[1]

    def put(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._entries[key] = (self._monotonic() + self._ttl_seconds, value)
            self._entries.move_to_end(key)
            while len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def stats(self) -> dict[str, int]:
        with self._lock:
            return {"entries": len(self._entries), "hits": self._hits, "misses": self._misses}
