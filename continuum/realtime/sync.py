"""`SyncManager`: for each tenant that somebody listens to, one follower of its log, and everybody it tells.

The log in the database is the truth. Wakes (of this process, of the database, of Redis) only make the follower look
at once; without them it looks every second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from continuum.coordination.instance_manager import FLUSH_SECONDS, Instance, InstanceManager, Place
from continuum.core.twins import run_in
from continuum.domain.clock import Clock
from continuum.domain.ids import TenantId
from continuum.errors import OverloadedError, StorageError
from continuum.realtime.broadcast import spoken_name
from continuum.realtime.events import EventPage, WireEvent, instance_event, page_of_events, plain_event
from continuum.realtime.listeners import SERVER_TROUBLE, SERVICE_RESTART, Ending, Listener
from continuum.storage.base import StorageBackend
from continuum.storage.repositories.happenings import read_happenings
from continuum.storage.wakes import Subscription, Wakes

Answer = TypeVar("Answer")

PAGE_ENTRIES = 64
"""Entries of the log that are read, and told, at once."""
POLL_SECONDS = 1.0
INSTANCES_SECONDS = 2.0
"""How often arrivals and departures of other processes are looked for, where no wake tells of them."""
LOOKS_PER_LEASE = 6
LISTENERS_MAX = 5_000
"""Listeners of one process."""
THREADS = 4
CLOSE_SECONDS = 5.0
"""How long listeners have to take their leave."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Welcome:
    """A listener and what it begins with: where the log ends, and who is here."""

    listener: Listener
    position: int
    instances: list[Instance]


