"""The real service on a port of its own, that clients talk to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import uvicorn

from continuum.api.server import create_app
from continuum.client import Client
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.realtime.abortable_protocol import AbortableProtocol
from continuum.runtime.service import Runtime, open_runtime
from tests.realtime.served import running

OPERATOR = "an-operators-key-of-32-characters-or-more"


@dataclass(frozen=True, slots=True)
class Service:
    """A running service; `url` is its address."""

    url: str
    runtime: Runtime

    def client(self, **more: object) -> Client:
        """A client of the tenant ``alice``, unless it says otherwise."""
        return Client(self.url, **{"tenant_id": "alice", **more})  # type: ignore[arg-type]  # arguments of a case

    def operator(self, tenant: str | None = "alice") -> Client:
        return Client(self.url, OPERATOR, tenant_id=tenant)


@contextmanager
def service(db_path: Path, *, port: int = 0, **settings: object) -> Iterator[Service]:
    """Serve the whole application on a store; to be stopped by leaving."""
    with open_runtime(MemoryConfig(db_path=db_path, **settings)) as runtime:  # type: ignore[arg-type]  # by name
        config = uvicorn.Config(
            create_app(runtime),
            port=port,
            log_level="error",
            ws=AbortableProtocol,
            ws_ping_interval=None,
            lifespan="off",
            timeout_graceful_shutdown=10,
        )
        with running(uvicorn.Server(config), runtime.realtime) as (bound, _):
            yield Service(f"http://127.0.0.1:{bound}", runtime)


@contextmanager
def guarded(db_path: Path, **settings: object) -> Iterator[Service]:
    """A service that asks for keys."""
    with service(db_path, require_api_key=True, api_key=Secret(OPERATOR), **settings) as found:  # type: ignore[arg-type]  # by name
        yield found


@dataclass(slots=True)
class Heard:
    """One request as a scripted server heard it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class Scripted:
    """A server that answers as it is told, request by request; the last reply is given again."""

    url: str
    heard: list[Heard]


@contextmanager
def scripted(*replies: Reply) -> Iterator[Scripted]:
    """Serve replies on a port of its own."""
    heard: list[Heard] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            size = int(self.headers.get("content-length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard.append(Heard(self.command, self.path, headers, self.rfile.read(size)))
            replies[min(len(heard), len(replies)) - 1](self)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # names that the base class calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Scripted(f"http://127.0.0.1:{server.server_address[1]}", heard)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def says(status: int, body: bytes = b"{}", media_type: str = "application/json", **headers: str) -> Reply:
    """A reply with a status and a body."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """A reply that breaks off in its middle."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"half": ')
    handler.wfile.flush()
    handler.close_connection = True
