"""Learning from use: feedback, a tenant's own weights, the health of its graph."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas_use import (
    FeedbackRequest,
    FeedbackResponse,
    GraphQuery,
    GraphResponse,
    PruneRequest,
    PruneResponse,
    RankingResponse,
)

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["use"])


@router.post("/feedback")
async def feedback(body: FeedbackRequest, memory: Memory) -> FeedbackResponse:
    """Say which of the things that a recall showed were used, and which were not."""
    return FeedbackResponse.model_validate(await memory.feedback(**dict(body)))


@router.get("/ranking")
async def ranking(memory: Memory) -> RankingResponse:
    """The signal weights learnt from feedback, and whether they rank."""
    return RankingResponse.model_validate(await memory.ranking())


@router.delete("/ranking")
async def reset_ranking(memory: Memory) -> RankingResponse:
    """Begin anew with the default weights."""
    return RankingResponse.model_validate(await memory.reset_ranking())


@router.get("/graph")
async def graph(wanted: Annotated[GraphQuery, Query()], memory: Memory) -> GraphResponse:
    """The concept graph in numbers."""
    return GraphResponse.model_validate(await memory.graph(wanted.limit))


@router.post("/graph/prune")
async def prune(body: PruneRequest, memory: Memory) -> PruneResponse:
    """Delete weak old links of co-occurrence; with `dry_run`, which is the default, say which."""
    done = await memory.prune(body.below, body.older_than, dry_run=body.dry_run)
    return PruneResponse.model_validate(done)
