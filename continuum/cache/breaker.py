"""Stops asking somebody who does not answer, and finds out when it does again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from continuum.domain.forking import at_fork

FAILURES_MAX: Final = 3.0
FORGIVEN: Final = 0.1
"""What one success takes off the failures: from one failure in eleven calls on, the breaker opens in the end."""
OPEN_SECONDS: Final = 0.5
OPEN_SECONDS_MAX: Final = 15.0
PROBE_SECONDS: Final = 10.0
"""A probe that has not reported by then is taken for lost."""


class BreakerState(StrEnum):
    """Closed: calls go through. Open: none does. Half open: one does, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to make one call, to be given back with its outcome."""

    period: int
    probe: bool


class CircuitBreaker:
    """Refuses calls after `failures_max` failures, for `open_seconds`; each failed probe doubles that, up to a bound.

    Laws: while open no call is admitted; when the time is over exactly one is, and its outcome decides; outcomes of
    calls that were admitted before the last change of state count for nothing. Any thread may call; `on_change` is
    called after each change, outside of any lock, and must not raise. Time is `monotonic`, in seconds.
    """

    def __init__(
        self,
        *,
        failures_max: float = FAILURES_MAX,
        open_seconds: float = OPEN_SECONDS,
        open_seconds_max: float = OPEN_SECONDS_MAX,
        probe_seconds: float = PROBE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        on_change: Callable[[BreakerState], None] | None = None,
    ) -> None:
        self._failures_max = failures_max
        self._open_seconds = open_seconds
        self._open_seconds_max = max(open_seconds, open_seconds_max)
        self._probe_seconds = probe_seconds
        self._monotonic = monotonic
        self._on_change = on_change
        self._state = BreakerState.CLOSED
        self._failures = 0.0
        self._wait = open_seconds
        self._until = 0.0  # open: when a probe may go; half open: when the probe is lost
        self._period = 0
        self._ticket = Ticket(0, probe=False)
        self._open_to_all: Ticket | None = self._ticket
        """The ticket while it is closed: one attribute, so that nobody reads half of a change."""
        self._lock = threading.Lock()
        at_fork(self, in_child=CircuitBreaker._renew)

    def _renew(self) -> None:
        """In a forked child: nobody there will report the outcome of a probe under way."""
        self._lock = threading.Lock()
        if self._state is BreakerState.HALF_OPEN:
            self._state, self._until = BreakerState.OPEN, self._monotonic()

    @property
    def state(self) -> BreakerState:
        return self._state

    def admit(self) -> Ticket | None:
        """Leave for one call, or None: do without. A ticket with `probe` is the only one there is."""
        if (ticket := self._open_to_all) is not None:
            return ticket  # without the lock, as this is the way of nearly all calls
        with self._lock:
            if self._open_to_all is not None:
                return self._open_to_all
            if self._monotonic() < self._until:
                return None
            ticket = self._change(BreakerState.HALF_OPEN, self._probe_seconds, probe=True)
        self._tell(BreakerState.HALF_OPEN)
        return ticket

    def succeeded(self, ticket: Ticket) -> None:
        if self._failures == 0.0 and ticket is self._open_to_all:
            return
        with self._lock:
            if ticket != self._ticket:
                return
            if self._state is BreakerState.CLOSED:
                self._failures = max(0.0, self._failures - FORGIVEN)
                return
            self._failures, self._wait = 0.0, self._open_seconds
            self._change(BreakerState.CLOSED, 0.0, probe=False)
        self._tell(BreakerState.CLOSED)

    def failed(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket != self._ticket:
                return
            self._failures += 1.0
            if self._state is BreakerState.CLOSED and self._failures < self._failures_max:
                return
            if self._state is BreakerState.HALF_OPEN:
                self._wait = min(self._wait * 2, self._open_seconds_max)
            self._change(BreakerState.OPEN, self._wait, probe=False)
        self._tell(BreakerState.OPEN)

    def _change(self, state: BreakerState, seconds: float, *, probe: bool) -> Ticket:
        self._until = self._monotonic() + seconds
        self._period += 1
        self._state = state
        self._ticket = Ticket(self._period, probe)
        self._open_to_all = self._ticket if state is BreakerState.CLOSED else None
        return self._ticket

    def _tell(self, state: BreakerState) -> None:
        if self._on_change is not None:
            self._on_change(state)
