"""From what a recall found to what it shows: memories, decisions and links as answers, and the note for feedback."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from continuum.core.fact_reading import FoundFacts, current_first
from continuum.core.graph_reading import UNDIRECTED, Graph
from continuum.core.questions import RecallRequest
from continuum.core.recall_id import SHOWN_WITH_SIGNALS_MAX, RecallNote, unweighted
from continuum.domain.clock import Micros, from_micros
from continuum.domain.records import AttentionLink, Decision, Entity, Json, Mention, StoredMessage, TenantRecord
from continuum.domain.results import (
    Degradation,
    MemoryContext,
    RecalledConcept,
    RecalledDecision,
    RecalledFact,
    RecalledMemory,
    RecalledRelationship,
)
from continuum.domain.trust import UNSEALED, trust_of, trust_of_sources
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.retrieval.passages import best_passage
from continuum.retrieval.query import Ranking, SignalWeights
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.past import Past

MENTIONS_TRUSTED_MAX = 256
CONCEPTS_PER_MEMORY_MAX = 6
DECISIONS_MAX = 5
RELATIONSHIPS_MAX = 16


@dataclass(frozen=True, slots=True)
class Ranked:
    """One ranked message, with what is to be said of it."""

    seq: int
    score: float
    reasons: Mapping[str, float]
    witnesses: tuple[int, ...] = ()
    witness_count: int = 0
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the read transaction brought up, before anything is rendered."""

    ranked: Sequence[Ranked]
    messages: Mapping[int, StoredMessage]
    witnesses: Mapping[int, str]
    """The ids of witnesses, by position."""
    facts: Sequence[RecalledFact]
    concepts: Sequence[RecalledConcept]
    relationships: Sequence[RecalledRelationship]
    decisions: Sequence[RecalledDecision]
    degraded: Sequence[Degradation]
    cues: tuple[int, ...]
    weights: SignalWeights
    whose_weights: str
    suspect: frozenset[int]
    """Messages that read like orders to a model."""
    broken: frozenset[int]
    """Messages whose seal does not fit."""


def with_facts(
    ranking: Ranking, found: FoundFacts, superseded: Mapping[int, str], *, current_only: bool
) -> list[Ranked]:
    """The ranking with what the facts say: current before outdated, outdated labelled, or left out."""
    labels = {**found.outdated, **superseded}
    ranked: dict[int, Ranked] = {}
    for number, seq in enumerate(map(int, ranking.seqs)):
        ranked[seq] = Ranked(
            seq,
            float(ranking.scores[number]),
            ranking.reasons[number],
            ranking.witnesses[number] if ranking.witnesses else (),
            ranking.witness_counts[number] if ranking.witness_counts else 0,
            labels.get(seq, ""),
        )
    for current, outdated in found.ahead:
        if current not in ranked and outdated in ranked:
            ranked[current] = Ranked(current, ranked[outdated].score, {"fact": ranked[outdated].score})
    ordered = [ranked[seq] for seq in current_first([int(seq) for seq in ranking.seqs], found.ahead)]
    return [each for each in ordered if not each.outdated] if current_only else ordered


def notes_of(work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int], past: Past | None) -> dict[int, str]:
    """Which of these messages were superseded as a whole, with the words that say so."""
    if not tenant.notes:
        return {}
    labels = {}
    for seq, note in work.history.notes(seqs).items():
        if note.superseded_seq is None or note.superseded_at is None:
            continue
        if past is None or past.has_come(note.superseded_seq, note.superseded_at):
            labels[seq] = f"superseded {from_micros(note.superseded_at).date().isoformat()}"
    return labels


def witness_ids(work: UnitOfWork, ranked: Sequence[Ranked]) -> dict[int, str]:
    seqs = {seq for each in ranked for seq in each.witnesses}
    return {seq: message.id for seq, message in work.messages.by_seqs(sorted(seqs)).items()} if seqs else {}


def missing_parts(tenant: TenantRecord, past: Past | None) -> list[Degradation]:
    """What this answer cannot know: said, never passed over."""
    found = []
    if tenant.extractors != EXTRACTORS_VERSION:
        found.append(Degradation("facts", "this memory was derived by an older version; call rebuild() once"))
    if past is not None and past.moment.known_at is not None and past.seq < past.history_from:
        found.append(Degradation("history", "wordings of that time were dropped by the retention of history"))
    return found


def trust_of_concepts(graph: Graph, concepts: Sequence[Entity]) -> dict[str, float]:
    """The trust of the most trusted of each concept's newest mentions; who has none was stated by hand."""
    mentions = {each.id: graph.mentions_of(each.id, MENTIONS_TRUSTED_MAX) for each in concepts}
    seqs = {mention.message_seq for found in mentions.values() for mention in found}
    origins = {seq: message.origin for seq, message in graph.work.messages.by_seqs(sorted(seqs)).items()}
    return {
        entity_id: max((trust_of(origins[m.message_seq]) for m in found if m.message_seq in origins), default=1.0)
        for entity_id, found in mentions.items()
    }


