"""Each order of leaving agrees with a model that is too simple to be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.cache.base import Key
from continuum.cache.strategies import STALE_ENTRIES_MIN, STRATEGIES, LeastFrequentlyUsed
from tests.requirements import requirement


class Model:
    """The keys with all that happened to them; the victim is looked for among all."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.turn = 0
        self.age = 0.0
        self.keys: dict[int, tuple[float, int]] = {}

    def add(self, key: int, expires_at: float) -> None:
        self.turn += 1
        rank = {"lru": 0.0, "lfu": self.age + 1.0, "ttl": expires_at}[self.name]
        self.keys[key] = (rank, self.turn)

    def use(self, key: int) -> None:
        self.turn += 1
        rank, turn = self.keys[key]
        self.keys[key] = {"lru": (0.0, self.turn), "lfu": (rank + 1.0, self.turn), "ttl": (rank, turn)}[self.name]

    def victim(self) -> int:
        key = min(self.keys, key=self.keys.__getitem__)
        self.age = self.keys[key][0]
        return key


steps = st.lists(st.tuples(st.sampled_from(["add", "use", "use", "remove", "evict"]), st.integers(0, 7)), max_size=120)


@requirement("cache:strategies")
@given(name=st.sampled_from(sorted(STRATEGIES)), steps=steps)
def test_a_strategy_names_the_same_victim_as_its_model(name: str, steps: list[tuple[str, int]]) -> None:
    strategy, model = STRATEGIES[name](), Model(name)
    for what, number in steps:
        key: Key = ("t", number)
        if what == "add" and number not in model.keys:
            expires_at = float(number * 7 % 5)
            strategy.add(key, expires_at)
            model.add(number, expires_at)
        elif what == "use" and number in model.keys:
            strategy.use(key)
            model.use(number)
        elif what == "remove" and number in model.keys:
            strategy.remove(key)
            del model.keys[number]
        elif what == "evict" and model.keys:
            victim = model.victim()
            assert strategy.victim() == ("t", victim)
            strategy.remove(("t", victim))
            del model.keys[victim]


@pytest.mark.parametrize("name", STRATEGIES)
def test_without_keys_there_is_no_victim(name: str) -> None:
    strategy = STRATEGIES[name]()
    strategy.add(("t",), 1.0)
    strategy.remove(("t",))
    with pytest.raises(KeyError):
        strategy.victim()


def test_what_was_popular_once_does_not_stay_for_ever() -> None:
    strategy = LeastFrequentlyUsed[str]()
    strategy.add("old favourite", 0.0)
    for _ in range(20):
        strategy.use("old favourite")
    left = []
    for number in range(60):
        strategy.add(f"new {number}", 0.0)
        strategy.use(f"new {number}")
        left.append(strategy.victim())
        strategy.remove(left[-1])
    assert "old favourite" in left


def test_using_one_key_for_ever_takes_no_more_memory() -> None:
    strategy = LeastFrequentlyUsed[int]()
    for key in range(10):
        strategy.add(key, 0.0)
    for _ in range(10_000):
        strategy.use(3)
    assert len(strategy._keys._heap) <= 2 * 10 + STALE_ENTRIES_MIN
