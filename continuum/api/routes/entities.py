"""Listings of entities."""

from __future__ import annotations

from fastapi import APIRouter

from continuum.api.dependencies import BoundedRoute, Memory
from continuum.api.schemas import EntitiesResponse, EntityBody
from continuum.domain.clock import from_micros

router = APIRouter(prefix="/v1", route_class=BoundedRoute, tags=["entities"])


@router.get("/entities")
async def entities(
    memory: Memory, entity_type: str | None = None, limit: int = 100, offset: int = 0, query: str | None = None
) -> EntitiesResponse:
    """Entities by name; `query` keeps names that begin with it."""
    page = await memory.entities(entity_type, limit=limit, offset=offset, query=query)
    counts = await memory.get_stats()
    return EntitiesResponse(
        entities=[EntityBody.of(entity, from_micros(entity.created_at)) for entity in page],
        total=counts["entities"],
        tenant_id=counts["tenant_id"],
    )
