"""The outermost layer: a name for each request, and headers that every answer carries."""

from __future__ import annotations

import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from continuum.domain.ids import uuid7

REQUEST_ID_HEADER = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9._:@-]{1,128}\Z")
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class RequestContext:
    """Gives each request an id: the caller's own `X-Request-ID` if it is a plain name, else a new one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        own = _id_of(scope)
        scope["request_id"] = own.decode("ascii")

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID_HEADER, own), *_ALWAYS]
            await send(message)

        await self._app(scope, receive, sending)


def _id_of(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _GIVEN_ID.match(value):
            given: bytes = value
            return given
    return uuid7(time.time_ns() // 1_000).encode("ascii")
