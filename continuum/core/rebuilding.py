"""Folds a tenant's log again: drops all that was derived and derives it anew, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuum.core.assertions import apply_entity, apply_link
from continuum.core.recording import derive, index_terms, indexed
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import Exchange, LogEntry, StoredMessage, Utterance
from continuum.extraction.pipeline import EXTRACTORS_VERSION
from continuum.language.tokens import TERMS_VERSION
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ENTRIES_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class RebuildResult:
    """How much of the log was folded."""

    entries: int
    exchanges: int


def rebuild_tenant(engine: Engine, tenant: TenantId) -> RebuildResult:
    """Derive everything of a tenant anew. The rebuild is an entry of the log, so every process drops its index."""
    now = engine.clock.now()
    entries = exchanges = 0
    with engine.unit(tenant, write=True) as work:
        record = work.tenants.get()
        if record is None:
            return RebuildResult(0, 0)
        work.clear_derived()
        for step in _steps(work, record.last_seq):
            if isinstance(step, LogEntry):
                entries += 1
                _apply(work, step)
            else:
                entries, exchanges = entries + len(step), exchanges + 1
                _derive_again(engine, work, record.secret, step)
        version = json.dumps({"extractors": EXTRACTORS_VERSION, "terms": TERMS_VERSION})
        seq = work.tenants.advance(1, now).last_seq
        work.log.append([LogEntry(seq, "extractors", uuid7(now), now, version)])
    engine.index_store.forget(tenant)
    return RebuildResult(entries, exchanges)


def _apply(work: UnitOfWork, entry: LogEntry) -> None:
    if entry.kind == "entity":
        apply_entity(work, entry)
    elif entry.kind == "link":
        apply_link(work, entry)


def _derive_again(engine: Engine, work: UnitOfWork, secret: bytes, messages: Sequence[StoredMessage]) -> None:
    exchange = exchange_of(messages)
    extraction = engine.pipeline.extract(exchange)
    terms = index_terms([message.text for message in messages], extraction)
    work.messages.index([indexed(message, own) for message, own in zip(messages, terms, strict=True)])
    derive(work, secret, messages, extraction, engine.links)


def exchange_of(messages: Sequence[StoredMessage]) -> Exchange:
    """The exchange that messages of the log were learnt as."""
    first = messages[0]
    utterances = tuple(
        Utterance(m.role, m.text, m.speaker, m.timestamp, m.same_key is not None, m.origin, m.metadata)
        for m in messages
    )
    return Exchange(first.exchange_id, utterances, first.session_id, first.instance_id, first.scope, first.recorded_at)


def _steps(work: UnitOfWork, last_seq: int) -> Iterator[LogEntry | list[StoredMessage]]:
    """The log in order: single entries, and the messages of one exchange together."""
    pending: list[StoredMessage] = []
    after = 0
    while after < last_seq:
        entries = work.log.read(after, ENTRIES_AT_ONCE)
        messages = work.messages.by_seqs([entry.seq for entry in entries if entry.kind == "message"])
        for entry in entries:
            message = messages.get(entry.seq)
            if pending and (message is None or message.exchange_id != pending[0].exchange_id):
                yield pending
                pending = []
            if message is not None:
                pending.append(message)
            elif entry.kind != "message":
                yield entry
        after = entries[-1].seq if entries else last_seq
    if pending:
        yield pending
