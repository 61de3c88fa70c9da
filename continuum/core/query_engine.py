"""Answers a question from one tenant's memory: finds, ranks, and gathers what belongs to the answer.

One read transaction sees one log position; everything in an answer comes from it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from continuum.core.adjusting import adjustments_of
from continuum.core.answering import (
    Found,
    Ranked,
    concepts_spoken_of,
    decisions_shown,
    explanation_of,
    memory_shown,
    missing_parts,
    note_of,
    notes_of,
    relationships_among,
    trust_of_concepts,
    with_facts,
    witness_ids,
)
from continuum.core.assembly import Engine, build_engine
from continuum.core.config import get_config, with_arguments
from continuum.core.context_format import format_context
from continuum.core.fact_reading import NO_FACTS, asked_for, facts_for, look_up
from continuum.core.foreseeing import (
    foresee_brought_in,
    foresee_concepts,
    foresee_ranked,
    foresee_seeds,
    nearest_first,
    seeds_of,
)
from continuum.core.graph_reading import Graph
from continuum.core.message_tags import metadata_tag_name, origin_tag, tag_pairs
from continuum.core.moments import Moment
from continuum.core.questions import DEPTH_MAX, MAX_CONCEPTS_LIMIT, QUERY_BYTES_MAX, RecallRequest
from continuum.core.recall_id import sign_recall
from continuum.core.retrying import retried_reading
from continuum.core.use_state import Use, use_at
from continuum.core.validation import checked_count, checked_text
from continuum.domain.ids import TenantId, tenant_id
from continuum.domain.records import TenantRecord
from continuum.domain.results import (
    Degradation,
    MemoryContext,
    RecalledConcept,
    RecalledRelationship,
)
from continuum.domain.trust import UNSEALED, origins_below
from continuum.errors import EmbeddingError
from continuum.language.tokens import tag
from continuum.retrieval.graph import Activation, spread
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.query import DEFAULT_WEIGHTS, Query, SignalWeights
from continuum.retrieval.ranking import rank, unknown_words
from continuum.retrieval.use import cues_of, use_scores
from continuum.retrieval.words import without_speakers
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.past import Past

MISSPELT_WORDS_MAX = 3
CONCEPTS_ENOUGH_MIN = 5
CORRECTIONS_PER_WORD = 2
WORKING_MEMORY_BOOST = 1.25
MENTIONS_PER_CONCEPT_MAX = 50
EXPIRED_LOOKED_AT_MAX = 10_000
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
        self._secret: bytes | None = None

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

        expects_all = True

        def read() -> tuple[TenantRecord, Found] | None:
            nonlocal expects_all
            ends_early, expects_all = expects_all, False  # if that was wrong, the next try takes a trip more
            with self._engine.unit(self.tenant_id, write=False, may_lag=True) as work:
                foresee_seeds(work, self._secret, request.message, self._engine.config.min_link_strength)
                tenant = work.tenants.get()
                if tenant is None:
                    return None
                self._secret = tenant.secret
                return tenant, self._find(work, tenant, request, vector, list(degraded), ends_early)

        answer = retried_reading(read)
        if answer is None:
            return _empty(self.tenant_id, started)
        tenant, found = answer
        return self._render(request, tenant, found, started)

    def _query_vector(self, request: RecallRequest) -> tuple[Vector | None, list[Degradation]]:
        """The question's vector, computed outside of the transaction that answers: a provider may be slow."""
        vectors = self._engine.vectors
        if vectors is None or (request.weights is not None and not request.weights.vector):
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
        ends_early: bool,
    ) -> Found:
        past = self._past(work, tenant, request)
        view = self._view(work, tenant, request, past)
        corrections = self._corrections(work, tenant, view, request.message)
        adjustments = past.adjustments if past is not None else adjustments_of(work, tenant.adjustments)
        use = self._use(work, tenant, past)
        weights, whose = self._weights(request, use)
        graph = Graph(
            work,
            self._engine.config.min_link_strength,
            adjustments,
            past,
            None if use is None else use.concepts,
            request.now,
        )
        names = [name for name, _ in corrections]
        activation = self._activate(graph, tenant, request, names) if weights.concept else None
        vectors = None
        if vector is not None and self._engine.vectors is not None:
            vectors, missing = self._engine.vectors.current(work, tenant)
            if missing:
                from continuum.embeddings.keeping import MISSING_COUNTED_MAX  # loaded already: there are vectors

                at_least = "at least " if missing >= MISSING_COUNTED_MAX else ""
                degraded.append(Degradation("vectors", f"{at_least}{missing} messages have no vector yet"))
        cues = cues_of(view, request.message)
        expired = tuple(work.history.expired(request.now, EXPIRED_LOOKED_AT_MAX)) if tenant.notes else ()
        query = Query(
            text=request.message,
            now=request.now,
            session_id=request.session_id,
            roles=request.roles,
            since=request.since,
            until=request.until,
            tags=_required_tags(request),
            exclude_seqs=expired,
            exclude_tags=tuple(origin_tag(origin) for origin in origins_below(request.min_trust)),
            hold_back=request.hold_back,
            own_tags=_own_tags(request),
            extra_terms=tuple((name, similarity * CORRECTION_WEIGHT) for name, similarity in corrections),
            vector=vector,
            concept_scores=None if activation is None else _concept_scores(graph, activation),
            use_scores=None if use is None else use_scores(view, cues, use.cues, request.now),
        )
        ranking = rank(view, query, weights, request.max_memories, vectors)
        seqs = [int(seq) for seq in ranking.seqs]
        asked = asked_for(request, view.speaker_ids) if tenant.facts else None
        if past is None:
            foresee_ranked(work, tenant, seqs, {each for found in ranking.witnesses for each in found}, asked)
        if activation is None:
            activation = self._activate(graph, tenant, request, names)
        looked = look_up(work, asked, seqs, past) if tenant.facts else None
        if past is None:
            foresee_concepts(work, graph, activation, seqs)
            if ends_early and not (request.min_trust or request.explain or self._engine.sealer):
                work.asked_all()
        found = NO_FACTS if looked is None else facts_for(work, request, asked, looked, seqs, past, expired)
        ranked = with_facts(ranking, found, notes_of(work, tenant, seqs, past), current_only=request.current_only)
        before, seqs = set(seqs), [each.seq for each in ranked]
        if past is None and not before.issuperset(seqs):
            foresee_brought_in(work, seqs)
            foresee_concepts(work, graph, activation, seqs)
        kept = work.messages.by_seqs(seqs)
        messages = {seq: kept[seq] if past is None else past.message(kept[seq]) for seq in seqs if seq in kept}
        broken = set[int]() if self._engine.sealer is None else self._engine.sealer.broken(work, messages)
        if broken:
            degraded.append(
                Degradation("origin", f"the seals of {len(broken)} memories do not fit: somebody altered them")
            )
            if request.min_trust > UNSEALED:
                ranked = [each for each in ranked if each.seq not in broken]
        concepts, links = self._concepts(graph, request, activation, ranked)
        decided = work.decisions.of_messages(seqs) if past is None else past.decisions(seqs)
        decisions = decisions_shown(decided, messages)
        degraded += missing_parts(tenant, past)
        return Found(
            ranked=ranked,
            messages=messages,
            witnesses=witness_ids(work, ranked),
            facts=found.facts,
            concepts=concepts,
            relationships=links,
            decisions=decisions,
            degraded=degraded,
            cues=cues,
            weights=weights,
            whose_weights=whose,
            suspect=view.suspect_among(list(messages)),
            broken=frozenset(broken),
        )

    def _use(self, work: UnitOfWork, tenant: TenantRecord, past: Past | None) -> Use | None:
        """What feedback amounts to, now or as it was known at a moment."""
        if past is None or not tenant.uses:
            return self._engine.uses.current(work, tenant)
        return use_at(work, self._engine.uses.settings, past.seq)

    def _weights(
        self, request: RecallRequest, use: Use | None
    ) -> tuple[SignalWeights, Literal["given", "learnt", "default"]]:
        """The weights to rank by, and whose they are."""
        if request.weights is not None:
            return request.weights, "given"
        if use is not None and self._engine.config.learned_ranking and use.ranker.in_force:
            return use.ranker.learnt(), "learnt"
        return DEFAULT_WEIGHTS, "default"

    def _past(self, work: UnitOfWork, tenant: TenantRecord, request: RecallRequest) -> Past | None:
        moment = Moment(request.known_at, request.as_of)
        if moment.is_now:
            return None
        from continuum.core.past import Past  # few ask for the past, and it brings all that learning needs

        return Past(self._engine, work, tenant, moment)

    def _view(self, work: UnitOfWork, tenant: TenantRecord, request: RecallRequest, past: Past | None) -> IndexView:
        store = self._engine.index_store
        if past is None:
            return store.view(work, tenant)
        return store.view_at(work, tenant, seq=past.seq, until=request.as_of, replaced=past.former_rows())

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
        self, graph: Graph, tenant: TenantRecord, request: RecallRequest, corrected: Sequence[str]
    ) -> Activation:
        named = seeds_of(tenant.secret, " . ".join((request.message, *corrected)))
        wanted = {graph.adjustments.entity(each) for each in named}
        config = self._engine.config
        return spread(
            dict.fromkeys(graph.entities(sorted(wanted)), 1.0),
            graph.neighbourhood,
            decay=config.resonance_decay,
            min_strength=config.min_link_strength,
            enough=max(CONCEPTS_ENOUGH_MIN, request.max_concepts),
            depth=request.traverse_depth,
        )

    def _concepts(
        self, graph: Graph, request: RecallRequest, activation: Activation, ranked: Sequence[Ranked]
    ) -> tuple[list[RecalledConcept], list[RecalledRelationship]]:
        """Concepts that were named or reached, then those the best memories speak of; and the links among them."""
        levels, depths = dict(activation.levels), dict(activation.depths)
        for entity_id, level in concepts_spoken_of(graph, ranked).items():
            if entity_id not in levels or depths[entity_id] > 0:
                levels[entity_id] = max(level, levels.get(entity_id, 0.0))
                depths.setdefault(entity_id, 1)
        for entity_id in levels.keys() & set(request.working_memory):
            levels[entity_id] = min(1.0, levels[entity_id] * WORKING_MEMORY_BOOST)
        nearest = nearest_first(levels, depths)
        entities = graph.entities(nearest[: request.max_concepts + NO_CONCEPTS_AMONG])
        found = (entities[entity_id] for entity_id in nearest if entity_id in entities)
        kept = [entity for entity in found if entity.entity_type not in NO_CONCEPT_TYPES]
        trust = trust_of_concepts(graph, kept) if request.min_trust or request.explain else {}
        kept = [e for e in kept if trust.get(e.id, 1.0) >= request.min_trust][: request.max_concepts]
        recalled = [
            RecalledConcept(
                e.id, e.name, e.entity_type, e.description, round(levels[e.id], 6), depths[e.id], trust.get(e.id)
            )
            for e in kept
        ]
        return recalled, [link for link in relationships_among(graph, kept) if link.trust >= request.min_trust]

    def _render(self, request: RecallRequest, tenant: TenantRecord, found: Found, started: float) -> MemoryContext:
        memories = tuple(
            memory_shown(found.messages[each.seq], request, each, found)
            for each in found.ranked
            if each.seq in found.messages
        )
        rendered = format_context(
            memories, found.concepts, found.relationships, found.decisions, request.max_tokens, facts=found.facts
        )
        degraded = list(found.degraded)
        if rendered.left_out:
            problem = f"{rendered.left_out} did not fit into {request.max_tokens} tokens"
            degraded.append(Degradation("context", problem))
        note = note_of(self._engine.clock.now(), found, memories)
        return MemoryContext(
            context_string=rendered.text,
            concepts_found=len(found.concepts),
            relationships_found=len(found.relationships),
            query_time_ms=(time.perf_counter() - started) * 1_000,
            tenant_id=self.tenant_id,
            facts=tuple(found.facts),
            memories=memories,
            concepts=tuple(found.concepts),
            relationships=tuple(found.relationships),
            decisions=tuple(found.decisions),
            recall_id=sign_recall(tenant.secret, note),
            tokens=rendered.tokens,
            degraded=tuple(degraded),
            explanation=explanation_of(found) if request.explain else None,
        )


