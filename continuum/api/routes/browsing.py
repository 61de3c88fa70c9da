"""What a memory holds: messages, sessions, decisions, entities with what is around them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from continuum.api.cursors import cursor_of, place_of
from continuum.api.dependencies import Memory, ServiceRoute, TheCall
from continuum.api.schemas import EntityBody
from continuum.api.schemas_browsing import (
    DecisionsResponse,
    EntityRequest,
    FoundEntityBody,
    LinkBody,
    LinkRequest,
    ListedDecisionBody,
    MemoriesQuery,
    MemoriesResponse,
    NeighbourhoodQuery,
    NeighbourhoodResponse,
    PageQuery,
    SearchQuery,
    SearchResponse,
    SessionBody,
    SessionsResponse,
    StoredMemoryBody,
)
from continuum.api.schemas_facts import ReviseRequest, StoredMessageBody
from continuum.api.schemas_forgetting import ForgetResponse
from continuum.api.schemas_time import TimelineResponse

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["browsing"])


@router.get("/memories")
async def memories(wanted: Annotated[MemoriesQuery, Query()], memory: Memory, call: TheCall) -> MemoriesResponse:
    """Messages as they are kept, newest first."""
    listing = f"memories {wanted.session_id} {wanted.role} {wanted.since} {wanted.until}"
    place = place_of(call.tenant_id, listing, wanted.cursor, int)
    found = await memory.get_messages(
        session_id=wanted.session_id,
        start_time=wanted.since,
        end_time=wanted.until,
        role=wanted.role,
        limit=wanted.limit,
        before_seq=None if place is None else place[0],
    )
    more = cursor_of(call.tenant_id, listing, found[-1].seq) if len(found) == wanted.limit else None
    return MemoriesResponse(
        memories=[StoredMemoryBody.of(each) for each in found], tenant_id=call.tenant_id, next_cursor=more
    )


@router.get("/memories/{message_id}")
async def one_memory(message_id: str, memory: Memory) -> StoredMemoryBody:
    """One message as it is kept."""
    return StoredMemoryBody.of(await memory.message(message_id))


@router.put("/memories/{message_id}")
async def revise(message_id: str, body: ReviseRequest, memory: Memory) -> StoredMessageBody:
    """Give a message new words; the old ones are kept in history."""
    return StoredMessageBody.model_validate(await memory.revise(message_id, body.text))


@router.delete("/memories/{message_id}")
async def forget(message_id: str, memory: Memory) -> ForgetResponse:
    """Erase a message with all that only it taught."""
    return ForgetResponse.model_validate(await memory.forget(message_id=message_id))


@router.get("/sessions")
async def sessions(wanted: Annotated[PageQuery, Query()], memory: Memory, call: TheCall) -> SessionsResponse:
    """Sessions, those active last first."""
    place = place_of(call.tenant_id, "sessions", wanted.cursor, int, str)
    found = await memory.sessions(wanted.limit, before=None if place is None else (place[0], place[1]))
    more = None
    if len(found) == wanted.limit:
        more = cursor_of(call.tenant_id, "sessions", found[-1].last_active, found[-1].session_id)
    return SessionsResponse(
        sessions=[SessionBody.of(each) for each in found], tenant_id=call.tenant_id, next_cursor=more
    )


@router.get("/sessions/{session_id}")
async def one_session(session_id: str, memory: Memory) -> SessionBody:
    """One session."""
    return SessionBody.of(await memory.session(session_id))


@router.get("/decisions")
async def decisions(wanted: Annotated[PageQuery, Query()], memory: Memory, call: TheCall) -> DecisionsResponse:
    """Decisions, newest first."""
    place = place_of(call.tenant_id, "decisions", wanted.cursor, int, int, str)
    found = await memory.decisions(wanted.limit, before=None if place is None else (place[0], place[1], place[2]))
    more = None
    if len(found) == wanted.limit:
        last = found[-1]
        more = cursor_of(call.tenant_id, "decisions", last.message_seq, last.start, last.id)
    return DecisionsResponse(
        decisions=[ListedDecisionBody.of(each) for each in found], tenant_id=call.tenant_id, next_cursor=more
    )


@router.post("/entities")
async def create(body: EntityRequest, memory: Memory) -> EntityBody:
    """State that something exists."""
    return EntityBody.of(await memory.create_entity(body.name, body.entity_type, body.description, body.metadata))


@router.post("/links")
async def link(body: LinkRequest, memory: Memory) -> LinkBody:
    """State how two things are linked."""
    return LinkBody.of(await memory.link_entities(body.a, body.b, body.link_type, body.strength))


@router.get("/entities/search")
async def search(wanted: Annotated[SearchQuery, Query()], memory: Memory, call: TheCall) -> SearchResponse:
    """The concepts that a question names or leads to."""
    found = await run_in_threadpool(memory.memory.query_engine.query, wanted.query, wanted.limit)
    matches = [
        FoundEntityBody(
            name=each.name,
            entity_type=each.entity_type,
            description=each.description,
            relevance=each.relevance,
            depth=each.depth,
        )
        for each in found.matches
    ]
    return SearchResponse(query_concepts=list(found.query_concepts), matches=matches, tenant_id=call.tenant_id)


@router.get("/entities/{entity_id}")
async def one_entity(entity_id: str, memory: Memory) -> EntityBody:
    """One entity, as merges and renames have left it."""
    return EntityBody.of(await memory.entity(entity_id))


@router.get("/entities/{entity_id}/history")
async def history(entity_id: str, memory: Memory, limit: int = 100) -> TimelineResponse:
    """The life of an entity, oldest first."""
    entity = await memory.entity(entity_id)
    events = await memory.timeline(entity.name, limit=limit)
    return TimelineResponse.model_validate({"concept": entity.name, "events": events}, from_attributes=True)


@router.get("/entities/{entity_id}/neighbourhood")
async def neighbourhood(
    entity_id: str, wanted: Annotated[NeighbourhoodQuery, Query()], memory: Memory, call: TheCall
) -> NeighbourhoodResponse:
    """What is linked to an entity, up to three steps away."""
    return NeighbourhoodResponse.of(await memory.neighbourhood(entity_id, **dict(wanted)), call.tenant_id)
