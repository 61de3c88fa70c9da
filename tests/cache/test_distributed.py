"""Memory before Redis: near hits do not ask Redis, far hits come near, and nobody waits for Redis to take something."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import closing

import pytest

from continuum.cache import Cache, MemoryCache
from continuum.cache.distributed import WAITING_MAX, DistributedCache
from continuum.testing.cache_suite import LONG_SECONDS, WAIT_SECONDS, CacheConformance, eventually
from tests.cache.test_redis_cache import BUDGET_SECONDS, FAILURES_MAX, cache_at
from tests.redis_servers import OwnRedis
from tests.requirements import requirement

KEY = ("t", "key")


def text_cache(url: str, budget_seconds: float = 5.0) -> DistributedCache[str]:
    """A cache of texts, each written with a version before it."""

    def decode(data: bytes) -> str:
        if not data.startswith(b"1"):
            raise ValueError("another version")
        return data[1:].decode()

    near = MemoryCache[str](100, LONG_SECONDS)
    far = cache_at(url, budget_seconds=budget_seconds)
    return DistributedCache(near, far, encode=lambda text: b"1" + text.encode(), decode=decode)


class TestDistributedCache(CacheConformance):
    @pytest.fixture(autouse=True)
    def use(self, redis_url: str) -> None:
        self.url = redis_url

    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        near = MemoryCache[bytes](entries_max, ttl_seconds)
        return DistributedCache(near, cache_at(self.url, ttl_seconds), encode=bytes, decode=bytes)

    def settle(self, cache: Cache[bytes]) -> None:
        assert isinstance(cache, DistributedCache)
        assert cache.settle(WAIT_SECONDS)


@requirement("cache:redis")
def test_what_one_process_has_found_another_finds_far_once_and_near_from_then_on(redis_url: str) -> None:
    with closing(text_cache(redis_url)) as one, closing(text_cache(redis_url)) as other:
        one.put(KEY, "valüe")
        assert one.settle(WAIT_SECONDS)
        assert [other.get(KEY) for _ in range(3)] == ["valüe"] * 3
        stats = other.stats()
        assert (stats["hits"], stats["misses"], stats["far_hits"], stats["near_hits"]) == (3, 0, 1, 2)
        assert stats["far_calls"] == 1


def test_bytes_of_another_version_are_a_miss(redis_url: str) -> None:
    with closing(cache_at(redis_url)) as far, closing(text_cache(redis_url)) as cache:
        far.put(KEY, b"2value")
        assert cache.get(KEY) is None
        assert (cache.stats()["misses"], cache.stats()["errors"]) == (1, 1)
        cache.put(KEY, "value")
        assert cache.settle(WAIT_SECONDS)
        assert far.get(KEY) == b"1value"


def test_a_cleared_tenant_is_gone_near_and_far_whatever_was_on_its_way(redis_url: str) -> None:
    with closing(text_cache(redis_url)) as one, closing(text_cache(redis_url)) as other:
        for number in range(100):
            one.put((f"tenant {number % 2}", number), "value")
        one.clear("tenant 0")
        assert one.settle(WAIT_SECONDS)
        found = [other.get((f"tenant {number % 2}", number)) for number in range(100)]
        assert found == [None, "value"] * 50


@requirement("cache:redis-gone")
def test_with_redis_frozen_puts_return_at_once_and_near_entries_are_given(own_redis: OwnRedis) -> None:
    server = own_redis()
    with closing(text_cache(server.url, BUDGET_SECONDS)) as cache:
        cache.put(KEY, "value")
        assert cache.settle(WAIT_SECONDS)
        server.freeze()
        for number in range(10 * WAITING_MAX):
            cache.put(("t", number), "value")
        assert cache.stats()["dropped"] >= 9 * WAITING_MAX - FAILURES_MAX
        assert cache.get(("t", 10 * WAITING_MAX - 1)) == "value"
        server.thaw()

        def holds() -> bool:
            with closing(text_cache(server.url)) as other:
                cache.get(("t", "looks for Redis"))
                cache.put(("t", "back"), "again")
                return other.get(("t", "back")) == "again"

        assert eventually(holds)


def test_a_value_that_cannot_be_written_down_stays_near_and_disturbs_nothing(redis_url: str) -> None:
    with closing(text_cache(redis_url)) as cache, closing(text_cache(redis_url)) as other:
        cache.put(("t", "bad"), "\ud800")
        cache.put(("t", "good"), "value")
        assert cache.settle(WAIT_SECONDS)
        assert (cache.get(("t", "bad")), other.get(("t", "bad")), other.get(("t", "good"))) == ("\ud800", None, "value")
        assert cache.stats()["errors"] == 1


def test_closing_carries_what_waits_and_ends_the_thread(redis_url: str) -> None:
    cache = text_cache(redis_url)
    for number in range(50):
        cache.put(("t", number), "value")
    cache.close()
    assert not [each for each in threading.enumerate() if each.name == "carries to the far cache"]
    with closing(text_cache(redis_url)) as other:
        assert [other.get(("t", number)) for number in range(50)] == ["value"] * 50
    cache.put(KEY, "too late")
    gone = weakref.ref(cache)
    del cache
    gc.collect()
    assert gone() is None
