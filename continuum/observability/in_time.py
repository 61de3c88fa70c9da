"""The end of something that sends to somebody else, with a bound that does not depend on them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

CLOSE_SECONDS: Final = 2.0
"""How long what waits to be sent has, when the service stops."""


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Do `work` in a thread that nobody waits for longer than `seconds`; whether it ended in time."""
    done = threading.Event()

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="continuum-last-words").start()
    return done.wait(seconds)