class SyncManager:
    """Tells the listeners of one process what happens to their tenants. Belongs to the event loop it is first used in.

    Each listener is given every event behind its place once and in order, whichever process learnt it, and whatever
    happens to wakes; a tenant that nobody listens to costs nothing.
    """

    def __init__(
        self,
        backend: StorageBackend,
        instances: InstanceManager,
        clock: Clock,
        *,
        poll_seconds: float = POLL_SECONDS,
        listeners_max: int = LISTENERS_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.instances = instances
        self.backend = backend
        self.clock = clock
        self.poll_seconds = poll_seconds
        self.monotonic = monotonic
        self._listeners_max = listeners_max
        self._channels: dict[str, Channel] = {}
        self._subscription: Subscription | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="continuum-realtime")
        self.retry_after_seconds: float | None = None
        """Once the service stops: when its listeners may come back."""

    @property
    def wakes(self) -> Wakes:
        return self.backend.wakes()

    def listeners(self) -> list[Listener]:
        """Everybody who listens now."""
        return [each for channel in self._channels.values() for each in channel.listeners]

    def listening(self) -> int:
        """How many listen now; from any thread."""
        return sum(len(channel.listeners) for channel in tuple(self._channels.values()))

    def followed(self) -> list[TenantId]:
        """The tenants that somebody listens to."""
        return [channel.tenant_id for channel in self._channels.values()]

    async def in_thread(self, work: Callable[[], Answer]) -> Answer:
        """Run what waits for the store in a thread of this manager."""
        return await run_in(self._pool, work)

    # -- listening

    async def listen(
        self, tenant_id: TenantId, instance_id: str, *, after: Place | None = None, echo: bool = False
    ) -> Welcome:
        """Begin to listen behind a place, or to what happens from now on. Whoever listens calls `dismiss` at the end.

        Raises OverloadedError if too many listen or the service is about to stop; StorageError.
        """
        self._refuse_if_closing()
        if sum(len(channel.listeners) for channel in self._channels.values()) >= self._listeners_max:
            raise OverloadedError(
                f"{self._listeners_max} listeners are connected to this process; try again later", 5.0
            )
        channel = self._channel(tenant_id)
        channel.expected += 1
        try:
            await asyncio.shield(channel.begun)
            change, here = await self.in_thread(lambda: self.instances.present(tenant_id))
            place = Place(channel.published) if after is None else after
            listener = Listener(channel, tenant_id, instance_id, place, change, echo=echo, monotonic=self.monotonic)
            self._refuse_if_closing()
            channel.listeners.add(listener)
        finally:
            channel.expected -= 1
            self._let_go(channel)
        return Welcome(listener, channel.published, here)

    def _refuse_if_closing(self) -> None:
        if self.retry_after_seconds is not None:
            raise OverloadedError("the service is stopping; connect again", self.retry_after_seconds)

    def dismiss(self, listener: Listener) -> None:
        """Forget a listener. The last one of a tenant ends its follower."""
        channel = self._channels.get(self.wakes.key_of(listener.tenant_id))
        if channel is not None:
            channel.listeners.discard(listener)
            self._let_go(channel)

    def tell_of_instances(self, tenant_id: TenantId) -> None:
        """Somebody came or went through this process: have everybody look. Callable from any thread."""
        self.wakes.announce(tenant_id, 0)

    def _channel(self, tenant_id: TenantId) -> Channel:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._keeper = loop.create_task(self._keep())
        key = self.wakes.key_of(tenant_id)
        if key not in self._channels:
            self._channels[key] = Channel(self, tenant_id)
            self._heed()
        return self._channels[key]

    def _let_go(self, channel: Channel) -> None:
        if not channel.listeners and not channel.expected:
            key = self.wakes.key_of(channel.tenant_id)
            if self._channels.get(key) is channel:
                del self._channels[key]
            channel.stop()
            if not self._channels and self._subscription is not None:
                self._subscription.close()
                self._subscription = None

    # -- wakes

    def _heed(self) -> None:
        """See that wakes reach us; again now and then, since a closed store ends subscriptions."""
        if self._subscription is None or self._subscription.closed:
            self._subscription = self.wakes.subscribe(self._heard)

    def _heard(self, key: str | None, seq: int) -> None:
        """A wake, in the thread that wrote or in one that listens."""
        loop = self._loop
        if loop is None or (key is not None and key not in self._channels):
            return
        try:
            loop.call_soon_threadsafe(self._wake, key, seq)
        except RuntimeError:  # the loop is closed: nobody listens any more
            return

    def hear_from_afar(self, spoken: str | None, seq: int) -> None:
        """A wake from another machine, by the name that `spoken_name` gives a tenant; from any thread."""
        if spoken is None:
            self._heard(None, 0)
            return
        for key in tuple(self._channels):
            if spoken_name(key) == spoken:
                self._heard(key, seq)

    def _wake(self, key: str | None, seq: int) -> None:
        for channel in list(self._channels.values()) if key is None else [self._channels.get(key)]:
            if channel is not None:
                channel.wake(seq if key is not None else None)

    # -- upkeep

    async def _keep(self) -> None:
        """Write what was gathered of beats and acknowledgements, and hear wakes again if they were closed."""
        while True:
            await asyncio.sleep(min(FLUSH_SECONDS, self.instances.lease_seconds / LOOKS_PER_LEASE))
            if self._channels:
                self._heed()
            await self.flush()

    async def flush(self, *, everything: bool = False) -> None:
        """Write beats and acknowledgements that are due. If the store is away, they are kept for the next time."""
        try:
            await self.in_thread(lambda: self.instances.flush(everything=everything))
        except StorageError as exc:
            _logger.warning("signs of life are not written: %s", exc)

    async def close(self, retry_after_seconds: float = 1.0) -> None:
        """Tell everybody where to go on, and wait until they have left, at most five seconds. Closing twice is once."""
        self.retry_after_seconds = retry_after_seconds
        for listener in self.listeners():
            listener.end(Ending(SERVICE_RESTART, "the service is stopping", retry_after_seconds))
        deadline = time.monotonic() + CLOSE_SECONDS
        while self.listeners() and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for channel in list(self._channels.values()):
            channel.stop()
        self._channels.clear()
        if self._keeper is not None:
            self._keeper.cancel()
            self._keeper = None
        await self.flush(everything=True)

    def release(self) -> None:
        """Let go of threads and wakes, after `close` or without it. Calling it again does nothing."""
        self.retry_after_seconds = self.retry_after_seconds or 0.0
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
        self._pool.shutdown(wait=True)


