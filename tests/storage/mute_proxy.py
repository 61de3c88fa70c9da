"""A stretch of network that can fall silent: connections stay open, and nothing comes through them any more."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import ExitStack
from types import TracebackType


class MuteProxy:
    """Passes on what comes to `port`, until `mute`; connections made later pass again."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._sockets = ExitStack()
        self._entrance = self._sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._bell, self._hears_bell = (self._sockets.enter_context(each) for each in socket.socketpair())
        self._muted: set[socket.socket] = set()
        self._other_end: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = int(self._entrance.getsockname()[1])

    def __enter__(self) -> MuteProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.send(b".")
        self._thread.join()
        self._sockets.close()

    def mute(self) -> None:
        """Let nothing through on the connections that there are."""
        self._muted = set(self._other_end)

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._entrance, selectors.EVENT_READ)
            waiting.register(self._hears_bell, selectors.EVENT_READ)
            while True:
                for ready in [key.fileobj for key, _ in waiting.select()]:
                    assert isinstance(ready, socket.socket)
                    if ready is self._hears_bell:
                        return
                    if ready is self._entrance:
                        self._let_in(waiting)
                    else:
                        self._pass_on(ready, waiting)

    def _let_in(self, waiting: selectors.BaseSelector) -> None:
        near = self._sockets.enter_context(self._entrance.accept()[0])
        far = self._sockets.enter_context(socket.create_connection(self._target, 10))
        self._other_end |= {near: far, far: near}
        waiting.register(near, selectors.EVENT_READ)
        waiting.register(far, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket, waiting: selectors.BaseSelector) -> None:
        try:
            data = source.recv(65_536)
            if data and source not in self._muted:
                self._other_end[source].sendall(data)
            elif not data:
                waiting.unregister(source)
                self._other_end[source].shutdown(socket.SHUT_WR)
        except OSError:  # one of the ends has gone
            waiting.unregister(source)
