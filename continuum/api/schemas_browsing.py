"""Wire shapes of what a memory holds: messages, sessions, decisions, entities with what is around them."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from continuum.api.schema_types import Query, Request
from continuum.api.schemas import EntityBody
from continuum.core.browsing import Neighbourhood
from continuum.domain.clock import from_micros
from continuum.domain.records import AttentionLink, Decision, Json, Role, StoredMessage
from continuum.storage.repositories.sessions import SessionRecord


class PageQuery(Query):
    """How much of a listing, and where it goes on."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=1_000)
    cursor: str | None = None


class MemoriesQuery(PageQuery):
    """Which messages."""

    session_id: str | None = None
    role: Role | None = None
    since: str | None = None
    until: str | None = None


class StoredMemoryBody(BaseModel):
    """One message as it is kept."""

    id: str
    text: str
    role: str
    speaker: str | None
    origin: str
    session_id: str
    instance_id: str
    exchange_id: str
    message_number: int
    timestamp: datetime
    recorded_at: datetime
    user_id: str | None
    agent_id: str | None
    project_id: str | None
    metadata: dict[str, Json]
    seq: int

    @classmethod
    def of(cls, message: StoredMessage) -> StoredMemoryBody:
        return cls(
            id=message.id,
            text=message.text,
            role=message.role,
            speaker=message.speaker,
            origin=message.origin.value,
            session_id=message.session_id,
            instance_id=message.instance_id,
            exchange_id=message.exchange_id,
            message_number=message.message_number,
            timestamp=from_micros(message.timestamp),
            recorded_at=from_micros(message.recorded_at),
            user_id=message.scope.user_id,
            agent_id=message.scope.agent_id,
            project_id=message.scope.project_id,
            metadata=json.loads(message.metadata),
            seq=message.seq,
        )


class MemoriesResponse(BaseModel):
    """A page of messages, newest first."""

    memories: list[StoredMemoryBody]
    tenant_id: str
    next_cursor: str | None


class SessionBody(BaseModel):
    """One session: when its first and newest message were said, and how many there are."""

    session_id: str
    created_at: datetime
    last_active: datetime
    message_count: int

    @classmethod
    def of(cls, session: SessionRecord) -> SessionBody:
        return cls(
            session_id=session.session_id,
            created_at=from_micros(session.created_at),
            last_active=from_micros(session.last_active),
            message_count=session.message_count,
        )


class SessionsResponse(BaseModel):
    """A page of sessions, those active last first."""

    sessions: list[SessionBody]
    tenant_id: str
    next_cursor: str | None


class ListedDecisionBody(BaseModel):
    """One decision, and the message that it stands in."""

    id: str
    text: str
    context: str
    role: str
    timestamp: datetime
    instance_id: str
    message_id: str

    @classmethod
    def of(cls, decision: Decision) -> ListedDecisionBody:
        return cls(
            id=decision.id,
            text=decision.decision_text,
            context=decision.context,
            role=decision.role,
            timestamp=from_micros(decision.timestamp),
            instance_id=decision.instance_id,
            message_id=decision.extracted_from,
        )


class DecisionsResponse(BaseModel):
    """A page of decisions, newest first."""

    decisions: list[ListedDecisionBody]
    tenant_id: str
    next_cursor: str | None


class EntityRequest(Request):
    """An entity that is stated by hand."""

    name: str = Field(examples=["Aurora"])
    entity_type: str = "concept"
    description: str = ""
    metadata: dict[str, Json] | None = None


class LinkRequest(Request):
    """A link that is stated by hand, between two names."""

    a: str = Field(examples=["Aurora"])
    b: str = Field(examples=["Kubernetes"])
    link_type: str = Field(examples=["runs_on"])
    strength: float = 1.0


class LinkBody(BaseModel):
    """A link between two entities, by their ids."""

    concept_a: str
    concept_b: str
    link_type: str
    strength: float

    @classmethod
    def of(cls, link: AttentionLink) -> LinkBody:
        return cls(concept_a=link.concept_a, concept_b=link.concept_b, link_type=link.link_type, strength=link.strength)


class NeighbourhoodQuery(Query):
    """How far around an entity."""

    depth: int = Field(1, ge=1, le=3)
    per_node: int = Field(20, ge=1, le=100)
    min_strength: float = Field(0.0, ge=0, le=1)


class NeighbourhoodResponse(BaseModel):
    """An entity, the entities around it, and the links among them all, strongest first."""

    centre: EntityBody
    entities: list[EntityBody]
    links: list[LinkBody]
    is_cut: bool
    tenant_id: str

    @classmethod
    def of(cls, found: Neighbourhood, tenant_id: str) -> NeighbourhoodResponse:
        return cls(
            centre=EntityBody.of(found.centre),
            entities=[EntityBody.of(each) for each in found.entities],
            links=[LinkBody.of(each) for each in found.links],
            is_cut=found.is_cut,
            tenant_id=tenant_id,
        )


class SearchQuery(Query):
    """A question for concepts."""

    query: str = Field(min_length=1, max_length=4_096)
    limit: int = Field(10, ge=1, le=100)


class FoundEntityBody(BaseModel):
    """A concept that a question leads to."""

    name: str
    entity_type: str
    description: str
    relevance: float
    depth: int


class SearchResponse(BaseModel):
    """The concepts that a question names or leads to, nearest first."""

    query_concepts: list[str]
    matches: list[FoundEntityBody]
    tenant_id: str
