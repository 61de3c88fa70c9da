"""Folds a tenant's log again: drops all that was derived and derives it anew, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuum.core.adjusting import Adjustments, in_force
from continuum.core.adjustments_by_hand import apply_adjustment
from continuum.core.assertions import apply_entity, apply_link
from continuum.core.facts_by_hand import apply_facts, apply_retraction, apply_supersession
from continuum.core.feedback import note_subjects
from continuum.core.graph_health import apply_prune
from continuum.core.hiding import settle
from continuum.core.recording import derive, index_terms, indexed
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import Exchange, LogEntry, StoredMessage, TenantRecord, Utterance
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.language.tokens import TERMS_VERSION
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """How much of the log was folded."""

    entries: int
    exchanges: int


def rebuild_tenant(engine: Engine, tenant: TenantId) -> RebuildResult:
    """Derive everything of a tenant anew. The rebuild is an entry of the log, so every process drops its index."""
    with engine.unit(tenant, write=True) as work:
        record = work.tenants.get()
        if record is None:
            return RebuildResult(0, 0)
        result = rebuild_rows(engine, work, record)
    engine.index_store.forget(tenant)
    return result


def rebuild_rows(engine: Engine, work: UnitOfWork, record: TenantRecord) -> RebuildResult:
    """Derive everything anew inside an open unit of work."""
    entries = exchanges = 0
    settle(work, engine.clock.now())
    since = work.facts.counting_since()
    work.clear_derived()
    # What holds is a function of the evidence and the merges in force: those come first, all of them.
    adjustments = _adjustments(work, record)
    for step in _steps(work):
        if isinstance(step, LogEntry):
            entries += 1
            _apply(work, record.secret, step, adjustments, since.get(step.seq))
        else:
            entries, exchanges = entries + len(step), exchanges + 1
            _derive_again(engine, work, record.secret, step, adjustments, since)
    now = engine.clock.now()
    version = json.dumps({"extractors": EXTRACTORS_VERSION, "terms": TERMS_VERSION})
    after = work.tenants.advance(1, now)
    work.log.append([LogEntry(after.last_seq, "extractors", uuid7(now), after.last_active, version)])
    work.tenants.derived_by(EXTRACTORS_VERSION)
    return RebuildResult(entries, exchanges)


def _adjustments(work: UnitOfWork, record: TenantRecord) -> Adjustments:
    if not record.adjustments:
        return Adjustments()
    for entries in work.log.pages():
        for entry in entries:
            if entry.kind in ("merge", "rename", "undo", "prune"):
                apply_adjustment(work, record.secret, entry)
    return in_force(work.evidence.adjustments())


def _apply(work: UnitOfWork, secret: bytes, entry: LogEntry, adjustments: Adjustments, since: int | None) -> None:
    if entry.kind == "entity":
        apply_entity(work, secret, entry, adjustments)
    elif entry.kind == "link":
        apply_link(work, secret, entry, adjustments)
    elif entry.kind == "facts":
        apply_facts(work, secret, entry, since)
    elif entry.kind == "retraction":
        apply_retraction(work, secret, entry, since)
    elif entry.kind == "supersession":
        apply_supersession(work, secret, entry, since)
    elif entry.kind == "feedback":
        note_subjects(work, entry)
    elif entry.kind == "prune":
        apply_prune(work, entry)


def _derive_again(
    engine: Engine,
    work: UnitOfWork,
    secret: bytes,
    messages: Sequence[StoredMessage],
    adjustments: Adjustments,
    since: Mapping[int, int],
) -> None:
    extraction = engine.pipeline.extract(exchange_of(messages))
    terms = index_terms([message.text for message in messages], extraction)
    work.messages.index([indexed(message, own) for message, own in zip(messages, terms, strict=True)])
    worded = {wording.seq: wording.until_seq for wording in work.history.wordings([m.seq for m in messages])}
    worded |= {m.seq: max(since[m.seq], worded.get(m.seq, 0)) for m in messages if m.seq in since}
    derive(work, secret, messages, extraction, engine.links, adjustments, worded)


def exchange_of(messages: Sequence[StoredMessage]) -> Exchange:
    """The exchange that messages of the log were learnt as."""
    first = messages[0]
    utterances = tuple(
        Utterance(m.role, m.text, m.speaker, m.timestamp, m.same_key is not None, m.origin, m.metadata)
        for m in messages
    )
    return Exchange(first.exchange_id, utterances, first.session_id, first.instance_id, first.scope, first.recorded_at)


def _steps(work: UnitOfWork) -> Iterator[LogEntry | list[StoredMessage]]:
    """The log in order: single entries, and the messages of one exchange together."""
    pending: list[StoredMessage] = []
    quarantined = work.quarantines.any()
    for entries in work.log.pages():
        messages = work.messages.by_seqs([entry.seq for entry in entries if entry.kind == "message"])
        hidden = work.quarantines.hidden([entry.seq for entry in entries]) if quarantined else set()
        for entry in entries:
            if entry.kind == "erased" or entry.seq in hidden:
                continue  # of its exchange the rest stays one exchange
            message = messages.get(entry.seq)
            if pending and (message is None or message.exchange_id != pending[0].exchange_id):
                yield pending
                pending = []
            if message is not None:
                pending.append(message)
            elif entry.kind != "message":
                yield entry
    if pending:
        yield pending
