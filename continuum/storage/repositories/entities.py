"""Concepts and other entities, as a projection of the log."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from continuum.domain.records import Entity
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository, TwoSteps, finished

ALIASES_MAX = 16
RECENT_MENTIONS = 512
_LAST_CHARACTER = "\U0010ffff"


class Connected(NamedTuple):
    """An entity with the number of its links."""

    id: str
    name: str
    entity_type: str
    links: int


@dataclass(frozen=True, slots=True)
class EntityName:
    """A name to match misspelt words against; `first_seq` is where to go on reading."""

    id: str
    name: str
    first_seq: int


def merged_aliases(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """The first 16 of both in sorted order: the same whatever is merged first."""
    return tuple(sorted({*one, *other})[:ALIASES_MAX])


def more_specific_type(one: str, other: str) -> str:
    """``concept`` gives way to anything else; of two others the one that sorts first, whoever came first."""
    return min(one, other, key=lambda each: (each == "concept", each))


def joined_sightings(entities: Iterable[Entity]) -> list[Entity]:
    """One row for each id, sightings of the same entity joined in the order given; sorted by id."""
    given: dict[str, Entity] = {}
    for entity in entities:
        known = given.get(entity.id)
        given[entity.id] = _joined(known, entity) if known else entity
    return [given[each] for each in sorted(given)]


def _joined(one: Entity, other: Entity) -> Entity:
    return replace(
        one,
        entity_type=more_specific_type(one.entity_type, other.entity_type),
        description=one.description or other.description,
        created_at=min(one.created_at, other.created_at),
        last_seen=max(one.last_seen, other.last_seen),
        occurrences=one.occurrences + other.occurrences,
        aliases=merged_aliases(one.aliases, other.aliases),
        first_seq=min(one.first_seq, other.first_seq),
        last_seq=max(one.last_seq, other.last_seq),
    )


def _is_among(row: Row, ids: Collection[str]) -> bool:
    return row[0] in ids


def _entity(row: Row) -> Entity:
    entity_id, name, entity_type, key, description, created_at, last_seen, occurrences, aliases = row[:9]
    return Entity(
        entity_id, name, entity_type, key, description, created_at, last_seen, occurrences,
        aliases=tuple(json.loads(aliases)) if aliases != "[]" else (),
        metadata=row[9], first_seq=row[10], last_seq=row[11],
    )  # fmt: skip


def _entity_row(entity: Entity) -> tuple[object, ...]:
    return (
        entity.id, entity.name, entity.entity_type, entity.key, entity.description, entity.created_at,
        entity.last_seen, entity.occurrences, _aliases_text(entity.aliases), entity.metadata,
        entity.first_seq, entity.last_seq,
    )  # fmt: skip


def _aliases_text(aliases: Iterable[str]) -> str:
    merged = merged_aliases(aliases, ())
    return json.dumps(merged, ensure_ascii=False) if merged else "[]"


class Entities(Repository):
    """Entities by id, by name, by type, and the newest."""

    def observe(self, entities: Sequence[Entity]) -> set[str]:
        """Create entities, or join these sightings to what is known; gives the ids that are new.

        Occurrences add up, seqs and times widen, the first description that says something stays, aliases
        unite (the first 16 in sorted order), a type other than ``concept`` wins.
        """
        return finished(self.observing(entities))

    def observing(self, entities: Sequence[Entity]) -> TwoSteps[set[str]]:
        """`observe` in two steps, for `together`."""
        ordered = joined_sightings(entities)
        given = {entity.id: entity for entity in ordered}
        answer = self._putting("observe_entities", [_entity_row(entity) for entity in ordered])
        yield
        returned = answer()
        for row in returned:
            self._correct(given[row[0]], *row[2:])
        new = {row[0] for row in returned if row[1] == 0}
        self._session.added["entities"] += len(new)
        return new

    def _correct(self, entity: Entity, entity_type: str, aliases: str, first_seq: int) -> None:
        """Write type, aliases and first_seq if they differ from what joining gives: rare, so not in the upsert."""
        if entity_type == entity.entity_type and first_seq <= entity.first_seq and not entity.aliases:
            return
        right = (
            more_specific_type(entity_type, entity.entity_type),
            _aliases_text(merged_aliases(json.loads(aliases), entity.aliases)),
            min(first_seq, entity.first_seq),
        )
        if right != (entity_type, aliases, first_seq):
            self._rows("correct_entity", id=entity.id, entity_type=right[0], aliases=right[1], first_seq=right[2])

    def state(self, entity: Entity) -> None:
        """Write what a caller states about a known entity: it wins over what texts say, and the latest wins.

        An empty description and empty metadata state nothing.
        """
        if entity.description or entity.metadata != "{}":
            self._rows("state_entity", id=entity.id, description=entity.description, metadata=entity.metadata)

    def write(self, entities: Sequence[Entity]) -> None:
        """Write entities as they were folded anew, whatever was there; their degrees stay."""
        rows = [_entity_row(entity) for entity in sorted(entities, key=lambda entity: entity.id)]
        returned = self._put("write_entity", rows)
        self._session.added["entities"] += sum(1 for row in returned if row[1] == 0)

    def remove(self, ids: Iterable[str]) -> None:
        """Delete entities that nothing speaks of any more."""
        self._session.added["entities"] -= len(self._rows_in("remove_entities", ids))

    def foresee(self, ids: Iterable[str]) -> None:
        """`by_ids` will be asked for these, or some of them."""
        self._foresee_in("entities_by_id", ids)

    def by_ids(self, ids: Iterable[str]) -> dict[str, Entity]:
        """Those of the ids that are this tenant's."""
        return {row[0]: _entity(row) for row in self._rows_in("entities_by_id", ids, chosen=_is_among)}

    def names_after(self, seq: int = 0, limit: int = 10_000) -> list[EntityName]:
        """Names first met after a position, in that order; the last place is never cut in two.

        At least one place is given, so that a place with more names than `limit` cannot stop the reader.
        """
        rows = self._rows("entity_names_after", after=seq, limit=limit)
        if len(rows) < limit:
            return [EntityName(*row) for row in rows]
        whole = [row for row in rows if row[2] < rows[-1][2]]
        if whole:
            return [EntityName(*row) for row in whole]
        every = self._rows("entity_names_after", after=seq, limit=1_000_000)
        return [EntityName(*row) for row in every if row[2] == rows[0][2]]

    def recent(self, limit: int = 7, *, instance_id: str | None = None) -> list[Entity]:
        """The entities named last, newest first: the working memory, of one instance if it is given.

        Looks at the newest 512 mentions of the tenant, no further.
        """
        newest = self._rows("newest_mentions", limit=RECENT_MENTIONS)
        if instance_id is not None:
            rows = self._rows_in("instances_of_messages", {seq for _, seq in newest})
            own = {seq for seq, instance in rows if instance == instance_id}
            newest = [row for row in newest if row[1] in own]
        ids = list(dict.fromkeys(row[0] for row in newest))[:limit]
        found = self.by_ids(ids)
        return [found[each] for each in ids if each in found]

    def most_connected(self, limit: int) -> list[Connected]:
        """The entities with the most links; reads all entities."""
        return [Connected(*row) for row in self._rows("most_connected", limit=limit)]

    def orphans(self, limit: int) -> tuple[int, list[Connected]]:
        """How many concepts have no link, and the first of them by name; reads all entities."""
        count = self._rows("count_orphans")[0][0]
        return int(count), [Connected(*row) for row in self._rows("orphans", limit=limit)]

    def degrees(self, ids: Iterable[str]) -> dict[str, int]:
        """How many links touch each of these entities."""
        return {row[0]: row[1] for row in self._rows_in("degrees", ids)}

    def list(
        self,
        *,
        entity_type: str | None = None,
        limit: int = 100,
        offset: int = 0,
        after: tuple[str, str] | None = None,
        query: str | None = None,
    ) -> list[Entity]:
        """Entities in the order of their keys; `query` is the beginning of a key.

        Go on by `offset`, or without its cost by `after`, the (key, id) of the last one seen.
        """
        values = {
            "low": max(query or "", after[0] if after else ""),
            "high": (query or "") + _LAST_CHARACTER,
            "after_key": after[0] if after else "",
            "after_id": after[1] if after else "",
            "limit": limit,
            "offset": offset,
        }
        if entity_type is None:
            return [_entity(row) for row in self._rows("list_entities", **values)]
        return [_entity(row) for row in self._rows("list_entities_of_type", entity_type=entity_type, **values)]
