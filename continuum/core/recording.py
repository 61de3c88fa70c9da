"""Says what a learn writes, and in which order. Learn and rebuild share `derive`, so that both give the same state.

Rows are sorted by key before they are written: two learners that touch the same rows in different order would
deadlock on a database with row locks.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from continuum.core.repeats import answered_before, fresh_utterances, remember_answer, same_again
from continuum.core.validation import same_key
from continuum.domain.clock import Micros
from continuum.domain.events import ConceptLearned, DecisionMade, Event, MemoryAdded
from continuum.domain.ids import derived_id, uuid7
from continuum.domain.records import (
    AttentionLink,
    CompoundConcept,
    ConceptPair,
    Decision,
    Entity,
    Exchange,
    ExtractedCompound,
    ExtractedConcept,
    ExtractedDecision,
    Extraction,
    IndexedMessage,
    LogEntry,
    Mention,
    Sources,
    StoredMessage,
)
from continuum.domain.results import LearningResult
from continuum.language.names import entity_key
from continuum.language.tokens import encode_tags, encode_terms
from continuum.storage.unit_of_work import UnitOfWork

TENANT_SECRET_BYTES = 32
ENTITY_NAME_CHARS_MAX = 200
UNCONFIRMED_STRENGTH_MAX = 0.29
"""What only the assistant, a tool, an import or the federation says stays below the links that are walked."""

Extract = Callable[[Exchange], Extraction]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """How strong a first co-occurrence is, and what share of the rest a repeated one gains."""

    initial: float
    rate: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """An exchange with all that was computed from it before any transaction began."""

    exchange: Exchange
    extraction: Extraction
    terms: tuple[bytes, ...]
    """The index terms of each utterance."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What a learn answers, and what it tells the listeners after its commit."""

    result: LearningResult
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived:
    """What was new in a tenant because of one exchange."""

    new_concepts: tuple[str, ...]
    decisions: tuple[Decision, ...]
    links_created: int
    compounds_found: int


def prepare(exchange: Exchange, extract: Extract) -> Prepared:
    """Understand an exchange; the slow part of a learn, done outside of its transaction."""
    extraction = extract(exchange)
    texts = [utterance.text for utterance in exchange.utterances]
    return Prepared(exchange, extraction, index_terms(texts, extraction))


def index_terms(texts: Sequence[str], extraction: Extraction) -> tuple[bytes, ...]:
    """The index terms of each text, without what came out of a recall."""
    return tuple(
        encode_terms(text, [(echo.start, echo.end) for echo in extraction.echoes if echo.message == number])
        for number, text in enumerate(texts)
    )


def record(work: UnitOfWork, prepared: Prepared, extract: Extract, links: LinkSettings) -> Learned:
    """Write one exchange into an open unit of work.

    A repeated idempotency key gives the first answer again; messages that are the same again are not stored twice.
    Raises ConflictError if the key was used for other words.
    """
    asked = exchange = prepared.exchange
    answered = answered_before(work, exchange)
    if answered is not None:
        return Learned(answered)
    tenant = work.tenants.ensure(exchange.recorded_at, lambda: secrets.token_bytes(TENANT_SECRET_BYTES))
    keys = [same_key(exchange.session_id, utterance) for utterance in exchange.utterances]
    timed = {key for key in keys if key is not None}
    if timed:
        known = work.messages.known(sorted(timed))
        fresh = fresh_utterances(exchange, keys, set(known))
        if not fresh:
            again = same_again(work, exchange, [known[key] for key in keys if key is not None])
            remember_answer(work, exchange, again)
            return Learned(again)
        if len(fresh) < len(keys):
            exchange = replace(exchange, utterances=fresh)
            prepared = prepare(exchange, extract)
    messages = _append(work, exchange)
    _index(work, messages, prepared.terms)
    derived = derive(work, tenant.secret, messages, prepared.extraction, links)
    result = _result(work, prepared, messages, derived)
    remember_answer(work, asked, result)
    return Learned(result, _events(work.tenant_id, exchange, messages, derived))


