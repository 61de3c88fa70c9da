"""A real HTTP server that keeps what it is sent: it stands for vendors whose services cannot be reached by tests."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """One request, its body unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """What was received, in order."""

    url: str
    requests: list[Received] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, is_there: Callable[[list[Received]], bool]) -> list[Received]:
        """What was received once a condition holds. Fails after `WAIT_SECONDS`."""
        with self.changed:
            assert self.changed.wait_for(lambda: is_there(self.requests), WAIT_SECONDS), self.requests
            return list(self.requests)

    @property
    def everything(self) -> str:
        """All paths, headers and bodies as one text."""
        return "\n".join(f"{each.path}\n{each.headers}\n{each.body.decode('latin-1')}" for each in self.requests)


@contextmanager
def receiving(content_type: str = "application/json", body: bytes = b"{}", delay: float = 0.0) -> Iterator[Receiver]:
    """Serve until the end of the `with`; each request is answered with `body` after `delay` seconds."""
    held = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            sent = _unpacked(self.rfile.read(length), self.headers.get("content-encoding", ""))
            with receiver.changed:
                receiver.requests.append(Received(self.path, dict(self.headers), sent))
                receiver.changed.notify_all()
            held.wait(delay)
            try:
                self.send_response(200)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
            return None

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            held.set()
            server.shutdown()
            thread.join()


def _unpacked(body: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


def took(work: Callable[[], object]) -> float:
    """How many seconds something takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began
