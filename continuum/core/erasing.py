"""Erases what was selected: messages with all that only they taught, in batches that a crash cannot tear.

An erasure begins with its receipt, which names no content and keeps the positions still to go; each batch is one
transaction that takes some of them. Whoever opens the store next finishes what was begun. The log keeps a tombstone:
the ids of what went, so that no copy brings it back.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.adjustments_by_hand import refold_after
from continuum.core.erasing_hidden import erase_hidden_messages
from continuum.core.facts_by_hand import mark_superseded_again
from continuum.core.feedback import take_feedback_away
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.receipts import (
    NO_RECEIPT_BEFORE,
    Receipt,
    digest_of_ids,
    receipt_from_json,
    receipt_to_json,
    seal,
)
from continuum.core.refolding import Fold
from continuum.core.retelling import Retelling
from continuum.core.selecting import Selector, select, with_summaries, without_taught
from continuum.core.stating import append_entry
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import LogEntry, StoredMessage, TenantCounts, TenantRecord
from continuum.errors import NotFoundError
from continuum.storage.repositories.erasures import ErasureRow, Tombstone
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

MESSAGES_PER_BATCH = 500
"""Erased in one transaction: about a second, during which learners wait."""


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """What was forgotten, or with `dry_run` what would be. Counts are of what is gone; `receipt` has no words."""

    dry_run: bool
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int
    receipt: Receipt | None = None


_logger = logging.getLogger(__name__)

NOTHING_FORGOTTEN = ForgetResult(dry_run=False, messages=0, entries=0, concepts=0, links=0, decisions=0, facts=0)
NOTHING_FORGOTTEN_DRY = replace(NOTHING_FORGOTTEN, dry_run=True)


class _DryRun(Exception):  # noqa: N818  # no error: it takes back what was tried
    """Leaves a transaction without keeping it."""


def forget(engine: Engine, tenant: TenantId, wanted: Selector, reason: str, *, dry_run: bool) -> ForgetResult:
    """Erase what the selector names. Raises NotFoundError, for another tenant's things too, and StorageError."""
    if dry_run:
        return _tried(engine, tenant, wanted, reason)
    with engine.unit(tenant, write=True) as work:
        begun = begin(engine, work, wanted, reason)
        if begun is None:
            return NOTHING_FORGOTTEN
        row = erase_batch(engine, work, begun)
    return finish(engine, tenant, row)


def forget_everywhere(engine: Engine, tenant: TenantId, ids: Collection[str]) -> int:
    """Erase what was erased in another store of the same memory, as far as it is here; gives how many messages went.

    Raises StorageError.
    """
    ids = set(ids)
    with engine.unit(tenant, write=False) as work:
        seqs = set(work.portability.message_places(ids).values())
        seqs |= {seq for seq, entry_id in _by_hand(work) if entry_id in ids}
    if not seqs:
        return 0
    wanted = Selector("elsewhere", seqs=tuple(sorted(seqs)))
    return forget(engine, tenant, wanted, "forgotten in another store", dry_run=False).messages


def _by_hand(work: UnitOfWork) -> Iterator[tuple[int, str]]:
    after = 0
    while page := work.portability.entries_by_hand(after):
        yield from page
        after = page[-1][0]


def finish(engine: Engine, tenant: TenantId, row: ErasureRow) -> ForgetResult:
    """Do the rest of an erasure that has begun, whoever else may be at it, and drop what is kept of it elsewhere."""
    row = _finished(engine, tenant, row)
    engine.upkeep.scrub_soon(tenant)
    drop_copies(engine, tenant)
    return _result(receipt_from_json(row.receipt), dry_run=False)


def _finished(engine: Engine, tenant: TenantId, row: ErasureRow) -> ErasureRow:
    while row.state == "running":
        with engine.unit(tenant, write=True) as work:
            now = work.erasures.get(row.id)
            assert now is not None, "rows of erasures stay"
            row = erase_batch(engine, work, now) if now.state == "running" else now
    return row


def finish_begun(engine: Engine, tenant: TenantId) -> int:
    """Go on with erasures that a crash interrupted; gives how many there were."""
    with engine.unit(tenant, write=False) as work:
        begun = work.erasures.in_state("running")
    for row in begun:
        _finished(engine, tenant, row)
    if begun:
        drop_copies(engine, tenant)
    return len(begun)


def drop_copies(engine: Engine, tenant: TenantId) -> None:
    """Drop what this process keeps of it beside the store: in indexes, vectors and answers."""
    try:
        engine.index_store.take_back(tenant)
    except OSError as exc:  # the erasure is done: whoever loads the file next throws it away
        _logger.warning("saved index of tenant %s cannot be removed: %s", tenant, exc)
    if engine.vectors is not None:
        engine.vectors.forget(tenant)
    if engine.cache is not None:
        engine.cache.clear(tenant)


