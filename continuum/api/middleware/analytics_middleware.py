"""Tells analytics which features are used, where that is switched on: the operation's name, and nothing of the call."""

from __future__ import annotations

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from continuum.compliance.audit import PLATFORM
from continuum.observability.analytics import Analytics


class AnalyticsMiddleware:
    """A feature counts as used once it was answered without an error, to a known caller on a tenant."""

    def __init__(self, app: ASGIApp, analytics: Analytics) -> None:
        self._app = app
        self._analytics = analytics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, sending)
        call = scope.get("call")
        if call is not None and status < HTTPStatus.BAD_REQUEST and call.tenant_id != PLATFORM:
            self._analytics.used(call.tenant_id, call.operation.name)
