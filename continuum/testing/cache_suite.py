"""What every cache must do; subclass `CacheConformance` and say how to build yours.

```python
class TestMine(CacheConformance):
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return MyCache(entries_max, ttl_seconds)
```
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from continuum.cache.base import Cache, Key

LONG_SECONDS = 600.0
WAIT_SECONDS = 10.0
THREADS = 8
ROUNDS = 100
VALUES = (b"", b"\x00", b"plain", bytes(range(256)) * 50, os.urandom(100_000))
"""The last one cannot be made smaller, the one before it can."""


def eventually(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
    """Whether something came true within a time."""
    end, waiting = time.monotonic() + seconds, threading.Event()
    while not condition():
        if time.monotonic() > end:
            return False
        waiting.wait(0.002)
    return True


class CacheConformance(ABC):
    """The laws of `Cache`, one test each."""

    @abstractmethod
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        """An empty cache that nobody else uses; asked for once or twice a test."""

    def settle(self, cache: Cache[bytes]) -> None:  # noqa: B027 - most need none
        """Wait until what was put can be had; nothing to do where that is at once."""

    @pytest.fixture
    def cache(self) -> Iterator[Cache[bytes]]:
        with closing(self.make_cache(1_000, LONG_SECONDS)) as cache:
            yield cache

    def put(self, cache: Cache[bytes], key: Key, value: bytes) -> None:
        cache.put(key, value)
        self.settle(cache)

    def test_what_was_put_is_given_and_nothing_else(self, cache: Cache[bytes]) -> None:
        for number, value in enumerate(VALUES):
            self.put(cache, ("t", number), value)
        assert [cache.get(("t", number)) for number in range(len(VALUES))] == list(VALUES)
        assert cache.get(("t", len(VALUES))) is None

    def test_what_was_put_last_counts(self, cache: Cache[bytes]) -> None:
        for value in (b"first", b"second"):
            self.put(cache, ("t", "key"), value)
        assert cache.get(("t", "key")) == b"second"

    def test_parts_of_keys_do_not_run_together(self, cache: Cache[bytes]) -> None:
        keys: list[Key] = [
            *(("t", "ab", "c"), ("t", "a", "bc"), ("t", "abc"), ("t", "abc", ""), ("ta", "bc"), ("t",)),
            *(("t", "1"), ("t", b"1"), ("t", 1), ("t", -1), ("t", None), ("t", ""), ("t", b""), ("t", "\ud800")),
        ]
        for number, key in enumerate(keys):
            self.put(cache, key, b"%d" % number)
        assert [cache.get(key) for key in keys] == [b"%d" % number for number in range(len(keys))]

    def test_tenants_never_see_each_others_entries(self, cache: Cache[bytes]) -> None:
        self.put(cache, ("alice", "key"), b"alice's")
        assert cache.get(("bob", "key")) is None
        self.put(cache, ("bob", "key"), b"bob's")
        assert (cache.get(("alice", "key")), cache.get(("bob", "key"))) == (b"alice's", b"bob's")

    def test_a_value_is_gone_after_its_time(self) -> None:
        with closing(self.make_cache(10, 0.05)) as cache:
            self.put(cache, ("t", "key"), b"value")
            assert eventually(lambda: cache.get(("t", "key")) is None)

    def test_no_more_entries_are_held_than_it_may(self) -> None:
        with closing(self.make_cache(5, LONG_SECONDS)) as cache:
            for number in range(50):
                cache.put((f"tenant {number % 3}", number), b"value")
                assert cache.stats()["entries"] <= 5

    def test_clearing_one_tenant_leaves_the_others(self, cache: Cache[bytes]) -> None:
        for tenant in ("alice", "bob", "al*ce"):
            self.put(cache, (tenant, "key"), tenant.encode())
        cache.clear("al*ce")
        assert [cache.get((tenant, "key")) for tenant in ("alice", "bob", "al*ce")] == [b"alice", b"bob", None]

    def test_a_cleared_cache_is_empty_and_goes_on(self, cache: Cache[bytes]) -> None:
        for number in range(20):
            cache.put((f"tenant {number % 3}", number), b"value")
        cache.clear()
        assert [cache.get((f"tenant {number % 3}", number)) for number in range(20)] == [None] * 20
        self.put(cache, ("t", "key"), b"new")
        assert cache.get(("t", "key")) == b"new"

    def test_hits_and_misses_are_counted(self, cache: Cache[bytes]) -> None:
        self.put(cache, ("t", "key"), b"value")
        assert [cache.get(("t", name)) for name in ("key", "key", "other")] == [b"value", b"value", None]
        counted = cache.stats()
        assert (counted["hits"], counted["misses"], counted["errors"]) == (2, 1, 0)

    def test_threads_get_what_was_put_under_their_key(self, cache: Cache[bytes]) -> None:
        def use(thread: int) -> int:
            wrong = 0
            for number in range(ROUNDS):
                key = (f"tenant {thread % 2}", number % 10)
                cache.put(key, b"%d %d" % (thread % 2, number % 10))
                wrong += cache.get(key) not in (None, b"%d %d" % (thread % 2, number % 10))
                if number % 50 == thread:
                    cache.clear(f"tenant {thread % 2}")
            return wrong

        with ThreadPoolExecutor(THREADS) as pool:
            assert sum(pool.map(use, range(THREADS))) == 0

    def test_a_closed_cache_holds_nothing_and_complains_of_nothing(self) -> None:
        with ExitStack() as stack:
            cache = stack.enter_context(closing(self.make_cache(10, LONG_SECONDS)))
            self.put(cache, ("t", "key"), b"value")
            cache.close()
            cache.close()
            assert cache.get(("t", "key")) is None

    def test_a_forked_child_can_use_it(self, cache: Cache[bytes]) -> None:
        self.put(cache, ("t", "key"), b"value")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            child = os.fork()
        if child == 0:
            self._end_child(cache)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert cache.get(("t", "key")) == b"value"

    def _end_child(self, cache: Cache[bytes]) -> None:
        """Put and get, and leave without what a child of a test must not do."""
        status = 1
        try:
            self.put(cache, ("t", "child"), b"child's")
            status = 0 if cache.get(("t", "child")) == b"child's" else 2
        finally:
            os._exit(status)
