from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.api.fair_gate import FairGate
from continuum.domain.ids import TenantId
from continuum.errors import OverloadedError

NOISY, QUIET = TenantId("noisy"), TenantId("quiet")
LONG = 30.0


class Calls:
    """Calls through a gate, each of which works until it is let go; keeps the order in which they were served."""

    def __init__(self, gate: FairGate) -> None:
        self.gate = gate
        self.served: list[TenantId] = []
        self.at_work = 0
        self.at_work_max = 0
        self._ends: list[asyncio.Event] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self, tenant: TenantId, times: int = 1) -> list[asyncio.Task[None]]:
        """Begin calls, which stand in line, or work, when this returns."""
        begun = [asyncio.create_task(self._call(tenant)) for _ in range(times)]
        self.tasks += begun
        await turns_of_the_loop()
        return begun

    async def _call(self, tenant: TenantId) -> None:
        async with self.gate.slot(tenant):
            end = asyncio.Event()
            self._ends.append(end)
            self.served.append(tenant)
            self.at_work += 1
            self.at_work_max = max(self.at_work_max, self.at_work)
            try:
                await end.wait()
            finally:
                self.at_work -= 1

    async def let_go(self, times: int = 1) -> None:
        """End the oldest calls at work."""
        for _ in range(times):
            self._ends.pop(0).set()
            await turns_of_the_loop()

    async def let_all_go(self) -> None:
        while self._ends:
            await self.let_go()


async def turns_of_the_loop() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_only_so_many_are_at_work_at_once() -> None:
    async def scenario() -> None:
        gate = FairGate(3, 100, 100, LONG)
        calls = Calls(gate)
        await calls.start(NOISY, 20)
        assert (gate.stats().working, gate.stats().waiting) == (3, 17)
        await calls.let_all_go()
        assert calls.at_work_max == 3
        assert len(calls.served) == gate.stats().served == 20
        assert (gate.stats().working, gate.stats().waiting, gate.stats().waiting_tenants) == (0, 0, 0)

    asyncio.run(scenario())


def test_a_quiet_tenant_is_served_next_however_many_of_another_wait() -> None:
    async def scenario() -> None:
        gate = FairGate(8, 1_000, 1_000, LONG)
        calls = Calls(gate)
        await calls.start(NOISY, 400)
        for _ in range(20):
            await calls.start(QUIET)
            before = len(calls.served)
            await calls.let_go(2)
            assert QUIET in calls.served[before:], "it stands behind one call of each tenant that waits"
        await calls.let_all_go()
        assert Counter(calls.served) == {NOISY: 400, QUIET: 20}

    asyncio.run(scenario())


def test_tenants_take_turns_and_within_one_the_first_comes_first() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 100, 100, LONG)
        order: list[str] = []

        async def call(tenant: str, number: int) -> None:
            async with gate.slot(TenantId(tenant)):
                order.append(f"{tenant}{number}")

        async with gate.slot(TenantId("first")):
            tasks = [asyncio.create_task(call(tenant, number)) for tenant in "abc" for number in range(3)]
            await turns_of_the_loop()
        await asyncio.gather(*tasks)
        assert order == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]

    asyncio.run(scenario())


@given(crowd=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60), slots=st.integers(1, 5))
def test_nobody_waits_for_more_than_one_call_of_each_other_tenant(crowd: list[str], slots: int) -> None:
    """The first waiting call of a tenant: before it go at most one of each tenant that waits."""

    async def scenario() -> None:
        gate = FairGate(slots, 100, 100, LONG)
        calls = Calls(gate)
        for tenant in crowd:
            await calls.start(TenantId(tenant))
        await calls.start(QUIET)
        before = len(calls.served)
        tenants = gate.stats().waiting_tenants
        await calls.let_all_go()
        place = calls.served.index(QUIET)
        assert place < max(before, before + tenants)
        assert len(calls.served) == len(crowd) + 1

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 2, 3, LONG)
        calls = Calls(gate)
        await calls.start(NOISY, 3)  # one at work, two waiting
        with pytest.raises(OverloadedError) as caught:
            async with gate.slot(NOISY):
                pytest.fail("it was let in")
        assert caught.value.retry_after_seconds > 0
        await calls.start(QUIET)  # another tenant still has room: the third waiting
        with pytest.raises(OverloadedError):
            async with gate.slot(TenantId("third")):
                pytest.fail("it was let in")
        assert gate.stats().refused_full == 2
        await calls.let_all_go()
        assert calls.served == [NOISY, NOISY, QUIET, NOISY]

    asyncio.run(scenario())


def test_no_waiting_at_all_can_be_asked_for() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 0, 0, LONG)
        async with gate.slot(NOISY):
            with pytest.raises(OverloadedError):
                async with gate.slot(QUIET):
                    pytest.fail("it was let in")
        async with gate.slot(QUIET):
            assert gate.stats().working == 1

    asyncio.run(scenario())


