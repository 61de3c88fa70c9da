"""A cache in Redis: when Redis is gone, frozen, slow, refusing, spoilt or back, it costs hits and nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from continuum.cache import Cache
from continuum.cache.breaker import BreakerState, CircuitBreaker
from continuum.cache.redis_cache import VALUE_BYTES_MAX, RedisCache
from continuum.cache.redis_connection import open_redis
from continuum.cache.sealed_entry import entry_name
from continuum.testing.cache_suite import LONG_SECONDS, WAIT_SECONDS, CacheConformance, eventually
from tests.redis_servers import OwnRedis, SlowProxy
from tests.requirements import requirement

SECRET = b"a secret of the tests"
GENEROUS_SECONDS = 5.0
BUDGET_SECONDS = 0.05
"""More than in use, as other tests run on the same processors; the laws are the same."""
FAILURES_MAX = 3
KEY = ("t", "key")


def cache_at(
    url: str,
    ttl_seconds: float = LONG_SECONDS,
    budget_seconds: float = GENEROUS_SECONDS,
    secret: bytes = SECRET,
    on_change: Callable[[BreakerState], None] | None = None,
) -> RedisCache:
    client = open_redis(url, budget_seconds=budget_seconds, connect_seconds=budget_seconds)
    breaker = CircuitBreaker(failures_max=FAILURES_MAX, open_seconds=0.05, open_seconds_max=0.2, on_change=on_change)
    return RedisCache(client, "tests:", ttl_seconds, secret=secret, budget_seconds=budget_seconds, breaker=breaker)


class TestRedisCache(CacheConformance):
    @pytest.fixture(autouse=True)
    def use(self, redis_url: str) -> None:
        self.url = redis_url

    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return cache_at(self.url, ttl_seconds)


@requirement("cache:redis")
def test_processes_share_what_they_put(redis_url: str) -> None:
    with closing(cache_at(redis_url)) as one, closing(cache_at(redis_url)) as other:
        one.put(KEY, b"value")
        assert other.get(KEY) == b"value"
        other.clear("t")
        assert one.get(KEY) is None


def test_caches_with_other_prefixes_or_secrets_share_nothing(redis_url: str) -> None:
    client = open_redis(redis_url, budget_seconds=GENEROUS_SECONDS)
    with closing(cache_at(redis_url)) as one, closing(cache_at(redis_url, secret=b"another")) as stranger:
        one.put(KEY, b"value")
        assert stranger.get(KEY) is None
        with closing(RedisCache(client, "tests*:", 60, secret=SECRET)) as other:
            assert other.get(KEY) is None
            other.put(KEY, b"other")
            other.clear()
            assert one.get(KEY) == b"value", "a prefix is no pattern"
            assert other.get(KEY) is None


def test_entries_put_together_do_not_die_together_and_none_outlives_its_time(redis_url: str) -> None:
    with closing(cache_at(redis_url, ttl_seconds=100)) as cache:
        for number in range(50):
            cache.put(("t", number), b"value")
    with closing(open_redis(redis_url, budget_seconds=GENEROUS_SECONDS)) as client:
        lives = [client.pttl(name) for name in client.scan_iter(match="tests:*")]
    assert len(lives) == 50
    assert all(isinstance(life, int) and 89_000 < life <= 100_000 for life in lives)
    assert len(set(lives)) > 25


def test_values_are_bounded_and_large_ones_are_stored_smaller(redis_url: str) -> None:
    with closing(cache_at(redis_url)) as cache, closing(open_redis(redis_url, budget_seconds=5)) as client:
        cache.put(KEY, b"x" * VALUE_BYTES_MAX)
        assert cache.get(KEY) == b"x" * VALUE_BYTES_MAX
        stored = client.strlen(entry_name("tests:", SECRET, KEY).name)
        assert isinstance(stored, int)
        assert stored < VALUE_BYTES_MAX / 50
        cache.put(("t", "larger"), b"x" * (VALUE_BYTES_MAX + 1))
        assert cache.get(("t", "larger")) is None
        assert cache.stats()["too_large"] == 1


@requirement("cache:sealed")
def test_what_somebody_else_wrote_is_a_miss_and_never_an_answer(redis_url: str) -> None:
    with closing(cache_at(redis_url)) as cache, closing(open_redis(redis_url, budget_seconds=5)) as client:
        cache.put(("alice", "key"), b"alice's")
        cache.put(("bob", "key"), b"bob's")
        alice, bob = (entry_name("tests:", SECRET, (tenant, "key")).name for tenant in ("alice", "bob"))
        bobs = client.get(bob)
        assert isinstance(bobs, bytes)
        for forged in (bobs, b"", b"\x01", b"value", bobs[:-1], bytes(len(bobs)), b"\x02" + bobs[1:]):
            client.set(alice, forged)
            assert cache.get(("alice", "key")) is None
        assert cache.stats()["spoilt"] == 7
        client.delete(alice)
        client.rpush(alice, "of another type")
        assert cache.get(("alice", "key")) is None
        assert cache.available, "a server that says no is there"
        cache.put(("alice", "key"), b"anew")
        assert cache.get(("alice", "key")) == b"anew"


def test_a_full_server_costs_the_entry_and_nothing_else(own_redis: OwnRedis) -> None:
    server = own_redis(arguments=("--maxmemory", "1", "--maxmemory-policy", "noeviction"))
    with closing(cache_at(server.url)) as cache:
        for _ in range(FAILURES_MAX * 2):
            cache.put(KEY, b"value")
            assert cache.get(KEY) is None
        assert cache.available


def calls_until_open(cache: RedisCache) -> int:
    """How many calls go to Redis before the breaker opens, if none of them is answered."""
    before = cache.stats()["calls"]
    for number in range(FAILURES_MAX):
        assert cache.get(("t", number)) is None
    assert not cache.available
    return cache.stats()["calls"] - before


def comes_back(cache: RedisCache, value: bytes) -> bool:
    """Whether what is put can be had again, sooner or later."""

    def holds() -> bool:
        cache.put(KEY, value)
        return cache.get(KEY) == value

    return eventually(holds)


@requirement("cache:redis-gone")
@pytest.mark.parametrize("round_number", range(3))
@pytest.mark.parametrize("trouble", ["frozen", "killed"])
def test_a_server_in_trouble_is_asked_a_few_times_then_left_alone_until_it_is_back(
    own_redis: OwnRedis, trouble: str, round_number: int
) -> None:
    server, changes = own_redis(), list[BreakerState]()
    with closing(cache_at(server.url, budget_seconds=BUDGET_SECONDS, on_change=changes.append)) as cache:
        assert comes_back(cache, b"before")
        (server.freeze if trouble == "frozen" else server.kill)()
        assert calls_until_open(cache) <= FAILURES_MAX
        with quiet_network(cache, changes):
            cache.put(KEY, b"during")
        (server.thaw if trouble == "frozen" else server.start)()
        assert comes_back(cache, b"after %d" % round_number)


@contextmanager
def quiet_network(cache: RedisCache, changes: list[BreakerState]) -> Iterator[None]:
    """Until Redis was looked for twice, no call of ours waits for it: those that look have threads of their own."""
    before, looked = cache.stats(), changes.count(BreakerState.HALF_OPEN)
    yield
    assert eventually(lambda: cache.get(KEY) is None and changes.count(BreakerState.HALF_OPEN) >= looked + 2)
    after = cache.stats()
    assert after["calls"] == before["calls"]
    assert after["errors"] == before["errors"]


@requirement("cache:redis-gone")
def test_a_server_that_takes_five_seconds_costs_a_few_budgets_and_then_nothing(own_redis: OwnRedis) -> None:
    changes: list[BreakerState] = []
    with (
        SlowProxy(own_redis().port) as proxy,
        closing(cache_at(proxy.url, budget_seconds=BUDGET_SECONDS, on_change=changes.append)) as cache,
    ):
        assert comes_back(cache, b"before")
        proxy.delay_seconds = 5.0
        begun = time.monotonic()
        assert calls_until_open(cache) <= FAILURES_MAX
        assert time.monotonic() - begun < 5.0, "nobody waited for the answer"
        with quiet_network(cache, changes):
            cache.put(KEY, b"during")
        proxy.delay_seconds = 0.0
        assert comes_back(cache, b"after")


@requirement("cache:redis-gone")
def test_of_many_threads_none_gets_a_wrong_value_while_a_server_comes_and_goes(own_redis: OwnRedis) -> None:
    server = own_redis()
    with closing(cache_at(server.url, budget_seconds=BUDGET_SECONDS)) as cache, ThreadPoolExecutor(4) as pool:
        stop = time.monotonic() + 1.5

        def use(thread: int) -> tuple[int, int]:
            wrong = right = turn = 0
            while time.monotonic() < stop:
                turn += 1
                key, value = (f"tenant {thread}", turn % 20), b"%d %d" % (thread, turn % 20)
                found = cache.get(key)
                wrong += found not in (None, value)
                right += found == value
                cache.put(key, value)
            return wrong, right

        threads = [pool.submit(use, thread) for thread in range(4)]
        for trouble, relief in ((server.freeze, server.thaw), (server.kill, server.start)) * 2:
            trouble()
            assert eventually(lambda: not cache.available)
            relief()
            assert eventually(lambda: cache.available)
        outcomes = [each.result(WAIT_SECONDS) for each in threads]
    assert sum(wrong for wrong, _ in outcomes) == 0
    assert sum(right for _, right in outcomes) > 0


def test_a_change_of_state_is_told_and_by_default_logged(own_redis: OwnRedis, caplog: pytest.LogCaptureFixture) -> None:
    server = own_redis()
    client = open_redis(server.url, budget_seconds=BUDGET_SECONDS)
    with closing(RedisCache(client, "p:", 60, secret=SECRET)) as cache, caplog.at_level(logging.WARNING):
        server.kill()
        for _ in range(20):
            cache.get(KEY)
        assert [record.message for record in caplog.records] == [
            "the cache in Redis does not answer; going on without it"
        ]
    changes: list[BreakerState] = []
    breaker = CircuitBreaker(failures_max=1, on_change=changes.append)
    with closing(RedisCache(client, "p:", 60, secret=SECRET, breaker=breaker)) as cache:
        cache.get(KEY)
    assert changes == [BreakerState.OPEN]


def test_clearing_finds_every_entry_among_many_others(redis_url: str) -> None:
    with closing(cache_at(redis_url)) as cache, closing(open_redis(redis_url, budget_seconds=5)) as client:
        with client.pipeline(transaction=False) as pipe:
            for number in range(3_000):
                pipe.set(f"somebody's {number}", b"theirs")
            pipe.execute()
        for number in range(600):
            cache.put((f"tenant {number % 2}", number), b"value")
        cache.clear("tenant 0")
        assert [cache.get((f"tenant {number % 2}", number)) for number in range(600)] == [None, b"value"] * 300
        cache.clear()
        assert client.dbsize() == 3_000
