"""A gate that lets only so much be done at once, and serves those who wait in turn, tenant by tenant.

First come, first served would let one tenant's flood keep everybody waiting: with 400 callers of one tenant, a quiet
one would stand behind all of them each time. Here it stands behind one call of each tenant that waits.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from continuum.domain.ids import TenantId
from continuum.errors import OverloadedError

RETRY_SECONDS: Final = 1.0


_Turn = asyncio.Future[None]
_Queue = OrderedDict[_Turn, None]
"""Turns of one tenant, oldest first; one that is given up leaves from the middle at once."""


@dataclass(frozen=True, slots=True)
class GateStats:
    """What a gate is doing, and what it has done since it was made."""

    working: int
    waiting: int
    waiting_tenants: int
    served: int
    refused_full: int
    refused_late: int


class FairGate:
    """At most `slots` calls at work; the others wait: tenants take turns, and within one the first comes first.

    Of one event loop. Each call costs the same however many wait.
    """

    def __init__(self, slots: int, waiting_per_tenant_max: int, waiting_max: int, patience_seconds: float) -> None:
        """`patience_seconds` is the longest wait of a call."""
        assert slots >= 1
        assert waiting_per_tenant_max >= 0
        assert waiting_max >= 0
        self._slots = slots
        self._waiting_per_tenant_max = waiting_per_tenant_max
        self._waiting_max = waiting_max
        self._patience_seconds = patience_seconds
        self._working = 0
        self._waiting = 0
        # The order is that of the turns: the first tenant is next. No queue in it is empty.
        self._queues: OrderedDict[TenantId, _Queue] = OrderedDict()
        self._served = 0
        self._refused_full = 0
        self._refused_late = 0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def slot(self, tenant: TenantId) -> AsyncIterator[None]:
        """Wait for a turn, and hold a slot until the end of the block.

        Raises OverloadedError, with nothing done, if too many wait, if the turn did not come in time, or if closed.
        """
        await self._enter(tenant)
        try:
            yield
        finally:
            self._leave()

    def stats(self) -> GateStats:
        """Figures of this moment."""
        return GateStats(
            self._working, self._waiting, len(self._queues), self._served, self._refused_full, self._refused_late
        )

    def close(self) -> None:
        """Take no more calls. Those at work and those waiting are served. Calling it again does nothing."""
        self._closed = True

    async def drained(self, timeout_seconds: float) -> bool:
        """Wait until nobody is at work or waiting, at most `timeout_seconds`; whether that is so."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _enter(self, tenant: TenantId) -> None:
        if self._closed:
            raise OverloadedError("the service is stopping; ask again in a moment", RETRY_SECONDS)
        if self._working < self._slots:
            # A free slot means that nobody waits: who leaves hands the slot on.
            self._working += 1
            self._served += 1
            self._idle.clear()
            return
        await self._wait(tenant)

    async def _wait(self, tenant: TenantId) -> None:
        turn = self._queue_up(tenant)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await turn
        except TimeoutError as exc:
            # The turn may have come in the same moment: then it is passed on.
            self._give_up(tenant, turn)
            self._refused_late += 1
            raise OverloadedError(
                f"no turn within {self._patience_seconds:g} seconds; ask again later", RETRY_SECONDS
            ) from exc
        except asyncio.CancelledError:
            self._give_up(tenant, turn)
            raise

    def _queue_up(self, tenant: TenantId) -> _Turn:
        queue = self._queues.get(tenant)
        if self._waiting >= self._waiting_max or len(queue or ()) >= self._waiting_per_tenant_max:
            self._refused_full += 1
            raise OverloadedError("too many requests are waiting; ask again later", RETRY_SECONDS)
        if queue is None:
            queue = self._queues[tenant] = OrderedDict()
        turn: _Turn = asyncio.get_running_loop().create_future()
        queue[turn] = None
        self._waiting += 1
        return turn

    def _give_up(self, tenant: TenantId, turn: _Turn) -> None:
        if turn.done() and not turn.cancelled():
            self._leave()  # the turn came in the same moment: the next one gets it
            return
        queue = self._queues.get(tenant)
        if queue is not None and turn in queue:
            del queue[turn]
            self._waiting -= 1
            if not queue:
                del self._queues[tenant]

    def _leave(self) -> None:
        """Hand the slot to the next turn, or let it be free."""
        while self._queues:
            turn = self._next_turn()
            if not turn.done():  # else its caller is about to give up
                self._served += 1
                turn.set_result(None)
                return
        self._working -= 1
        if not self._working:
            self._idle.set()

    def _next_turn(self) -> _Turn:
        """Take the oldest turn of the tenant whose turn it is, and put that tenant at the end of the line."""
        tenant, queue = self._queues.popitem(last=False)
        turn, _ = queue.popitem(last=False)
        self._waiting -= 1
        if queue:
            self._queues[tenant] = queue
        return turn
