"""One listener of a tenant: what it has been given, and what waits for it.

A listener is either live, and then events are put into its queue as they happen, or it catches up, and then it reads
them from the log itself, page by page, at its own pace. It begins by catching up. A live one whose queue is full
drops the queue and catches up again: nothing is lost by that, since the log has it all, and nobody else is delayed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from continuum.coordination.instance_manager import WHOLE, Place
from continuum.domain.ids import TenantId
from continuum.realtime.events import EventPage, WireEvent

QUEUE_EVENTS_MAX = 256
QUEUE_CHARS_MAX = 1 << 20
STALL_SECONDS = 1.0
"""A listener whose queue is full and that has not taken one event for so long is let go, not given another chance."""

SERVICE_RESTART, TRY_AGAIN_LATER, SERVER_TROUBLE = 1012, 1013, 1011
"""Codes that a WebSocket is closed with."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a listener is let go: the WebSocket's close code, the reason in words, and when it may come back."""

    code: int
    reason: str
    retry_after_seconds: float = 0.0


class Stream(Protocol):
    """What a listener listens to: one tenant in one process."""

    published: int
    """All up to this position has been put into the queues of those who are live."""
    change: int
    """The same for arrivals and departures."""

    def read(self, after_seq: int) -> Awaitable[EventPage]:
        """The next stretch of the log. Raises StorageError."""
        ...

    def arrivals(self, after: int) -> Awaitable[tuple[int, list[WireEvent]]]:
        """Arrivals and departures after a change, and the newest change. Raises StorageError."""
        ...

    def resync(self, position: int) -> WireEvent:
        """Says that the log is another one than the listener read, and now ends at `position`."""
        ...


class Listener:
    """Takes a tenant's events in order, each once, for one instance.

    All of it belongs to one event loop. With `echo` it also hears what its own instance does.
    """

    def __init__(
        self,
        stream: Stream,
        tenant_id: TenantId,
        instance_id: str,
        place: Place,
        change: int,
        *,
        echo: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tenant_id = tenant_id
        self.instance_id = instance_id
        self.echo = echo
        self.place = place
        """The last place that was given out."""
        self.is_live = False
        self.ending: Ending | None = None
        self.sending_since: float | None = None
        """Since when the connection has been trying to send one event."""
        self._stream = stream
        self._change = change
        self._floor = place
        self._queue: deque[WireEvent] = deque()
        self._queued_chars = 0
        self._ready = asyncio.Event()
        self._monotonic = monotonic

    @property
    def position(self) -> int:
        """All up to this position was given out, or is not for this listener."""
        if self.is_live and not self._queue:
            return max(self._stream.published, self.place.seq)
        return self.place.seq if self.place.part == WHOLE else self.place.seq - 1

    @property
    def resume_after(self) -> Place:
        """Where to go on if the connection ends now, provided that all that was given out arrives."""
        return max(self.place, Place(self.position)) if self.is_live and not self._queue else self.place

    # -- put in by the stream

    def offer(self, event: WireEvent) -> None:
        """Put an event into the queue of a live listener."""
        is_known = event.place <= self._floor if event.place is not None else event.change <= self._change
        if is_known or not self._is_for_me(event):
            return
        if len(self._queue) >= QUEUE_EVENTS_MAX or self._queued_chars + event.size > QUEUE_CHARS_MAX:
            self._fall_behind()
            return
        self._queue.append(event)
        self._queued_chars += event.size
        self._ready.set()

    def _fall_behind(self) -> None:
        self.is_live = False
        self._queue.clear()
        self._queued_chars = 0
        self._ready.set()
        since = self.sending_since
        if since is not None and self._monotonic() - since > STALL_SECONDS:
            self.end(Ending(TRY_AGAIN_LATER, "too slow: events came faster than they were read", 1.0))

    def start_over(self, position: int) -> None:
        """The log turned out to be another one: what was queued of the old one is void."""
        self.place = self._floor = Place(position)
        self._queue.clear()
        self._queued_chars = 0
        self._queue.append(self._stream.resync(position))
        self._ready.set()

    def end(self, ending: Ending) -> None:
        """Let the listener go; the first reason counts."""
        self.ending = self.ending or ending
        self._ready.set()

    # -- taken out by the connection

    async def next_batch(self, seconds: float) -> list[WireEvent]:
        """The next events, at most a queue or a page of them; empty after `seconds` without any, or at the end.

        Raises StorageError while it catches up; asking again goes on at the same place.
        """
        if not self.is_live and self.ending is None:
            found = await self._caught_up()
            if found or self.ending is not None:
                return found
        if self.is_live and not self._queue and self.ending is None:
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), seconds)
            except TimeoutError:
                return []
        return self._taken() if self.is_live else []

    def _taken(self) -> list[WireEvent]:
        """All of the queue: what was published is then given out."""
        batch = list(self._queue)
        self._queue.clear()
        self._queued_chars = 0
        self.place = max(self.place, Place(self._stream.published))
        self._change = max(self._change, self._stream.change)
        return batch

    async def _caught_up(self) -> list[WireEvent]:
        """The next page from the log, and whether that is all there is: then the listener is live from here on."""
        found: list[WireEvent] = []
        if self._change < self._stream.change:
            newest, arrivals = await self._stream.arrivals(self._change)
            found += filter(self._is_for_me, arrivals)
            self._change = newest
        whole = self.place.part == WHOLE
        page = await self._stream.read(self.place.seq if whole else max(0, self.place.seq - 1))
        if page.position < self.place.seq:
            self.place = self._floor = Place(page.position)
            found.append(self._stream.resync(page.position))
        else:
            found += (each for each in page.events if self._is_for_me(each) and each.place and each.place > self.place)
            self.place = max(self.place, Place(page.upto)) if page.upto >= self.place.seq else self.place
        # No `await` from here to the end of the caller's turn: nothing is published between the look and the leap.
        if self.place.seq >= self._stream.published and self._change >= self._stream.change:
            self._floor = self.place
            self.is_live = True
        return found

    def _is_for_me(self, event: WireEvent) -> bool:
        return self.echo or not event.instance_id or event.instance_id != self.instance_id
