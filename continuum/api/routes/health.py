"""Whether the service works."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

import continuum
from continuum.api.dependencies import TheRuntime
from continuum.api.schemas import HealthResponse

router = APIRouter(prefix="/v1", tags=["health"])


@router.get("/health")
def health(runtime: TheRuntime, response: Response) -> HealthResponse:
    """`healthy` if the store answers, else `unhealthy` with status 503."""
    works = runtime.tenants.engine.is_healthy()
    response.status_code = 200 if works else 503
    return HealthResponse(
        status="healthy" if works else "unhealthy",
        service="continuum",
        version=continuum.__version__,
        timestamp=datetime.now(UTC),
        storage="ok" if works else "the store does not answer; see the server's log",
    )
