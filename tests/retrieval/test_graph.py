"""Activation flows to what is near, weaker with every step, and what it costs is bounded."""

from __future__ import annotations

import math
import random
from collections.abc import Collection

import pytest

from continuum.retrieval.graph import FRONTIER_MAX, LINKS_PER_NODE, SEEDS_MAX, Activation, Neighbourhood, Step, spread


class Graph:
    """Links of either direction in memory; remembers for which nodes it was asked."""

    def __init__(self, *links: Step) -> None:
        self.steps = [*links, *((b, a, strength) for a, b, strength in links)]
        self.asked: list[list[str]] = []

    def __call__(self, nodes: Collection[str], links_per_node: int) -> Neighbourhood:
        self.asked.append(list(nodes))
        steps = [
            step
            for node in nodes
            for step in sorted((s for s in self.steps if s[0] == node), key=lambda s: -s[2])[:links_per_node]
        ]
        degrees = {to: sum(step[1] == to for step in self.steps) for _, to, _ in steps}
        return Neighbourhood(steps, degrees)


def walk(graph: Graph, seeds: dict[str, float], *, enough: int = 100, depth: int = 2) -> Activation:
    return spread(seeds, graph, decay=0.5, min_strength=0.3, enough=enough, depth=depth)


def test_what_flows_is_level_times_decay_times_strength() -> None:
    found = walk(Graph(("a", "b", 0.8)), {"a": 0.5})
    assert found.levels == pytest.approx({"a": 0.5, "b": 0.5 * 0.5 * 0.8})
    assert found.depths == {"a": 0, "b": 1}


def test_a_hub_wins_nothing_by_its_many_links() -> None:
    crowd = [("hub", f"other{number}", 0.4) for number in range(15)]
    found = walk(Graph(("a", "hub", 0.8), ("a", "friend", 0.8), *crowd), {"a": 1.0}, depth=1)
    assert found.levels["friend"] == pytest.approx(0.4)
    assert found.levels["hub"] == pytest.approx(0.4 / math.sqrt(16))


def test_weak_links_are_not_walked() -> None:
    assert set(walk(Graph(("a", "b", 0.29), ("a", "c", 0.3)), {"a": 1.0}).levels) == {"a", "c"}


@pytest.mark.parametrize(("depth", "reached"), [(0, "a"), (1, "ab"), (2, "abc"), (3, "abcd")])
def test_the_walk_goes_as_far_as_it_may(depth: int, reached: str) -> None:
    chain = Graph(("a", "b", 1.0), ("b", "c", 1.0), ("c", "d", 1.0))
    found = walk(chain, {"a": 1.0}, depth=depth)
    assert found.depths == {name: steps for steps, name in enumerate(reached)}
    assert sorted(found.levels.values(), reverse=True) == [found.levels[name] for name in reached]


def test_the_walk_ends_once_there_is_enough_to_show() -> None:
    graph = Graph(("a", "b", 1.0), ("b", "c", 1.0))
    assert set(walk(graph, {"a": 1.0}, enough=2).levels) == {"a", "b"}
    assert graph.asked == [["a"]]
    assert walk(graph, {"a": 1.0}, enough=1).levels == {"a": 1.0}


def test_only_the_strongest_seeds_and_the_strongest_of_each_step_go_on() -> None:
    seeds = {f"seed{number:02}": 1.0 - number / 100 for number in range(SEEDS_MAX + 5)}
    links = [(seed, f"{seed}-{n}", 1.0 - n / 100) for seed in seeds for n in range(LINKS_PER_NODE + 5)]
    graph = Graph(*links)
    found = walk(graph, seeds)
    assert graph.asked[0] == sorted(seeds)[:SEEDS_MAX]
    assert len(graph.asked[1]) == FRONTIER_MAX
    assert len(found.levels) <= SEEDS_MAX + 2 * FRONTIER_MAX
    levels = [found.levels[node] for node in graph.asked[1]]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == pytest.approx(0.5)


def test_the_order_of_links_and_seeds_does_not_matter() -> None:
    rng = random.Random(3)
    names = [f"n{number}" for number in range(12)]
    links = [(a, b, rng.choice((0.3, 0.5, 0.9))) for a in names for b in names if a < b and rng.random() < 0.4]
    seeds = {"n0": 0.7, "n1": 0.7, "n2": 0.9}
    first = walk(Graph(*links), seeds)
    for _ in range(20):
        rng.shuffle(links)
        shuffled = dict(rng.sample(sorted(seeds.items()), len(seeds)))
        again = walk(Graph(*links), shuffled)
        assert (dict(again.levels), dict(again.depths)) == (dict(first.levels), dict(first.depths))


def test_nothing_flows_from_nothing() -> None:
    assert walk(Graph(("a", "b", 1.0)), {}).levels == {}
