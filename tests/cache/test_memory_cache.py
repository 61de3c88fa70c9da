"""A cache gives what was put, for its time and in its number, and counts."""

from __future__ import annotations

from continuum.cache import MemoryCache


class Hands:
    """A clock that a test turns; it counts seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_given_until_its_time_is_over_and_never_after() -> None:
    clock = Hands()
    cache = MemoryCache[str](entries_max=10, ttl_seconds=5, monotonic=clock)
    cache.put("key", "value")
    clock.now += 4.999
    assert cache.get("key") == "value"
    clock.now += 0.001
    assert cache.get("key") is None
    assert cache.stats() == {"entries": 0, "hits": 1, "misses": 1}


def test_putting_again_starts_the_time_again() -> None:
    clock = Hands()
    cache = MemoryCache[str](entries_max=10, ttl_seconds=5, monotonic=clock)
    cache.put("key", "old")
    clock.now += 4
    cache.put("key", "new")
    clock.now += 4
    assert cache.get("key") == "new"


def test_the_entry_that_was_used_longest_ago_makes_room() -> None:
    cache = MemoryCache[int](entries_max=3, ttl_seconds=5, monotonic=Hands())
    for number in range(3):
        cache.put(number, number)
    assert cache.get(0) == 0
    cache.put(3, 3)
    assert [cache.get(number) for number in range(4)] == [0, None, 2, 3]
    for number in range(100):
        cache.put(number, number)
        assert cache.stats()["entries"] <= 3


def test_a_cleared_cache_is_empty() -> None:
    cache = MemoryCache[int](entries_max=3, ttl_seconds=5, monotonic=Hands())
    cache.put("key", 1)
    cache.clear()
    assert cache.get("key") is None
