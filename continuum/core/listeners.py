"""Code of the user's own that hears of our work: what fails in it never undoes what has been done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from continuum.domain.events import Event, EventSink

_logger = logging.getLogger(__name__)


@contextmanager
def harmless(failed: Callable[[Exception], None]) -> Iterator[None]:
    """Hand what the body raises to `failed`; the caller goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # a stranger's code may raise anything, and what it hears of has happened
        failed(error)


class HarmlessSink:
    """Passes events on to a sink; what that raises is logged with its traceback, for the commit is durable already."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    def publish(self, events: tuple[Event, ...]) -> None:
        with harmless(lambda error: _logger.error("a listener to events failed", exc_info=error)):
            self._sink.publish(events)
