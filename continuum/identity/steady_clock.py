"""Time for what expires: it follows the machine's clock forward, and never runs behind the time that has passed."""

from __future__ import annotations

import time
from collections.abc import Callable

from continuum.domain.clock import Clock, Micros

_MICROS = 1_000_000


class SteadyClock:
    """The later of the machine's clock and of what it showed at the start plus the time since.

    So a clock that is set back or stands still makes no expired key or token count again. One that is set ahead lets
    things expire early, for as long as it is ahead and no longer.
    """

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` gives seconds that only grow."""
        self._clock = clock
        self._monotonic = monotonic
        self._start = clock.now()
        self._started = monotonic()

    def now(self) -> Micros:
        passed = self._monotonic() - self._started
        return max(self._clock.now(), self._start + int(passed * _MICROS))
