"""A neighbourhood laid out on a plane: what every picture of it is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

WIDTH, HEIGHT = 1_000.0, 700.0
MARGIN = 60.0
STEPS = 250
_FIRST_STEP = 0.1
"""How far a node may go in the first step, as a share of the plane; it shrinks to nothing."""


Positions = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""x and y of each node."""


class Named(Protocol):
    """An entity, of a store or of a service."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def entity_type(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def occurrences(self) -> int: ...


class Tie(Protocol):
    """A link between two entities."""

    @property
    def concept_a(self) -> str: ...
    @property
    def concept_b(self) -> str: ...
    @property
    def link_type(self) -> str: ...
    @property
    def strength(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Node:
    """One concept: where its middle lies, and how large it is."""

    name: str
    entity_type: str
    description: str
    occurrences: int
    x: float
    y: float
    radius: float
    is_centre: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A link between two nodes, by their places in the list; strength in [0, 1]."""

    start: int
    end: int
    link_type: str
    strength: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes, the centre first, and edges on a plane of `WIDTH` by `HEIGHT`."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    is_cut: bool = False
    """Whether there was more than fits."""


def drawn(centre: Named, entities: Sequence[Named], links: Sequence[Tie], *, is_cut: bool = False) -> Drawing:
    """Lay a neighbourhood out: linked concepts near each other, the centre in the middle. Always the same way."""
    every = [centre, *entities]
    places = {entity.id: place for place, entity in enumerate(every)}
    edges = [
        Edge(places[link.concept_a], places[link.concept_b], link.link_type, link.strength)
        for link in links
        if link.concept_a in places and link.concept_b in places
    ]
    at = _laid_out(len(every), edges)
    nodes = [
        Node(
            entity.name,
            entity.entity_type,
            entity.description,
            entity.occurrences,
            round(float(at[place, 0]), 1),
            round(float(at[place, 1]), 1),
            round(min(8.0 + 3.0 * math.log2(1 + entity.occurrences), 30.0), 1),
            place == 0,
        )
        for place, entity in enumerate(every)
    ]
    return Drawing(tuple(nodes), tuple(edges), is_cut)


def _laid_out(count: int, edges: Sequence[Edge]) -> Positions:
    """Positions: nodes push each other away, links pull together, in ever smaller steps (Fruchterman and Reingold)."""
    turn = np.arange(count) * math.pi * (3 - math.sqrt(5))  # a sunflower: no two begin at one place
    at = np.sqrt(np.arange(count) / count)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1) * 0.5
    pull = np.zeros((count, count))
    for edge in edges:
        if edge.start != edge.end:
            pull[edge.start, edge.end] = pull[edge.end, edge.start] = 0.3 + edge.strength
    ideal = 1 / math.sqrt(count)
    for step in range(STEPS if count > 1 else 0):
        apart = at[:, None, :] - at[None, :, :]
        distance = np.maximum(np.sqrt((apart**2).sum(axis=2)), 1e-6)
        force = ideal**2 / distance**2 - pull * distance / ideal
        np.fill_diagonal(force, 0.0)
        move = (apart * force[:, :, None]).sum(axis=1)
        length = np.maximum(np.sqrt((move**2).sum(axis=1)), 1e-9)
        most = _FIRST_STEP * (1 - step / STEPS)
        at = at + move * (np.minimum(length, most) / length)[:, None]
        at[0] = 0.0
    reach = np.maximum(np.abs(at).max(axis=0), 1e-9)
    spread: Positions = np.array([WIDTH / 2, HEIGHT / 2]) + at / reach * np.array(
        [WIDTH / 2 - MARGIN, HEIGHT / 2 - MARGIN]
    )
    return spread


def colours(nodes: Sequence[Node]) -> Mapping[str, str]:
    """A colour for each type of entity: the same type has the same one in all pictures of a set of types."""
    kinds = sorted({node.entity_type for node in nodes})
    return {kind: f"hsl({round(210 + place * 360 / len(kinds)) % 360} 55% 45%)" for place, kind in enumerate(kinds)}
