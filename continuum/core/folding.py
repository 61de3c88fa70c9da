"""Folds evidence into entities, links and compounds. Pure; equal to what learning gives exchange by exchange."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from continuum.core.adjusting import Adjustments, Prune, adjusted, compounds_of, entities_of, joined_compounds, pairs_of
from continuum.core.link_settings import LinkSettings
from continuum.domain.records import (
    AttentionLink,
    CompoundConcept,
    Entity,
    LogEntry,
    Sources,
    Taught,
    first_recorded_at,
)
from continuum.storage.repositories.entities import joined_sightings
from continuum.storage.repositories.links import HEBBIAN, is_confirmed

UNCONFIRMED_STRENGTH_MAX = 0.29
"""What only the assistant, a tool, an import or the federation says stays below the links that are walked."""


class LinkKey(NamedTuple):
    """What names a link: for hebbian ones a < b, typed ones point from a to b."""

    a: str
    b: str
    link_type: str = HEBBIAN


@dataclass(frozen=True, slots=True)
class Stated:
    """An entry made by hand, with the entities that its names stand for, in the order of its names."""

    entry: LogEntry
    entities: tuple[Entity, ...]


class Folded(NamedTuple):
    """The state that evidence gives."""

    entities: dict[str, Entity]
    links: dict[LinkKey, FoldedLink]
    compounds: dict[str, CompoundConcept]


class FoldedLink(NamedTuple):
    """A link, and the strength that repetition alone gave it."""

    link: AttentionLink
    raw_strength: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """The derived things to fold."""

    entities: frozenset[str]
    links: frozenset[LinkKey]
    compounds: frozenset[str]


def fold(
    secret: bytes,
    evidence: Iterable[Taught],
    stated: Iterable[Stated],
    adjustments: Adjustments,
    settings: LinkSettings,
    wanted: Wanted | None = None,
) -> Folded:
    """The entities, links and compounds that exchanges and entries made by hand give, in the order of the log.

    Only those `wanted`, None for all.
    """
    steps: list[tuple[int, Taught | Stated]] = [(each.first_seq, each) for each in evidence]
    steps += [(each.entry.seq, each) for each in stated]
    steps.sort(key=lambda step: step[0])
    folder = _Folder(secret, adjustments, settings, wanted)
    for _, step in steps:
        if isinstance(step, Taught):
            folder.exchange(step)
        else:
            folder.entry(step)
    return folder.folded()


class _Folder:
    def __init__(self, secret: bytes, adjustments: Adjustments, settings: LinkSettings, wanted: Wanted | None) -> None:
        self._secret = secret
        self._adjustments = adjustments
        self._settings = settings
        self._wanted = wanted
        self._entities: dict[str, Entity] = {}
        self._meetings: dict[LinkKey, list[AttentionLink]] = {}
        self._typed: dict[LinkKey, AttentionLink] = {}
        self._compounds: dict[str, list[CompoundConcept]] = {}

    def exchange(self, taught: Taught) -> None:
        for entity in entities_of(taught, self._adjustments):
            self._sight(entity)
        for a, b, sources in pairs_of(taught, self._adjustments):
            key = LinkKey(a, b)
            if self._wanted is None or key in self._wanted.links:
                meeting = meeting_of(taught, a, b, sources)
                self._meetings.setdefault(key, []).append(meeting)
        for compound in compounds_of(self._secret, taught, self._adjustments):
            if self._wanted is None or compound.id in self._wanted.compounds:
                self._compounds.setdefault(compound.id, []).append(compound)

    def entry(self, stated: Stated) -> None:
        entities = [adjusted(entity, self._adjustments) for entity in stated.entities]
        for entity in joined_sightings(entities):
            self._sight(entity)
        if stated.entry.kind == "entity":
            self._state(entities[0])
        elif entities[0].id != entities[1].id:
            self._set_link(stated.entry, entities[0].id, entities[1].id)

    def _sight(self, entity: Entity) -> None:
        if self._wanted is None or entity.id in self._wanted.entities:
            known = self._entities.get(entity.id)
            self._entities[entity.id] = entity if known is None else next(iter(joined_sightings([known, entity])))

    def _state(self, stated: Entity) -> None:
        """A later statement wins; an empty description and empty metadata state nothing."""
        known = self._entities.get(stated.id)
        if known is not None:
            self._entities[stated.id] = replace(
                known,
                description=stated.description or known.description,
                metadata=stated.metadata if stated.metadata != "{}" else known.metadata,
            )

    def _set_link(self, entry: LogEntry, a: str, b: str) -> None:
        link = stated_link(entry, a, b)
        key = LinkKey(a, b, link.link_type)
        if self._wanted is not None and key not in self._wanted.links:
            return
        known = self._typed.get(key)
        if known is not None:
            link = replace(
                link,
                co_occurrences=known.co_occurrences + 1,
                sources=known.sources | link.sources,
                created_at=known.created_at,
                last_seen=max(known.last_seen, link.last_seen),
                first_seq=known.first_seq,
                last_seq=max(known.last_seq, link.last_seq),
            )
        self._typed[key] = link

    def folded(self) -> Folded:
        links = {key: FoldedLink(link, link.strength) for key, link in self._typed.items()}
        prunes = self._adjustments.prunes
        for key, meetings in self._meetings.items():
            left = unpruned(meetings, self._settings, prunes)
            if left:
                links[key] = folded_link(left, self._settings)
        compounds = {key: joined_compounds(sightings) for key, sightings in self._compounds.items()}
        return Folded(self._entities, links, compounds)


def meeting_of(taught: Taught, a: str, b: str, sources: Sources) -> AttentionLink:
    """One meeting of two concepts, as a link that has met once."""
    return AttentionLink(a, b, HEBBIAN, 0.0, 1, sources, taught.at, taught.at, taught.first_seq, taught.last_seq)


def folded_link(meetings: Sequence[AttentionLink], settings: LinkSettings) -> FoldedLink:
    """The link that all its meetings give; the strength is a function of how many there are, and of who says so."""
    raw = settings.initial
    for _ in meetings[1:]:
        raw = raw + settings.rate * (1 - raw)
    sources = Sources.NONE
    for each in meetings:
        sources |= each.sources
    link = replace(
        meetings[0],
        strength=walkable_strength(raw, sources),
        co_occurrences=len(meetings),
        sources=sources,
        created_at=min(each.created_at for each in meetings),
        last_seen=max(each.last_seen for each in meetings),
        first_seq=min(each.first_seq for each in meetings),
        last_seq=max(each.last_seq for each in meetings),
    )
    return FoldedLink(link, raw)


def unpruned(
    meetings: Sequence[AttentionLink], settings: LinkSettings, prunes: Sequence[Prune]
) -> Sequence[AttentionLink]:
    """The meetings, in the order of the log, that still count after the prunes."""
    for prune in prunes:
        until = [each for each in meetings if each.last_seq < prune.seq]
        if until:
            link = folded_link(until, settings).link
            if link.strength < prune.below and link.last_seen < prune.before:
                meetings = meetings[len(until) :]
    return meetings


def walkable_strength(raw: float, sources: Sources) -> float:
    """What of a strength may be walked: held at the cap until the user, or two different sources, say so."""
    return raw if is_confirmed(sources) or raw < UNCONFIRMED_STRENGTH_MAX else UNCONFIRMED_STRENGTH_MAX


def stated_link(entry: LogEntry, a: str, b: str) -> AttentionLink:
    """The link that an entry states between two entities."""
    stated = json.loads(entry.payload)
    at = first_recorded_at(entry)
    return AttentionLink(a, b, stated["link_type"], stated["strength"], 1, Sources.USER, at, at, entry.seq, entry.seq)
