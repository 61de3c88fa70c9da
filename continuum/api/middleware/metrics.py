"""Watches each request from outside: counts it, times it, and lets what is logged meanwhile carry its names."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from continuum.observability.logging import bind_to
from continuum.observability.requests_seen import CLIENT_LEFT, UNMATCHED, RequestSeen
from continuum.observability.watching import Watching

INSTANCE_HEADER = b"x-instance-id"
TRACE_HEADER = b"traceparent"
TRACE_CHARS_MAX = 256
_NAME = re.compile(rb"[A-Za-z0-9._:@-]{1,128}\Z")


class RequestMetrics:
    """Tells all watchers of each request when it is over. Stands right within `RequestContext`, outside of the rest."""

    def __init__(self, app: ASGIApp, watching: Watching) -> None:
        self._app = app
        self._watching = watching
        self._watchers = tuple(watching.watchers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # Never taken back: what answers an unexpected error stands outside of this layer, and logs it with these
        # names. The context is that of the request's own task.
        bind_to(functools.partial(_names, scope))
        if kind == "http":
            await self._http(scope, receive, send)
        else:
            await _Socket(self._watching, scope).run(self._app, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = sent = 0
        began_at, began = time.time(), time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            elif message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        in_flight = self._watching.metrics.in_flight
        in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        except asyncio.CancelledError:
            status = status or CLIENT_LEFT
            raise
        finally:
            in_flight.dec()
            # An exception that comes this far is answered with 500 further out.
            answer = status or HTTPStatus.INTERNAL_SERVER_ERROR.value
            seen = _seen(scope, scope["method"], answer, began_at, time.perf_counter() - began, sent)
            for watch in self._watchers:
                watch(seen)


class _Socket:
    """One socket, from the hand-shake to its end. Its hand-shake is told as a request, when it is answered."""

    def __init__(self, watching: Watching, scope: Scope) -> None:
        self._watching = watching
        self._scope = scope
        self._began_at, self._began = time.time(), time.perf_counter()
        self._is_open = False
        self._ending = "slow"  # cut off below us, unless one side says goodbye

    async def run(self, app: ASGIApp, receive: Receive, send: Send) -> None:
        metrics = self._watching.metrics

        async def sending(message: Message) -> None:
            kind = message["type"]
            if kind == "websocket.send":
                metrics.events_sent.inc()
            elif kind == "websocket.accept":
                self._is_open = True
                metrics.sockets.inc()
                metrics.sockets_opened.inc()
                self._tell(HTTPStatus.SWITCHING_PROTOCOLS)
            elif kind == "websocket.close":
                self._ending = str(message.get("code", 1000))
                if not self._is_open:
                    self._tell(HTTPStatus.FORBIDDEN)
            elif kind == "websocket.http.response.start":
                self._tell(message["status"])
            await send(message)

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect" and self._ending == "slow":
                self._ending = "left"
            return message

        try:
            await app(self._scope, receiving, sending)
        finally:
            if self._is_open:
                metrics.sockets.dec()
                metrics.socket_closed(self._ending)

    def _tell(self, status: int) -> None:
        seconds = time.perf_counter() - self._began
        seen = _seen(self._scope, "WEBSOCKET", int(status), self._began_at, seconds, 0)
        for watch in self._watching.watchers:
            watch(seen)


def _seen(scope: Scope, method: str, status: int, began_at: float, seconds: float, sent: int) -> RequestSeen:
    route, call = scope.get("route"), scope.get("call")
    return RequestSeen(
        method,
        UNMATCHED if route is None else route.path,
        status,
        began_at,
        seconds,
        sent,
        scope.get("request_id", ""),
        "" if call is None else call.tenant_id,
        "" if call is None else call.principal.credential,
        "" if call is None else call.operation.name,
        _header(scope, TRACE_HEADER)[:TRACE_CHARS_MAX].decode("latin-1"),
    )


def _names(scope: Scope) -> Mapping[str, str]:
    """Whose request it is, as far as that is known now."""
    call = scope.get("call")
    instance = _header(scope, INSTANCE_HEADER)
    return {
        "request_id": scope.get("request_id", ""),
        "tenant_id": "" if call is None else call.tenant_id,
        "instance_id": instance.decode("ascii") if _NAME.match(instance) else "",
    }


def _header(scope: Scope, wanted: bytes) -> bytes:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return b""
