"""Whether the service works: for people, for whoever restarts it, and for whoever sends it calls."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

import continuum
from continuum.api.dependencies import TheRuntime
from continuum.api.schemas import HealthResponse, LiveResponse

router = APIRouter(prefix="/v1", tags=["health"])


@router.get("/health")
async def health(runtime: TheRuntime, response: Response) -> HealthResponse:
    """`healthy` if all that the service needs answers, `degraded` if something answers that it can do without, else
    `unhealthy` with status 503.
    """
    states = await run_in_threadpool(runtime.dependencies)
    works = states["storage"] == "ok"
    response.status_code = HTTPStatus.OK if works else HTTPStatus.SERVICE_UNAVAILABLE
    healthy = "healthy" if all(state in ("ok", "unused") for state in states.values()) else "degraded"
    return HealthResponse(
        status=healthy if works else "unhealthy",
        service="continuum",
        version=continuum.__version__,
        timestamp=datetime.now(UTC),
        storage=states["storage"],
        dependencies=states,
    )


@router.get("/health/live")
async def live() -> LiveResponse:
    """Whether the process turns: it asks nothing else."""
    return LiveResponse(status="live")


@router.get("/health/ready")
async def ready(runtime: TheRuntime, response: Response) -> LiveResponse:
    """Whether calls should be sent here: the store answers, and the service is not about to stop."""
    if runtime.is_draining:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return LiveResponse(status="stopping")
    states = await run_in_threadpool(runtime.dependencies)
    if states["storage"] != "ok":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return LiveResponse(status="not ready")
    return LiveResponse(status="ready")
