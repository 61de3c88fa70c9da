"""Memory before Redis: what this process has is given at once, what another has found need not be found again."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import Final, Generic

from continuum.cache.base import Key, Value
from continuum.cache.memory_cache import MemoryCache
from continuum.cache.redis_cache import RedisCache
from continuum.domain.forking import at_fork

WAITING_MAX: Final = 256
"""Values on their way to Redis; more are dropped, and counted."""
CLOSE_SECONDS: Final = 2.0
IDLE_SECONDS: Final = 10.0
"""The thread ends when it had nothing to carry for so long."""


class DistributedCache(Generic[Value]):
    """A near cache of values before a far one of bytes.

    `get` asks near, then far, and keeps near what it found far. `put` keeps near at once and far by a thread of its
    own, so no caller waits for Redis to take something. `decode` must give what `encode` was given, and raise
    ValueError for bytes of another version: a miss. A value may live for the near and the far time together.
    """

    def __init__(
        self,
        near: MemoryCache[Value],
        far: RedisCache,
        *,
        encode: Callable[[Value], bytes],
        decode: Callable[[bytes], Value],
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._near = near
        self._far = far
        self._encode = encode
        self._decode = decode
        self._waiting_max = waiting_max
        self._counts: Counter[str] = Counter()
        self._closed = False
        self._renew()
        at_fork(self, in_child=DistributedCache._renew)

    def _renew(self) -> None:
        """In a forked child: the thread, and what waits for it, stayed with the parent."""
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Key, Value]] = deque()
        self._busy = False
        self._thread: threading.Thread | None = None

    def get(self, key: Key) -> Value | None:
        value = self._near.get(key)
        if value is not None:
            self._count("hits")
            return value
        value = self._far_value(key)
        if value is not None:
            self._near.put(key, value)
        self._count("misses" if value is None else "hits")
        return value

    def put(self, key: Key, value: Value) -> None:
        self._near.put(key, value)
        with self._changed:
            if self._closed or not self._far.available or len(self._waiting) >= self._waiting_max:
                self._counts["dropped"] += 1
                return
            self._waiting.append((key, value))
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, daemon=True, name="carries to the far cache")
                self._thread.start()

    def clear(self, tenant_id: str | None = None) -> None:
        """As each of both; what is on its way is dropped too. Waits for Redis, `CLEAR_SECONDS` at most."""
        with self._changed:
            kept = [each for each in self._waiting if tenant_id not in (None, each[0][0])]
            self._waiting.clear()
            self._waiting.extend(kept)
        self._near.clear(tenant_id)
        self.settle(CLOSE_SECONDS)  # the one that is being carried would arrive after the clearing
        self._far.clear(tenant_id)

    def settle(self, wait_seconds: float) -> bool:
        """Wait until nothing is on its way to the far cache; False if that took longer than `wait_seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, wait_seconds)

    def stats(self) -> dict[str, int]:
        """The near entries; hits and misses of both as one; errors of both. Also `far_hits`, `dropped` puts,
        and `far_open` (1 while Redis is not asked)."""
        near, far = self._near.stats(), self._far.stats()
        with self._changed:
            own = dict(self._counts)
        return {
            "entries": near["entries"],
            "hits": own.get("hits", 0),
            "misses": own.get("misses", 0),
            "errors": own.get("errors", 0) + far["errors"],
            "near_hits": near["hits"],
            "far_hits": far["hits"],
            "far_calls": far["calls"],
            "far_open": int(not self._far.available),
            "dropped": own.get("dropped", 0),
            "evictions": near["evictions"],
            "bytes": near["bytes"],
        }

    def close(self) -> None:
        """Carry on for `CLOSE_SECONDS` at most, then drop what waits."""
        self.settle(CLOSE_SECONDS)
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSE_SECONDS)
        self._far.close()
        self._near.close()

    def _far_value(self, key: Key) -> Value | None:
        found = self._far.get(key)
        if found is None:
            return None
        try:
            return self._decode(found)
        except ValueError:
            self._count("errors")
            return None

    def _carry(self) -> None:
        try:
            while (item := self._next()) is not None:
                try:
                    self._far.put(item[0], self._encode(item[1]))
                except ValueError:
                    self._count("errors")
        finally:
            with self._changed:  # the next `put` starts another thread
                self._busy = False
                if self._thread is threading.current_thread():
                    self._thread = None
                self._changed.notify_all()

    def _next(self) -> tuple[Key, Value] | None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._waiting or self._closed, IDLE_SECONDS) or self._closed:
                self._thread = None
                return None
            self._busy = True
            return self._waiting.popleft()

    def _count(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
