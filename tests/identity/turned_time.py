"""A wall clock and a monotonic one that tests turn by hand."""

from __future__ import annotations

from continuum.domain.clock import Micros

START: Micros = 1_800_000_000_000_000


class TurnedTime:
    """Time passes when a test says so; the wall clock can also be set, as people do."""

    def __init__(self, start: Micros = START) -> None:
        self.wall = start
        self.passed = 0.0

    def now(self) -> Micros:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    def pass_by(self, seconds: float) -> None:
        self.wall += round(seconds * 1_000_000)
        self.passed += seconds

    def set_wall(self, seconds: float) -> None:
        """Set the wall clock ahead, or back, by some seconds; no time passes."""
        self.wall += round(seconds * 1_000_000)
