"""Builds the HTTP application on a runtime."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import continuum
from continuum.api.errors import answer_continuum_error, answer_unexpected_error, problem
from continuum.api.guards import BodyLimitGuard, LoopbackHostGuard
from continuum.api.routes import entities, facts, forgetting, health, looking_back, memory, transfer, trust, use
from continuum.api.schemas import Problem
from continuum.errors import ContinuumError
from continuum.runtime import Runtime


def create_app(runtime: Runtime) -> FastAPI:
    """The application; whoever made the runtime closes it."""
    app = FastAPI(
        title="CONTINUUM",
        version=continuum.__version__,
        summary="Memory for AI agents: recall before the answer, learn after it.",
        docs_url=None,  # the usual pages load their scripts from somebody else's machine
        redoc_url=None,
        responses={"4XX": {"model": Problem}, "5XX": {"model": Problem}},
    )
    app.state.runtime = runtime
    for routes in (memory, entities, facts, looking_back, forgetting, use, trust, transfer, health):
        app.include_router(routes.router)
    app.add_exception_handler(ContinuumError, answer_continuum_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(Exception, answer_unexpected_error)
    app.add_middleware(BodyLimitGuard, streamed_paths=transfer.STREAMED_PATHS)
    app.add_middleware(LoopbackHostGuard)
    return app


_CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_input",
}
_TYPES = ("str", "float", "int")
"""What a place ends with where several types are possible."""


async def _answer_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers) if error.headers else None
    return problem(status, _CODES.get(status, "http_error"), str(error.detail), headers)


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
