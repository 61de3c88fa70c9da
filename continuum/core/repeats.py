"""Requests that come again: under an idempotency key, or as the very same messages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from continuum.domain.records import Exchange, MessageRedaction, Suspicion, Utterance
from continuum.domain.results import LearningResult
from continuum.errors import ConflictError
from continuum.storage.repositories.messages import KnownMessage
from continuum.storage.unit_of_work import UnitOfWork


def foresee_answer(work: UnitOfWork, exchange: Exchange) -> None:
    """`answered_before` will be asked."""
    if exchange.idempotency_key is not None:
        work.idempotency.foresee(_kept_key(exchange.idempotency_key))


def answered_before(work: UnitOfWork, exchange: Exchange) -> LearningResult | None:
    if exchange.idempotency_key is None:
        return None
    stored = work.idempotency.get(_kept_key(exchange.idempotency_key))
    if stored is None:
        return None
    if stored.request_hash != request_hash(exchange):
        raise ConflictError(
            f"idempotency_key {exchange.idempotency_key!r} was used for another exchange; use a new key"
        )
    return replace(_with_words(work, _result_from_json(stored.result)), duplicate=True)


def remember_answer(work: UnitOfWork, exchange: Exchange, result: LearningResult) -> None:
    """Keep an answer under its key, without words: those are read again, unless they were erased."""
    if exchange.idempotency_key is not None:
        answer = json.dumps(asdict(replace(result, concepts=(), decisions=(), facts=())))
        key = _kept_key(exchange.idempotency_key)
        work.idempotency.put(key, request_hash(exchange), answer, exchange.recorded_at, result.seq)


def _with_words(work: UnitOfWork, result: LearningResult) -> LearningResult:
    """The answer with the concepts, decisions and facts that its exchange taught, if it was new then."""
    if result.duplicate:
        return result
    taught = work.evidence.of_exchanges([result.exchange_id])
    messages = work.messages.by_ids(result.message_ids).values()
    seqs = sorted(message.seq for message in messages)
    slots = {statement.slot_id for statement in work.facts.statements_at(seqs)}
    names = [e.name for each in taught for e in each.entities if e.entity_type not in ("session", "decision")]
    return replace(
        result,
        concepts=tuple(names),
        decisions=tuple(decision.decision_text for decision in work.decisions.of_messages(seqs)),
        facts=tuple(fact for fact in work.facts.of_slots(slots) if fact.message_id in result.message_ids),
    )


def _kept_key(key: str) -> str:
    """A caller's key under a name of its own: bulk jobs keep their progress in the same table."""
    return f"key:{key}"


def request_hash(exchange: Exchange) -> bytes:
    """What makes two requests equal: session, scope and words as they were given, not the moment they arrived."""
    said = [
        [u.role, u.speaker, u.text, u.metadata, u.timestamp if u.timestamp_given else None] for u in exchange.utterances
    ]
    session = exchange.session_id if exchange.session_given else None
    body = json.dumps([session, asdict(exchange.scope), said], ensure_ascii=False)
    return hashlib.blake2b(body.encode(), digest_size=16).digest()


def _result_from_json(text: str) -> LearningResult:
    values = json.loads(text)
    for name in ("message_ids", "concepts", "decisions", "facts"):
        values[name] = tuple(values.get(name, ()))
    values["redactions"] = tuple(MessageRedaction(**each) for each in values.get("redactions", ()))
    values["suspicious"] = tuple(
        Suspicion(each["message"], each["score"], tuple(each["reasons"]), tuple(map(tuple, each["spans"])))
        for each in values.get("suspicious", ())
    )
    return LearningResult(**values)


def fresh_utterances(exchange: Exchange, keys: Sequence[bytes | None], known: set[bytes]) -> tuple[Utterance, ...]:
    """The utterances that are neither kept already nor said before in this exchange."""
    fresh = []
    for utterance, key in zip(exchange.utterances, keys, strict=True):
        if key is None or key not in known:
            fresh.append(utterance)
        if key is not None:
            known.add(key)
    return tuple(fresh)


def same_again(work: UnitOfWork, exchange: Exchange, kept: Sequence[KnownMessage]) -> LearningResult:
    """The answer for messages that are all kept already: their ids, and the exchange that the first came with."""
    first = work.messages.by_seqs([kept[0].seq])[kept[0].seq]
    return LearningResult(
        concepts_extracted=0,
        decisions_detected=0,
        links_created=0,
        compounds_found=0,
        tenant_id=work.tenant_id,
        session_id=exchange.session_id,
        exchange_id=first.exchange_id,
        message_ids=tuple(dict.fromkeys(message.id for message in kept)),
        seq=work.tenants.position(),
        duplicate=True,
    )
