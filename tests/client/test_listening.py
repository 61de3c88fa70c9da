"""Listening through a real service that stops, comes back, and is not there."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from continuum.client import AsyncClient, Client, Event
from continuum.client.attempts import Lost, Patience
from continuum.client.following import Following
from continuum.client.problems import Answer
from continuum.errors import (
    AuthenticationError,
    ContinuumError,
    InvalidInputError,
    PermissionDeniedError,
    QuotaExceededError,
    ServiceConnectionError,
)
from tests.client.served import OPERATOR, guarded, service
from tests.requirements import requirement


def logged(events: list[Event]) -> list[int]:
    """The positions of the messages among events."""
    return [each.position for each in events if each.event_type == "memory_added"]


@requirement("client:listen")
def test_what_is_learnt_is_heard_once_and_in_order(db_path: Path) -> None:
    with service(db_path) as served, served.client() as client:
        for number in range(3):
            client.learn(f"Note {number} about Kafka")
        with closing(client.listen("laptop", after=0)) as events:
            heard = list(itertools.takewhile(lambda event: event.position < 3, events))
            client.learn("Note 4")
            last = next(event for event in events if event.event_type == "memory_added" and event.position == 4)
        assert logged(heard) == [1, 2]
        assert "Note 4" in last.data["content_preview"]
        assert (last.tenant_id, last.event_id) == ("alice", "4.0")
        with closing(client.listen("laptop", after="acked")) as events:
            first = next(each for each in events if each.event_id)
        assert first.event_id == "4.0"  # the one that was told last, which nobody has said to be handled


def listen(url: str, heard: Callable[[Event], bool]) -> None:
    """Listen from the beginning of the log until enough was heard; breaks are mended at once."""
    with (
        Client(url, tenant_id="alice", sleep=lambda seconds: time.sleep(min(seconds, 0.02))) as client,
        closing(client.listen("laptop", after=0)) as events,
    ):
        next(filter(heard, events))


def alisten(url: str, heard: Callable[[Event], bool]) -> None:
    """`listen` in an event loop."""

    async def run() -> None:
        async with (
            AsyncClient(url, tenant_id="alice", sleep=lambda seconds: asyncio.sleep(min(seconds, 0.02))) as client,
            aclosing(client.listen("laptop", after=0)) as events,
        ):
            async for event in events:
                if heard(event):
                    return

    asyncio.run(run())


@requirement("client:listen")
@pytest.mark.parametrize("listening", [listen, alisten])
def test_a_service_that_stops_and_comes_back_leaves_no_gap_and_no_double(
    db_path: Path, listening: Callable[[str, Callable[[Event], bool]], None]
) -> None:
    heard: list[Event] = []
    second = threading.Event()

    def hear(event: Event) -> bool:
        heard.append(event)
        if event.position == 2:
            second.set()
        return event.position == 4

    with service(db_path) as first, first.client() as client:
        client.learn("One")
        port = int(first.url.rsplit(":", 1)[1])
        listener = threading.Thread(target=listening, args=(first.url, hear))
        listener.start()
        client.learn("Two")
        assert second.wait(20)
    with service(db_path, port=port) as again, again.client() as client:
        client.learn("Three")
        client.learn("Four")
        listener.join(20)
    assert not listener.is_alive()
    assert logged(heard) == [1, 2, 3, 4]


@requirement("client:listen")
def test_whoever_may_not_listen_is_told_why(db_path: Path) -> None:
    with guarded(db_path) as served, served.operator() as operator:
        reader = operator.create_api_key("eyes", role="reader").api_key.reveal()
        for client, kind in (
            (served.client(), AuthenticationError),
            (served.client(api_key="ck_test_wrong_wrong"), AuthenticationError),
            (served.client(api_key=reader), PermissionDeniedError),
            (Client(served.url, OPERATOR), InvalidInputError),
        ):
            with client, pytest.raises(kind) as refused:
                next(client.listen("laptop"))
            assert reader not in str(refused.value)
        with operator, pytest.raises(InvalidInputError):
            next(operator.listen("bad\nname"))
    waits: list[float] = []
    away = Client(served.url, retries=2, sleep=waits.append)
    with away, pytest.raises(ServiceConnectionError, match="could not be reached"):
        next(away.listen("laptop"))
    assert len(waits) == 2


# -- without a socket


class Turned:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def following(clock: Turned, after: str | int | None = None) -> Following:
    patience = Patience(retries=2, monotonic=clock, jitter=lambda: 1.0)
    return Following("laptop", after, "s1", patience, echo=True, give_up_seconds=60.0)


WELCOME = '{"event_type": "welcome", "data": {"position": 7, "heartbeat_seconds": 10.0, "resumed_from": null}}'


def added(place: str) -> str:
    position = place.split(".")[0]
    return (
        '{"event_type": "memory_added", "tenant_id": "alice", "instance_id": "phone", "timestamp": '
        f'"2026-03-01T12:00:00.000Z", "event_id": "{place}", "position": {position}, "data": {{}}}}'
    )


@requirement("client:listen")
def test_a_break_before_the_first_event_goes_on_from_the_welcome() -> None:
    clock = Turned()
    own = following(clock)
    assert own.query() == {"instance_id": "laptop", "session_id": "s1", "echo": "true"}
    assert own.heard(WELCOME) is None
    assert own.lost(Lost("the connection broke")) > 0
    assert own.query()["after"] == "7"
    assert own.heard(added("7.3")) is None  # of an entry that was whole before
    event = own.heard(added("8.0"))
    assert event is not None
    assert own.query()["after"] == "7"  # nobody has said that it was handled
    own.handled(event)
    assert own.query()["after"] == "8.0"
    assert own.heard(added("8.0")) is None


@requirement("client:listen")
def test_acknowledgements_and_heartbeats_are_said_and_silence_is_noticed() -> None:
    clock = Turned()
    own = following(clock)
    own.query()
    assert own.wait_seconds == 30.0
    own.heard(WELCOME)
    for place in ("8.0", "8.1"):
        event = own.heard(added(place))
        assert event is not None
        own.handled(event)
    assert own.to_say() == ['{"type": "ack", "event_id": "8.1"}']
    own.heard('{"event_type": "heartbeat", "data": {"position": 8}}')
    assert own.to_say() == ['{"type": "heartbeat"}']
    third = own.heard(added("9.0"))
    assert third is not None
    own.handled(third)
    assert own.to_say() == []  # not so soon after the last one
    assert own.wait_seconds == 0.05
    clock.now += 0.06
    assert own.to_say() == ['{"type": "ack", "event_id": "9.0"}']
    assert own.wait_seconds == 26.0
    assert not own.silent()
    clock.now += 26.0
    assert own.silent()


@requirement("client:listen")
def test_a_restored_log_is_begun_anew_from_where_it_ends() -> None:
    own = following(Turned(), after="40.1")
    own.query()
    told = added("3.0").replace("memory_added", "resync_required").replace('"data": {}', '"data": {"position": 5}')
    event = own.heard(told.replace('"event_id": "3.0", "position": 3, ', ""))
    assert event is not None
    assert event.event_type == "resync_required"
    assert own.query()["after"] == "5"


@requirement("client:listen")
def test_a_broken_connection_is_made_again_until_patience_ends() -> None:
    clock = Turned()
    own = following(clock)
    own.query()
    own.heard(WELCOME)
    own.heard('{"event_type": "goodbye", "data": {"reason": "stops", "resume_after": null, "retry_after_seconds": 5}}')
    assert own.closed(1012, "the service is stopping") > 5.0
    own.query()
    assert own.lost(Lost("the connection broke")) < 5.0
    clock.now += 60.0
    with pytest.raises(ServiceConnectionError, match="broke"):
        own.lost(Lost("the connection broke"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (4401, AuthenticationError),
        (4403, PermissionDeniedError),
        (4422, InvalidInputError),
        (4429, QuotaExceededError),
        (1008, ContinuumError),
    ],
)
def test_a_close_for_good_is_the_error_that_it_means(code: int, kind: type[ContinuumError]) -> None:
    own = following(Turned())
    own.heard(WELCOME)
    with pytest.raises(kind, match="so it is"):
        own.closed(code, "after: so it is")


def test_a_handshake_that_is_put_off_is_tried_again() -> None:
    own = following(Turned())
    body = b'{"code": "overloaded", "detail": "wait"}'
    answer = Answer(503, {"content-type": "application/problem+json", "retry-after": "3"}, body)
    assert 3.0 < own.refused(answer, "ws") < 4.0


@pytest.mark.parametrize("told", ["", "[]", "{}", '{"event_type": "memory_added"}', '{"event_type": 7}', "\x00", "["])
def test_what_is_not_understood_on_a_socket_is_an_error_with_a_name(told: str) -> None:
    with pytest.raises(ServiceConnectionError, match="does not understand"):
        following(Turned()).heard(told)


@pytest.mark.parametrize("after", ["yesterday", "7.", "-1", True, "7.1.1", "9" * 20])
def test_a_place_that_is_none_is_refused_before_anything_is_asked(after: str | int) -> None:
    with pytest.raises(InvalidInputError, match="after"):
        following(Turned(), after)
