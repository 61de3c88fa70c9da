"""Time inside CONTINUUM: integer microseconds since 1970 in UTC, read from a `Clock` that tests replace."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_MICROS = -62_135_596_800_000_000  # 0001-01-01, the first day `datetime` knows
LATEST_MICROS = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999


class Clock(Protocol):
    """Tells the time. `now` never needs to be monotonic: the log is ordered by `seq`, not by time."""

    def now(self) -> Micros: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Micros:
        return time.time_ns() // 1_000


def to_micros(moment: datetime) -> Micros:
    """Exact microseconds of a moment; one without a zone is taken as UTC.

    >>> to_micros(datetime(1970, 1, 1, 0, 0, 1))
    1000000
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: Micros) -> datetime:
    """The aware UTC moment of `micros`; values outside the years 1 to 9999 are clamped to their ends."""
    micros = min(max(micros, EARLIEST_MICROS), LATEST_MICROS)
    return _EPOCH + timedelta(microseconds=micros)


def iso(micros: Micros) -> str:
    """RFC 3339 in UTC, e.g. ``2026-03-01T09:30:00Z``; fractions only where there are any."""
    return from_micros(micros).isoformat().replace("+00:00", "Z")
