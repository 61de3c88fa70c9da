"""A guard before the routes of a service without credentials: whose name the caller used for this machine."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from continuum.api.errors import problem
from continuum.runtime.safety import is_loopback


class LoopbackHostGuard:
    """Refuses a Host header that is no loopback name, as a web page that rebinds its own name would send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not is_loopback(_host(scope)):
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