def derive(
    work: UnitOfWork,
    secret: bytes,
    messages: Sequence[StoredMessage],
    extraction: Extraction,
    links: LinkSettings,
) -> Derived:
    """Fold what an exchange teaches into the tenant's concepts, links, decisions and compounds."""
    ids = {concept.key: derived_id(secret, "concept", concept.key) for concept in extraction.concepts}
    decisions = [_decision(secret, found, messages) for found in extraction.decisions]
    entities = [_concept(ids[concept.key], concept, messages) for concept in extraction.concepts]
    entities += [_decision_entity(secret, decision) for decision in decisions]
    entities.append(_session_entity(secret, messages))
    new_ids = work.entities.observe(sorted(_distinct(entities), key=lambda entity: entity.id))
    work.mentions.append(sorted(_mentions(ids, extraction.concepts, messages), key=_mention_order))
    links_created = work.links.reinforce(
        _links(ids, extraction.pairs, messages), initial=links.initial, rate=links.rate, cap=UNCONFIRMED_STRENGTH_MAX
    )
    work.decisions.append(decisions)
    names = {concept.key: concept.name for concept in extraction.concepts}
    compounds = [_compound(secret, ids, names, found, messages) for found in extraction.compounds]
    compounds_found = work.compounds.count(sorted(compounds, key=lambda compound: compound.id))
    new_concepts = tuple(concept.name for concept in extraction.concepts if ids[concept.key] in new_ids)
    return Derived(new_concepts, tuple(decisions), links_created, compounds_found)


def indexed(message: StoredMessage, terms: bytes) -> IndexedMessage:
    """The index row of a message."""
    return IndexedMessage(
        seq=message.seq,
        timestamp=message.timestamp,
        session_id=message.session_id,
        role=message.role,
        speaker=message.speaker,
        terms=terms,
        tags=encode_tags(_tags(message)),
    )


