"""Forgetting: erasing, receipts, scrubbing, retention, consolidation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas_forgetting import (
    ChainResponse,
    ConsolidateRequest,
    ConsolidateResponse,
    ForgetRequest,
    ForgetResponse,
    ReceiptsQuery,
    ReceiptsResponse,
    RetentionBody,
    ScrubResponse,
    SweepResponse,
    VerifyQuery,
)
from continuum.core.retention import RetentionPolicy

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["forgetting"])


@router.post("/forget")
async def forget(body: ForgetRequest, memory: Memory) -> ForgetResponse:
    """Erase messages with all that only they taught; with `dry_run`, say what would go."""
    return ForgetResponse.model_validate(await memory.forget(**dict(body)))


@router.get("/receipts")
async def receipts(wanted: Annotated[ReceiptsQuery, Query()], memory: Memory) -> ReceiptsResponse:
    """What was forgotten, oldest first, without words."""
    found = await memory.receipts(wanted.after, wanted.limit)
    return ReceiptsResponse.model_validate({"receipts": found, "tenant_id": memory.tenant_id}, from_attributes=True)


@router.get("/receipts/verify")
async def verify(wanted: Annotated[VerifyQuery, Query()], memory: Memory) -> ChainResponse:
    """Check the chain of all receipts."""
    return ChainResponse.model_validate(await memory.verify_receipts(wanted.head))


@router.post("/scrub")
async def scrub(memory: Memory) -> ScrubResponse:
    """Take erased bytes out of the store's files now."""
    return ScrubResponse(scrubbed=await memory.scrub())


@router.get("/retention")
async def retention(memory: Memory) -> RetentionBody:
    """How long this tenant keeps what."""
    return RetentionBody(**asdict(await memory.retention()))


@router.put("/retention")
async def set_retention(body: RetentionBody, memory: Memory) -> RetentionBody:
    """Say how long this tenant keeps what."""
    return RetentionBody(**asdict(await memory.set_retention(RetentionPolicy(**dict(body)))))


@router.post("/sweep")
async def sweep(memory: Memory) -> SweepResponse:
    """Forget now what has come to its end."""
    return SweepResponse.model_validate(await memory.sweep())


@router.post("/rebuild")
async def rebuild(memory: Memory) -> dict[str, int]:
    """Derive everything anew from the log; learners of this store wait meanwhile."""
    return asdict(await memory.rebuild())


@router.post("/consolidate")
async def consolidate(memory: Memory, body: ConsolidateRequest | None = None) -> ConsolidateResponse:
    """Sum up sessions by their own most telling sentences."""
    asked = body or ConsolidateRequest()
    done = await memory.consolidate(asked.before, keep_originals=asked.keep_originals, limit=asked.limit)
    return ConsolidateResponse.model_validate({"sessions": done, "tenant_id": memory.tenant_id}, from_attributes=True)
