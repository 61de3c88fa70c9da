"""A real server with a WebSocket, in a thread, and instances that listen to it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, ContinuumError, PermissionDeniedError
from continuum.realtime.abortable_protocol import AbortableProtocol
from continuum.realtime.integration import Realtime, open_realtime
from continuum.realtime.websocket import SocketCaller, serve_socket

WAIT_SECONDS = 20.0
Told = dict[str, Any]  # Any: what JSON gives


@dataclass(slots=True)
class Caller:
    """Whoever has the tenant's token."""

    tenant_id: TenantId
    revoked: set[str]

    async def recheck(self) -> None:
        if self.tenant_id in self.revoked:
            raise AuthenticationError("the key was revoked")


@dataclass(slots=True)
class Door:
    """Lets in whoever says ``token-TENANT``."""

    revoked: set[str] = field(default_factory=set)

    def allows_origin(self, origin: str) -> bool:
        return origin == "https://app.example"

    async def caller(self, websocket: WebSocket, named: TenantId | None) -> SocketCaller | None:
        token = websocket.headers.get("x-api-key")
        return None if token is None else await self.caller_by(token, named)

    async def caller_by(self, token: str, named: TenantId | None) -> SocketCaller:
        start, _, tenant = token.partition("-")
        if start != "token":
            raise AuthenticationError("the key is not known")
        if named not in (None, tenant):
            raise PermissionDeniedError("the credential belongs to another tenant than the one that is named")
        return Caller(TenantId(tenant), self.revoked)


@dataclass(slots=True)
class Served:
    """A running server."""

    url: str
    realtime: Realtime
    tenants: TenantManager
    door: Door
    server: uvicorn.Server
    loop: asyncio.AbstractEventLoop

    def stop(self) -> None:
        """Ask the server to stop, as a signal would."""
        self.server.should_exit = True

    def run(self, work: Callable[[], Any]) -> Any:  # Any: whatever the work gives
        """Run a coroutine function's work in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(WAIT_SECONDS)


_STATUS = {"authentication": 401, "permission_denied": 403, "invalid_input": 422}


@contextmanager
def served(tenants: TenantManager, *, protocol: Any = AbortableProtocol, **settings: Any) -> Iterator[Served]:
    """Serve live sync of some tenants on a port of its own."""
    realtime, door = open_realtime(tenants, **settings), Door()

    async def sync(websocket: WebSocket) -> None:
        try:
            await serve_socket(websocket, realtime, door)
        except ContinuumError as exc:
            await websocket.send_denial_response(JSONResponse({"code": exc.code}, _STATUS[exc.code]))

    config = uvicorn.Config(
        Starlette(routes=[WebSocketRoute("/ws/sync", sync)]),
        port=0,
        log_level="error",
        ws=protocol,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
    )
    server = uvicorn.Server(config)
    with running(server, realtime) as (port, loop):
        yield Served(f"ws://127.0.0.1:{port}/ws/sync", realtime, tenants, door, server, loop)


@contextmanager
def running(server: uvicorn.Server, realtime: Realtime) -> Iterator[tuple[int, asyncio.AbstractEventLoop]]:
    """Run a server in a thread, and stop it and its live sync in the end; gives its port and its event loop."""
    loops: list[asyncio.AbstractEventLoop] = []
    started = threading.Event()

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        task = asyncio.create_task(server.serve())
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        started.set()
        await task
        await realtime.stop(0.5)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(WAIT_SECONDS)
        yield server.servers[0].sockets[0].getsockname()[1], loops[0]
    finally:
        server.should_exit = True
        thread.join(WAIT_SECONDS)
        realtime.close()
        assert not thread.is_alive()


class Instance:
    """A connected instance, and all it was told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[Told] = []

    @property
    def logged(self) -> list[str]:
        """The ids of the events from the log that it was told, in order."""
        return [each["event_id"] for each in self.told if "event_id" in each]

    def kinds(self) -> list[str]:
        return [each["event_type"] for each in self.told]

    async def next(self) -> Told:
        told: Told = json.loads(await asyncio.wait_for(self.socket.recv(), WAIT_SECONDS))
        self.told.append(told)
        return told

    async def until(self, enough: Callable[[Told], bool]) -> Told:
        """Listen until it is told this."""
        while True:
            told = await self.next()
            if enough(told):
                return told

    async def until_kind(self, kind: str) -> Told:
        return await self.until(lambda told: told["event_type"] == kind)

    async def until_position(self, position: int) -> Told:
        """Listen until it is told of an entry, all events of it."""
        while True:
            told = await self.until(lambda told: told.get("position", 0) >= position)
            if told["event_type"] == "memory_added":
                return told

    async def say(self, **told: Any) -> None:  # Any: what JSON takes
        await self.socket.send(json.dumps(told))

    async def closed(self) -> tuple[int, str]:
        """Listen to the end; gives the close code and the reason."""
        with suppress(ConnectionClosed):
            while True:
                await self.next()
        assert self.socket.close_code is not None
        return self.socket.close_code, self.socket.close_reason or ""


@asynccontextmanager
async def listening(served: Served, name: str, tenant: str = "alice", **query: str) -> AsyncIterator[Instance]:
    """An instance that has connected and was welcomed."""
    parameters = {"tenant_id": tenant, "instance_id": name, **query}
    url = served.url + "?" + "&".join(f"{key}={value}" for key, value in parameters.items())
    headers = {"X-API-Key": f"token-{tenant}"}
    async with connect(
        url,
        additional_headers=headers,
        ping_interval=None,
        compression=None,
        max_queue=None,  # or what nobody reads holds up the close
    ) as socket:
        instance = Instance(socket)
        assert (await instance.next())["event_type"] == "welcome"
        yield instance