class Channel:
    """One tenant that is followed: a `Stream` for its listeners."""

    def __init__(self, manager: SyncManager, tenant_id: TenantId) -> None:
        self.tenant_id = tenant_id
        self.listeners: set[Listener] = set()
        self.expected = 0
        """Listeners that are about to be added."""
        self.published = 0
        self.change = 0
        self._manager = manager
        self._woken = asyncio.Event()
        self._instances_due = 0.0
        self._leases_due = manager.monotonic()
        self._is_cut_off = False
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.begun.add_done_callback(_retrieved)
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def wake(self, seq: int | None) -> None:
        """Look now: for entries up to `seq`, for arrivals if it is 0, for everything if it is None."""
        if not seq:
            self._instances_due = 0.0
        if not seq or seq > self.published:
            self._woken.set()

    def stop(self) -> None:
        """Follow no more."""
        self._task.cancel()

    # -- for listeners

    async def read(self, after_seq: int) -> EventPage:
        manager = self._manager

        def read() -> EventPage:
            page = read_happenings(manager.backend, self.tenant_id, after_seq, PAGE_ENTRIES)
            return page_of_events(self.tenant_id, page)

        return await manager.in_thread(read)

    async def arrivals(self, after: int) -> tuple[int, list[WireEvent]]:
        manager = self._manager
        rows = await manager.in_thread(lambda: manager.instances.changes(self.tenant_id, after))
        now = manager.clock.now()
        events = [instance_event(self.tenant_id, each, now) for each in rows]
        return (rows[-1].changed if rows else after), events

    def resync(self, position: int) -> WireEvent:
        data = {"position": position, "reason": "the log was restored from an earlier copy; read it again"}
        return plain_event("resync_required", self.tenant_id, "", self._manager.clock.now(), data)

    # -- following

    async def _follow(self) -> None:
        """Look, tell, wait, until nobody listens."""
        try:
            await self._begin()
            while True:
                await self._look()
                await self._rest()
        except StorageError as exc:
            _logger.error("%s is not followed any more: %s", self.tenant_id, exc)  # noqa: TRY400  # it says it all
            if not self.begun.done():
                self.begun.set_exception(exc)
        finally:
            if not self.begun.done():
                self.begun.set_exception(OverloadedError("the service is stopping; connect again"))
            for listener in self.listeners:
                listener.end(Ending(SERVER_TROUBLE, "the store does not answer as it must", 5.0))

    async def _begin(self) -> None:
        """Where the log and the arrivals end now."""
        manager = self._manager
        page = await manager.in_thread(lambda: read_happenings(manager.backend, self.tenant_id, 0, 1))
        self.published = page.position
        self.change, _ = await manager.in_thread(lambda: manager.instances.present(self.tenant_id, 1))
        self.begun.set_result(None)

    async def _look(self) -> None:
        """Tell whatever is new. A store that is away is asked again later."""
        self._woken.clear()
        try:
            await self._look_at_log()
            await self._look_at_instances()
        except StorageError as exc:
            if not exc.retryable:
                raise
            _logger.log(logging.DEBUG if self._is_cut_off else logging.WARNING, "following %s: %s", self.tenant_id, exc)
            self._is_cut_off = True
        else:
            self._is_cut_off = False

    async def _look_at_log(self) -> None:
        while True:
            page = await self.read(self.published)
            if page.position < self.published:
                self.published = page.position
                for listener in self._live():
                    listener.start_over(page.position)
                return
            self.published = page.upto
            for event in page.events:
                self._tell(event)
            if page.upto >= page.position:
                return

    async def _look_at_instances(self) -> None:
        manager, now = self._manager, self._manager.monotonic()
        if now >= self._leases_due:
            self._leases_due = now + manager.instances.lease_seconds / LOOKS_PER_LEASE
            if await manager.in_thread(lambda: manager.instances.expire(self.tenant_id)):
                self._instances_due = 0.0
        if now < self._instances_due:
            return
        self._instances_due = now + INSTANCES_SECONDS
        newest, arrivals = await self.arrivals(self.change)
        self.change = newest
        for event in arrivals:
            self._tell(event)

    def _tell(self, event: WireEvent) -> None:
        for listener in self._live():
            listener.offer(event)

    def _live(self) -> list[Listener]:
        return [each for each in self.listeners if each.is_live]

    async def _rest(self) -> None:
        """Wait for a wake, at most until it is time to look anyway."""
        try:
            await asyncio.wait_for(self._woken.wait(), self._manager.poll_seconds)
        except TimeoutError:
            return


def _retrieved(begun: asyncio.Future[None]) -> None:
    """Its error concerns those who wait for it; if nobody does, nobody is to be warned."""
    if not begun.cancelled():
        begun.exception()


__all__ = ["Channel", "SyncManager", "Welcome"]