def test_who_waits_too_long_is_refused_and_leaves_no_trace() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 10, 10, 0.01)
        async with gate.slot(NOISY):
            with pytest.raises(OverloadedError, match=r"no turn within 0\.01 seconds"):
                async with gate.slot(QUIET):
                    pytest.fail("it was let in")
            stats = gate.stats()
            assert (stats.working, stats.waiting, stats.waiting_tenants, stats.refused_late) == (1, 0, 0, 1)
        assert await gate.drained(1)
        async with gate.slot(QUIET):
            assert gate.stats().working == 1

    asyncio.run(scenario())


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["start", "cancel", "end"]), st.integers(0, 30), st.sampled_from("abc")), max_size=60
    ),
    slots=st.integers(1, 3),
)
def test_cancelling_at_any_moment_loses_no_slot(steps: list[tuple[str, int, str]], slots: int) -> None:
    async def scenario() -> None:
        gate = FairGate(slots, 50, 100, LONG)
        calls = Calls(gate)
        for step, number, tenant in steps:
            if step == "start":
                await calls.start(TenantId(tenant))
            elif step == "cancel" and calls.tasks:
                calls.tasks[number % len(calls.tasks)].cancel()
                if number % 2:  # sometimes in the same turn of the loop as what comes next
                    await turns_of_the_loop()
            elif step == "end" and calls._ends:
                calls._ends.pop(0).set()
            assert gate.stats().working <= slots
        await turns_of_the_loop()
        await calls.let_all_go()
        await asyncio.gather(*calls.tasks, return_exceptions=True)
        stats = gate.stats()
        assert (stats.working, stats.waiting, stats.waiting_tenants) == (0, 0, 0)
        assert await gate.drained(1)

    asyncio.run(scenario())


def test_a_turn_that_comes_in_the_moment_of_cancelling_is_passed_on() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 10, 10, LONG)
        calls = Calls(gate)
        await calls.start(NOISY)
        (first,) = await calls.start(QUIET)
        await calls.start(NOISY)
        calls._ends.pop(0).set()
        while gate.stats().waiting == 2:  # until the turn is given, and before its caller runs
            await asyncio.sleep(0)
        first.cancel()
        await turns_of_the_loop()
        assert calls.served == [NOISY, NOISY]
        await calls.let_all_go()
        assert await gate.drained(1)

    asyncio.run(scenario())


def test_a_turn_that_is_given_up_in_the_moment_of_its_coming_goes_to_the_next() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 10, 10, LONG)
        calls = Calls(gate)
        await calls.start(NOISY)
        (first,) = await calls.start(QUIET)
        await calls.start(TenantId("third"))
        calls._ends.pop(0).set()  # the slot becomes free
        first.cancel()  # before anything else has run
        await turns_of_the_loop()
        assert calls.served == [NOISY, "third"]
        await calls.let_all_go()
        assert await gate.drained(1)

    asyncio.run(scenario())


def test_what_fails_inside_gives_its_slot_back() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 10, 10, LONG)
        with pytest.raises(ZeroDivisionError):
            async with gate.slot(NOISY):
                _ = 1 / 0
        assert gate.stats().working == 0

    asyncio.run(scenario())


def test_a_closed_gate_serves_those_who_wait_and_lets_nobody_else_in() -> None:
    async def scenario() -> None:
        gate = FairGate(1, 10, 10, LONG)
        calls = Calls(gate)
        await calls.start(NOISY, 3)
        gate.close()
        gate.close()
        with pytest.raises(OverloadedError, match="stopping"):
            async with gate.slot(QUIET):
                pytest.fail("it was let in")
        assert not await gate.drained(0.01)
        drained = asyncio.create_task(gate.drained(LONG))
        await calls.let_all_go()
        assert await drained
        assert calls.served == [NOISY] * 3

    asyncio.run(scenario())


@pytest.mark.soak
def test_a_quiet_tenant_is_fast_beside_400_flooding_callers() -> None:
    """R10: 5 ms of work, 8 slots."""

    async def scenario() -> list[float]:
        gate = FairGate(8, 2_000, 2_000, LONG)
        end = time.perf_counter() + 4
        waited: list[float] = []

        async def flood() -> None:
            while time.perf_counter() < end:
                async with gate.slot(NOISY):
                    await asyncio.sleep(0.005)

        async def ask_quietly() -> None:
            while time.perf_counter() < end:
                begun = time.perf_counter()
                async with gate.slot(QUIET):
                    await asyncio.sleep(0.005)
                waited.append(time.perf_counter() - begun)
                await asyncio.sleep(0.02)

        await asyncio.gather(ask_quietly(), *(flood() for _ in range(400)))
        return waited

    waited = asyncio.run(scenario())
    assert len(waited) > 50
    p95 = statistics.quantiles(waited, n=20)[-1]
    print(f"quiet p95 {p95 * 1e3:.1f} ms over {len(waited)} calls")
    assert p95 < 0.030
