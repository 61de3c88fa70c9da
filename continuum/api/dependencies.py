"""What endpoints are given: the memory of the caller's tenant, and bodies read by a parser with bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from continuum.core.async_memory import AsyncConsciousMemory
from continuum.domain.records import Json
from continuum.errors import InvalidInputError
from continuum.runtime import Runtime

INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 64) - 1
"""What the parser keeps exactly."""


class _BoundedRequest(Request):
    """Reads JSON with a parser that refuses deep nesting, NaN and endless numbers, in linear time."""

    async def json(self) -> Json:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = orjson.loads(body)
            except orjson.JSONDecodeError as exc:
                raise _refused(f"the body is not JSON: {exc}") from exc
            _refuse_long_integers(body)
        return self._json


_LONG_NUMBER = re.compile(rb"\d{19}")
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?\d++([.eE]?)')


def _refuse_long_integers(body: bytes) -> None:
    """Refuse an integer beyond 64 bits, which the parser would turn into another number.

    `body` is known to be JSON; one pass, and only where there are nineteen digits in a row.
    """
    if _LONG_NUMBER.search(body) is None:
        return
    for match in _STRING_OR_NUMBER.finditer(body):
        token = match.group()
        if len(token) >= 19 and token[:1] != b'"' and not match.group(1):
            digits = token.lstrip(b"-")
            if len(digits) > 20 or not INTEGER_MIN <= int(token) <= INTEGER_MAX:
                raise _refused(f"the body holds an integer of {len(digits)} digits, beyond 64 bits; send it as a text")


def _refused(detail: str) -> HTTPException:
    """FastAPI lets nothing else out while it reads a body."""
    return HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, detail)


class BoundedRoute(APIRoute):
    """A route whose body is read by `_BoundedRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:  # Any: as FastAPI types it
        handler = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            return await handler(_BoundedRequest(request.scope, request.receive))

        return bounded


def runtime_of(request: Request) -> Runtime:
    """The runtime that the application was built on."""
    runtime: Runtime = request.app.state.runtime
    return runtime


def memory_of(
    request: Request,
    runtime: Annotated[Runtime, Depends(runtime_of)],
    x_tenant_id: Annotated[str | None, Header(description="tenant; default: the configured one")] = None,
) -> AsyncConsciousMemory:
    """The memory of the tenant that the caller names, while no keys are required. Raises InvalidInputError."""
    if len(request.headers.getlist("x-tenant-id")) > 1:
        raise InvalidInputError("tenant_id", "is named by several X-Tenant-ID headers; send one")
    return runtime.memory_of(x_tenant_id)


Memory = Annotated[AsyncConsciousMemory, Depends(memory_of)]
TheRuntime = Annotated[Runtime, Depends(runtime_of)]
