"""The service's figures for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from continuum.api.callers import caller_of, source_of
from continuum.api.dependencies import TheRuntime
from continuum.api.operations import OPERATIONS
from continuum.compliance.audit import PLATFORM, AuditEntry
from continuum.errors import AuthenticationError, PermissionDeniedError
from continuum.runtime.service import Runtime

router = APIRouter(tags=["health"])
_MEDIA: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}  # Any: as FastAPI types it
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "text of Prometheus 0.0.4, or OpenMetrics where it is asked for",
        "content": {**_MEDIA, "application/openmetrics-text": {"schema": {"type": "string"}}},
    }
}


@router.get("/metrics", response_class=Response, responses=_ANSWERS)
async def metrics(request: Request, runtime: TheRuntime) -> Response:
    """The figures of all processes that serve.

    It waits for no turn and is not written down: it is asked for every few seconds, and most of all in times of
    trouble.
    """
    if not runtime.config.metrics_public:
        await _admit(runtime, request)
    body, media_type = await run_in_threadpool(runtime.watching.exposition, request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": media_type, "Cache-Control": "no-store"})


async def _admit(runtime: Runtime, request: Request) -> None:
    """Raises AuthenticationError, PermissionDeniedError; who is refused is written down."""
    operation = OPERATIONS["GET", "/metrics"]
    actor, home = "unknown", PLATFORM
    try:
        principal = await caller_of(runtime, request)
        actor, home = principal.credential, principal.tenant_id or PLATFORM
        principal.require(operation.permission)
    except (AuthenticationError, PermissionDeniedError) as error:
        source = source_of(request, runtime.proxies)
        runtime.refusals.note(home, AuditEntry(actor, operation.name, error.code, source=source))
        raise