def relationships_among(graph: Graph, concepts: Sequence[Entity]) -> list[RecalledRelationship]:
    """The strongest links among concepts; ties by name, since ids differ from one memory to the next."""
    names = {entity.id: entity.name for entity in concepts}
    links = graph.between(sorted(names)) if len(names) > 1 else []
    shown = [(*_ends_shown(link, names), link) for link in links]
    shown.sort(key=lambda each: (-each[2].strength, each[0], each[1], each[2].link_type))
    return [
        RecalledRelationship(a, b, link.link_type, round(link.strength, 6), trust_of_sources(link.sources))
        for a, b, link in shown[:RELATIONSHIPS_MAX]
    ]


def _ends_shown(link: AttentionLink, names: Mapping[str, str]) -> tuple[str, str]:
    """The names that a link joins: in its direction, or by name where it has none."""
    a, b = names[link.concept_a], names[link.concept_b]
    return (a, b) if link.link_type not in UNDIRECTED or a <= b else (b, a)


def decisions_shown(decisions: Sequence[Decision], messages: Mapping[int, StoredMessage]) -> list[RecalledDecision]:
    """The decisions of messages, which are given in the order of their rank."""
    rank_of = {seq: number for number, seq in enumerate(messages)}
    found = sorted((d for d in decisions if d.message_seq in messages), key=lambda d: (rank_of[d.message_seq], d.start))
    return [
        RecalledDecision(
            d.id,
            d.decision_text,
            d.context,
            from_micros(d.timestamp),
            d.extracted_from,
            d.role,
            trust_of(messages[d.message_seq].origin),
            messages[d.message_seq].origin.value,
        )
        for d in found[:DECISIONS_MAX]
    ]


def memory_shown(message: StoredMessage, request: RecallRequest, ranked: Ranked, found: Found) -> RecalledMemory:
    start, end = best_passage(message.text, request.message)
    return RecalledMemory(
        id=message.id,
        passage=message.text[start:end],
        start=start,
        end=end,
        role=message.role,
        speaker=message.speaker,
        timestamp=from_micros(message.timestamp),
        session_id=message.session_id,
        score=ranked.score,
        reasons=ranked.reasons,
        metadata=json.loads(message.metadata) if message.metadata != "{}" else {},
        origin=str(message.origin),
        seq=message.seq,
        text=message.text if request.include_text else None,
        witnesses=tuple(found.witnesses[seq] for seq in ranked.witnesses if seq in found.witnesses),
        witness_count=ranked.witness_count,
        outdated=ranked.outdated,
        trust=UNSEALED if message.seq in found.broken else trust_of(message.origin),
        suspicious=message.seq in found.suspect,
    )


def note_of(now: Micros, found: Found, memories: Sequence[RecalledMemory]) -> RecallNote:
    """What feedback needs to know of this answer."""
    return RecallNote(
        at=now,
        message_seqs=tuple(memory.seq for memory in memories),
        concept_ids=tuple(concept.id for concept in found.concepts),
        named=sum(concept.depth == 0 for concept in found.concepts),
        cues=found.cues,
        signals=tuple(unweighted(m.reasons, found.weights) for m in memories[:SHOWN_WITH_SIGNALS_MAX]),
        fact_ids=tuple(fact.id for fact in found.facts),
        default_weights=found.whose_weights != "given",
    )


def explanation_of(found: Found) -> dict[str, Json]:
    return {
        "weights": {name: getattr(found.weights, name) for name in type(found.weights).__slots__},
        "weights_in_force": found.whose_weights,
        "signals": [dict(each.reasons) for each in found.ranked],
        "candidates": len(found.ranked),
    }


def own_copy(context: MemoryContext) -> MemoryContext:
    """The same answer without a mapping that anybody else holds, so that no caller changes another's."""
    memories = tuple(
        replace(memory, metadata=deepcopy(memory.metadata), reasons=dict(memory.reasons)) for memory in context.memories
    )
    return replace(context, memories=memories, explanation=deepcopy(context.explanation))


def strip_time(context: MemoryContext) -> MemoryContext:
    """The answer without the time it took and the note of when it was given: all that two equal recalls differ in."""
    return replace(context, query_time_ms=0.0, recall_id="")


def concepts_spoken_of(graph: Graph, ranked: Sequence[Ranked]) -> dict[str, float]:
    """The concepts of the ranked memories: half a memory's share of the best score, for its first few concepts."""
    if not ranked:
        return {}
    top = max(ranked[0].score, 1e-9)
    share = {each.seq: max(0.0, each.score) / top for each in ranked}
    levels: dict[str, float] = {}
    for seq, named in _concepts_by_message(graph, share).items():
        for entity_id in named:
            levels[entity_id] = max(levels.get(entity_id, 0.0), 0.5 * share[seq])
    return levels


def concepts_of_messages(graph: Graph, seqs: Collection[int]) -> list[str]:
    """The first few concepts of each message, each once."""
    return list(dict.fromkeys(each for named in _concepts_by_message(graph, seqs).values() for each in named))


def _concepts_by_message(graph: Graph, seqs: Collection[int]) -> dict[int, list[str]]:
    by_message: dict[int, list[Mention]] = {}
    for mention in graph.work.mentions.of_messages(seqs) if graph.past is None else graph.past.mentions(seqs):
        by_message.setdefault(mention.message_seq, []).append(mention)
    found = {}
    for seq, mentions in by_message.items():
        mentions.sort(key=lambda mention: (mention.start, mention.entity_id))
        named = dict.fromkeys(graph.adjustments.entity(mention.entity_id) for mention in mentions)
        found[seq] = list(named)[:CONCEPTS_PER_MEMORY_MAX]
    return found
