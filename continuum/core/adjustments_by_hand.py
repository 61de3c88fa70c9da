"""Concepts merged and renamed by hand, and both undone: log entries, and the rows that they change folded anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from continuum.core.adjusting import Adjustments, adjustments_of
from continuum.core.folding import LinkKey, Wanted
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.refolding import Fold, Touched, fold_anew, touched_by
from continuum.core.stating import append_entry, stated_in
from continuum.core.validation import checked_count, checked_label
from continuum.domain.ids import TenantId, derived_id
from continuum.domain.records import Adjustment, Entity, LogEntry, TenantRecord
from continuum.errors import ConflictError, InvalidInputError, NotFoundError, shown
from continuum.language.names import entity_key
from continuum.storage.repositories.messages import NO_SEQ
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


def merge_concepts(engine: Engine, tenant: TenantId, name: str, into: str) -> tuple[Entity, int]:
    """Let one concept stand for another; gives the joined concept, and the position to undo it by.

    Raises NotFoundError, InvalidInputError.
    """
    first, second = checked_label(name, "name"), checked_label(into, "into")
    with engine.unit(tenant, write=True) as work:
        how = _how(engine, work)
        subject, target = _concept(work, how, first, "name"), _concept(work, how, second, "into")
        if subject.id == target.id:
            raise InvalidInputError("into", f"{shown(into)} and {shown(name)} are one concept already")
        payload = {"name": first, "into": second, "shown": target.name}
        return _adjust(engine, work, how, "merge", payload, [subject.id, target.id], target.id)


def rename_concept(engine: Engine, tenant: TenantId, name: str, new_name: str) -> tuple[Entity, int]:
    """Give a concept another name, under which it is found too; gives it, and the position to undo it by.

    Raises NotFoundError, InvalidInputError, and ConflictError if another concept has the name: merge those.
    """
    former, wanted = checked_label(name, "name"), checked_label(new_name, "new_name")
    with engine.unit(tenant, write=True) as work:
        how = _how(engine, work)
        subject = _concept(work, how, former, "name")
        taken = how.adjustments.entity(derived_id(how.secret, "concept", entity_key(wanted)))
        if taken != subject.id and work.entities.by_ids([taken]):
            raise ConflictError(f"new_name: {shown(new_name)} is another concept; merge the two instead")
        if subject.name == wanted:
            raise InvalidInputError("new_name", f"{shown(new_name)} is its name already")
        payload = {"name": former, "new_name": wanted}
        return _adjust(engine, work, how, "rename", payload, [subject.id], subject.id)


def undo_adjustment(engine: Engine, tenant: TenantId, seq: int) -> int:
    """Undo the merge or rename at a position of the log; gives the undoing's own. Raises NotFoundError."""
    at = checked_count(seq, "seq", 1, NO_SEQ)
    with engine.unit(tenant, write=True) as work:
        how = _how(engine, work)
        made = [
            each
            for each in work.evidence.adjustments()
            if each.seq == at and each.undone_seq is None and each.kind != "prune"
        ]
        if not made:
            raise NotFoundError(f"seq: there is no merge and no rename in force that was made at {at}")
        touched = {made[0].subject_id, how.adjustments.entity(made[0].subject_id)}
        touched |= {made[0].object_id, how.adjustments.entity(made[0].object_id)}
        before = touched_around(work, how, touched)
        _, entry = append_entry(work, "undo", {"seq": at}, engine.clock.now())
        apply_adjustment(work, how.secret, entry)
        refold_touched(work, how, before, touched)
        return entry.seq


def apply_adjustment(work: UnitOfWork, secret: bytes, entry: LogEntry) -> None:
    """Keep what a merge, rename, prune or undo entry says; the rows it changes are folded by the caller."""
    told = json.loads(entry.payload)
    if entry.kind == "undo":
        work.evidence.undo_adjustment(told["seq"], entry.seq)
        return
    if entry.kind == "prune":
        work.evidence.add_adjustment(Adjustment(entry.seq, entry.entry_id, "prune", "", "", entry.payload))
        return
    adjustments = adjustments_of(work, 1)
    subject = adjustments.entity(derived_id(secret, "concept", entity_key(told["name"])))
    other = derived_id(secret, "concept", entity_key(told["into" if entry.kind == "merge" else "new_name"]))
    if entry.kind == "merge":
        work.evidence.add_adjustment(
            Adjustment(entry.seq, entry.entry_id, "merge", subject, adjustments.entity(other), told["shown"])
        )
    else:
        target = subject if adjustments.entity(other) == subject else other
        work.evidence.add_adjustment(Adjustment(entry.seq, entry.entry_id, "rename", subject, target, told["new_name"]))
    work.evidence.add_entry(entry.seq, {subject, other})


