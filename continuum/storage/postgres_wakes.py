"""Wakes across processes, by PostgreSQL's LISTEN and NOTIFY: sent after the commit, never inside of it.

A NOTIFY inside of a writing transaction would make all commits of the database wait for each other. So a relay, a
thread of its own, sends them for everybody, many tenants in one statement; if it falls behind or is stopped, wakes
come late or not at all, and those who wait find out when they poll. Whoever may LISTEN in the database sees what is
sent: a hash of the tenant's name and a position.
"""

from __future__ import annotations

import logging
import random
import re
import selectors
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256

import psycopg
from psycopg import sql

from continuum.domain.forking import at_fork
from continuum.errors import StorageError
from continuum.storage.postgres_pipe import Pipe
from continuum.storage.wakes import LocalWakes, Pending, Subscription, Wake, Wakes

Connect = Callable[[], psycopg.Connection[object]]
"""Opens a connection in autocommit mode within a bounded time. Raises psycopg.Error or StorageError."""

CHANNEL = "continuum_wakes"
EVERYTHING = "*"
PACE_SECONDS = 0.02
"""A busy relay sends no more often than this; the first wake after a rest goes at once."""
IDLE_SECONDS = 60.0
"""A relay with nothing to send gives its connection back after this long."""
HEARTBEAT_SECONDS = 5.0
"""How often a listener asks whether the server is still there."""
ANSWER_SECONDS = 5.0
END_SECONDS = 2.0
"""Longest wait for a thread to end."""
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.05, 5.0
WAKES_AT_ONCE = 200
"""Wakes in one notification: of at most 37 bytes each, where the server takes fewer than 8,000 bytes."""

_WORD = re.compile(r"[0-9a-f]{16}:[0-9]{1,19}")
_TROUBLE = (psycopg.Error, StorageError, OSError)
_logger = logging.getLogger(__name__)


def payloads(batch: Pending) -> list[str]:
    """What is sent for a batch, in pieces that the server takes."""
    if batch.everything:
        return [EVERYTHING]
    words = [f"{key}:{seq}" for key, seq in batch.positions.items()]
    return [" ".join(words[first : first + WAKES_AT_ONCE]) for first in range(0, len(words), WAKES_AT_ONCE)]


def wakes_in(payload: str) -> list[tuple[str | None, int]]:
    """What a payload says; one that cannot be read may mean anything, so all are to look.

    >>> wakes_in("00ff00ff00ff00ff:7")
    [('00ff00ff00ff00ff', 7)]
    >>> wakes_in("*")
    [(None, 0)]
    """
    words = payload.split(" ")
    if not all(map(_WORD.fullmatch, words)):
        return [(None, 0)]
    return [(word[:16], int(word[17:])) for word in words]


def retry_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row: twice as long each time up to a bound, then spread."""
    longest = min(RETRY_SECONDS_MAX, RETRY_SECONDS_MIN * 2.0 ** min(failures, 16))
    return random.uniform(longest / 2, longest)  # noqa: S311  # it keeps processes apart and guards nothing


class PostgresWakes(Wakes):
    """Wakes for all processes that use one database.

    With `listens=False`, for a server behind a transaction pooler, which LISTEN does not pass, announcements are still
    sent, but from other processes none is heard.
    """

    def __init__(self, connect: Connect, *, listens: bool = True, channel: str = CHANNEL) -> None:
        self._here = LocalWakes()
        self._relay = _Relay(connect, channel)
        self._listener = _Listener(connect, channel, self._here) if listens else None

    def key_of(self, tenant_id: str) -> str:
        return sha256(tenant_id.encode()).hexdigest()[:16]

    def announce(self, tenant_id: str, seq: int) -> None:
        key = self.key_of(tenant_id)
        self._here.wake(key, seq)
        self._relay.add(key, seq)

    def subscribe(self, callback: Wake) -> Subscription:
        subscription = self._here.subscribe(callback)
        if self._listener is not None:
            self._listener.begin()
        return subscription

    def close(self) -> None:
        """End all subscriptions and threads, once what was announced is sent; waits a few seconds at most."""
        self._here.close()
        if self._listener is not None:
            self._listener.end()
        self._relay.end()


class _Errand(ABC):
    """A daemon thread with a connection of its own: begun when it is needed, ended by `end` or by itself.

    `_changed` guards all that the thread shares. A thread that is no longer `_thread` ends as soon as it notices.
    """

    def __init__(self, name: str, connect: Connect) -> None:
        self._name = name
        self._connect = connect
        self._begin_anew()
        at_fork(self, in_child=_Errand._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: the thread and its connection are the parent's."""
        self._changed = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _run(self) -> None:
        """What the thread does. Its first step takes `_changed`."""

    def _ensure(self) -> None:
        """See that there is a thread; called with `_changed` held."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as exc:  # too many threads, or Python is shutting down: polling still finds everything
                _logger.warning("%s: no thread (%s)", self._name, exc)
                return
            self._thread = thread

    def _is_wanted(self) -> bool:
        return self._thread is threading.current_thread()

    def end(self) -> None:
        """End the thread; one that is stuck in a call ends after it."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._interrupt()
        if thread is not None and thread is not threading.current_thread():
            thread.join(END_SECONDS)

    def _interrupt(self) -> None:
        """End the thread's waiting; called with `_changed` held."""
        self._changed.notify_all()

    def _failed(self, exc: Exception, failures: int) -> None:
        level = logging.WARNING if failures == 1 else logging.DEBUG
        problem = str(exc).strip().partition("\n")[0]
        _logger.log(level, "%s: the connection failed and is tried again: %s", self._name, problem)


