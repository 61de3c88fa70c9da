"""Wakes across processes, on a real server: late, lost or cut off they may be, but nobody waits for them in vain."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection as Pipe

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from continuum.storage import postgres_wakes
from continuum.storage.postgres_wakes import (
    RETRY_SECONDS_MAX,
    Connect,
    PostgresWakes,
    payloads,
    retry_seconds,
    wakes_in,
)
from continuum.storage.wakes import PENDING_MAX, Pending
from tests.storage.heard import Ear, connected, end_connections
from tests.storage.mute_proxy import MuteProxy
from tests.storage.test_sqlite_backend import in_a_child

keys = st.text("0123456789abcdef", min_size=16, max_size=16)

Opened = Callable[..., PostgresWakes]


@pytest.fixture
def opened(postgres_url: str) -> Iterator[Opened]:
    """Wakes of their own, as each process has them."""
    with ExitStack() as stack:

        def open_wakes(connect: Connect | None = None, *, listens: bool = True) -> PostgresWakes:
            wakes = PostgresWakes(connect or partial(connected, postgres_url), listens=listens)
            stack.callback(wakes.close)
            return wakes

        yield open_wakes


def listening(wakes: PostgresWakes) -> Ear:
    """An ear that hears other processes by now."""
    ear = Ear()
    wakes.subscribe(ear)
    ear.hears(None, 0)
    ear.forget()
    return ear


def announce_in_turn(url: str, pipe: Pipe) -> None:
    """In another process: announce what is asked for, until nothing is."""
    wakes = PostgresWakes(partial(connected, url))
    while (asked := pipe.recv()) is not None:
        wakes.announce(*asked)
    wakes.close()


def test_an_announcement_of_another_process_wakes_within_a_second(postgres_url: str, opened: Opened) -> None:
    wakes = opened()
    ear = listening(wakes)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=announce_in_turn, args=(postgres_url, there))
    process.start()
    here.send(("acme", 1))
    ear.hears(wakes.key_of("acme"), 1)  # the other process runs by now
    for seq in range(2, 12):
        here.send(("acme", seq))
        ear.hears(wakes.key_of("acme"), seq, seconds=1.0)
    here.send(("acme", 99))
    here.send(None)  # it ends at once: what it announced is sent before
    ear.hears(wakes.key_of("acme"), 99)
    process.join(20)
    assert process.exitcode == 0


def test_no_tenant_is_named_to_whoever_listens_in_the_database(postgres_url: str, opened: Opened) -> None:
    wakes = opened()
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(f"LISTEN {postgres_wakes.CHANNEL}")
        wakes.announce("acme", 7)
        (notification,) = other.notifies(timeout=20, stop_after=1)
    assert notification.payload == f"{wakes.key_of('acme')}:7"
    assert "acme" not in notification.payload


def test_announcements_of_one_process_are_heard_in_it_at_once_and_of_two_tenants_apart(opened: Opened) -> None:
    wakes = opened()
    ear = Ear()
    wakes.subscribe(ear)
    wakes.announce("a", 1)
    assert (wakes.key_of("a"), 1) in ear.heard
    assert wakes.key_of("a") != wakes.key_of("b")


def test_a_burst_of_many_tenants_arrives_in_whole(opened: Opened) -> None:
    wakes, other = opened(), opened()
    ear = listening(wakes)
    wanted = {(wakes.key_of(f"tenant-{number}"), 10**18 + number) for number in range(PENDING_MAX)}
    for number in range(PENDING_MAX):
        other.announce(f"tenant-{number}", 10**18 + number)
    ear.wait(lambda heard: wanted <= set(heard) or (None, 0) in heard)


def test_a_cut_connection_is_made_again_and_then_all_are_to_look(postgres_url: str, opened: Opened) -> None:
    wakes, other = opened(), opened()
    ear = listening(wakes)
    for seq in range(1, 4):
        other.announce("acme", seq)
        ear.hears(wakes.key_of("acme"), seq)
        assert end_connections(postgres_url) >= 2  # one listens, one relays
        ear.hears(None, 0)
        ear.forget()


def test_what_is_announced_while_the_relay_is_cut_off_is_sent_when_it_is_back(
    opened: Opened, postgres_url: str
) -> None:
    tries, goes_on = threading.Semaphore(0), threading.Semaphore(0)

    def connect() -> psycopg.Connection[object]:
        tries.release()
        goes_on.acquire()
        if goes_on.acquire(blocking=False):
            raise psycopg.OperationalError("the server is away")
        return connected(postgres_url)

    wakes, other = opened(), opened(connect)
    ear = listening(wakes)
    other.announce("acme", 1)
    other.announce("other", 1)
    assert tries.acquire(timeout=20)
    other.announce("acme", 2)  # while the first try is under way
    goes_on.release(2)
    assert tries.acquire(timeout=20)
    goes_on.release()
    ear.hears(wakes.key_of("acme"), 2)
    ear.hears(wakes.key_of("other"), 1)


def test_announcing_does_not_wait_for_a_server_that_never_answers(opened: Opened, postgres_url: str) -> None:
    answers = threading.Event()

    def connect() -> psycopg.Connection[object]:
        answers.wait()
        return connected(postgres_url)

    wakes, stuck = opened(), opened(connect)
    ear = listening(wakes)
    for number in range(3 * PENDING_MAX):
        stuck.announce(f"tenant-{number}", number)
    assert ear.heard == []
    answers.set()
    ear.hears(None, 0)  # too many to be named


def begun_since(others: set[threading.Thread]) -> set[threading.Thread]:
    """The threads there are besides the others."""
    return set(threading.enumerate()) - others


def test_behind_a_pooler_announcements_are_sent_and_none_is_heard(opened: Opened) -> None:
    wakes, announcer, deaf = opened(), opened(), opened(listens=False)
    ear, deaf_ear = listening(wakes), Ear()
    others = set(threading.enumerate())
    deaf.subscribe(deaf_ear)
    assert begun_since(others) == set()
    deaf.announce("acme", 1)
    ear.hears(wakes.key_of("acme"), 1)
    announcer.announce("acme", 2)
    ear.hears(wakes.key_of("acme"), 2)
    assert deaf_ear.heard == [(wakes.key_of("acme"), 1)]


def test_closing_ends_the_threads_and_a_new_subscription_begins_anew(opened: Opened) -> None:
    others = set(threading.enumerate())
    wakes = opened()
    listening(wakes)
    wakes.announce("acme", 1)
    assert {thread.name for thread in begun_since(others)} == {"continuum-relay", "continuum-listener"}
    wakes.close()
    wakes.close()
    assert begun_since(others) == set()
    other = opened()
    ear = listening(wakes)
    other.announce("acme", 2)
    ear.hears(wakes.key_of("acme"), 2)


def test_listener_and_relay_leave_when_they_have_nothing_to_do_and_come_back(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard_elsewhere = listening(opened())
    monkeypatch.setattr(postgres_wakes, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(postgres_wakes, "IDLE_SECONDS", 0.01)
    others = set(threading.enumerate())
    wakes = opened()
    for seq in (1, 2, 3):
        ear = Ear()
        with wakes.subscribe(ear):
            ear.hears(None, 0)
            threads = begun_since(others)
            assert {thread.name for thread in threads} == {"continuum-listener"}
            wakes.announce("acme", seq)
            heard_elsewhere.hears(wakes.key_of("acme"), seq)
            threads |= begun_since(others)
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def test_a_connection_that_fell_silent_is_noticed_and_made_again(
    opened: Opened, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_wakes, "HEARTBEAT_SECONDS", 0.1)
    monkeypatch.setattr(postgres_wakes, "ANSWER_SECONDS", 0.3)
    parts = conninfo_to_dict(postgres_url)
    server = (str(parts["host"]), int(str(parts.get("port", 5432))))
    with MuteProxy(server) as proxy, ExitStack() as stack:
        through = make_conninfo(postgres_url, host="127.0.0.1", port=proxy.port)
        wakes, other = opened(partial(connected, through)), opened(partial(connected, through))
        stack.callback(other.close)
        stack.callback(wakes.close)
        ear = listening(wakes)
        other.announce("acme", 1)
        ear.hears(wakes.key_of("acme"), 1)
        ear.forget()
        proxy.mute()
        ear.hears(None, 0)
        other.announce("acme", 2)  # its relay finds out, too
        ear.hears(wakes.key_of("acme"), 2)


def test_a_forked_child_listens_and_announces_on_connections_of_its_own(opened: Opened) -> None:
    wakes, other = opened(), opened()
    ear = listening(wakes)
    other.announce("acme", 1)
    ear.hears(wakes.key_of("acme"), 1)

    def child() -> None:
        child_ear = listening(wakes)
        other.announce("acme", 2)
        child_ear.hears(wakes.key_of("acme"), 2)
        wakes.close()
        other.close()

    assert in_a_child(child) == ""
    ear.hears(wakes.key_of("acme"), 2)
    other.announce("acme", 3)  # on the connection that was open before the fork
    ear.hears(wakes.key_of("acme"), 3)
    assert (None, 0) not in ear.heard


@given(st.dictionaries(keys, st.integers(0, 2**63 - 1), max_size=900))
def test_what_is_sent_is_what_is_heard_in_pieces_that_the_server_takes(positions: dict[str, int]) -> None:
    batch = Pending()
    for key, seq in positions.items():
        batch.add(key, seq)
    sent = payloads(batch)
    assert all(len(piece.encode()) < 8_000 for piece in sent)
    assert dict(wake for piece in sent for wake in wakes_in(piece)) == positions


def test_the_longest_pieces_are_short_enough() -> None:
    batch = Pending()
    for number in range(PENDING_MAX):
        batch.add(f"{number:016x}", 2**63 - 1)
    assert max(len(piece) for piece in payloads(batch)) < 8_000
    batch.add("f" * 16, 1)
    assert payloads(batch) == ["*"]


@given(st.text())
def test_a_payload_that_cannot_be_read_makes_everybody_look(payload: str) -> None:
    assert wakes_in(payload) == [(None, 0)]
    assert wakes_in(f"{'a' * 16}:1 {payload}") == [(None, 0)]


def test_retries_are_spread_and_bounded() -> None:
    for failures in (1, 2, 5, 10_000):
        waits = [retry_seconds(failures) for _ in range(50)]
        assert len(set(waits)) > 1
        assert 0 < min(waits) <= max(waits) <= RETRY_SECONDS_MAX
    assert max(retry_seconds(1) for _ in range(50)) < min(retry_seconds(9) for _ in range(50))
