"""Spreading activation over the concept graph: which concepts lie near the ones a question names.

Pure: links come from a function that is handed in, asked once per step for all nodes of that step. What a step costs
is bounded by `LINKS_PER_NODE` and `FRONTIER_MAX`, whatever the size of the graph or of a hub; and once as many
concepts are active as an answer can show, no further step is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

DEPTH_MAX = 2
LINKS_PER_NODE = 8
FRONTIER_MAX = 8
SEEDS_MAX = 8


Step = tuple[str, str, float]
"""From a node to its neighbour, over a link of this strength."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The strongest steps away from some nodes, and how many links each receiver has in all."""

    steps: Sequence[Step]
    degrees: Mapping[str, int]


NeighbourLookup = Callable[[Collection[str], int], Neighbourhood]
"""(entity ids, steps per node) -> their strongest steps, links of either direction counting."""


@dataclass(frozen=True, slots=True)
class Activation:
    """Concepts reached, with their activation in (0, 1] and their distance in links."""

    levels: Mapping[str, float]
    depths: Mapping[str, int]


def spread(
    seeds: Mapping[str, float],
    lookup: NeighbourLookup,
    *,
    decay: float,
    min_strength: float,
    enough: int,
    depth: int = DEPTH_MAX,
) -> Activation:
    """Let the seeds' activation flow over links, weaker with every step.

    A node hands on ``level × decay × strength / sqrt(degree of the receiver)``, so that a hub, which everything
    links to, does not win everywhere. A receiver keeps the strongest inflow, so the order of links never matters.
    `seeds` map entity ids to levels in (0, 1]; links below `min_strength` are not walked. With `enough` concepts
    active the walk ends: what lies further away is weaker, and would not be shown.
    """
    ranked = sorted(seeds.items(), key=lambda item: (-item[1], item[0]))[:SEEDS_MAX]
    levels = dict(ranked)
    depths = dict.fromkeys(levels, 0)
    frontier = list(levels)
    for step in range(1, depth + 1):
        if not frontier or len(levels) >= enough:
            break
        found = lookup(frontier, LINKS_PER_NODE)
        steps = [step for step in found.steps if step[2] >= min_strength]
        reached = _inflow(steps, found.degrees, levels, decay)
        fresh = {node: level for node, level in reached.items() if node not in levels}
        frontier = sorted(fresh, key=lambda node: (-fresh[node], node))[:FRONTIER_MAX]
        levels.update((node, fresh[node]) for node in frontier)
        depths.update(dict.fromkeys(frontier, step))
    return Activation(levels, depths)


def _inflow(
    steps: Sequence[Step], degrees: Mapping[str, int], levels: Mapping[str, float], decay: float
) -> dict[str, float]:
    reached: dict[str, float] = {}
    for sender, receiver, strength in steps:
        level = levels[sender] * decay * strength / math.sqrt(max(1, degrees.get(receiver, 1)))
        reached[receiver] = max(level, reached.get(receiver, 0.0))
    return reached
