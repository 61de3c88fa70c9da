"""Says what a learn writes, and in which order. Learn and rebuild share `derive`, so that both give the same state.

Rows are sorted by key before they are written: two learners that touch the same rows in different order would
deadlock on a database with row locks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from continuum.core.adjusting import Adjustments, adjustments_of, compounds_of, entities_of, pairs_of
from continuum.core.fact_writing import keep_current, resolve_and_keep, said_in
from continuum.core.facts_by_hand import supersede
from continuum.core.folding import UNCONFIRMED_STRENGTH_MAX, meeting_of
from continuum.core.link_settings import LinkSettings
from continuum.core.message_tags import ORIGIN_TAG, metadata_tag_name, tag_pairs
from continuum.core.origin_seal import Sealer, put_seals
from continuum.core.refolding import ENTITY_NAME_CHARS_MAX
from continuum.core.repeats import answered_before, foresee_answer, fresh_utterances, remember_answer, same_again
from continuum.core.stating import ensure_tenant
from continuum.core.validation import same_key
from continuum.domain.clock import Micros
from continuum.domain.events import ConceptLearned, DecisionMade, Event, MemoryAdded
from continuum.domain.facts import Fact, Statement
from continuum.domain.ids import derived_id, uuid7
from continuum.domain.records import (
    CompoundSighting,
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
    Origin,
    Sources,
    StoredMessage,
    Taught,
)
from continuum.domain.results import LearningResult
from continuum.language.forms import Form
from continuum.language.names import entity_key
from continuum.language.tokens import encode_tags, encode_terms, marked, without_ranges
from continuum.retrieval.signatures import with_wording
from continuum.storage.unit_of_work import UnitOfWork, together

Extract = Callable[[Exchange], Extraction]


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
    facts: tuple[Fact, ...] = ()
    """The facts that are new or changed."""


def prepare(exchange: Exchange, extract: Extract) -> Prepared:
    """Understand an exchange; the slow part of a learn, done outside of its transaction."""
    extraction = extract(exchange)
    texts = [utterance.text for utterance in exchange.utterances]
    return Prepared(exchange, extraction, index_terms(texts, extraction))


def index_terms(texts: Sequence[str], extraction: Extraction) -> tuple[bytes, ...]:
    """The index terms of each text, without what came out of a recall."""
    echoed: dict[int, list[tuple[int, int]]] = {}
    for echo in extraction.echoes:
        echoed.setdefault(echo.message, []).append((echo.start, echo.end))
    own = [without_ranges(text, echoed[number]) if number in echoed else text for number, text in enumerate(texts)]
    suspect = {suspicion.message for suspicion in extraction.suspicions}
    terms = [with_wording(encode_terms(text), text) for text in own]
    return tuple(marked(each, Form.SUSPECT) if number in suspect else each for number, each in enumerate(terms))


def record(
    work: UnitOfWork, prepared: Prepared, extract: Extract, links: LinkSettings, sealer: Sealer | None = None
) -> Learned:
    """Write one exchange into an open unit of work; with a `sealer` its messages are bound to their origin.

    A repeated idempotency key gives the first answer again; messages that are the same again are not stored twice.
    Raises ConflictError if the key was used for other words.
    """
    asked = exchange = prepared.exchange
    keys = [same_key(exchange.session_id, utterance) for utterance in exchange.utterances]
    timed = {key for key in keys if key is not None}
    work.tenants.foresee()
    foresee_answer(work, exchange)
    work.messages.foresee_known(sorted(timed))
    answered = answered_before(work, exchange)
    if answered is not None:
        return Learned(answered)
    tenant = ensure_tenant(work, exchange.recorded_at)
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
    put_seals(sealer, work, messages)
    _index(work, messages, prepared.terms)
    derived = derive(
        work, tenant.secret, messages, prepared.extraction, links, adjustments_of(work, tenant.adjustments)
    )
    result = _result(work, prepared, messages, derived)
    if exchange.expires_at is not None:
        work.history.put_expiries({message.seq: exchange.expires_at for message in messages})
    if exchange.supersedes:
        supersede(work, tenant.secret, exchange.supersedes, messages[-1], exchange.recorded_at)
    remember_answer(work, asked, result)
    return Learned(result, _events(work.tenant_id, exchange, messages, derived))


def derive(
    work: UnitOfWork,
    secret: bytes,
    messages: Sequence[StoredMessage],
    extraction: Extraction,
    links: LinkSettings,
    adjustments: Adjustments,
    worded: Mapping[int, int] | None = None,
) -> Derived:
    """Fold what an exchange teaches into the tenant's concepts, links, decisions, compounds and facts.

    `worded` says since which position a message has the words it has, where it was worded anew.
    """
    taught = keep_evidence(work, secret, messages, extraction)
    statements = keep_statements(work, secret, messages, extraction, worded or {})
    work.facts.foresee_slots(dict.fromkeys(statement.slot_id for statement in statements))
    meetings = [meeting_of(taught, a, b, sources) for a, b, sources in pairs_of(taught, adjustments)]
    compounds = compounds_of(secret, taught, adjustments)
    new_ids, links_created, compounds_found = together(
        work.entities.observing(entities_of(taught, adjustments)),
        work.links.reinforcing(meetings, initial=links.initial, rate=links.rate, cap=UNCONFIRMED_STRENGTH_MAX),
        work.compounds.counting(sorted(compounds, key=lambda compound: compound.id)),
    )
    decisions = tuple(decisions_in(secret, messages, extraction))
    facts = keep_current(work, secret, statements)
    ids = {entity.id for entity in taught.entities if entity.id in new_ids}
    new_concepts = tuple(c.name for c, e in zip(extraction.concepts, taught.entities, strict=False) if e.id in ids)
    return Derived(new_concepts, decisions, links_created, compounds_found, tuple(facts))


def keep_evidence(work: UnitOfWork, secret: bytes, messages: Sequence[StoredMessage], extraction: Extraction) -> Taught:
    """Keep what an exchange teaches, its mentions and its decisions: all that the rest is folded from."""
    ids = {concept.key: derived_id(secret, "concept", concept.key) for concept in extraction.concepts}
    decisions = decisions_in(secret, messages, extraction)
    taught = _taught(secret, ids, messages, extraction, decisions)
    work.evidence.put([taught])
    work.mentions.append(sorted(_mentions(ids, extraction.concepts, messages), key=_mention_order))
    work.decisions.keep(decisions)
    return taught


def taught_by(secret: bytes, messages: Sequence[StoredMessage], extraction: Extraction) -> Taught:
    """What an exchange teaches, in the form of evidence; nothing is kept."""
    ids = {concept.key: derived_id(secret, "concept", concept.key) for concept in extraction.concepts}
    return _taught(secret, ids, messages, extraction, decisions_in(secret, messages, extraction))


def decisions_in(secret: bytes, messages: Sequence[StoredMessage], extraction: Extraction) -> list[Decision]:
    """The decisions of an exchange, as they are kept."""
    return [_decision(secret, found, messages) for found in extraction.decisions]


def keep_statements(
    work: UnitOfWork,
    secret: bytes,
    messages: Sequence[StoredMessage],
    extraction: Extraction,
    worded: Mapping[int, int],
) -> list[Statement]:
    """Keep what an exchange states, message by message: a later one may refer to an earlier one."""
    statements: list[Statement] = []
    for number, message in enumerate(messages):
        found = [fact for fact in extraction.facts if fact.span.message == number]
        if found:
            statements += resolve_and_keep(work, secret, said_in(message, worded.get(message.seq)), found)
    return statements


def _taught(
    secret: bytes,
    ids: dict[str, str],
    messages: Sequence[StoredMessage],
    extraction: Extraction,
    decisions: Sequence[Decision],
) -> Taught:
    """Concepts first, in the order in which they were found, then decisions and the session."""
    entities = [_concept(ids[concept.key], concept, messages) for concept in extraction.concepts]
    entities += [_decision_entity(secret, decision) for decision in decisions]
    entities.append(_session_entity(secret, messages))
    names = {concept.key: concept.name for concept in extraction.concepts}
    links = []
    for pair in extraction.pairs:
        a, b = sorted((ids[pair.a], ids[pair.b]))
        links.append((a, b, Sources.of(pair.origin)))
    return Taught(
        exchange_id=messages[0].exchange_id,
        first_seq=messages[0].seq,
        last_seq=messages[-1].seq,
        at=max(message.timestamp for message in messages),
        entities=tuple(_distinct(entities)),
        links=tuple(sorted(links)),
        compounds=tuple(_sighting(ids, names, found, messages) for found in extraction.compounds),
    )


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


def _tags(message: StoredMessage) -> list[tuple[str, str]]:
    scope = message.scope
    pairs: list[tuple[str, object]] = [
        ("user_id", scope.user_id),
        ("agent_id", scope.agent_id),
        ("project_id", scope.project_id),
    ]
    if message.origin is not Origin.USER:
        pairs.append((ORIGIN_TAG, message.origin.value))
    if message.metadata != "{}":
        for key, value in json.loads(message.metadata).items():
            if isinstance(value, str | int | float | bool):
                pairs.append((metadata_tag_name(key), value))
    return tag_pairs(pairs)


def _append(work: UnitOfWork, exchange: Exchange) -> list[StoredMessage]:
    count = len(exchange.utterances)
    at = max(utterance.timestamp for utterance in exchange.utterances)
    record, number = together(
        work.tenants.advancing(count, exchange.recorded_at), work.sessions.appending(exchange.session_id, count, at)
    )
    # Times ascend along the log, whatever the clocks of its writers say: "what we knew then" is a position.
    last_seq, recorded_at = record.last_seq, record.last_active
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
            recorded_at=recorded_at,
            scope=exchange.scope,
            metadata=utterance.metadata,
            same_key=same_key(exchange.session_id, utterance),
        )
        for position, utterance in enumerate(exchange.utterances)
    ]
    work.log.append([LogEntry(m.seq, "message", m.id, m.recorded_at) for m in messages])
    work.messages.append(messages)
    work.tenants.note_said([message.timestamp for message in messages])
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
        facts=derived.facts,
        redactions=prepared.exchange.redactions,
        suspicious=extraction.suspicions,
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
    return _plain_entity(_decision_entity_id(secret, text), text, "decision", (at, at), (seq, seq), 1)


def _decision_entity_id(secret: bytes, text: str) -> str:
    return derived_id(secret, "decision-text", text)


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
        entity_id=_decision_entity_id(secret, found.text),
    )


def _sighting(
    ids: dict[str, str], names: dict[str, str], found: ExtractedCompound, messages: Sequence[StoredMessage]
) -> CompoundSighting:
    message = messages[found.span.message]
    name = " + ".join(names[key] for key in found.components)
    return CompoundSighting(tuple(ids[key] for key in found.components), name, message.timestamp, message.seq)
