"""The end of something that sends to somebody else, with a bound that does not depend on them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from continuum.core.listeners import harmless

CLOSE_SECONDS: Final = 2.0
"""How long what waits to be sent has, when the service stops."""
_logger = logging.getLogger(__name__)


def within(seconds: float, work: Callable[[], object]) -> bool:
    """Do `work` in a thread that nobody waits for longer than `seconds`; whether it ended in time.

    What it raises is logged: whoever sends to somebody else does so beside the work.
    """
    done = threading.Event()

    def run() -> None:
        with harmless(lambda error: _logger.warning("what waited to be sent is lost: %s", type(error).__name__)):
            work()
        done.set()

    threading.Thread(target=run, daemon=True, name="continuum-last-words").start()
    return done.wait(seconds)
