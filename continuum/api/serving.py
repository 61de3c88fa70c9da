"""Serves the application: one process or several, with or without TLS, stopped without cutting anybody off."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import ssl
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import ChangeReload, Multiprocess

import continuum
from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.errors import ConfigurationError
from continuum.observability.watching import log_as_set
from continuum.realtime.abortable_protocol import AbortableProtocol
from continuum.realtime.websocket import MESSAGE_BYTES_MAX
from continuum.runtime.service import Runtime, open_runtime

BACKLOG = 2_048
KEEP_ALIVE_SECONDS = 30
TLS_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def application(config: MemoryConfig, figures: Path | None = None) -> FastAPI:
    """The application on a runtime of its own, which is closed when the server says that it ends.

    `figures` is the folder through which the processes of one service know each other's figures.
    """
    log_as_set(config)
    runtime = open_runtime(config)
    app = create_app(runtime, lifespan=functools.partial(_life, runtime))
    if figures is not None:
        runtime.watching.join(figures)
    return app


@asynccontextmanager
async def _life(runtime: Runtime, _: FastAPI) -> AsyncIterator[None]:
    """From the first call to the last. The runtime is closed in a thread: it may wait for learns to end."""
    with DrainingFirst(runtime):
        try:
            yield
        finally:
            await runtime.send_sockets_elsewhere()
            await asyncio.to_thread(runtime.close)


class DrainingFirst:
    """Lets the first signal to stop turn readiness red and send sockets elsewhere, and only then stop the server."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._before: dict[int, Any] = {}  # Any: what `signal` gives for a handler
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # a server in a thread, as tests run it: nobody sends it signals
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.getsignal(number)
            signal.signal(number, self._asked)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self._runtime.is_draining:
            self._before[number](number, frame)  # asked twice: at once
            return
        self._runtime.is_draining = True
        self._loop.call_soon_threadsafe(self._drain, number)

    def _drain(self, number: int) -> None:
        async def drained() -> None:
            await asyncio.sleep(self._runtime.config.drain_seconds)
            await self._runtime.send_sockets_elsewhere()
            self._before[number](number, None)

        self._task = asyncio.get_running_loop().create_task(drained())


def serve(config: MemoryConfig, *, reload: bool = False) -> None:
    """Serve until a signal says to stop: running calls are finished first, within `shutdown_seconds`.

    Raises ConfigurationError if the address cannot be served or the certificate cannot be read.
    """
    if config.workers > 1 and config.store == ":memory:":
        raise ConfigurationError("a store in memory is of one process; serve it with one worker")
    log_as_set(config)
    with _figures(config) as figures:
        _serve(config, figures, reload=reload)


@contextmanager
def _figures(config: MemoryConfig) -> Iterator[Path | None]:
    """A private folder in which several workers leave their figures; removed at the end."""
    if config.workers == 1:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="continuum-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _serve(config: MemoryConfig, figures: Path | None, *, reload: bool) -> None:
    server = uvicorn.Config(
        functools.partial(application, config, figures),
        factory=True,
        host=config.api_host.strip("[]"),  # as a person may write an IPv6 address
        port=config.api_port,
        workers=config.workers,
        reload=reload,
        reload_dirs=[str(Path(continuum.__file__).parent)] if reload else None,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(config.shutdown_seconds)),
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the door reads them itself, from proxies that are trusted
        server_header=False,
        ws=AbortableProtocol,
        ws_ping_interval=None,  # sockets have a heartbeat of their own
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_per_message_deflate=False,
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=config.tls_key,
        ssl_context_factory=functools.partial(_tls, config.tls_minimum) if config.tls_certificate else None,
    )
    _check_certificate(server)
    if reload:
        ChangeReload(server, uvicorn.Server(server).run, [_bound(server)]).run()
    elif config.workers > 1:
        Multiprocess(server, [_bound(server)]).run()
    else:
        _serve_here(server)


def _serve_here(server: uvicorn.Config) -> None:
    listener = _bound(server)
    uvicorn.Server(server).run([listener])


def _bound(server: uvicorn.Config) -> Any:  # Any: a socket, as uvicorn types it nowhere
    """The socket to serve on. Raises ConfigurationError."""
    try:
        listener = server.bind_socket()
    except SystemExit as exc:
        raise ConfigurationError(
            f"{server.host}:{server.port} could not be served; is another program using port {server.port}? "
            "Choose one with --port"
        ) from exc
    return listener


def _tls(minimum: str, server: uvicorn.Config, usual: Any) -> ssl.SSLContext:  # Any: uvicorn's own factory
    """Raises OSError for files that cannot be read."""
    context: ssl.SSLContext = usual()
    context.minimum_version = TLS_VERSIONS[minimum]
    return context


def _check_certificate(server: uvicorn.Config) -> None:
    """Read the certificate before anything is served with it. Raises ConfigurationError."""
    for path in (server.ssl_certfile, server.ssl_keyfile):
        if path is not None and not os.access(path, os.R_OK):
            raise ConfigurationError(f"{path} cannot be read; tls_certificate and tls_key name files in PEM format")
