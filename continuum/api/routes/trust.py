"""Trust: hiding what came from where it should not, putting it back, checking seals."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas_trust import (
    OriginsResponse,
    QuarantineRequest,
    QuarantineResponse,
    QuarantinesQuery,
    QuarantinesResponse,
)

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["trust"])


@router.post("/quarantines")
async def quarantine(body: QuarantineRequest, memory: Memory) -> QuarantineResponse:
    """Hide everything from a source; with `dry_run`, which is the default, say what would go."""
    return QuarantineResponse.model_validate(await memory.quarantine(**dict(body)))


@router.get("/quarantines")
async def quarantines(wanted: Annotated[QuarantinesQuery, Query()], memory: Memory) -> QuarantinesResponse:
    """What was hidden, newest first."""
    found = await memory.quarantines(wanted.limit, before_seq=wanted.before_seq)
    return QuarantinesResponse.model_validate(
        {"quarantines": found, "tenant_id": memory.tenant_id}, from_attributes=True
    )


@router.post("/quarantines/{quarantine_id}/release")
async def release(quarantine_id: str, memory: Memory) -> QuarantineResponse:
    """Put back all that a quarantine hides."""
    return QuarantineResponse.model_validate(await memory.release(quarantine_id))


@router.get("/origins/verify")
async def verify_origins(memory: Memory) -> OriginsResponse:
    """Check the seal of every message."""
    return OriginsResponse.model_validate(await memory.verify_origins())