def _best_matches(matches: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Names that hold the word itself, if there are any: what is spelt as a name is spelt is not misspelt."""
    return [match for match in matches if match[1] == 1.0] or list(matches)


def _empty(tenant: TenantId, started: float) -> MemoryContext:
    return MemoryContext("", 0, 0, (time.perf_counter() - started) * 1_000, tenant)


def _own_tags(request: RecallRequest) -> tuple[int, ...]:
    """The tags of what comes from whom the question comes from."""
    user = request.scope.user_id
    return () if user is None else tuple(tag(name, value) for name, value in tag_pairs([("user_id", user)]))


def _required_tags(request: RecallRequest) -> tuple[int, ...]:
    scope = request.scope
    pairs: list[tuple[str, object]] = [
        ("user_id", scope.user_id),
        ("agent_id", scope.agent_id),
        ("project_id", scope.project_id),
    ]
    pairs += [(metadata_tag_name(key), value) for key, value in request.filters]
    return tuple(tag(name, value) for name, value in tag_pairs(pairs))


def _concept_scores(graph: Graph, activation: Activation) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """For each message that names an active concept, the level of the most active one."""
    if not activation.levels:
        return None
    best: dict[int, float] = {}
    for entity_id, level in sorted(activation.levels.items()):
        for mention in graph.mentions_of(entity_id, MENTIONS_PER_CONCEPT_MAX):
            best[mention.message_seq] = max(level, best.get(mention.message_seq, 0.0))
    seqs = sorted(best)
    return np.array(seqs, dtype=np.int64), np.array([best[seq] for seq in seqs], dtype=np.float64)
