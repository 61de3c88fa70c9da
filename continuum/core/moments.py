"""A point in the two times of a memory: when it was known, and when it was true."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.clock import Micros


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in both times; None is the newest."""

    known_at: Micros | None = None
    as_of: Micros | None = None

    @property
    def is_now(self) -> bool:
        return self.known_at is None and self.as_of is None
