"""Hides what a rule means with all that only it taught, and puts it back, in batches that a crash cannot tear.

The first transaction notes everything that is meant, and takes it from the index: from then on no recall finds it.
What is derived follows in batches, each one transaction with an entry of the log that names what it moved. Whoever
opens the store next finishes what was begun.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.adjustments_by_hand import refold_after, refold_with
from continuum.core.erasing import drop_copies
from continuum.core.hiding import moved_on, put_back, take_out
from continuum.core.quarantine_rule import QuarantineRule, rule_to_json, selected
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.refolding import Fold
from continuum.core.retelling import Retelling
from continuum.core.stating import append_entry
from continuum.domain.ids import TenantId
from continuum.domain.records import LogEntry, TenantCounts, TenantRecord
from continuum.errors import ConflictError, NotFoundError, shown
from continuum.storage.repositories.quarantines import QuarantineRow
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ENTRIES_PER_BATCH = 500
"""Moved in one transaction: about a second, during which learners wait."""


@dataclass(frozen=True, slots=True)
class QuarantineResult:
    """What was hidden or put back, or with `dry_run` what would be.

    `messages` and `entries` (taught facts, entities, links) were moved; concepts, links, decisions and facts are those
    that went or came with them. `id` is what `release` takes, empty if there was nothing.
    """

    id: str
    dry_run: bool
    messages: int = 0
    entries: int = 0
    concepts: int = 0
    links: int = 0
    decisions: int = 0
    facts: int = 0


class _DryRun(Exception):  # noqa: N818  # no error: it takes back what was tried
    """Leaves a transaction without keeping it."""


def quarantine(
    engine: Engine, tenant: TenantId, rule: QuarantineRule, reason: str, *, dry_run: bool
) -> QuarantineResult:
    """Hide what a rule means. Raises ConflictError if the tenant needs a rebuild, and StorageError."""
    if dry_run:
        return _tried(engine, tenant, rule, reason)
    with engine.unit(tenant, write=True) as work:
        begun = _begin(engine, work, rule, reason)
        if begun is None:
            return QuarantineResult("", dry_run=False)
        row = move_batch(engine, work, begun)
    return _result(finish(engine, tenant, row), dry_run=False)


def release(engine: Engine, tenant: TenantId, quarantine_id: str) -> QuarantineResult:
    """Put back what a quarantine hides. Raises NotFoundError, and ConflictError if it was put back before."""
    with engine.unit(tenant, write=False) as work:
        known = _known(work, quarantine_id)
    finish(engine, tenant, known)
    with engine.unit(tenant, write=True) as work:
        row = _known(work, quarantine_id)
        if row.state == "hidden":  # nobody else has begun it since
            rest = json.dumps(list(work.quarantines.hidden_by(row.seq)))
            row = replace(row, state="restoring", remaining=rest, counts="{}")
            row = move_batch(engine, work, row)
    return _result(finish(engine, tenant, row), dry_run=False)


def finish_moves(engine: Engine, tenant: TenantId) -> int:
    """Go on with what a crash interrupted; gives how many quarantines and releases there were."""
    with engine.unit(tenant, write=False) as work:
        begun = work.quarantines.at_work()
    for row in begun:
        finish(engine, tenant, row)
    return len(begun)


def finish(engine: Engine, tenant: TenantId, row: QuarantineRow) -> QuarantineRow:
    """Do the rest of what has begun, whoever else may be at it, and drop what is kept of it elsewhere."""
    while row.state in ("hiding", "restoring"):
        with engine.unit(tenant, write=True) as work:
            now = work.quarantines.get(row.id)
            assert now is not None, "rows of quarantines stay"
            row = move_batch(engine, work, now) if now.state in ("hiding", "restoring") else now
    drop_copies(engine, tenant)
    return row


def begin(work: UnitOfWork, entry: LogEntry, rule: str, reason: str, seqs: Sequence[int]) -> QuarantineRow:
    """Note what the quarantine of an entry hides; from here on no recall finds it."""
    work.quarantines.hide(entry.seq, seqs)
    return QuarantineRow(entry.seq, entry.entry_id, "hiding", rule, reason, json.dumps(list(seqs)))


def move_batch(engine: Engine, work: UnitOfWork, row: QuarantineRow) -> QuarantineRow:
    """Hide or put back the next entries of a quarantine, with an entry of the log that names them."""
    refuse_if_outdated(work)
    tenant = work.tenants.get()
    assert tenant is not None, "a quarantine belongs to a tenant"
    seqs = json.loads(row.remaining)
    batch, rest = seqs[:ENTRIES_PER_BATCH], seqs[ENTRIES_PER_BATCH:]
    before = work.tenants.counts()
    moved = hide_seqs(engine, work, tenant, batch) if row.state == "hiding" else show_seqs(engine, work, tenant, batch)
    moved_on(work, row, batch, rest, engine.clock.now())
    work.tenants.used()
    counts = Counter(json.loads(row.counts)) + Counter(_changes(before, work.tenants.counts(), moved))
    row = replace(row, remaining=json.dumps(rest), counts=json.dumps(counts))
    if not rest:
        row = replace(row, state="hidden" if row.state == "hiding" else "released")
    work.quarantines.put(row)
    return row


def hide_seqs(engine: Engine, work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int]) -> int:
    """Hide entries that are noted as hidden and derive anew what leant on them; says how many are no messages."""
    entries = _by_hand(work, seqs)
    retelling = Retelling(engine, work, _fold(engine, work, tenant), seqs, "hidden")
    take_out(work, seqs)
    retelling.finish()
    refold_after(engine, work, tenant, [entry.seq for entry in entries if entry.kind != "facts"])
    return len(entries)


def show_seqs(engine: Engine, work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int]) -> int:
    """Put hidden entries back with all that they teach; says how many are no messages."""
    entries = _by_hand(work, seqs)
    put_back(work, seqs)
    Retelling(engine, work, _fold(engine, work, tenant), seqs, "returned").finish()
    refold_with(engine, work, tenant, [entry for entry in entries if entry.kind != "facts"])
    return len(entries)


def _by_hand(work: UnitOfWork, seqs: Sequence[int]) -> list[LogEntry]:
    return [entry for entry in work.history.entries(seqs) if entry.kind in ("facts", "entity", "link")]


def _fold(engine: Engine, work: UnitOfWork, tenant: TenantRecord) -> Fold:
    return Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)


def _begin(engine: Engine, work: UnitOfWork, rule: QuarantineRule, reason: str) -> QuarantineRow | None:
    if work.tenants.get() is None:
        return None
    refuse_if_outdated(work)
    seqs = selected(work, rule)
    if not seqs:
        return None
    told = rule_to_json(rule)
    _, entry = append_entry(work, "quarantine", {"rule": told, "reason": reason}, engine.clock.now())
    return begin(work, entry, json.dumps(told), reason, seqs)


def _known(work: UnitOfWork, quarantine_id: str) -> QuarantineRow:
    row = work.quarantines.get(quarantine_id)
    if row is None:
        raise NotFoundError(f"quarantine_id: {shown(quarantine_id)} is no quarantine of this tenant")
    if row.state == "released":
        raise ConflictError(f"quarantine_id: {shown(quarantine_id)} was released already")
    return row


def _changes(before: TenantCounts, after: TenantCounts, entries: int) -> dict[str, int]:
    """What went, or came, without signs: a batch may also bring back what it had pushed aside."""
    return {
        "messages": abs(after.messages - before.messages),
        "entries": entries,
        "concepts": abs(after.entities - before.entities),
        "links": abs(after.attention_links - before.attention_links),
        "decisions": abs(after.decisions - before.decisions),
        "facts": abs(after.facts - before.facts),
    }


def _tried(engine: Engine, tenant: TenantId, rule: QuarantineRule, reason: str) -> QuarantineResult:
    """What a quarantine would hide: done, counted, and taken back."""
    results: list[QuarantineResult] = []
    try:
        with engine.unit(tenant, write=True) as work:
            row = _begin(engine, work, rule, reason)
            while row is not None and row.state == "hiding":
                row = move_batch(engine, work, row)
            results.append(QuarantineResult("", dry_run=True) if row is None else _result(row, dry_run=True))
            raise _DryRun
    except _DryRun:
        return results[0]


def _result(row: QuarantineRow, *, dry_run: bool) -> QuarantineResult:
    return QuarantineResult("" if dry_run else row.id, dry_run, **json.loads(row.counts))