def refold_after(engine: Engine, work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int]) -> None:
    """Make rows what they are without entries by hand about entities, links, merges and renames, which go."""
    if not seqs:
        return
    how = Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)
    entities = {how.adjustments.entity(each) for each in work.evidence.subjects_of(seqs)} | work.evidence.subjects_of(
        seqs
    )
    before = touched_around(work, how, entities)
    work.evidence.remove_entries(seqs)
    work.evidence.remove_adjustments(seqs)
    refold_touched(work, how, before, entities)


def refold_with(engine: Engine, work: UnitOfWork, tenant: TenantRecord, entries: Sequence[LogEntry]) -> None:
    """Make rows what they are with entity and link entries that had been left out."""
    if not entries:
        return
    how = Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)
    spoken = {entry.seq: [each.id for each in stated_in(how.secret, entry).entities] for entry in entries}
    named = {each for ids in spoken.values() for each in ids}
    entities = {how.adjustments.entity(each) for each in named} | named
    before = touched_around(work, how, entities)
    for seq, ids in spoken.items():
        work.evidence.add_entry(seq, ids)
    refold_touched(work, how, before, entities)


def _adjust(
    engine: Engine,
    work: UnitOfWork,
    how: Fold,
    kind: str,
    payload: dict[str, str],
    entities: list[str],
    answer: str,
) -> tuple[Entity, int]:
    before = touched_around(work, how, set(entities))
    _, entry = append_entry(work, "merge" if kind == "merge" else "rename", payload, engine.clock.now())
    apply_adjustment(work, how.secret, entry)
    refold_touched(work, how, before, set(entities))
    return work.entities.by_ids([answer])[answer], entry.seq


def _how(engine: Engine, work: UnitOfWork) -> Fold:
    """How things stand. Raises NotFoundError for a tenant without memories."""
    tenant = work.tenants.get()
    if tenant is None:
        raise NotFoundError("this tenant has no concepts yet")
    refuse_if_outdated(work)
    return Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)


def _concept(work: UnitOfWork, how: Fold, name: str, field: str) -> Entity:
    wanted = how.adjustments.entity(derived_id(how.secret, "concept", entity_key(name)))
    found = work.entities.by_ids([wanted]).get(wanted)
    if found is None:
        raise NotFoundError(f"{field}: no concept of this tenant is called {shown(name)}")
    return found


def touched_around(work: UnitOfWork, how: Fold, entities: set[str]) -> tuple[Touched, set[LinkKey]]:
    """All that the evidence of entities touches now, and the typed links at them."""
    raw = [each for entity_id in sorted(entities) for each in how.adjustments.group(entity_id)]
    exchanges = {each for found in work.evidence.exchanges_of(raw).values() for each in found}
    touched = touched_by(how, work.evidence.of_exchanges(sorted(exchanges)))
    entries = {seq for seqs in work.evidence.entries_of(raw).values() for seq in seqs}
    typed = set()
    for entry in work.history.entries(entries):
        if entry.kind == "link":
            a, b = (how.adjustments.entity(entity.id) for entity in stated_in(how.secret, entry).entities)
            typed.add(LinkKey(a, b, json.loads(entry.payload)["link_type"]))
    return touched, typed


def refold_touched(work: UnitOfWork, how: Fold, before: tuple[Touched, set[LinkKey]], entities: set[str]) -> None:
    """Fold what was touched under the former adjustments, and what is under the new ones."""
    now = Fold(how.secret, adjustments_of(work, 1), how.settings)
    after = touched_around(work, now, {now.adjustments.entity(each) for each in entities} | entities)
    joined = Touched({}, {}, {})
    for touched, _ in (before, after):
        joined.entities.update(touched.entities)
        joined.links.update(touched.links)
        joined.compounds.update(touched.compounds)
    links = {key for key in (*joined.links, *before[1], *after[1]) if set(key[:2]) & _either(how, now, entities)}
    compounds = {
        each for each, seen in joined.compounds.items() if set(seen[0].component_concepts) & _either(how, now, entities)
    }
    fold_anew(work, now, Wanted(frozenset(entities), frozenset(links), frozenset(compounds)), joined)


def _either(before: Fold, after: Fold, entities: set[str]) -> set[str]:
    adjusted: tuple[Adjustments, ...] = (before.adjustments, after.adjustments)
    return entities | {each.entity(entity_id) for each in adjusted for entity_id in entities}
