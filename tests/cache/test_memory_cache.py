"""A cache in memory keeps its bounds and each tenant's share, whatever leaves first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.cache import Cache, MemoryCache
from continuum.cache.strategies import STRATEGIES
from continuum.testing.cache_suite import CacheConformance
from tests.requirements import requirement


class Hands:
    """A clock that a test turns; it counts seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestLeastRecentlyUsed(CacheConformance):
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return MemoryCache(entries_max, ttl_seconds, strategy=STRATEGIES["lru"])


class TestLeastFrequentlyUsed(CacheConformance):
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return MemoryCache(entries_max, ttl_seconds, strategy=STRATEGIES["lfu"])


class TestSoonestToExpire(CacheConformance):
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return MemoryCache(entries_max, ttl_seconds, strategy=STRATEGIES["ttl"])


class TestBoundedInBytes(CacheConformance):
    def make_cache(self, entries_max: int, ttl_seconds: float) -> Cache[bytes]:
        return MemoryCache(entries_max, ttl_seconds, bytes_max=1 << 20, size_of=len)


def test_a_value_is_given_until_its_time_is_over_and_never_after() -> None:
    clock = Hands()
    cache = MemoryCache[str](entries_max=10, ttl_seconds=5, monotonic=clock)
    cache.put(("t", "key"), "value")
    clock.now += 4.999
    assert cache.get(("t", "key")) == "value"
    clock.now += 0.001
    assert cache.get(("t", "key")) is None
    stats = cache.stats()
    assert (stats["entries"], stats["hits"], stats["misses"]) == (0, 1, 1)


def test_putting_again_starts_the_time_again() -> None:
    clock = Hands()
    cache = MemoryCache[str](entries_max=10, ttl_seconds=5, monotonic=clock)
    cache.put(("t", "key"), "old")
    clock.now += 4
    cache.put(("t", "key"), "new")
    clock.now += 4
    assert cache.get(("t", "key")) == "new"


def test_dead_entries_leave_memory_though_nobody_asks_for_them() -> None:
    clock = Hands()
    cache = MemoryCache[int](entries_max=100, ttl_seconds=5, monotonic=clock)
    for number in range(40):
        cache.put(("t", number), number)
    clock.now += 5
    for _ in range(10):
        cache.get(("t", "other"))
    assert cache.stats()["entries"] == 0


def kept(cache: MemoryCache[int], numbers: range) -> list[int]:
    return [number for number in numbers if cache.get(("t", number)) is not None]


@requirement("cache:strategies")
@pytest.mark.parametrize(
    ("strategy", "stay"),
    [("lru", [0, 2, 3]), ("lfu", [0, 1, 3]), ("ttl", [1, 2, 3])],
)
def test_each_strategy_has_its_own_idea_of_who_makes_room(strategy: str, stay: list[int]) -> None:
    clock = Hands()
    cache = MemoryCache[int](entries_max=3, ttl_seconds=5, monotonic=clock, strategy=STRATEGIES[strategy])
    for number in range(3):
        cache.put(("t", number), number)
        clock.now += 1
    for number in (0, 1, 1, 2, 0):
        assert cache.get(("t", number)) == number
    cache.put(("t", 3), 3)
    assert kept(cache, range(4)) == stay


@requirement("cache:shares")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_tenant_cannot_push_out_the_others_and_alone_may_have_everything(strategy: str) -> None:
    cache = MemoryCache[int](entries_max=10, ttl_seconds=60, strategy=STRATEGIES[strategy], tenant_share=0.5)
    for number in range(100):
        cache.put(("loud", number), number)
    assert cache.stats()["entries"] == 10
    for number in range(5):
        cache.put(("quiet", number), number)
    for number in range(100, 200):
        cache.put(("loud", number), number)
    assert [cache.get(("quiet", number)) for number in range(5)] == [0, 1, 2, 3, 4]
    assert cache.stats()["entries"] == 10


@requirement("cache:shares")
def test_who_has_more_than_a_share_gives_room_first_however_old_the_others_entries_are() -> None:
    cache = MemoryCache[int](entries_max=10, ttl_seconds=60, tenant_share=0.5)
    for tenant, count in (("old", 2), ("loud", 8), ("new", 3)):
        for number in range(count):
            cache.put((tenant, number), number)
    assert [cache.get(("old", number)) for number in range(2)] == [0, 1]
    assert [cache.get(("new", number)) for number in range(3)] == [0, 1, 2]
    assert [cache.get(("loud", number)) for number in range(8)] == [None, None, None, 3, 4, 5, 6, 7]
    for number in range(3, 5):
        cache.put(("new", number), number)
    assert cache.get(("old", 0)) is None, "within their shares all are equal"


def test_bytes_are_bounded_and_what_is_too_large_is_not_kept() -> None:
    cache = MemoryCache[bytes](entries_max=100, ttl_seconds=60, bytes_max=1_000, size_of=len, tenant_share=0.5)
    for number in range(20):
        cache.put((f"tenant {number % 4}", number), b"x" * 90)
        assert cache.stats()["bytes"] <= 1_000
    assert cache.stats()["entries"] == 11
    cache.put(("t", "half"), b"x" * 500)
    assert cache.get(("t", "half")) == b"x" * 500
    cache.put(("t", "half"), b"x" * 501)
    assert cache.get(("t", "half")) is None, "the older value does not stay in its place"
    assert cache.stats()["too_large"] == 1


operations = st.lists(
    st.tuples(st.sampled_from(["get", "put", "clear", "pass"]), st.sampled_from("abc"), st.integers(0, 6)), max_size=80
)


@given(operations=operations, strategy=st.sampled_from(sorted(STRATEGIES)), share=st.sampled_from([0.0, 0.4, 1.0]))
def test_whatever_is_done_no_answer_is_wrong_and_every_bound_holds(
    operations: list[tuple[str, str, int]], strategy: str, share: float
) -> None:
    clock = Hands()
    cache = MemoryCache[bytes](
        6, 5, clock, bytes_max=40, size_of=len, strategy=STRATEGIES[strategy], tenant_share=share
    )
    last: dict[tuple[str, int], tuple[float, bytes]] = {}
    for turn, (what, tenant, number) in enumerate(operations):
        if what == "put":
            last[tenant, number] = (clock.now, b"%d" % turn + b"x" * number)
            cache.put((tenant, number), last[tenant, number][1])
        elif what == "clear":
            cache.clear(tenant)
            last = {key: value for key, value in last.items() if key[0] != tenant}
        elif what == "pass":
            clock.now += number
        else:
            found = cache.get((tenant, number))
            put_at, value = last.get((tenant, number), (0.0, b""))
            assert found is None or (found == value and clock.now < put_at + 5)
        held = cache.stats()
        assert held["entries"] <= 6
        assert held["bytes"] <= 40
    cache.clear()
    assert (cache.stats()["entries"], cache.stats()["bytes"]) == (0, 0)
