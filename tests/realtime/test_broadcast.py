"""Wakes through Redis reach processes that share only the store; without Redis they find out by looking."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from continuum.cache.redis_connection import open_redis
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.realtime.broadcast import RedisBroadcaster, spoken_name, wakes_in, words_of
from continuum.realtime.events import WireEvent
from continuum.realtime.integration import Realtime, open_realtime
from continuum.storage.wakes import LocalWakes, Pending
from tests.redis_servers import OwnRedis
from tests.requirements import requirement

ALICE = TenantId("alice")
WAIT_SECONDS = 30.0
POLL_SECONDS = 600.0
"""So long that looking by oneself cannot be what helped."""


class Heard:
    """What a process heard."""

    def __init__(self) -> None:
        self.wakes: list[tuple[str | None, int]] = []
        self._changed = threading.Condition()

    def __call__(self, name: str | None, seq: int) -> None:
        with self._changed:
            self.wakes.append((name, seq))
            self._changed.notify_all()

    def wait(self, enough: Callable[[list[tuple[str | None, int]]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.wakes), WAIT_SECONDS), self.wakes[-3:]


@contextmanager
def process(url: str) -> Iterator[tuple[LocalWakes, Heard]]:
    wakes, heard, broadcaster = LocalWakes(), Heard(), RedisBroadcaster(url)
    broadcaster.open(wakes, heard)
    try:
        heard.wait(lambda told: (None, 0) in told)
        yield wakes, heard
    finally:
        broadcaster.close()


@requirement("realtime:redis")
def test_a_wake_reaches_the_other_processes_and_not_its_own(redis_url: str) -> None:
    with process(redis_url) as (one, own), process(redis_url) as (other, heard):
        one.announce(ALICE, 7)
        heard.wait(lambda told: (spoken_name(ALICE), 7) in told)
        other.announce(ALICE, 8)
        own.wait(lambda told: (spoken_name(ALICE), 8) in told)
        assert own.wakes == [(None, 0), (spoken_name(ALICE), 8)]


@requirement("realtime:redis")
def test_no_name_and_no_word_is_sent(redis_url: str) -> None:
    with process(redis_url) as (one, _), process(redis_url) as (_, heard):
        one.announce("somebody@example.com", 7)
        heard.wait(lambda told: len(told) == 2)
    client = open_redis(redis_url, budget_seconds=5.0)
    everything = repr(client.xrange("continuum:wakes"))
    client.close()
    assert "somebody" not in everything
    assert ":7" in everything


@requirement("realtime:redis")
def test_what_another_process_learns_is_heard_at_once_through_redis(redis_url: str, db_path: Path) -> None:
    """On SQLite, where no wake passes between processes by itself; and nobody looks unasked for ten minutes."""

    async def run(here: Realtime, there: TenantManager) -> None:
        listener = (await here.manager.listen(ALICE, "here")).listener
        await listener.next_batch(0.0)
        memory = there.get_tenant(ALICE, instance_id="there")
        for number in range(1, 20):
            await asyncio.to_thread(memory.learn, f"Kafka runs {number}")
            batch: list[WireEvent] = []
            while not batch:
                batch = await asyncio.wait_for(listener.next_batch(WAIT_SECONDS), WAIT_SECONDS)
            assert [each.place.seq for each in batch if each.place][-1] == number
        here.manager.dismiss(listener)
        await here.stop()

    with TenantManager(db_path=db_path) as one, TenantManager(db_path=db_path) as two:
        here = open_realtime(one, poll_seconds=POLL_SECONDS, broadcaster=RedisBroadcaster(redis_url))
        there = open_realtime(two, poll_seconds=POLL_SECONDS, broadcaster=RedisBroadcaster(redis_url))
        asyncio.run(run(here, two))
        here.close()
        there.close()


@requirement("realtime:redis")
def test_redis_may_be_frozen_killed_and_come_back_empty(own_redis: OwnRedis, db_path: Path) -> None:
    server = own_redis()

    async def learn_and_hear(here: Realtime, there: TenantManager, numbers: range) -> None:
        listener = (await here.manager.listen(ALICE, "here")).listener
        memory = there.get_tenant(ALICE, instance_id="there")
        heard: list[int] = []
        for number in numbers:
            started = time.monotonic()
            await asyncio.to_thread(memory.learn, f"Kafka runs {number}")
            assert time.monotonic() - started < 2, "a learn does not wait for Redis"
        while len(heard) < len(numbers):
            batch = await asyncio.wait_for(listener.next_batch(WAIT_SECONDS), WAIT_SECONDS)
            heard += [each.place.seq for each in batch if each.place and each.place.part == 0]
        assert heard == list(numbers)
        here.manager.dismiss(listener)

    async def run(here: Realtime, there: TenantManager) -> None:
        await learn_and_hear(here, there, range(1, 4))
        server.freeze()
        await learn_and_hear(here, there, range(4, 7))
        server.kill()
        await learn_and_hear(here, there, range(7, 10))
        server.start()
        await learn_and_hear(here, there, range(10, 13))
        await here.stop()

    with TenantManager(db_path=db_path) as one, TenantManager(db_path=db_path) as two:
        here = open_realtime(one, poll_seconds=0.05, broadcaster=RedisBroadcaster(server.url))
        there = open_realtime(two, poll_seconds=0.05, broadcaster=RedisBroadcaster(server.url))
        asyncio.run(run(here, two))
        for each in (here, there):
            each.close()
            each.close()


@requirement("realtime:redis")
def test_wakes_come_again_after_redis_was_away(own_redis: OwnRedis, caplog: pytest.LogCaptureFixture) -> None:
    server = own_redis()
    with process(server.url) as (one, _), process(server.url) as (_, heard):
        server.kill()
        for seq in range(50):
            one.announce(ALICE, seq)
        server.start()
        heard.wait(lambda told: told.count((None, 0)) >= 2 or (spoken_name(ALICE), 49) in told)
        before = len(heard.wakes)
        one.announce(ALICE, 99)
        heard.wait(lambda told: (spoken_name(ALICE), 99) in told[before:])
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) <= 4
    assert "127.0.0.1" not in caplog.text


def test_a_batch_is_cut_in_pieces_and_too_many_mean_everything() -> None:
    batch = Pending()
    for number in range(450):
        batch.add(spoken_name(f"t{number}"), number)
    pieces = words_of(batch)
    assert len(pieces) == 3
    assert [each for piece in pieces for each in wakes_in(piece)] == list(batch.positions.items())
    for number in range(3_000):
        batch.add(spoken_name(f"t{number}"), number)
    assert [list(wakes_in(piece)) for piece in words_of(batch)] == [[(None, 0)]]
    assert list(wakes_in("nonsense:x")) == [(None, 0)]