def begin(engine: Engine, work: UnitOfWork, wanted: Selector, reason: str) -> ErasureRow | None:
    """Open an erasure: its receipt, and what is to go; None if there is nothing."""
    tenant = work.tenants.get()
    if tenant is None:
        raise NotFoundError("this tenant has no memories")
    refuse_if_outdated(work)
    selected = with_summaries(work, select(work, tenant, wanted), wanted)
    if not (selected.seqs or selected.entries or selected.taught):
        return None
    now = engine.clock.now()
    receipt = Receipt(
        id=uuid7(now),
        tenant_id=work.tenant_id,
        number=0,
        requested_at=now,
        kind=wanted.kind,
        reason=reason,
        ids_digest="",
        erased_at=now,
    )
    remaining = {"seqs": selected.seqs, "entries": selected.entries, "taught": selected.taught, "ids": []}
    row = ErasureRow(
        work.erasures.next_running(), receipt.id, "running", json.dumps(remaining), receipt_to_json(receipt)
    )
    work.erasures.put(row)
    return row


def erase_batch(engine: Engine, work: UnitOfWork, row: ErasureRow) -> ErasureRow:
    """Erase the next part of an erasure, and with the last one seal its receipt."""
    tenant = work.tenants.get()
    assert tenant is not None, "an erasure belongs to a tenant"
    before = work.tenants.counts()
    plan = json.loads(row.remaining)
    seqs, later = plan["seqs"][:MESSAGES_PER_BATCH], plan["seqs"][MESSAGES_PER_BATCH:]
    gone = _erase_messages(engine, work, tenant, seqs)
    hidden = erase_hidden_messages(work, seqs)
    by_hand: list[LogEntry] = []
    if not later:
        by_hand = _erase_entries(engine, work, tenant, plan["entries"], plan["taught"])
        by_hand += _erase_idle_adjustments(engine, work, tenant)
    entry_ids = [message.id for message in (*gone, *hidden)] + [entry.entry_id for entry in by_hand]
    _bury(engine, work, row, [*gone, *hidden], by_hand)
    receipt = receipt_from_json(row.receipt)
    receipt = _counted(receipt, before, work.tenants.counts(), len(gone) + len(hidden) + len(by_hand))
    receipt = replace(receipt, messages=receipt.messages + len(hidden))
    ids = [*plan["ids"], *entry_ids]
    if later:
        rest = {**plan, "seqs": later, "ids": ids}
        row = replace(row, remaining=json.dumps(rest), receipt=receipt_to_json(receipt))
    else:
        receipt = _sealed(work, tenant, receipt, ids, engine.clock.now())
        sealed = ErasureRow(receipt.number, row.id, "erased", "", receipt_to_json(receipt))
        work.erasures.finish(row.number, sealed)
        return sealed
    work.erasures.put(row)
    return row


def _erase_messages(engine: Engine, work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int]) -> list[StoredMessage]:
    messages = work.messages.by_seqs(seqs)
    if not messages:
        return []
    there = sorted(messages)
    superseding = _supersessions_of(work, list(messages.values()))
    how = Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)
    retelling = Retelling(engine, work, how, [*there, *(entry.seq for entry in superseding)])
    sessions = work.history.sessions_of(there)
    exchange_seqs = work.history.seqs_of_exchanges({message.exchange_id for message in messages.values()})
    work.idempotency.forget(exchange_seqs)
    work.facts.remove_statements([*there, *(entry.seq for entry in superseding)])
    superseded = [note.seq for note in work.history.superseded_by([message.id for message in messages.values()])]
    work.history.unsupersede(superseded)
    work.history.blank_entries([*there, *(entry.seq for entry in superseding)])
    take_feedback_away(work, there)
    work.history.remove_messages(there)
    mark_superseded_again(work, superseded)
    retelling.finish()
    work.apart.drop(there)
    work.quarantines.drop([*there, *(entry.seq for entry in superseding)])
    for session_id in sessions:
        work.history.settle_session(session_id)
    return [messages[seq] for seq in there]


def _supersessions_of(work: UnitOfWork, messages: Sequence[StoredMessage]) -> list[LogEntry]:
    """The entries in which these messages superseded others: each stands right behind its exchange."""
    ids = {message.id for message in messages}
    behind = work.history.entries([message.seq + 1 for message in messages])
    return [e for e in behind if e.kind == "supersession" and json.loads(e.payload)["by"] in ids]


