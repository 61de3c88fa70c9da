"""Builds the HTTP application on a runtime."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Lifespan

import continuum
from continuum.api.errors import answer_continuum_error, answer_unexpected_error, problem
from continuum.api.fair_gate import FairGate, GateStats
from continuum.api.mcp_door import add_mcp
from continuum.api.middleware.analytics_middleware import AnalyticsMiddleware
from continuum.api.middleware.head import HeadAsGet
from continuum.api.middleware.host_names import LoopbackHostGuard
from continuum.api.middleware.metrics import RequestMetrics
from continuum.api.middleware.request_context import RequestContext
from continuum.api.openapi import describe
from continuum.api.routes import (
    admin,
    browsing,
    entities,
    facts,
    forgetting,
    health,
    looking_back,
    memory,
    metrics,
    sync,
    transfer,
    trust,
    use,
)
from continuum.api.schemas import Problem
from continuum.core.config import MemoryConfig
from continuum.errors import ContinuumError
from continuum.observability.metrics import Readings
from continuum.runtime.safety import origins_of
from continuum.runtime.service import Runtime
from continuum.storage.factory import is_postgres


def create_app(runtime: Runtime, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The application; whoever made the runtime closes it, in the `lifespan` for instance."""
    app = FastAPI(
        title="CONTINUUM",
        version=continuum.__version__,
        summary="Memory for AI agents: recall before the answer, learn after it.",
        docs_url=None,  # the usual pages load their scripts from somebody else's machine
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat whatever host the caller named
        lifespan=lifespan,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
    app.state.runtime = runtime
    gate = app.state.gate = gate_of(runtime.config)
    runtime.watching.watch(lambda: _gate_figures(gate.stats()))
    app.state.routes = []
    for routes in (
        memory,
        browsing,
        entities,
        facts,
        looking_back,
        forgetting,
        use,
        trust,
        transfer,
        sync,
        admin,
        health,
        metrics,
    ):
        app.include_router(routes.router)
        app.state.routes += [each for each in routes.router.routes if isinstance(each, APIRoute)]
    app.include_router(sync.sockets)
    add_mcp(app, runtime)
    app.add_exception_handler(ContinuumError, answer_continuum_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, answer_unexpected_error)
    # The last one added is the outermost.
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_BYTES_MIN, compresslevel=GZIP_LEVEL)
    if origins := origins_of(runtime.config):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["*"],
            expose_headers=["ETag", "Idempotency-Replayed", "RateLimit", "RateLimit-Policy", "X-Request-ID"],
        )
    if not runtime.gatekeeper.asks_for_credentials:
        app.add_middleware(LoopbackHostGuard)
    if runtime.watching.analytics is not None:
        app.add_middleware(AnalyticsMiddleware, analytics=runtime.watching.analytics)
    app.add_middleware(RequestMetrics, watching=runtime.watching)
    app.add_middleware(RequestContext)
    app.add_middleware(HeadAsGet)
    app.openapi = functools.cache(functools.partial(describe, app))  # type: ignore[method-assign]  # as FastAPI asks
    return app


def gate_of(config: MemoryConfig) -> FairGate:
    """The gate that every call passes: one tenant may wait with half of all at most, while others wait too.

    Few slots on the embedded store: calls are bound to the interpreter there, and whoever comes next waits for all that
    are at work. On a server most of a call is waiting for it.
    """
    slots = config.request_slots or (SLOTS_ON_SERVER if is_postgres(config.store) else SLOTS_EMBEDDED)
    return FairGate(slots, max(1, config.waiting_requests // 2), config.waiting_requests, config.waiting_seconds)


SLOTS_EMBEDDED, SLOTS_ON_SERVER = 4, 16


def _gate_figures(stats: GateStats) -> Readings:
    return {
        "continuum_gate_working": float(stats.working),
        "continuum_gate_waiting": float(stats.waiting),
        "continuum_gate_waiting_tenants": float(stats.waiting_tenants),
        "continuum_gate_served": float(stats.served),
        "continuum_gate_refused": {"full": float(stats.refused_full), "late": float(stats.refused_late)},
    }


GZIP_BYTES_MIN = 4_096
GZIP_LEVEL = 4
"""Packing costs more than sending on the way to a near caller: small answers go as they are."""
_CODES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_input",
}
_TYPES = ("str", "float", "int")
"""What a place ends with where several types are possible."""


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers) if error.headers else None
    if status == HTTPStatus.METHOD_NOT_ALLOWED and (allowed := _methods_of(request)):
        headers = {"Allow": ", ".join(allowed)}
    return problem(status, _CODES.get(status, "http_error"), str(error.detail), headers)


def _methods_of(request: Request) -> list[str]:
    """What the path takes, over all routes that it fits: each has one method."""
    routes: Sequence[APIRoute] = request.app.state.routes
    fitting = (route for route in routes if route.path_regex.match(request.url.path))
    methods = {method for route in fitting for method in route.methods or ()}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """The caller has left: whatever is answered, nobody reads it."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _answer_validation_error(_: Request, error: Exception) -> Response:
    """The first thing that is wrong with a body, and where."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = _place(first["loc"])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", f"{field}: {first['msg']}", field=field)


def _place(parts: Sequence[str | int]) -> str:
    """Where something is wrong, as the core writes it: ``facts[0].subject``."""
    inner = list(parts[1:] if parts[:1] and parts[0] in ("body", "query", "header", "path") else parts)
    if len(inner) > 1 and inner[-1] in _TYPES:
        inner.pop()
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    return written.removeprefix(".")[:200] or "body"
