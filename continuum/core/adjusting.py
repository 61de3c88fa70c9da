"""Merges and renames of concepts by hand: which entity an id stands for, and what it is called. Pure.

Evidence keeps the ids that words gave; whoever folds it looks through the adjustments in force. So a merge can be
undone, and the past be seen as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from continuum.domain.clock import Micros
from continuum.domain.ids import derived_id
from continuum.domain.records import Adjustment, CompoundConcept, Entity, Sources, Taught
from continuum.language.names import entity_key
from continuum.storage.repositories.entities import joined_sightings, merged_aliases
from continuum.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Prune:
    """At a position of the log the links of co-occurrence went that were weaker than `below` and not seen since
    `before` (microseconds): of them no earlier meeting counts."""

    seq: int
    below: float
    before: Micros


@dataclass(frozen=True, slots=True)
class Adjustments:
    """The merges and renames in force at one position."""

    leads_to: dict[str, str] = field(default_factory=dict)
    """From an id that words give to the entity that it stands for; ids that are not here stand for themselves."""
    names: dict[str, str] = field(default_factory=dict)
    """Entities that were renamed, or keep their own name among those merged into them."""
    prunes: tuple[Prune, ...] = ()
    """What was pruned, in the order of the log."""

    def entity(self, entity_id: str) -> str:
        """The entity that an id stands for."""
        return self.leads_to.get(entity_id, entity_id)

    def group(self, entity_id: str) -> list[str]:
        """Every id that stands for this entity, its own first."""
        return [entity_id, *sorted(raw for raw, target in self.leads_to.items() if target == entity_id)]


NO_ADJUSTMENTS = Adjustments()


def in_force(adjustments: Iterable[Adjustment], seq: int | None = None) -> Adjustments:
    """What holds at a position of the log, None for the newest."""
    parent: dict[str, str] = {}
    names: dict[str, str] = {}
    prunes: list[Prune] = []
    for each in adjustments:
        begun = seq is None or each.seq <= seq
        if begun and (each.undone_seq is None or (seq is not None and each.undone_seq > seq)):
            if each.kind == "prune":
                prunes.append(Prune(each.seq, **json.loads(each.name)))
            elif each.kind == "rename":
                names[each.subject_id] = each.name
                if each.object_id != each.subject_id:
                    parent[each.object_id] = each.subject_id
            else:
                parent[each.subject_id] = each.object_id
                names[each.object_id] = each.name
    return Adjustments({raw: _root(parent, raw) for raw in parent}, names, tuple(prunes))


def adjustments_of(work: UnitOfWork, made: int, seq: int | None = None) -> Adjustments:
    """The adjustments in force; `made` is how many the tenant ever had, 0 spares the look."""
    return in_force(work.evidence.adjustments(), seq) if made else NO_ADJUSTMENTS


def _root(parent: dict[str, str], entity_id: str) -> str:
    """The end of a chain; a circle cannot be made, but a damaged one must not hang."""
    for _ in range(len(parent) + 1):
        if entity_id not in parent:
            break
        entity_id = parent[entity_id]
    return entity_id


def entities_of(taught: Taught, adjustments: Adjustments) -> list[Entity]:
    """The sightings of an exchange, each id once, as the entities they stand for and under their names by hand."""
    return joined_sightings(adjusted(entity, adjustments) for entity in taught.entities)


def adjusted(entity: Entity, adjustments: Adjustments) -> Entity:
    """A sighting as the entity it stands for; the name that the words gave becomes an alias where it is another."""
    target = adjustments.entity(entity.id)
    name = adjustments.names.get(target)
    if target == entity.id and name in (None, entity.name):
        return entity
    aliases = merged_aliases(entity.aliases, (entity.name,))
    if name is None:
        return replace(entity, id=target, aliases=aliases)
    return replace(entity, id=target, name=name, key=entity_key(name), aliases=aliases)


def pairs_of(taught: Taught, adjustments: Adjustments) -> list[tuple[str, str, Sources]]:
    """The pairs that met in an exchange, a < b, each once, without those that merging made one."""
    met: dict[tuple[str, str], Sources] = {}
    for a, b, sources in taught.links:
        first, second = sorted((adjustments.entity(a), adjustments.entity(b)))
        if first != second:
            met[first, second] = met.get((first, second), Sources.NONE) | sources
    return [(a, b, met[a, b]) for a, b in sorted(met)]


def compounds_of(secret: bytes, taught: Taught, adjustments: Adjustments) -> list[CompoundConcept]:
    """The sightings of compounds in an exchange; one whose components became a single concept is none."""
    found = []
    for sighting in taught.compounds:
        components = tuple(dict.fromkeys(map(adjustments.entity, sighting.component_ids)))
        if len(components) > 1:
            compound_id = derived_id(secret, "compound", *sorted(components))
            found.append(
                CompoundConcept(compound_id, sighting.name, components, 1, sighting.at, sighting.seq, sighting.seq)
            )
    return found


def joined_compounds(sightings: Sequence[CompoundConcept]) -> CompoundConcept:
    """One row of all sightings of a compound, given in the order of the log."""
    first = sightings[0]
    return replace(
        first,
        co_occurrence_count=sum(each.co_occurrence_count for each in sightings),
        last_seen=max(each.last_seen for each in sightings),
        first_seq=min(each.first_seq for each in sightings),
        last_seq=max(each.last_seq for each in sightings),
    )