class _Relay(_Errand):
    """Sends what was announced. A failed batch is kept, with what came since, and sent later."""

    def __init__(self, connect: Connect, channel: str) -> None:
        self._channel = channel
        super().__init__("continuum-relay", connect)

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._pending = Pending()

    def add(self, key: str, seq: int) -> None:
        """Have a wake sent soon."""
        with self._changed:
            self._pending.add(key, seq)
            self._ensure()
            self._changed.notify_all()

    def end(self) -> None:
        super().end()
        with self._changed:
            if self._thread is None:
                self._pending.take()

    def _run(self) -> None:
        failures, pause = 0, 0.0
        pipe: Pipe | None = None
        while (batch := self._next(pause, failures)) is not None:
            try:
                pipe = pipe or Pipe(self._connect(), prepares=False, answer_seconds=ANSWER_SECONDS)
                self._send(pipe, batch)
                failures, pause = 0, PACE_SECONDS
            except _TROUBLE as exc:
                _close(pipe)
                pipe = None
                failures += 1
                pause = retry_seconds(failures)
                with self._changed:
                    self._pending.put_back(batch)
                self._failed(exc, failures)
        _close(pipe)

    def _next(self, pause: float, failures: int) -> Pending | None:
        """The next batch, after a pause; None once the thread is to end. Who is told to end tries once more."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_wanted(), pause)
            self._changed.wait_for(lambda: self._pending or not self._is_wanted(), IDLE_SECONDS)
            if self._pending and (self._is_wanted() or not failures):
                return self._pending.take()
            if self._is_wanted():
                self._thread = None
            return None

    def _send(self, pipe: Pipe, batch: Pending) -> None:
        _ask(pipe, "SELECT pg_notify($1, each) FROM unnest($2::text[]) AS each", [self._channel, payloads(batch)])


class _Listener(_Errand):
    """Hears what all relays send, and passes it on within this process.

    After each connection, the first too, all are to look: what was sent before nobody heard.
    """

    def __init__(self, connect: Connect, channel: str, here: LocalWakes) -> None:
        self._channel = channel
        self._here = here
        super().__init__("continuum-listener", connect)

    def _begin_anew(self) -> None:
        super()._begin_anew()
        self._bell: socket.socket | None = None

    def begin(self) -> None:
        """Listen from now on, until nobody is subscribed any more."""
        with self._changed:
            self._ensure()

    def _interrupt(self) -> None:
        super()._interrupt()
        if self._bell is not None:
            self._bell.send(b".")  # never read: the thread is not to wait again

    def _run(self) -> None:
        failures = 0
        bell, hears_bell = socket.socketpair()
        with bell, hears_bell:
            while self._go_on(bell, retry_seconds(failures) if failures else 0.0):
                try:
                    with closing(self._connect()) as connection:
                        pipe = Pipe(connection, prepares=False, answer_seconds=ANSWER_SECONDS)
                        _ask(pipe, f"LISTEN {sql.Identifier(self._channel).as_string()}")
                        failures = 0
                        self._here.wake(None, 0)
                        self._hear(pipe, hears_bell)
                except _TROUBLE as exc:
                    failures += 1
                    self._failed(exc, failures)

    def _go_on(self, bell: socket.socket, pause: float) -> bool:
        """Whether to connect, after a pause; once it is False the thread's bell is out of use."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_wanted(), pause)
            if self._is_wanted():
                self._bell = bell
                if self._here.is_heard:
                    return True
                self._thread = None
            if self._bell is bell:
                self._bell = None
            return False

    def _hear(self, pipe: Pipe, hears_bell: socket.socket) -> None:
        """Pass on notifications until the thread is to end, or for a beat after the last subscription."""
        pgconn = pipe.connection.pgconn
        beat = time.monotonic() + HEARTBEAT_SECONDS
        with selectors.DefaultSelector() as waiting:
            waiting.register(pgconn.socket, selectors.EVENT_READ)
            waiting.register(hears_bell, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in waiting.select(max(0.0, beat - time.monotonic()))]
                if hears_bell in ready:
                    return
                if ready:
                    pgconn.consume_input()
                if time.monotonic() >= beat:
                    if not self._here.is_heard:
                        return
                    _ask(pipe, "SELECT 1")
                    beat = time.monotonic() + HEARTBEAT_SECONDS
                while (notification := pgconn.notifies()) is not None:
                    for key, seq in wakes_in(notification.extra.decode("ascii", "replace")):
                        self._here.wake(key, seq)


def _ask(pipe: Pipe, statement: str, values: list[object] | None = None) -> None:
    """Run one statement to its end. Raises psycopg.Error, also if the answer takes too long."""
    pipe.enter()
    pipe.execute(statement, values or [])
    problem = pipe.sync()
    if problem is not None:
        raise problem
    pipe.leave()


def _close(pipe: Pipe | None) -> None:
    if pipe is not None:
        pipe.connection.close()
