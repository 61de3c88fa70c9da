"""What endpoints are given: the memory of the caller's tenant, and bodies read by a parser with bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import Depends, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from continuum.api.callers import instance_named
from continuum.api.conduct import Call, conduct
from continuum.api.operations import OPERATIONS
from continuum.core.async_memory import AsyncConsciousMemory
from continuum.domain.records import Json
from continuum.runtime.service import Runtime

INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 64) - 1
"""What the parser keeps exactly."""


class BoundedRequest(Request):
    """Reads its body within a bound, and JSON with a parser that refuses deep nesting, NaN and endless numbers.

    A caller that leaves in the middle of its body has asked nothing: half a body may still be a whole sentence.
    """

    def __init__(self, request: Request, bytes_max: int) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes_max = bytes_max

    async def body(self) -> bytes:
        """The whole body. Raises HTTPException once it is too large, ClientDisconnect if the caller left."""
        if not hasattr(self, "_body"):
            declared = self.headers.get("content-length", "")
            if declared.isdigit() and int(declared[:20]) > self._bytes_max:
                raise _too_large(self._bytes_max)
            pieces = bytearray()
            async for piece in self.stream():
                pieces += piece
                if len(pieces) > self._bytes_max:
                    raise _too_large(self._bytes_max)
            self._body = bytes(pieces)
        return self._body

    async def json(self) -> Json:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                self._json = orjson.loads(body)
            except orjson.JSONDecodeError as exc:
                raise _refused(f"the body is not JSON: {exc}") from exc
            _refuse_long_integers(body)
        return self._json


def _too_large(bytes_max: int) -> HTTPException:
    detail = f"the body is larger than {bytes_max} bytes; split it into several requests"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})


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


class ServiceRoute(APIRoute):
    """A route whose requests are conducted as `OPERATIONS` says: by that table, nothing is served by accident."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:  # Any: as FastAPI types it
        handler = super().get_route_handler()
        assert self.methods is not None
        (method,) = self.methods
        operation = OPERATIONS[method, self.path]

        async def conducted(request: Request) -> Response:
            runtime = runtime_of(request)
            bounded = BoundedRequest(request, runtime.config.max_body_bytes)
            return await conduct(runtime, operation, bounded, handler)

        return conducted


def runtime_of(request: Request) -> Runtime:
    """The runtime that the application was built on."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def the_runtime(request: Request) -> Runtime:
    """`runtime_of` as a dependency: one that is not async would be run in a thread, at ten times its cost."""
    return runtime_of(request)


async def call_of(request: Request) -> Call:
    """The call that is being conducted: its caller and its tenant."""
    call: Call = request.scope["call"]
    return call


async def memory_of(request: Request) -> AsyncConsciousMemory:
    """The memory of the caller's tenant, as the instance that it names uses it. Raises InvalidInputError."""
    return runtime_of(request).memory_of(request.scope["call"].tenant_id, instance_named(request))


Memory = Annotated[AsyncConsciousMemory, Depends(memory_of)]
TheCall = Annotated[Call, Depends(call_of)]
TheRuntime = Annotated[Runtime, Depends(the_runtime)]
