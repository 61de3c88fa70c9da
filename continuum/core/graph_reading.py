"""The concept graph as a recall walks it: the present's rows, or the past folded from evidence, by one interface."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from continuum.core.adjusting import Adjustments
from continuum.domain.clock import Micros
from continuum.domain.records import AttentionLink, Entity, Mention, Sources
from continuum.retrieval.graph import Neighbourhood, Step
from continuum.retrieval.use import Ties
from continuum.storage.repositories.links import HEBBIAN, is_confirmed
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.past import Past

USE: Final = "use"
"""The type of a link that feedback alone has made."""

UNDIRECTED: Final = frozenset({HEBBIAN, USE})
"""Types of links whose ends stand in no order."""


def combined(taught: float, used: float) -> float:
    """The strength that being said together and being used together give."""
    return 1.0 - (1.0 - taught) * (1.0 - used)


@dataclass(frozen=True, slots=True)
class Graph:
    """Entities, links and mentions at one moment; `past` None is now."""

    work: UnitOfWork
    min_strength: float
    adjustments: Adjustments
    past: Past | None
    ties: Ties[str] | None
    """What feedback tied together; None where there is none."""
    now: Micros

    def entities(self, ids: Iterable[str]) -> dict[str, Entity]:
        """Those of the entities that are, or were, there."""
        return self.work.entities.by_ids(ids) if self.past is None else self.past.entities(ids)

    def neighbourhood(self, ids: Collection[str], per_node: int) -> Neighbourhood:
        """The strongest steps away from nodes, by what was taught and what was used."""
        if self.past is not None:
            taught = self.past.neighbourhood(ids, per_node, self.min_strength)
        else:
            rows, degrees = self.work.links.surroundings(ids, per_node=per_node, min_strength=self.min_strength)
            taught = Neighbourhood([(step.node, step.neighbour, step.strength) for step in rows], degrees)
        return taught if self.ties is None else self._with_use(taught, ids, per_node, self.ties)

    def _with_use(self, taught: Neighbourhood, ids: Collection[str], per_node: int, ties: Ties[str]) -> Neighbourhood:
        strengths = {(node, other): strength for node, other, strength in taught.steps}
        for node in ids:
            for other, used in self._used_with(ties, node).items():
                strengths[node, other] = combined(strengths.get((node, other), 0.0), used)
        steps: list[Step] = []
        for node in dict.fromkeys(ids):
            own = [
                (node, other, s) for (near, other), s in strengths.items() if near == node and s >= self.min_strength
            ]
            steps += sorted(own, key=lambda step: (-step[2], step[1]))[:per_node]
        new = {other for _, other, _ in steps} - taught.degrees.keys()
        return Neighbourhood(steps, {**taught.degrees, **self.work.entities.degrees(new)} if new else taught.degrees)

    def between(self, ids: Collection[str]) -> list[AttentionLink]:
        """The links among entities, strongest first, those that use made strong among them."""
        links = self.work.links.between(ids) if self.past is None else self.past.between(ids)
        if self.ties is None:
            return links
        found = {(link.concept_a, link.concept_b, link.link_type): link for link in links}
        nodes = set(ids)
        for a in sorted(nodes):
            for b, used in self._used_with(self.ties, a).items():
                if a < b and b in nodes:
                    key = (a, b, HEBBIAN)
                    found[key] = self._stronger(found.get(key), a, b, used)
        kept = (link for link in found.values() if link.strength >= self.min_strength or link in links)
        return sorted(kept, key=lambda link: (-link.strength, link.concept_a, link.concept_b, link.link_type))

    def _used_with(self, ties: Ties[str], node: str) -> dict[str, float]:
        """The entities that were used together with one, under every id that stands for either."""
        found: dict[str, float] = {}
        for raw in self.adjustments.group(node):
            for other, used in ties.near(raw, self.now).items():
                entity = self.adjustments.entity(other)
                if entity != node:
                    found[entity] = combined(found.get(entity, 0.0), used)
        return found

    def _stronger(self, taught: AttentionLink | None, a: str, b: str, used: float) -> AttentionLink:
        if taught is None:
            return AttentionLink(a, b, USE, used, 0, Sources.USER, self.now, self.now)
        if not is_confirmed(taught.sources):  # what one source alone says stays below what is walked
            return taught
        return replace(taught, strength=combined(taught.strength, used))

    def mentions_of(self, entity_id: str, limit: int) -> list[Mention]:
        """The newest mentions of an entity, under every id that stands for it."""
        return self.work.mentions.of_entities(self.adjustments.group(entity_id), limit)
