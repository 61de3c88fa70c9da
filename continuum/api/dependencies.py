"""What endpoints are given: the memory of the caller's tenant, and bodies read by a parser with bounds."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from continuum.core.async_memory import AsyncConsciousMemory
from continuum.domain.records import Json
from continuum.runtime import Runtime


class _BoundedRequest(Request):
    """Reads JSON with a parser that refuses deep nesting, NaN and endless numbers, in linear time."""

    async def json(self) -> Json:
        if not hasattr(self, "_json"):
            try:
                self._json = orjson.loads(await self.body())
            except orjson.JSONDecodeError as exc:
                raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"the body is not JSON: {exc}") from exc
        return self._json


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
    runtime: Annotated[Runtime, Depends(runtime_of)],
    x_tenant_id: Annotated[str | None, Header(description="tenant; default: the configured one")] = None,
) -> AsyncConsciousMemory:
    """The memory of the tenant that the caller names, while no keys are required."""
    return runtime.memory_of(x_tenant_id)


Memory = Annotated[AsyncConsciousMemory, Depends(memory_of)]
TheRuntime = Annotated[Runtime, Depends(runtime_of)]
