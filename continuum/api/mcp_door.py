"""MCP over HTTP at `/mcp`: admitted, limited, written down as every other call; and where tokens for it come from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import orjson
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from continuum.api.callers import instance_named
from continuum.api.conduct import Call, admitted, conduct_part, in_time
from continuum.api.dependencies import BoundedRequest
from continuum.api.errors import answer_continuum_error, problem
from continuum.api.operations import Operation
from continuum.core.twins import run_in
from continuum.errors import AuthenticationError, ContinuumError
from continuum.identity.roles import PERMISSIONS, Permission
from continuum.runtime.safety import origins_of
from continuum.runtime.service import Runtime

if TYPE_CHECKING:
    from continuum.mcp.desk import Memory

PATH = "/mcp"
METADATA = "/.well-known/oauth-protected-resource"
ENTERING = Operation("mcp", "memories:read")
Answer = TypeVar("Answer")


def add_mcp(app: FastAPI, runtime: Runtime) -> None:
    """Serve MCP, if its library is installed, and say where tokens for it come from."""
    if find_spec("mcp") is None:
        return
    app.router.routes.append(Route(PATH, McpDoor(runtime, app), include_in_schema=False))
    for path in (METADATA, f"{METADATA}{PATH}"):
        app.router.routes.append(Route(path, _metadata_of(runtime), include_in_schema=False))


class McpDoor:
    """One endpoint for both eras of the protocol, without sessions: each POST is a request of its own."""

    def __init__(self, runtime: Runtime, app: FastAPI) -> None:
        self._runtime = runtime
        self._app = app
        self._origins = frozenset(origins_of(runtime.config))
        self._served: Callable[[Scope, Receive, Send], Any] | None = None  # Any: an awaitable of the library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal = await self._refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        # Read here: the library has a bound of its own, and writes a traceback when a client leaves in the middle.
        reading = BoundedRequest(request, self._runtime.config.max_body_bytes).body()
        try:
            body = await in_time(self._runtime, ENTERING, reading)
        except ContinuumError as exc:
            await (await answer_continuum_error(request, exc))(scope, receive, send)
            return
        if self._served is None:
            self._served = await run_in_threadpool(_serving)  # the library is loaded by whoever asks first
        await self._served(scope, _again(body, receive), send)

    async def _refusal(self, request: Request) -> Response | None:
        """Why a request goes no further; else its desk stands in the scope."""
        if request.method != "POST":
            headers = {"Allow": "POST"}
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "POST each message", headers)
        if not self._may_come_from(request):
            sentence = "this Origin may not call; name it in CONTINUUM_CORS_ORIGINS"
            return problem(HTTPStatus.FORBIDDEN, "permission_denied", sentence)
        try:
            call = await in_time(self._runtime, ENTERING, admitted(self._runtime, ENTERING, request))
            taking = self._runtime.limits.take(call.principal, call.tenant_id, ENTERING.cost)
            await in_time(self._runtime, ENTERING, taking)
            request.scope["mcp.desk"] = ServiceDesk(call, request, self._app)
        except ContinuumError as exc:
            return _told_where(request, exc, await answer_continuum_error(request, exc))
        return None

    def _may_come_from(self, request: Request) -> bool:
        """Whether the page that calls, if it is a page, may: one of this address, or one that is named."""
        origin = request.headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return True
        return urlsplit(origin).netloc == request.headers.get("host", "") != ""


class ServiceDesk:
    """The desk of one caller of the service: each thing that it asks for is a call of its own."""

    def __init__(self, entering: Call, request: Request, app: FastAPI) -> None:
        self._entering = entering
        self._request = request
        self._app = app

    async def do(
        self, action: str, permission: Permission, work: Callable[[Memory], Answer], *, writes: bool = False
    ) -> Answer:
        """Do some work on the caller's memory. Raises ContinuumError."""
        known, runtime = self._entering, self._entering.runtime
        operation = Operation(f"mcp.{action}", permission, "write" if writes else "read")
        call = Call(runtime, operation, known.principal, known.tenant_id, self._request)
        memory = runtime.memory_of(known.tenant_id, instance_named(self._request)).memory

        async def done() -> Answer:
            return await run_in(memory.pool("writers" if writes else "readers"), lambda: work(memory))

        return await conduct_part(call, self._app.state.gate, done)


def _serving() -> Callable[[Scope, Receive, Send], Any]:  # Any: as above
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    from continuum.mcp.building import Context, build_server

    def desk_of(ctx: Context) -> ServiceDesk:
        assert ctx.request is not None, "each message comes with an HTTP request"
        desk: ServiceDesk = ctx.request.scope["mcp.desk"]
        return desk

    server = build_server(desk_of)
    logging.getLogger("mcp").setLevel(logging.WARNING)  # it tells of each request that it began and ended
    unguarded = TransportSecuritySettings(enable_dns_rebinding_protection=False)  # hosts and origins are checked here

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        manager = StreamableHTTPSessionManager(server, stateless=True, security_settings=unguarded)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    return serve


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, and then whatever else comes: that the client leaves, for instance."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return parts.pop() if parts else await receive()

    return receiving


def _told_where(request: Request, exc: ContinuumError, answer: Response) -> Response:
    """The refusal, and for a caller without a credential where tokens come from (RFC 9728)."""
    if isinstance(exc, AuthenticationError):
        where = f"{_base(request)}{METADATA}{PATH}"
        answer.headers["WWW-Authenticate"] = f'Bearer realm="continuum", resource_metadata="{where}"'
    return answer


def _metadata_of(runtime: Runtime) -> Callable[[Request], Response]:
    issuer = runtime.config.oidc_issuer

    def metadata(request: Request) -> Response:
        """Which server gives tokens for this resource; without one only keys are taken."""
        told = {
            "resource": f"{_base(request)}{PATH}",
            "authorization_servers": [] if issuer is None else [issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": list(PERMISSIONS),
            "resource_name": "CONTINUUM",
        }
        return Response(orjson.dumps(told), media_type="application/json")

    return metadata


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
