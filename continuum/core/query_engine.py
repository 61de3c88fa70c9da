"""Answers a question from one tenant's memory: finds, ranks, and gathers what belongs to the answer.

One read transaction sees one log position; everything in an answer comes from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from continuum.core.assembly import Engine, build_engine
from continuum.core.config import get_config, with_arguments
from continuum.core.context_format import estimate_tokens, format_context
from continuum.core.questions import DEPTH_MAX, MAX_CONCEPTS_LIMIT, QUERY_BYTES_MAX, RecallRequest
from continuum.core.recall_id import RecallNote, sign_recall
from continuum.core.recording import metadata_tag_name, tag_pairs
from continuum.core.validation import checked_count, checked_text
from continuum.domain.clock import from_micros
from continuum.domain.ids import TenantId, derived_id, tenant_id
from continuum.domain.records import Entity, Json, Mention, StoredMessage, TenantRecord
from continuum.domain.results import (
    Degradation,
    MemoryContext,
    RecalledConcept,
    RecalledDecision,
    RecalledMemory,
    RecalledRelationship,
)
from continuum.embeddings.keeping import MISSING_COUNTED_MAX
from continuum.errors import EmbeddingError
from continuum.language.names import query_keys
from continuum.language.tokens import tag
from continuum.retrieval.graph import Activation, Neighbourhood, spread
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.passages import best_passage
from continuum.retrieval.query import Query, Ranking
from continuum.retrieval.ranking import rank, unknown_words
from continuum.retrieval.words import without_speakers
from continuum.storage.unit_of_work import UnitOfWork

MISSPELT_WORDS_MAX = 3
CONCEPTS_ENOUGH_MIN = 5
CORRECTIONS_PER_WORD = 2
WORKING_MEMORY_BOOST = 1.25
MENTIONS_PER_CONCEPT_MAX = 50
CONCEPTS_PER_MEMORY_MAX = 6
DECISIONS_MAX = 5
RELATIONSHIPS_MAX = 16
NO_CONCEPTS_AMONG = 6
"""Entities fetched beyond those that are shown: a few may be sessions or decisions that a caller has linked."""
CORRECTION_WEIGHT = 0.6
"""What a corrected word counts beside the question's own: a correction is a guess."""
NO_CONCEPT_TYPES = frozenset({"session", "decision"})

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MemoryMatch:
    """One concept that matched a query, in the shape that users of the specification know."""

    name: str
    entity_type: str
    description: str
    relevance: float
    source: str
    depth: int


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answer of `MemoryQueryEngine.query`."""

    query_concepts: tuple[str, ...]
    matches: tuple[MemoryMatch, ...]
    attention_links: tuple[RecalledRelationship, ...]
    context_string: str
    query_time_ms: float


@dataclass(frozen=True, slots=True)
class _Found:
    """What the read transaction brought up, before anything is rendered."""

    ranking: Ranking
    messages: Mapping[int, StoredMessage]
    concepts: Sequence[RecalledConcept]
    relationships: Sequence[RecalledRelationship]
    decisions: Sequence[RecalledDecision]
    degraded: Sequence[Degradation]


class MemoryQueryEngine:
    """Retrieval and ranking for one tenant."""

    def __init__(
        self, db_path: str | Path | None = None, tenant: str | None = None, *, engine: Engine | None = None
    ) -> None:
        """Open the store at `db_path` (default: the settings'), or work on an engine that is open already."""
        config = with_arguments(get_config(), db_path=db_path) if engine is None else engine.config
        self._engine = build_engine(config) if engine is None else engine
        self._owns_engine = engine is None
        self.tenant_id: TenantId = tenant_id(config.tenant_id if tenant is None else tenant)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store, if this object opened it."""
        if self._owns_engine:
            self._engine.close()

    def query(self, message: str, max_results: int = 10, traverse_depth: int = 2) -> QueryResult:
        """The concepts near a message, with the links between them, as the specification shapes them.

        `max_results` lies between 0 and 100, `traverse_depth` between 0 and 2. Raises InvalidInputError.
        """
        size = checked_count(max_results, "max_results", 0, MAX_CONCEPTS_LIMIT)
        request = RecallRequest(
            checked_text(message, "message", QUERY_BYTES_MAX),
            self._engine.clock.now(),
            max_concepts=size,
            max_memories=size,
            max_tokens=self._engine.config.max_context_tokens,
            traverse_depth=checked_count(traverse_depth, "traverse_depth", 0, DEPTH_MAX),
        )
        context = self.recall(request)
        matches = tuple(
            MemoryMatch(
                concept.name,
                concept.entity_type,
                concept.description,
                concept.relevance,
                "query" if concept.depth == 0 else "graph",
                concept.depth,
            )
            for concept in context.concepts
        )
        named = tuple(match.name for match in matches if match.depth == 0)
        return QueryResult(named, matches, context.relationships, context.context_string, context.query_time_ms)

    def recall(self, request: RecallRequest) -> MemoryContext:
        """Find, rank and render. An empty memory gives an empty answer, never an error."""
        started = time.perf_counter()
        vector, degraded = self._query_vector(request)
        with self._engine.unit(self.tenant_id, write=False) as work:
            tenant = work.tenants.get()
            if tenant is None:
                return _empty(self.tenant_id, started)
            found = self._find(work, tenant, request, vector, degraded)
        return self._render(request, tenant, found, started)

    def _query_vector(self, request: RecallRequest) -> tuple[Vector | None, list[Degradation]]:
        """The question's vector, computed outside of the transaction that answers: a provider may be slow."""
        vectors = self._engine.vectors
        if vectors is None or not request.weights.vector:
            return None, []
        with self._engine.unit(self.tenant_id, write=False) as work:
            tenant = work.tenants.get()
            if tenant is None:
                return None, []
            meant = without_speakers(self._engine.index_store.view(work, tenant), request.message)
        try:
            return vectors.of_query(meant), []
        except EmbeddingError as exc:
            return None, [Degradation("vectors", str(exc))]

    def _find(
        self,
        work: UnitOfWork,
        tenant: TenantRecord,
        request: RecallRequest,
        vector: Vector | None,
        degraded: list[Degradation],
    ) -> _Found:
        view = self._engine.index_store.view(work, tenant)
        corrections = self._corrections(work, tenant, view, request.message)
        activation = self._activate(work, tenant, request, [name for name, _ in corrections])
        vectors = None
        if vector is not None and self._engine.vectors is not None:
            vectors, missing = self._engine.vectors.current(work, tenant)
            if missing:
                at_least = "at least " if missing >= MISSING_COUNTED_MAX else ""
                degraded.append(Degradation("vectors", f"{at_least}{missing} messages have no vector yet"))
        query = Query(
            text=request.message,
            now=request.now,
            session_id=request.session_id,
            roles=request.roles,
            since=request.since,
            until=request.until,
            tags=_required_tags(request),
            extra_terms=tuple((name, similarity * CORRECTION_WEIGHT) for name, similarity in corrections),
            vector=vector,
            concept_scores=_concept_scores(work, activation) if request.weights.concept else None,
        )
        ranking = rank(view, query, request.weights, request.max_memories, vectors)
        seqs = [int(seq) for seq in ranking.seqs]
        messages = work.messages.by_seqs(seqs)
        concepts, links = self._concepts(work, request, activation, ranking)
        decisions = _decisions(work, seqs)
        return _Found(ranking, messages, concepts, links, decisions, degraded)

    def _corrections(
        self, work: UnitOfWork, tenant: TenantRecord, view: IndexView, message: str
    ) -> list[tuple[str, float]]:
        """Known names that words of the question, which no message holds, may be misspellings of."""
        unknown = unknown_words(view, message)[:MISSPELT_WORDS_MAX]
        if not unknown:
            return []
        names = self._engine.index_store.names(work, tenant)
        return [match for word in unknown for match in _best_matches(names.closest(word, CORRECTIONS_PER_WORD))]

    def _activate(
        self, work: UnitOfWork, tenant: TenantRecord, request: RecallRequest, corrected: Sequence[str]
    ) -> Activation:
        keys = query_keys(" . ".join([request.message, *corrected]))
        named = work.entities.by_ids([derived_id(tenant.secret, "concept", key) for key in keys])
        config = self._engine.config

        def lookup(ids: Collection[str], per_node: int) -> Neighbourhood:
            steps = work.links.steps(ids, per_node=per_node, min_strength=config.min_link_strength)
            degrees = work.entities.degrees({step.neighbour for step in steps})
            return Neighbourhood([(step.node, step.neighbour, step.strength) for step in steps], degrees)

        return spread(
            dict.fromkeys(named, 1.0),
            lookup,
            decay=config.resonance_decay,
            min_strength=config.min_link_strength,
            enough=max(CONCEPTS_ENOUGH_MIN, request.max_concepts),
            depth=request.traverse_depth,
        )

    def _concepts(
        self, work: UnitOfWork, request: RecallRequest, activation: Activation, ranking: Ranking
    ) -> tuple[list[RecalledConcept], list[RecalledRelationship]]:
        """Concepts that were named or reached, then those the best memories speak of; and the links among them."""
        levels, depths = dict(activation.levels), dict(activation.depths)
        for entity_id, level in _spoken_of(work, ranking).items():
            if entity_id not in levels or depths[entity_id] > 0:
                levels[entity_id] = max(level, levels.get(entity_id, 0.0))
                depths.setdefault(entity_id, 1)
        for entity_id in levels.keys() & set(request.working_memory):
            levels[entity_id] = min(1.0, levels[entity_id] * WORKING_MEMORY_BOOST)
        nearest = sorted(levels, key=lambda entity_id: (depths[entity_id] > 0, -levels[entity_id], entity_id))
        entities = work.entities.by_ids(nearest[: request.max_concepts + NO_CONCEPTS_AMONG])
        found = (entities[entity_id] for entity_id in nearest if entity_id in entities)
        kept = [entity for entity in found if entity.entity_type not in NO_CONCEPT_TYPES][: request.max_concepts]
        recalled = [
            RecalledConcept(e.id, e.name, e.entity_type, e.description, round(levels[e.id], 6), depths[e.id])
            for e in kept
        ]
        return recalled, _relationships(work, kept)

    def _render(self, request: RecallRequest, tenant: TenantRecord, found: _Found, started: float) -> MemoryContext:
        memories = tuple(
            _memory(found.messages[int(seq)], request, float(score), reasons)
            for seq, score, reasons in zip(found.ranking.seqs, found.ranking.scores, found.ranking.reasons, strict=True)
            if int(seq) in found.messages
        )
        rendered = format_context(
            memories, found.concepts, found.relationships, found.decisions, request.max_tokens, estimate_tokens
        )
        degraded = list(found.degraded)
        if rendered.left_out:
            problem = f"{rendered.left_out} did not fit into {request.max_tokens} tokens"
            degraded.append(Degradation("context", problem))
        note = RecallNote(request.now, tuple(m.seq for m in memories), tuple(concept.id for concept in found.concepts))
        return MemoryContext(
            context_string=rendered.text,
            concepts_found=len(found.concepts),
            relationships_found=len(found.relationships),
            query_time_ms=(time.perf_counter() - started) * 1_000,
            tenant_id=self.tenant_id,
            memories=memories,
            concepts=tuple(found.concepts),
            relationships=tuple(found.relationships),
            decisions=tuple(found.decisions),
            recall_id=sign_recall(tenant.secret, note),
            tokens=rendered.tokens,
            degraded=tuple(degraded),
            explanation=_explanation(request, found) if request.explain else None,
        )


def _best_matches(matches: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Names that hold the word itself, if there are any: what is spelt as a name is spelt is not misspelt."""
    return [match for match in matches if match[1] == 1.0] or list(matches)


def _empty(tenant: TenantId, started: float) -> MemoryContext:
    return MemoryContext("", 0, 0, (time.perf_counter() - started) * 1_000, tenant)


def _required_tags(request: RecallRequest) -> tuple[int, ...]:
    scope = request.scope
    pairs: list[tuple[str, object]] = [
        ("user_id", scope.user_id),
        ("agent_id", scope.agent_id),
        ("project_id", scope.project_id),
    ]
    pairs += [(metadata_tag_name(key), value) for key, value in request.filters]
    return tuple(tag(name, value) for name, value in tag_pairs(pairs))


def _concept_scores(work: UnitOfWork, activation: Activation) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """For each message that names an active concept, the level of the most active one."""
    if not activation.levels:
        return None
    best: dict[int, float] = {}
    for mention in work.mentions.of_entities(sorted(activation.levels), MENTIONS_PER_CONCEPT_MAX):
        level = activation.levels[mention.entity_id]
        best[mention.message_seq] = max(level, best.get(mention.message_seq, 0.0))
    seqs = sorted(best)
    return np.array(seqs, dtype=np.int64), np.array([best[seq] for seq in seqs], dtype=np.float64)


def _spoken_of(work: UnitOfWork, ranking: Ranking) -> dict[str, float]:
    """The concepts of the ranked memories: half a memory's share of the best score, for its first few concepts."""
    if not len(ranking.seqs):
        return {}
    top = max(float(ranking.scores[0]), 1e-9)
    share = {int(seq): max(0.0, float(score)) / top for seq, score in zip(ranking.seqs, ranking.scores, strict=True)}
    by_message: dict[int, list[Mention]] = {}
    for mention in work.mentions.of_messages(list(share)):
        by_message.setdefault(mention.message_seq, []).append(mention)
    levels: dict[str, float] = {}
    for seq, mentions in by_message.items():
        mentions.sort(key=lambda mention: (mention.start, mention.entity_id))
        for entity_id in list(dict.fromkeys(m.entity_id for m in mentions))[:CONCEPTS_PER_MEMORY_MAX]:
            levels[entity_id] = max(levels.get(entity_id, 0.0), 0.5 * share[seq])
    return levels


def _relationships(work: UnitOfWork, concepts: Sequence[Entity]) -> list[RecalledRelationship]:
    names = {entity.id: entity.name for entity in concepts}
    links = work.links.between(sorted(names)) if len(names) > 1 else []
    links = sorted(links, key=lambda link: (-link.strength, link.concept_a, link.concept_b, link.link_type))
    return [
        RecalledRelationship(names[link.concept_a], names[link.concept_b], link.link_type, round(link.strength, 6))
        for link in links[:RELATIONSHIPS_MAX]
    ]


def _decisions(work: UnitOfWork, seqs: Sequence[int]) -> list[RecalledDecision]:
    rank_of = {seq: number for number, seq in enumerate(seqs)}
    found = sorted(work.decisions.of_messages(seqs), key=lambda d: (rank_of[d.message_seq], d.start))
    return [
        RecalledDecision(d.id, d.decision_text, d.context, from_micros(d.timestamp), d.extracted_from, d.role)
        for d in found[:DECISIONS_MAX]
    ]


def _memory(
    message: StoredMessage, request: RecallRequest, score: float, reasons: Mapping[str, float]
) -> RecalledMemory:
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
        score=score,
        reasons=reasons,
        metadata=json.loads(message.metadata) if message.metadata != "{}" else {},
        origin=str(message.origin),
        seq=message.seq,
        text=message.text if request.include_text else None,
    )


def _explanation(request: RecallRequest, found: _Found) -> dict[str, Json]:
    weights = {name: getattr(request.weights, name) for name in type(request.weights).__slots__}
    return {
        "weights": weights,
        "signals": [dict(reasons) for reasons in found.ranking.reasons],
        "candidates": len(found.ranking.seqs),
    }


def own_copy(context: MemoryContext) -> MemoryContext:
    """The same answer without a mapping that anybody else holds, so that no caller changes another's."""
    memories = tuple(
        replace(memory, metadata=deepcopy(memory.metadata), reasons=dict(memory.reasons)) for memory in context.memories
    )
    return replace(context, memories=memories, explanation=deepcopy(context.explanation))


def strip_time(context: MemoryContext) -> MemoryContext:
    """The answer without the time it took, which is the one thing that two equal recalls do not share."""
    return replace(context, query_time_ms=0.0)
