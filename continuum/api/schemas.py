"""The wire shapes of the HTTP door. Values are checked by the core, once, for every door; here only types are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from continuum.api.schema_types import Answer, Listed, Moment, Request, ScopedRequest
from continuum.api.schemas_facts import FactBody, RecalledFactBody
from continuum.domain.clock import from_micros
from continuum.domain.records import Entity, Json
from continuum.domain.results import LearningResult, MemoryContext

EXCHANGES_MAX = 1_000


class _Scopes(ScopedRequest):
    session_id: str | None = None


class MessageBody(Request):
    """One message of an exchange."""

    role: str
    text: str
    speaker: str | None = None
    timestamp: Moment | None = None
    origin: str | None = None
    metadata: dict[str, Json] | None = None


class LearnRequest(_Scopes):
    """One exchange: its two sides, or its messages."""

    user_message: str | None = Field(None, examples=["I prefer FastAPI for web projects"])
    ai_response: str | None = Field(None, examples=["Noted."])
    messages: Listed[MessageBody] | None = None
    metadata: dict[str, Json] | None = None
    timestamp: Moment | None = None
    speaker: str | None = None
    idempotency_key: str | None = None
    supersedes: str | Listed[str] = Field(default=[])
    expires_at: Moment | None = None


class RecallRequest(_Scopes):
    """A question, and what its answer may hold."""

    message: str = Field(examples=["What web framework should I use?"])
    max_concepts: int = 10
    max_memories: int = 10
    max_tokens: int | None = None
    now: Moment | None = None
    filters: dict[str, Json] | None = None
    roles: Listed[str] | None = None
    since: Moment | None = None
    until: Moment | None = None
    as_of: Moment | None = None
    known_at: Moment | None = None
    current_only: bool = False
    min_trust: float | None = None
    include_suspicious: bool = False
    explain: bool = False
    include_text: bool = False


class BatchRequest(Request):
    """Exchanges to be learnt together, oldest first."""

    exchanges: Listed[LearnRequest] = Field(max_length=EXCHANGES_MAX)
    job: str | None = None


class BatchResponse(BaseModel):
    """What a batch learnt; `skipped` exchanges were durable from an earlier request of the same job."""

    exchanges: int
    messages: int
    duplicates: int
    skipped: int
    tenant_id: str


class TurnRequest(_Scopes):
    """A recall for the user's message, then a learn of the exchange."""

    user_message: str
    ai_response: str = ""
    metadata: dict[str, Json] | None = None
    max_concepts: int = 10


class MemoryBody(BaseModel):
    """One recalled memory."""

    id: str
    passage: str
    start: int
    end: int
    role: str
    speaker: str | None
    timestamp: datetime
    session_id: str
    score: float
    reasons: dict[str, float]
    metadata: dict[str, Json]
    origin: str
    seq: int
    text: str | None
    witnesses: list[str]
    witness_count: int
    outdated: str
    trust: float
    suspicious: bool


class ConceptBody(BaseModel):
    """One recalled concept."""

    id: str
    name: str
    entity_type: str
    description: str
    relevance: float
    depth: int
    trust: float | None


class RelationshipBody(BaseModel):
    """A link between two recalled concepts."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float
    trust: float


class DecisionBody(BaseModel):
    """A recalled decision."""

    id: str
    text: str
    context: str
    timestamp: datetime
    message_id: str
    role: str
    trust: float
    origin: str


class DegradationBody(BaseModel):
    """A part that was left out, and why."""

    part: str
    reason: str


class RecallResponse(BaseModel):
    """The answer of a recall; `context` is `context_string` under its older name."""

    context_string: str
    context: str
    concepts_found: int
    relationships_found: int
    query_time_ms: float
    tenant_id: str
    facts: list[RecalledFactBody]
    memories: list[MemoryBody]
    concepts: list[ConceptBody]
    relationships: list[RelationshipBody]
    decisions: list[DecisionBody]
    recall_id: str
    tokens: int
    degraded: list[DegradationBody]
    explanation: dict[str, Json] | None

    @classmethod
    def of(cls, context: MemoryContext) -> RecallResponse:
        values: Mapping[str, Json] = {name: getattr(context, name) for name in context.__dataclass_fields__}
        return cls.model_validate({**values, "context": context.context_string}, from_attributes=True)


class RedactionBody(Answer):
    """What was replaced before it was stored: a kind of secret, or a private span, and where its placeholder stands."""

    message: int
    field: str
    kind: str
    start: int
    end: int


class SuspicionBody(Answer):
    """Why a message of the exchange is recalled only where it came from."""

    message: int
    score: float
    reasons: list[str]
    spans: list[tuple[int, int]]


class LearnResponse(Answer):
    """The answer of a learn; what it counts is durable. `facts` are those that are new or changed."""

    concepts_extracted: int
    decisions_detected: int
    links_created: int
    compounds_found: int
    tenant_id: str
    session_id: str
    exchange_id: str
    message_ids: list[str]
    seq: int
    concepts: list[str]
    decisions: list[str]
    facts: list[FactBody]
    redactions: list[RedactionBody]
    suspicious: list[SuspicionBody]
    duplicate: bool
    learn_time_ms: float

    @classmethod
    def of(cls, result: LearningResult) -> LearnResponse:
        return cls.model_validate(result)


class TurnResponse(BaseModel):
    """Both answers of a turn."""

    recall: RecallResponse
    learn: LearnResponse


class EntityBody(BaseModel):
    """One entity of a listing."""

    id: str
    name: str
    type: str
    description: str
    created_at: datetime
    occurrences: int

    @classmethod
    def of(cls, entity: Entity) -> EntityBody:
        return cls(
            id=entity.id,
            name=entity.name,
            type=entity.entity_type,
            description=entity.description,
            created_at=from_micros(entity.created_at),
            occurrences=entity.occurrences,
        )


class MergeRequest(Request):
    """Which concept is to stand for another."""

    name: str
    into: str


class RenameRequest(Request):
    """Which concept gets another name."""

    name: str
    new_name: str


class AdjustedResponse(BaseModel):
    """The concept after a merge or rename; `seq` is what `undo` takes."""

    concept: EntityBody
    seq: int


class UndoRequest(Request):
    """Where in the log the merge or rename stands."""

    seq: int


class UndoResponse(BaseModel):
    """Where in the log the undoing stands."""

    seq: int


class EntitiesResponse(BaseModel):
    """A page of entities; `total` counts all of the tenant's."""

    entities: list[EntityBody]
    total: int
    tenant_id: str
    next_cursor: str | None


class HealthResponse(BaseModel):
    """Whether the service and its store work."""

    status: str
    service: str
    version: str
    timestamp: datetime
    storage: str
    dependencies: dict[str, str]


class LiveResponse(BaseModel):
    """Whether the process is live or ready."""

    status: str


class Problem(BaseModel):
    """RFC 9457 problem details with a stable code."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