def tag_pairs(scope_and_filters: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Names and values in the form that is hashed: a value is written as JSON, so that 1 and "1" differ."""
    return [
        (name, json.dumps(value, ensure_ascii=False, sort_keys=True))
        for name, value in scope_and_filters
        if value is not None
    ]


def metadata_tag_name(key: str) -> str:
    """The tag name of a metadata key, apart from the scopes' own names."""
    return f"metadata.{key}"


def _tags(message: StoredMessage) -> list[tuple[str, str]]:
    scope = message.scope
    pairs: list[tuple[str, object]] = [
        ("user_id", scope.user_id),
        ("agent_id", scope.agent_id),
        ("project_id", scope.project_id),
    ]
    if message.metadata != "{}":
        for key, value in json.loads(message.metadata).items():
            if isinstance(value, str | int | float | bool):
                pairs.append((metadata_tag_name(key), value))
    return tag_pairs(pairs)


def _append(work: UnitOfWork, exchange: Exchange) -> list[StoredMessage]:
    count = len(exchange.utterances)
    last_seq = work.tenants.advance(count, exchange.recorded_at).last_seq
    at = max(utterance.timestamp for utterance in exchange.utterances)
    number = work.sessions.append(exchange.session_id, count, at)
    messages = [
        StoredMessage(
            id=uuid7(exchange.recorded_at),
            seq=last_seq - count + 1 + position,
            exchange_id=exchange.exchange_id,
            session_id=exchange.session_id,
            instance_id=exchange.instance_id,
            message_number=number + position,
            role=utterance.role,
            speaker=utterance.speaker,
            origin=utterance.origin,
            text=utterance.text,
            timestamp=utterance.timestamp,
            recorded_at=exchange.recorded_at,
            scope=exchange.scope,
            metadata=utterance.metadata,
            same_key=same_key(exchange.session_id, utterance),
        )
        for position, utterance in enumerate(exchange.utterances)
    ]
    work.log.append([LogEntry(m.seq, "message", m.id, m.recorded_at) for m in messages])
    work.messages.append(messages)
    return messages


def _index(work: UnitOfWork, messages: Sequence[StoredMessage], terms: Sequence[bytes]) -> None:
    work.messages.index([indexed(message, own) for message, own in zip(messages, terms, strict=True)])


def _result(
    work: UnitOfWork, prepared: Prepared, messages: Sequence[StoredMessage], derived: Derived
) -> LearningResult:
    extraction = prepared.extraction
    return LearningResult(
        concepts_extracted=len(extraction.concepts),
        decisions_detected=len(extraction.decisions),
        links_created=derived.links_created,
        compounds_found=derived.compounds_found,
        tenant_id=work.tenant_id,
        session_id=prepared.exchange.session_id,
        exchange_id=prepared.exchange.exchange_id,
        message_ids=tuple(message.id for message in messages),
        seq=messages[-1].seq,
        concepts=tuple(concept.name for concept in extraction.concepts),
        decisions=tuple(decision.text for decision in extraction.decisions),
    )


def _events(
    tenant_id: str, exchange: Exchange, messages: Sequence[StoredMessage], derived: Derived
) -> tuple[Event, ...]:
    instance, last_seq = exchange.instance_id, messages[-1].seq
    events: list[Event] = [MemoryAdded(tenant_id, instance, m.id, m.seq, m.timestamp) for m in messages]
    events += [ConceptLearned(tenant_id, instance, name, last_seq) for name in derived.new_concepts]
    events += [DecisionMade(tenant_id, instance, d.id, d.decision_text, d.message_seq) for d in derived.decisions]
    return tuple(events)


def _concept(entity_id: str, concept: ExtractedConcept, messages: Sequence[StoredMessage]) -> Entity:
    named_in = [messages[span.message] for span in concept.spans]
    return Entity(
        id=entity_id,
        name=concept.name,
        entity_type=concept.entity_type,
        key=concept.key,
        description=concept.description,
        created_at=min(message.timestamp for message in named_in),
        last_seen=max(message.timestamp for message in named_in),
        occurrences=len(concept.spans),
        aliases=concept.aliases,
        first_seq=min(message.seq for message in named_in),
        last_seq=max(message.seq for message in named_in),
    )


def _plain_entity(
    entity_id: str, name: str, entity_type: str, at: tuple[Micros, Micros], seqs: tuple[int, int], times: int
) -> Entity:
    short = name[:ENTITY_NAME_CHARS_MAX]
    key = entity_key(short)
    return Entity(entity_id, short, entity_type, key, "", at[0], at[1], times, first_seq=seqs[0], last_seq=seqs[1])


def _session_entity(secret: bytes, messages: Sequence[StoredMessage]) -> Entity:
    name = messages[0].session_id
    times = [message.timestamp for message in messages]
    seqs = (messages[0].seq, messages[-1].seq)
    return _plain_entity(
        derived_id(secret, "session", name), name, "session", (min(times), max(times)), seqs, len(messages)
    )


def _decision_entity(secret: bytes, decision: Decision) -> Entity:
    text, at, seq = decision.decision_text, decision.timestamp, decision.message_seq
    return _plain_entity(derived_id(secret, "decision-text", text), text, "decision", (at, at), (seq, seq), 1)


def _distinct(entities: Iterable[Entity]) -> Iterable[Entity]:
    """One row for each id: a decision that is stated twice in an exchange is one entity."""
    merged: dict[str, Entity] = {}
    for entity in entities:
        twin = merged.get(entity.id)
        merged[entity.id] = entity if twin is None else replace(twin, occurrences=twin.occurrences + entity.occurrences)
    return merged.values()


def _mentions(
    ids: dict[str, str], concepts: Sequence[ExtractedConcept], messages: Sequence[StoredMessage]
) -> Iterable[Mention]:
    for concept in concepts:
        for span in concept.spans:
            message = messages[span.message]
            yield Mention(ids[concept.key], message.seq, span.start, span.end, message.exchange_id)


def _mention_order(mention: Mention) -> tuple[str, int, int]:
    return (mention.entity_id, mention.message_seq, mention.start)


def _links(ids: dict[str, str], pairs: Sequence[ConceptPair], messages: Sequence[StoredMessage]) -> list[AttentionLink]:
    at = max(message.timestamp for message in messages)
    first_seq, last_seq = messages[0].seq, messages[-1].seq
    rows = []
    for pair in pairs:
        a, b = sorted((ids[pair.a], ids[pair.b]))
        rows.append((a, b, Sources.of(pair.origin)))
    return [
        AttentionLink(a, b, "hebbian", 0.0, 1, sources, at, at, first_seq, last_seq) for a, b, sources in sorted(rows)
    ]


def _decision(secret: bytes, found: ExtractedDecision, messages: Sequence[StoredMessage]) -> Decision:
    message = messages[found.span.message]
    return Decision(
        id=derived_id(secret, "decision", message.id, str(found.span.start), str(found.span.end)),
        decision_text=found.text,
        context=found.context,
        role=message.role,
        instance_id=message.instance_id,
        timestamp=message.timestamp,
        extracted_from=message.id,
        message_seq=message.seq,
        start=found.span.start,
        end=found.span.end,
    )


def _compound(
    secret: bytes,
    ids: dict[str, str],
    names: dict[str, str],
    found: ExtractedCompound,
    messages: Sequence[StoredMessage],
) -> CompoundConcept:
    message = messages[found.span.message]
    return CompoundConcept(
        id=derived_id(secret, "compound", *found.components),
        compound_name=" + ".join(names[key] for key in found.components),
        component_concepts=tuple(ids[key] for key in found.components),
        co_occurrence_count=1,
        last_seen=message.timestamp,
        first_seq=message.seq,
        last_seq=message.seq,
    )
