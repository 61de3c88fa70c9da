"""A circuit breaker opens on failures, lets one call see whether it is over, and forgets late outcomes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from continuum.cache.breaker import BreakerState, CircuitBreaker, Ticket
from tests.requirements import requirement


class Hands:
    """A clock that a test turns; it counts seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def admitted(breaker: CircuitBreaker) -> Ticket:
    ticket = breaker.admit()
    assert ticket is not None
    return ticket


def opened(clock: Hands, changes: list[BreakerState] | None = None) -> CircuitBreaker:
    breaker = CircuitBreaker(
        failures_max=3,
        open_seconds=1.0,
        open_seconds_max=4.0,
        probe_seconds=10.0,
        monotonic=clock,
        on_change=None if changes is None else changes.append,
    )
    for _ in range(3):
        breaker.failed(admitted(breaker))
    return breaker


@requirement("cache:redis-gone")
def test_it_opens_after_failures_and_closes_after_a_probe_that_succeeds() -> None:
    clock, changes = Hands(), list[BreakerState]()
    breaker = opened(clock, changes)
    assert breaker.admit() is None
    clock.now += 1.0
    probe = admitted(breaker)
    assert probe.probe
    assert breaker.admit() is None, "one probe at a time"
    breaker.succeeded(probe)
    assert not admitted(breaker).probe
    assert changes == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


def test_each_probe_that_fails_doubles_the_wait_up_to_its_bound() -> None:
    clock = Hands()
    breaker = opened(clock)
    for wait in (1.0, 2.0, 4.0, 4.0):
        clock.now += wait - 0.001
        assert breaker.admit() is None
        clock.now += 0.001
        breaker.failed(admitted(breaker))
    clock.now += 4.0
    breaker.succeeded(admitted(breaker))
    for _ in range(3):
        breaker.failed(admitted(breaker))
    clock.now += 1.0
    assert admitted(breaker).probe, "after a success it begins with the short wait again"


def test_a_probe_that_never_reports_is_taken_for_lost() -> None:
    clock = Hands()
    breaker = opened(clock)
    clock.now += 1.0
    lost = admitted(breaker)
    clock.now += 9.999
    assert breaker.admit() is None
    clock.now += 0.001
    second = admitted(breaker)
    breaker.succeeded(lost)
    assert breaker.admit() is None, "the lost one's outcome came too late"
    breaker.succeeded(second)
    assert breaker.state is BreakerState.CLOSED


def test_outcomes_of_earlier_calls_count_for_nothing() -> None:
    clock = Hands()
    breaker = CircuitBreaker(failures_max=1, open_seconds=1.0, monotonic=clock)
    early, late = admitted(breaker), admitted(breaker)
    breaker.failed(early)
    breaker.succeeded(late)
    assert breaker.admit() is None, "the late success did not close it"
    clock.now += 1.0
    breaker.succeeded(admitted(breaker))
    breaker.failed(late)
    assert breaker.state is BreakerState.CLOSED


def test_rare_failures_are_forgiven_and_frequent_ones_are_not() -> None:
    rare, frequent = CircuitBreaker(failures_max=3), CircuitBreaker(failures_max=3)
    for breaker, successes in ((rare, 20), (frequent, 5)):
        for _ in range(10):
            ticket = breaker.admit()
            if ticket is None:
                break
            breaker.failed(ticket)
            for _ in range(successes):
                if (ticket := breaker.admit()) is not None:
                    breaker.succeeded(ticket)
    assert (rare.state, frequent.state) == (BreakerState.CLOSED, BreakerState.OPEN)


def test_of_many_threads_one_gets_the_probe() -> None:
    clock = Hands()
    for _ in range(50):
        breaker = opened(clock)
        clock.now += 1.0
        with ThreadPoolExecutor(8) as pool:
            tickets = [*pool.map(lambda _: breaker.admit(), range(16))]  # noqa: B023 - used within the round
        assert sum(ticket is not None for ticket in tickets) == 1
