"""Facts: listed, taught, retracted, contradicting each other; and messages worded anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas_facts import (
    ConflictsQuery,
    ConflictsResponse,
    FactBody,
    FactsQuery,
    FactsResponse,
    RetractRequest,
    ReviseRequest,
    StoredMessageBody,
    TeachRequest,
    TeachResponse,
)
from continuum.core.facts_by_hand import TaughtFact

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["facts"])


@router.get("/facts")
async def facts(wanted: Annotated[FactsQuery, Query()], memory: Memory) -> FactsResponse:
    """Facts by id, of one subject or attribute if named, as they stood at a moment."""
    found = await memory.facts(**dict(wanted))
    return FactsResponse.model_validate({"facts": found, "tenant_id": memory.tenant_id}, from_attributes=True)


@router.post("/facts")
async def teach(body: TeachRequest, memory: Memory) -> TeachResponse:
    """Learn facts directly: all of them or none."""
    learnt = await memory.learn_facts(
        [TaughtFact(**dict(fact)) for fact in body.facts],
        origin=body.origin,
        source=body.source,
        user_id=body.user_id,
        agent_id=body.agent_id,
        project_id=body.project_id,
    )
    return TeachResponse.model_validate({"facts": learnt, "tenant_id": memory.tenant_id}, from_attributes=True)


@router.post("/facts/{fact_id}/retract")
async def retract(fact_id: str, body: RetractRequest, memory: Memory) -> FactBody:
    """Say that a fact was never right."""
    return FactBody.model_validate(await memory.retract(fact_id, body.reason))


@router.get("/conflicts")
async def conflicts(wanted: Annotated[ConflictsQuery, Query()], memory: Memory) -> ConflictsResponse:
    """Contradictions that cannot be decided, with both sources."""
    found = await memory.conflicts(wanted.limit)
    return ConflictsResponse.model_validate({"conflicts": found, "tenant_id": memory.tenant_id}, from_attributes=True)


@router.put("/messages/{message_id}")
async def revise(message_id: str, body: ReviseRequest, memory: Memory) -> StoredMessageBody:
    """Give a message new words; the old ones are kept in history."""
    return StoredMessageBody.model_validate(await memory.revise(message_id, body.text))
