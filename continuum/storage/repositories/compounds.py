"""Concepts that keep appearing together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from continuum.domain.records import CompoundConcept
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository, TwoSteps, finished

COMPOUNDS_OF_ENTITY_MAX = 64


def _compound(row: Row) -> CompoundConcept:
    return CompoundConcept(row[0], row[1], tuple(json.loads(row[2])), *row[3:])


def _compound_row(compound: CompoundConcept) -> tuple[object, ...]:
    return (
        compound.id, compound.compound_name, json.dumps(compound.component_concepts),
        compound.co_occurrence_count, compound.last_seen, compound.first_seq, compound.last_seq,
    )  # fmt: skip


def _joined(one: CompoundConcept, other: CompoundConcept) -> CompoundConcept:
    return replace(
        one,
        co_occurrence_count=one.co_occurrence_count + other.co_occurrence_count,
        last_seen=max(one.last_seen, other.last_seen),
        first_seq=min(one.first_seq, other.first_seq),
        last_seq=max(one.last_seq, other.last_seq),
    )


class Compounds(Repository):
    """Compounds, the most frequent first, or by their components."""

    def count(self, compounds: Sequence[CompoundConcept]) -> int:
        """Add each compound's count (at least 1) to what is known; gives how many are new.

        Its members can be looked up from the second time on.
        """
        return finished(self.counting(compounds))

    def counting(self, compounds: Sequence[CompoundConcept]) -> TwoSteps[int]:
        """`count` in two steps, for `together`."""
        given: dict[str, CompoundConcept] = {}
        for each in compounds:
            known = given.get(each.id)
            given[each.id] = _joined(known, each) if known else each
        ordered = [given[each] for each in sorted(given)]
        answer = self._putting("count_compounds", [_compound_row(each) for each in ordered])
        yield
        returned = answer()
        before = {row[0]: row[1] - given[row[0]].co_occurrence_count for row in returned}
        repeated = [row[0] for row in returned if row[1] >= 2 > before[row[0]]]
        members = {(member, each) for each in repeated for member in given[each].component_concepts}
        self._put("add_compound_members", sorted(members))
        new = sum(1 for count in before.values() if count == 0)
        self._session.added["compound_concepts"] += new
        return new

    def write(self, compound: CompoundConcept) -> None:
        """Write a compound as it was folded anew, whatever was there."""
        self.remove(compound)
        self._put("write_compound", [_compound_row(compound)])
        if compound.co_occurrence_count >= 2:
            self._put("add_compound_members", sorted((each, compound.id) for each in compound.component_concepts))
        self._session.added["compound_concepts"] += 1

    def remove(self, compound: CompoundConcept) -> None:
        """Delete a compound that no sentence holds any more."""
        gone = self._rows_in("remove_compounds", [compound.id])
        for entity_id in compound.component_concepts:
            self._rows("remove_compound_members", compound_id=compound.id, entity_id=entity_id)
        self._session.added["compound_concepts"] -= len(gone)

    def by_ids(self, ids: Iterable[str]) -> dict[str, CompoundConcept]:
        """Those of the ids that are this tenant's."""
        return {row[0]: _compound(row) for row in self._rows_in("compounds_by_id", ids)}

    def containing(self, ids: Iterable[str], limit: int = 20) -> list[CompoundConcept]:
        """The most frequent compounds with at least one of these entities, of those met at least twice.

        Up to 64 of each entity are looked at.
        """
        compound_ids = {
            row[0]
            for entity_id in dict.fromkeys(ids)
            for row in self._rows("compounds_of_entity", entity_id=entity_id, limit=COMPOUNDS_OF_ENTITY_MAX)
        }
        found = [_compound(row) for row in self._rows_in("compounds_by_id", sorted(compound_ids))]
        return sorted(found, key=lambda each: (-each.co_occurrence_count, each.id))[:limit]

    def list(self, limit: int = 100) -> list[CompoundConcept]:
        """The most frequent compounds."""
        rows = self._rows("list_repeated_compounds", limit=limit)
        if len(rows) < limit:
            rows += self._rows("list_single_compounds", limit=limit - len(rows))
        return [_compound(row) for row in rows]
