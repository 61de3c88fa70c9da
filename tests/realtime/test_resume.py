"""Whoever listens is told every event once and in order, whatever breaks, and whichever process it is connected to."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.coordination.instance_manager import Place
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.domain.results import LearningResult
from continuum.realtime import listeners, sync
from continuum.realtime.events import WireEvent, page_of_events
from continuum.realtime.integration import Realtime, open_realtime
from continuum.realtime.listeners import Listener
from continuum.realtime.sync import SyncManager
from continuum.storage.repositories.happenings import read_happenings
from tests.requirements import requirement

ALICE = TenantId("alice")
THINGS = "Kafka Aurora Boreas NATS Zephyr Pulsar Minka Redis Flink Spark Iceberg Trino".split()
PROCESSES = 3
STEP_SECONDS = 30.0


@dataclass(slots=True)
class Client:
    """One instance that listens through one process at a time, and keeps what it was told."""

    name: str
    echo: bool
    listener: Listener | None = None
    manager: SyncManager | None = None
    place: Place = field(default=Place(0))
    given: list[str] = field(default_factory=list)

    async def connect(self, manager: SyncManager) -> None:
        self.leave()
        welcome = await manager.listen(ALICE, self.name, after=self.place, echo=self.echo)
        self.listener, self.manager = welcome.listener, manager

    def leave(self) -> None:
        if self.listener is not None and self.manager is not None:
            self.manager.dismiss(self.listener)
        self.listener = None

    async def take(self, breaks_after: int | None = None) -> None:
        """Take one batch; with `breaks_after` the connection is cut within it."""
        assert self.listener is not None
        batch = await asyncio.wait_for(self.listener.next_batch(0.01), STEP_SECONDS)
        for event in batch[:breaks_after]:
            self._keep(event)
        if breaks_after is not None:
            self.leave()

    def _keep(self, event: WireEvent) -> None:
        if event.place is not None:
            self.given.append(event.text)
            self.place = event.place

    async def take_up_to(self, position: int) -> None:
        while self.listener is None or self.listener.position < position or not self.listener.is_live:
            await self.take()


step = st.one_of(
    st.tuples(st.just("learn"), st.integers(0, PROCESSES - 1), st.integers(0, len(THINGS) - 2)),
    st.tuples(st.just("take"), st.integers(0, 2), st.integers(0, 0)),
    st.tuples(st.just("break"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("connect"), st.integers(0, 2), st.integers(0, PROCESSES - 1)),
)


@contextmanager
def processes(storage: str) -> Iterator[list[TenantManager]]:
    """Several openings of one store, which know nothing of each other."""
    with ExitStack() as stack:
        yield [stack.enter_context(TenantManager(storage=storage)) for _ in range(PROCESSES)]


def told_of(manager: TenantManager, client: Client) -> list[str]:
    """What a client is to be told of all that there is."""
    page = read_happenings(manager.engine.backend, ALICE, 0, 100_000)
    every = page_of_events(ALICE, page).events
    return [each.text for each in every if client.echo or each.instance_id != client.name]


async def play(managers: list[TenantManager], steps: list[tuple[str, int, int]]) -> None:
    """Run the steps, then let every client take the rest, and compare."""
    live: list[Realtime] = [open_realtime(each, poll_seconds=0.01) for each in managers]
    clients = [Client("one", echo=False), Client("two", echo=True), Client("apart", echo=False)]
    learning: list[asyncio.Task[LearningResult]] = []
    try:
        for kind, who, what in steps:
            if kind == "learn":
                memory = managers[who].get_tenant(ALICE, instance_id=("one", "two", "other")[what % 3])
                words = f"We decided to use {THINGS[what]} for {THINGS[what + 1]}."
                learning.append(asyncio.create_task(asyncio.to_thread(memory.learn, words, f"{THINGS[what]} is it.")))
            elif kind == "connect":
                await clients[who].connect(live[what].manager)
            elif clients[who].listener is not None:
                await clients[who].take(what if kind == "break" else None)
        await asyncio.gather(*learning)
        end = managers[0].engine.feed.position(ALICE)
        for client in clients:
            if client.listener is None:
                await client.connect(live[0].manager)
            await client.take_up_to(end)
            assert client.given == told_of(managers[0], client)
    finally:
        for client in clients:
            client.leave()
        for each in live:
            await each.stop()
            each.close()


@requirement("realtime:resume")
@pytest.mark.parametrize(("queue", "page"), [(2, 3), (8, 64), (256, 2)])
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(step, min_size=5, max_size=40))
def test_nothing_is_missed_doubled_or_reordered_over_breaks(
    queue: int, page: int, steps: list[tuple[str, int, int]]
) -> None:
    """Learning goes on meanwhile. A short queue is often full, and with short pages catching up takes long."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(listeners, "QUEUE_EVENTS_MAX", queue)
        patch.setattr(sync, "PAGE_ENTRIES", page)
        with processes(str(Path(folder) / "memory.db")) as managers:
            asyncio.run(play(managers, steps))


@requirement("realtime:resume")
def test_nothing_is_missed_doubled_or_reordered_on_a_server(postgres_url: str) -> None:
    steps = [(kind, (each * 7) % 3, (each * 5) % 3) for each in range(24) for kind in ("learn", "connect", "take")]
    steps[10::9] = [("break", each % 3, each % 4) for each in range(len(steps[10::9]))]
    with processes(postgres_url) as managers:
        asyncio.run(play(managers, steps))


