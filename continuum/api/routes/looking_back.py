"""Looking back: what changed, the life of a concept, the whole memory of a moment."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from continuum.api.dependencies import Memory, ServiceRoute
from continuum.api.schemas_time import (
    DiffQuery,
    DiffResponse,
    StateQuery,
    StateResponse,
    TimelineQuery,
    TimelineResponse,
)
from continuum.errors import InvalidInputError

STATE_ROWS_MAX = 20_000
"""A whole state is one answer; beyond this many rows it is read in Python, or by pages of the other listings."""
_COUNTED = ("messages", "entities", "attention_links", "compound_concepts", "decisions")

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["time"])


@router.get("/diff")
async def diff(wanted: Annotated[DiffQuery, Query()], memory: Memory) -> DiffResponse:
    """What was learnt, changed, superseded, retracted and erased between two moments."""
    return DiffResponse.model_validate(await memory.diff(wanted.since, wanted.until, limit=wanted.limit))


@router.get("/timeline")
async def timeline(wanted: Annotated[TimelineQuery, Query()], memory: Memory) -> TimelineResponse:
    """The life of a concept, oldest first."""
    events = await memory.timeline(wanted.concept, limit=wanted.limit)
    return TimelineResponse.model_validate({"concept": wanted.concept, "events": events}, from_attributes=True)


@router.get("/state")
async def state(wanted: Annotated[StateQuery, Query()], memory: Memory) -> StateResponse:
    """The whole memory as it was. Reads all of it, so a large one is refused."""
    counts = await memory.get_stats()
    rows = sum(counts[name] for name in _COUNTED)
    if rows > STATE_ROWS_MAX:
        raise InvalidInputError(
            "state",
            f"this memory has {rows} rows; over HTTP a whole state may have {STATE_ROWS_MAX}; "
            "call state() in Python, or ask /v1/facts and /v1/recall for that moment",
            limit=STATE_ROWS_MAX,
        )
    return StateResponse.model_validate(await memory.state(as_of=wanted.as_of, known_at=wanted.known_at))
