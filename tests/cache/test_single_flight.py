"""Many who want the same at once compute it once, and nobody waits for ever."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from continuum.cache.single_flight import SingleFlight
from continuum.testing.cache_suite import WAIT_SECONDS, eventually
from tests.requirements import requirement

THREADS = 8


class Slow:
    """A computation that ends when the test lets it."""

    def __init__(self, outcome: Callable[[], str] = lambda: "value") -> None:
        self.calls = 0
        self.begun, self.may_end = threading.Event(), threading.Event()
        self._outcome = outcome

    def __call__(self) -> str:
        self.calls += 1
        self.begun.set()
        assert self.may_end.wait(WAIT_SECONDS)
        return self._outcome()


def together(flights: SingleFlight[str], slow: Slow, pool: ThreadPoolExecutor) -> list[Future[str]]:
    """All ask for one key while the first computes; it ends when the others are waiting."""
    waiting = [pool.submit(flights.run, "key", slow)]
    assert slow.begun.wait(WAIT_SECONDS)
    asked = threading.Semaphore(0)

    def ask() -> str:
        asked.release()
        return flights.run("key", slow)

    waiting += [pool.submit(ask) for _ in range(THREADS - 1)]
    assert all(asked.acquire(timeout=WAIT_SECONDS) for _ in range(THREADS - 1))
    flight = flights._flights["key"]
    assert eventually(lambda: len(flight.landed._condition._waiters) == THREADS - 1)  # type: ignore[attr-defined]  # no other way to see who waits
    slow.may_end.set()
    return waiting


@requirement("cache:stampede")
def test_those_who_ask_together_compute_once_and_nothing_is_kept() -> None:
    flights, slow = SingleFlight[str](), Slow()
    with ThreadPoolExecutor(THREADS) as pool:
        assert [each.result(WAIT_SECONDS) for each in together(flights, slow, pool)] == ["value"] * THREADS
    assert (slow.calls, flights.shared, flights.running) == (1, THREADS - 1, 0)
    assert flights.run("key", lambda: "anew") == "anew"


def test_an_exception_goes_to_all_who_wait_and_to_nobody_after() -> None:
    def fail() -> str:
        raise ValueError("no")

    flights, slow = SingleFlight[str](), Slow(fail)
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = [each.exception(WAIT_SECONDS) for each in together(flights, slow, pool)]
    assert [type(each) for each in outcomes] == [ValueError] * THREADS
    assert slow.calls == 1
    assert flights.run("key", lambda: "anew") == "anew"


def test_those_who_wait_for_an_interrupted_thread_compute_for_themselves() -> None:
    def interrupted() -> str:
        raise KeyboardInterrupt

    flights, slow = SingleFlight[str](), Slow(interrupted)
    asked = Slow()
    asked.may_end.set()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(flights.run, "key", slow)
        assert slow.begun.wait(WAIT_SECONDS)
        flight = flights._flights["key"]
        second = pool.submit(flights.run, "key", asked)
        assert eventually(lambda: len(flight.landed._condition._waiters) == 1)  # type: ignore[attr-defined]  # no other way to see who waits
        slow.may_end.set()
        assert second.result(WAIT_SECONDS) == "value"
        assert isinstance(first.exception(WAIT_SECONDS), KeyboardInterrupt)


def test_who_has_waited_long_enough_computes_for_himself() -> None:
    flights, slow = SingleFlight[str](wait_seconds=0.02), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.run, "key", slow)
        assert slow.begun.wait(WAIT_SECONDS)
        assert flights.run("key", lambda: "my own") == "my own"
        assert not first.done()
        slow.may_end.set()
        assert first.result(WAIT_SECONDS) == "value"


def test_other_keys_do_not_wait() -> None:
    flights, slow = SingleFlight[str](), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.run, ("alice", "key"), slow)
        assert slow.begun.wait(WAIT_SECONDS)
        assert flights.run(("bob", "key"), lambda: "bob's") == "bob's"
        slow.may_end.set()
        assert first.result(WAIT_SECONDS) == "value"


def test_a_computation_may_ask_for_its_own_key() -> None:
    flights = SingleFlight[str](wait_seconds=3 * WAIT_SECONDS)
    with ThreadPoolExecutor(1) as pool:
        outer = pool.submit(flights.run, "key", lambda: flights.run("key", lambda: "inner"))
        assert outer.result(WAIT_SECONDS) == "inner"


def test_a_forked_child_does_not_wait_for_threads_it_has_not() -> None:
    flights, slow = SingleFlight[str](), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(flights.run, "key", slow)
        assert slow.begun.wait(WAIT_SECONDS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks beside threads
            child = os.fork()
        if child == 0:
            os._exit(0 if flights.run("key", lambda: "child's") == "child's" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        slow.may_end.set()
        assert first.result(WAIT_SECONDS) == "value"


def test_failures_of_one_round_do_not_reach_the_next() -> None:
    flights = SingleFlight[int]()
    for number in range(100):
        with pytest.raises(ZeroDivisionError):
            flights.run("key", lambda: 1 // 0)
        assert flights.run("key", lambda: number) == number  # noqa: B023 - called at once
