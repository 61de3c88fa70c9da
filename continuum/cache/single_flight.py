"""Lets many threads that want the same answer at once compute it once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Final, Generic

from continuum.cache.base import Value
from continuum.domain.forking import at_fork

WAIT_SECONDS: Final = 5.0


class _Flight(Generic[Value]):
    def __init__(self) -> None:
        self.landed: Future[Value] = Future()
        self.pilot = threading.get_ident()


class SingleFlight(Generic[Value]):
    """Runs one computation for each key at a time, and gives its outcome to all who asked meanwhile.

    Laws: who asks while a computation of an equal key runs gets its value or its exception; who waited
    `wait_seconds` in vain computes for itself, and so does a computation that asks for its own key; nothing is kept
    afterwards, so the next one to ask computes anew. If the thread that computes is interrupted (KeyboardInterrupt,
    SystemExit), those who wait compute for themselves.
    """

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._shared = 0
        self._renew()
        at_fork(self, in_child=SingleFlight._renew)

    def _renew(self) -> None:
        """In a forked child: the threads that compute stayed with the parent."""
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight[Value]] = {}

    @property
    def shared(self) -> int:
        """How many got somebody else's outcome."""
        return self._shared

    @property
    def running(self) -> int:
        """How many keys are being computed."""
        return len(self._flights)

    def run(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        with self._lock:
            flight = self._flights.get(key)
            if flight is None:
                own = self._flights[key] = _Flight()
        if flight is None:
            return self._fly(key, own, compute)
        if flight.pilot == threading.get_ident():
            return compute()
        return self._board(flight, compute)

    def _fly(self, key: Hashable, own: _Flight[Value], compute: Callable[[], Value]) -> Value:
        try:
            value = compute()
        except BaseException as exc:
            self._forget(key, own)
            own.landed.set_exception(exc)
            raise
        self._forget(key, own)
        own.landed.set_result(value)
        return value

    def _forget(self, key: Hashable, own: _Flight[Value]) -> None:
        with self._lock:
            if self._flights.get(key) is own:
                del self._flights[key]

    def _board(self, flight: _Flight[Value], compute: Callable[[], Value]) -> Value:
        try:
            failure = flight.landed.exception(self._wait_seconds)
        except FutureTimeoutError:
            return compute()
        if failure is not None and not isinstance(failure, Exception):
            return compute()
        with self._lock:
            self._shared += 1
        return flight.landed.result()