@requirement("realtime:resume")
def test_a_listener_may_begin_in_the_middle_of_an_entry(memory: ConsciousMemory, manager: TenantManager) -> None:
    memory.learn("We decided to use Kafka for Aurora.", "Boreas runs on NATS.")
    every = page_of_events(ALICE, read_happenings(manager.engine.backend, ALICE, 0, 100)).events
    assert len({each.place for each in every}) == len(every) > 5

    async def rests() -> None:
        realtime = open_realtime(manager)
        for number, event in enumerate(every):
            welcome = await realtime.manager.listen(ALICE, "late", after=event.place)
            assert tuple(await welcome.listener.next_batch(0.0)) == every[number + 1 :]
            realtime.manager.dismiss(welcome.listener)
        await realtime.stop()
        realtime.close()

    asyncio.run(rests())


@requirement("realtime:resume")
def test_a_log_that_ends_before_the_place_is_said_to_be_another_one(
    memory: ConsciousMemory, manager: TenantManager
) -> None:
    memory.learn("Kafka runs")

    async def run() -> None:
        realtime = open_realtime(manager)
        listener = (await realtime.manager.listen(ALICE, "late", after=Place(90))).listener
        (told,) = await listener.next_batch(0.0)
        assert '"resync_required"' in told.text
        assert '"position":1' in told.text
        await asyncio.to_thread(memory.learn, "Boreas runs")
        (first, *_) = await listener.next_batch(STEP_SECONDS)
        assert first.place == Place(2, 0)
        realtime.manager.dismiss(listener)
        await realtime.stop()
        realtime.close()

    asyncio.run(run())


def test_a_tenant_that_nobody_listens_to_costs_nothing(memory: ConsciousMemory, manager: TenantManager) -> None:
    async def run() -> None:
        realtime = open_realtime(manager)
        one = (await realtime.manager.listen(ALICE, "one")).listener
        two = (await realtime.manager.listen(ALICE, "two")).listener
        assert realtime.manager.followed() == [ALICE]
        realtime.manager.dismiss(one)
        assert realtime.manager.followed() == [ALICE]
        realtime.manager.dismiss(two)
        assert realtime.manager.followed() == []
        wakes = manager.engine.backend.wakes()
        assert not getattr(wakes, "is_heard")  # noqa: B009  # of the kind that SQLite has
        realtime.close()

    asyncio.run(run())


def test_what_is_hidden_or_forgotten_is_not_told(memory: ConsciousMemory, manager: TenantManager) -> None:
    first = memory.learn("Kafka runs Aurora")
    second = memory.learn("Boreas runs Zephyr", session_id="bad")
    memory.learn("Pulsar runs Trino")
    memory.forget(first.message_ids[0])
    memory.quarantine("poison", session_id="bad", dry_run=False)
    page = read_happenings(manager.engine.backend, ALICE, 0, 100)
    told = "".join(each.text for each in page_of_events(ALICE, page).events)
    assert "Pulsar" in told
    for word in ("Kafka", "Boreas", "Zephyr", second.message_ids[0]):
        assert word not in told
    assert page.position == page.upto


@requirement("realtime:slow")
def test_a_listener_that_falls_behind_goes_on_where_it_was(
    memory: ConsciousMemory, manager: TenantManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "QUEUE_EVENTS_MAX", 8)

    async def run() -> None:
        realtime = open_realtime(manager)
        listener = (await realtime.manager.listen(ALICE, "late")).listener
        await listener.next_batch(0.0)
        given = []
        for number in range(5):
            await asyncio.to_thread(memory.learn, f"{THINGS[number]} runs")
            given += await listener.next_batch(STEP_SECONDS)
            assert listener.is_live
        await asyncio.to_thread(memory.learn_many, [{"user_message": f"Number {each}"} for each in range(20)])
        async with asyncio.timeout(STEP_SECONDS):
            while listener.is_live:
                await asyncio.sleep(0.005)
        async with asyncio.timeout(STEP_SECONDS):
            while listener.position < 25:
                given += await listener.next_batch(0.01)
        assert [each.text for each in given] == told_of(manager, Client("late", echo=True))
        assert listener.ending is None
        realtime.manager.dismiss(listener)
        await realtime.stop()
        realtime.close()

    asyncio.run(run())


@requirement("realtime:slow")
def test_a_listener_that_is_stuck_in_a_send_when_its_queue_is_full_is_let_go(
    memory: ConsciousMemory, manager: TenantManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "QUEUE_CHARS_MAX", 2_000)
    monkeypatch.setattr(listeners, "STALL_SECONDS", 0.0)

    async def run() -> None:
        realtime = open_realtime(manager)
        stuck = (await realtime.manager.listen(ALICE, "stuck")).listener
        healthy = (await realtime.manager.listen(ALICE, "healthy")).listener
        await stuck.next_batch(0.0)
        await healthy.next_batch(0.0)
        stuck.sending_since = realtime.manager.monotonic() - 1.0
        given: list[WireEvent] = []
        for number in range(20):
            await asyncio.to_thread(memory.learn, f"Number {number}")
            given += await healthy.next_batch(STEP_SECONDS)
        assert stuck.ending is not None
        assert stuck.ending.code == listeners.TRY_AGAIN_LATER
        assert await stuck.next_batch(STEP_SECONDS) == []
        assert [each.text for each in given] == told_of(manager, Client("healthy", echo=True))
        for each in (stuck, healthy):
            realtime.manager.dismiss(each)
        await realtime.stop()
        realtime.close()

    asyncio.run(run())
