"""uvicorn's WebSocket protocol with the two things that ASGI lacks: to end a connection whose peer does not read, and
to let the application take its leave before the server stops.

Given to uvicorn as `Config(ws=AbortableProtocol)`. The application finds a `SocketControl` among the extensions of its
scope; without one (another server) it closes as ASGI says, and the server is left with what a frozen peer holds.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION = "continuum.socket"
SEND_BUFFER_BYTES = 128 * 1_024
"""What the kernel may hold for a peer that does not read; by itself it takes megabytes."""
GRACE_SECONDS = 10.0
"""How long a peer that did not read has to take what was sent, before the connection is torn down."""


class SocketControl:
    """What the application may do with its connection beyond ASGI."""

    def __init__(self, protocol: AbortableProtocol) -> None:
        self._protocol = protocol

    def cut(self, text: str, code: int, reason: str, grace_seconds: float = GRACE_SECONDS) -> None:
        """Send a last text and the close code behind whatever is unsent, wait for nobody, and end for certain."""
        self._protocol.cut(text, code, reason, grace_seconds)

    def on_shutdown(self, leave: Callable[[], None]) -> None:
        """Call this when the server stops; the application then closes the connection itself, and soon."""
        self._protocol.leave = leave


class AbortableProtocol(WebSocketsSansIOProtocol):
    """One connection."""

    leave: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bound what is held for the peer."""
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        super().connection_made(transport)

    async def run_asgi(self) -> None:
        cast("dict[str, Any]", self.scope["extensions"])[EXTENSION] = SocketControl(
            self
        )  # Any: whatever a server offers
        await super().run_asgi()

    def cut(self, text: str, code: int, reason: str, grace_seconds: float) -> None:
        """See `SocketControl.cut`."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_text(text.encode())
        self.conn.send_close(code, reason)
        self.close_sent = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()  # once all is sent
        asyncio.get_running_loop().call_later(grace_seconds, self.transport.abort)

    def shutdown(self) -> None:
        """The server stops: the application says goodbye, if it asked to."""
        if self.leave is None or self.close_sent or not self.handshake_complete:
            super().shutdown()
            return
        self.leave()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self.transport.abort)


__all__ = ["EXTENSION", "AbortableProtocol", "SocketControl"]
