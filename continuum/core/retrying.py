"""Runs a transaction again that the database gave up in favour of another one, a bounded number of times."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from continuum.errors import ContinuumError, StorageConflictError, StorageConnectionError

Answer = TypeVar("Answer")

ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.005
"""Pauses double, and are drawn between nothing and their length: those who collided must not meet again."""


def retried(transaction: Callable[[], Answer]) -> Answer:
    """The answer of a writing transaction; of what was given up nothing is kept, so it may begin again.

    Raises StorageConflictError after the last attempt.
    """
    return _attempted(transaction, (StorageConflictError,))


def retried_reading(transaction: Callable[[], Answer]) -> Answer:
    """The answer of a reading one, which may begin again on another connection, too."""
    return _attempted(transaction, (StorageConflictError, StorageConnectionError))


def _attempted(transaction: Callable[[], Answer], again: tuple[type[ContinuumError], ...]) -> Answer:
    for attempt in range(ATTEMPTS - 1):
        try:
            return transaction()
        except again:
            time.sleep(random.uniform(0.0, FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311  # no secret depends on it
    return transaction()
