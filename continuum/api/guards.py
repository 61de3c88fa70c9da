"""Plain ASGI guards before the routes: whose name the caller used for this machine, and how much it may send."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from continuum.api.errors import problem
from continuum.runtime import is_loopback

BODY_BYTES_MAX = 4 * 1_048_576


class LoopbackHostGuard:
    """Refuses a Host header that is no loopback name, as a web page that rebinds its own name would send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_loopback(_host(scope)):
            answer = problem(
                HTTPStatus.FORBIDDEN,
                "permission_denied",
                "one Host header must name this machine (localhost, 127.0.0.1 or [::1]) while no keys are required",
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _host(scope: Scope) -> str:
    """The host that the caller named, '' if it named none or several."""
    named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(named) != 1:
        return ""
    host: str = named[0]
    return host.rsplit(":", 1)[0] if not host.endswith("]") else host


class BodyLimitGuard:
    """Answers 413 as soon as a body is known to be too large, by its declared or its received length.

    Paths in `streamed_paths` read their bodies piece by piece, with bounds of their own.
    """

    def __init__(
        self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX, streamed_paths: Collection[str] = frozenset()
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._streamed_paths = streamed_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._streamed_paths:
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared[:20]) > self._bytes_max:
            await self._refuse(scope, receive, send)
            return
        try:
            body = await self._read(receive)
        except ClientDisconnect:
            return  # half a body may still be a whole sentence: it must not be learnt
        if body is None:
            await self._refuse(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body, or None once it passes the limit. Raises ClientDisconnect if the caller left before."""
        chunks = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            chunks += message.get("body", b"")
            if len(chunks) > self._bytes_max:
                return None
            if not message.get("more_body", False):
                return bytes(chunks)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            f"the body is larger than {self._bytes_max} bytes; split it into several requests",
            {"Connection": "close"},
        )
        await answer(scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