def _erase_entries(
    engine: Engine,
    work: UnitOfWork,
    tenant: TenantRecord,
    seqs: Sequence[int],
    taught: Sequence[Sequence[int]],
) -> list[LogEntry]:
    """Erase whole entries made by hand, and single facts of taught ones."""
    gone = [entry for entry in work.history.entries(seqs) if entry.kind in ("entity", "link", "merge", "rename")]
    refold_after(engine, work, tenant, [entry.seq for entry in gone])
    work.history.blank_entries([entry.seq for entry in gone])
    work.quarantines.drop([entry.seq for entry in gone])
    numbers: dict[int, list[int]] = {}
    for seq, number in taught:
        numbers.setdefault(seq, []).append(number)
    how = Fold(tenant.secret, adjustments_of(work, tenant.adjustments), engine.links)
    for entry in work.history.entries(numbers):
        if entry.kind == "facts":
            left = without_taught(entry.payload, numbers[entry.seq])
            _erase_taught(engine, work, how, entry, left, numbers[entry.seq])
            gone += [entry] if left is None else []
    return gone


def _erase_idle_adjustments(engine: Engine, work: UnitOfWork, tenant: TenantRecord) -> list[LogEntry]:
    """Erase merges and renames of what nothing speaks of any more: their names would outlive it."""
    made = [each for each in work.evidence.adjustments() if each.kind != "prune"] if tenant.adjustments else []
    spoken = work.evidence.exchanges_of({each.subject_id for each in made})
    by_hand = work.evidence.entries_of({each.subject_id for each in made})
    own = {each.seq for each in made}
    named = Counter(each for e in made for each in {e.subject_id, e.object_id})
    idle = [
        e.seq
        for e in made
        if e.subject_id not in spoken
        and not by_hand.get(e.subject_id, set()) - own
        and named[e.subject_id] == 1 == named[e.object_id]  # a later one may lead through it
    ]
    gone = work.history.entries(idle)
    refold_after(engine, work, tenant, idle)
    work.history.blank_entries(idle)
    return gone


def _erase_taught(
    engine: Engine, work: UnitOfWork, how: Fold, entry: LogEntry, left: str | None, numbers: Sequence[int]
) -> None:
    retelling = Retelling(engine, work, how, [entry.seq])
    for statement in work.facts.every_statement_at([entry.seq]):
        if statement.number // 2 in numbers:
            work.facts.remove_every_statement(statement.seq, statement.number)
    for number in numbers:
        work.apart.drop_one(entry.seq, 2 * number)
        work.apart.drop_one(entry.seq, 2 * number + 1)
    if left is None:
        work.history.blank_entries([entry.seq])
        work.quarantines.drop([entry.seq])
    else:
        work.history.rewrite_entry(entry.seq, left)
    retelling.finish()


def _bury(
    engine: Engine, work: UnitOfWork, row: ErasureRow, gone: Sequence[StoredMessage], by_hand: Sequence[LogEntry]
) -> None:
    """Keep the tombstone: ids and places, no words."""
    if not gone and not by_hand:
        return
    stones = [Tombstone(message.id, message.seq, row.id) for message in gone]
    stones += [Tombstone(entry.entry_id, entry.seq, row.id) for entry in by_hand]
    work.erasures.bury(stones)
    payload = {"erasure": row.id, "seqs": [stone.seq for stone in stones], "ids": [stone.entry_id for stone in stones]}
    append_entry(work, "erasure", payload, engine.clock.now())


def _counted(receipt: Receipt, before: TenantCounts, after: TenantCounts, entries: int) -> Receipt:
    return replace(
        receipt,
        entries=receipt.entries + entries,
        messages=receipt.messages + before.messages - after.messages,
        concepts=receipt.concepts + before.entities - after.entities,
        links=receipt.links + before.attention_links - after.attention_links,
        decisions=receipt.decisions + before.decisions - after.decisions,
        facts=receipt.facts + before.facts - after.facts,
    )


def _sealed(work: UnitOfWork, tenant: TenantRecord, receipt: Receipt, ids: Sequence[str], now: Micros) -> Receipt:
    """The receipt of a finished erasure, numbered and chained behind the one that was sealed last."""
    last = work.erasures.last()
    number = 1 if last is None else last.number + 1
    complete = replace(receipt, number=number, erased_at=now, ids_digest=digest_of_ids(tenant.secret, ids))
    return seal(complete, NO_RECEIPT_BEFORE if last is None else receipt_from_json(last.receipt).hash)


def _tried(engine: Engine, tenant: TenantId, wanted: Selector, reason: str) -> ForgetResult:
    """What an erasure would take: done, counted, and taken back."""
    receipts: list[Receipt] = []
    try:
        with engine.unit(tenant, write=True) as work:
            row = begin(engine, work, wanted, reason)
            if row is None:
                return NOTHING_FORGOTTEN_DRY
            while row.state == "running":
                row = erase_batch(engine, work, row)
            receipts.append(receipt_from_json(row.receipt))
            raise _DryRun
    except _DryRun:
        return _result(receipts[0], dry_run=True)


def _result(receipt: Receipt, *, dry_run: bool) -> ForgetResult:
    return ForgetResult(
        dry_run,
        receipt.messages,
        receipt.entries,
        receipt.concepts,
        receipt.links,
        receipt.decisions,
        receipt.facts,
        None if dry_run else receipt,
    )
