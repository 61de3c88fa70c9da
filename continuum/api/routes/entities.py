"""Entities: listed, merged, renamed."""

from __future__ import annotations

from fastapi import APIRouter

from continuum.api.cursors import cursor_of, place_of
from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas import (
    AdjustedResponse,
    EntitiesResponse,
    EntityBody,
    MergeRequest,
    RenameRequest,
    UndoRequest,
    UndoResponse,
)

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["entities"])


@router.get("/entities")
async def entities(
    memory: Memory,
    entity_type: str | None = None,
    limit: int = 100,
    offset: int = 0,
    query: str | None = None,
    cursor: str | None = None,
) -> EntitiesResponse:
    """Entities by name; `query` keeps names that begin with it. Go on with `next_cursor`, or by `offset`."""
    listing = f"entities {entity_type} {query}"
    place = place_of(memory.memory.tenant_id, listing, cursor, int)
    start = offset if place is None else int(place[0])
    page = await memory.entities(entity_type, limit=limit, offset=start, query=query)
    more = cursor_of(memory.memory.tenant_id, listing, start + limit) if len(page) == limit else None
    counts = await memory.get_stats()
    return EntitiesResponse(
        entities=[EntityBody.of(entity) for entity in page],
        total=counts["entities"],
        tenant_id=counts["tenant_id"],
        next_cursor=more,
    )


@router.post("/concepts/merge")
async def merge(body: MergeRequest, memory: Memory) -> AdjustedResponse:
    """Let one concept stand for another."""
    concept, seq = await memory.merge_concepts(body.name, body.into)
    return AdjustedResponse(concept=EntityBody.of(concept), seq=seq)


@router.post("/concepts/rename")
async def rename(body: RenameRequest, memory: Memory) -> AdjustedResponse:
    """Give a concept another name."""
    concept, seq = await memory.rename_concept(body.name, body.new_name)
    return AdjustedResponse(concept=EntityBody.of(concept), seq=seq)


@router.post("/undo")
async def undo(body: UndoRequest, memory: Memory) -> UndoResponse:
    """Undo a merge or rename."""
    return UndoResponse(seq=await memory.undo(body.seq))
