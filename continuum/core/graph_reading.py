"""The concept graph as a recall walks it: the present's rows, or the past folded from evidence, by one interface."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from continuum.core.adjusting import Adjustments
from continuum.core.past import Past
from continuum.domain.records import AttentionLink, Entity, Mention
from continuum.retrieval.graph import Neighbourhood
from continuum.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Graph:
    """Entities, links and mentions at one moment; `past` None is now."""

    work: UnitOfWork
    min_strength: float
    adjustments: Adjustments
    past: Past | None

    def entities(self, ids: Iterable[str]) -> dict[str, Entity]:
        """Those of the entities that are, or were, there."""
        return self.work.entities.by_ids(ids) if self.past is None else self.past.entities(ids)

    def neighbourhood(self, ids: Collection[str], per_node: int) -> Neighbourhood:
        """The strongest steps away from nodes."""
        if self.past is not None:
            return self.past.neighbourhood(ids, per_node, self.min_strength)
        steps = self.work.links.steps(ids, per_node=per_node, min_strength=self.min_strength)
        degrees = self.work.entities.degrees({step.neighbour for step in steps})
        return Neighbourhood([(step.node, step.neighbour, step.strength) for step in steps], degrees)

    def between(self, ids: Collection[str]) -> list[AttentionLink]:
        """The links among entities, strongest first."""
        return self.work.links.between(ids) if self.past is None else self.past.between(ids)

    def mentions_of(self, entity_id: str, limit: int) -> list[Mention]:
        """The newest mentions of an entity, under every id that stands for it."""
        return self.work.mentions.of_entities(self.adjustments.group(entity_id), limit)
