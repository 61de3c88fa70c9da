"""Instances on a real server's WebSocket: what they are told, who is let in, and how a connection ends."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.realtime import websocket as sockets
from continuum.realtime.events import page_of_events
from continuum.storage.repositories.happenings import read_happenings
from tests.realtime.served import Instance, Served, listening, served
from tests.requirements import requirement

ALICE = TenantId("alice")
Talk = Callable[[], Coroutine[Any, Any, None]]  # Any: as coroutines are typed


@pytest.fixture
def server(manager: TenantManager) -> Iterator[Served]:
    with served(manager) as running:
        yield running


@pytest.fixture
def brisk(manager: TenantManager) -> Iterator[Served]:
    """With heartbeats and leases that a test can wait for."""
    with served(manager, heartbeat_seconds=0.1, lease_seconds=0.6) as running:
        yield running


def speaker(server: Served, name: str = "speaker", tenant: str = "alice") -> ConsciousMemory:
    """Somebody else's memory of a tenant."""
    return server.tenants.get_tenant(tenant, instance_id=name)


def every_event(server: Served) -> list[str]:
    page = read_happenings(server.tenants.engine.backend, ALICE, 0, 100_000)
    return [json.loads(each.text)["event_id"] for each in page_of_events(ALICE, page).events]


@requirement("realtime:events", "realtime:format")
def test_what_one_instance_learns_the_others_are_told_in_the_specified_format(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "listener") as one:
            text = "We decided to use FastAPI for Aurora. " + "é" * 200
            done = await asyncio.to_thread(speaker(server).learn, text, session_id="s1")
            await one.until_position(done.seq - 1 if len(done.message_ids) > 1 else done.seq)
            while len(one.logged) < len(every_event(server)):
                await one.next()
        added = one.told[1]
        assert set(added) == {
            "event_type", "tenant_id", "instance_id", "timestamp", "event_id", "position", "data",
        }  # fmt: skip
        assert (added["event_type"], added["tenant_id"], added["instance_id"]) == ("memory_added", "alice", "speaker")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", added["timestamp"])
        assert added["data"] == {
            "memory_id": done.message_ids[0], "content_preview": text[:120], "role": "user", "session_id": "s1",
        }  # fmt: skip
        learned = [each["data"] for each in one.told if each["event_type"] == "concept_learned"]
        assert {each["concept"] for each in learned} == set(done.concepts)
        (decided,) = [each["data"] for each in one.told if each["event_type"] == "decision_made"]
        assert decided["text"] == done.decisions[0]

    asyncio.run(talk())


@requirement("realtime:events")
def test_an_instance_does_not_hear_itself_unless_it_asks_to(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "me") as me, listening(server, "me", echo="true") as mirror:
            await asyncio.to_thread(speaker(server, "me").learn, "Kafka runs")
            await asyncio.to_thread(speaker(server, "you").learn, "Boreas runs")
            await me.until_position(2)
            await mirror.until_position(2)
            assert [each["instance_id"] for each in me.told if "event_id" in each] == ["you"] * len(me.logged)
            assert mirror.logged[0] == "1.0"
            await me.say(type="ping")
            assert (await me.until_kind("heartbeat"))["data"] == {"position": 2}

    asyncio.run(talk())


@requirement("realtime:events", "coordination:instances")
def test_arrivals_and_departures_are_told_to_the_others(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "stays") as stays:
            async with listening(server, "goes", session_id="s9") as goes:
                here = [each["instance_id"] for each in goes.told[0]["data"]["instances"]]
                assert here == ["goes", "stays"]
                joined = await stays.until_kind("instance_joined")
                assert (joined["instance_id"], joined["data"]["session_id"]) == ("goes", "s9")
            left = await stays.until_kind("instance_left")
            assert (left["instance_id"], left["data"]) == ("goes", {"reason": "left"})
            assert "instance_joined" not in goes.kinds()

    asyncio.run(talk())


@requirement("realtime:resume", "realtime:acknowledge")
def test_after_a_break_it_goes_on_behind_the_last_acknowledged_event(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "a") as before:
            await asyncio.to_thread(speaker(server).learn, "We decided to use Kafka for Aurora.", "Boreas it is.")
            await before.until_position(2)
            read = before.logged[:2]
            await before.say(type="ack", event_id=read[-1])
            await before.say(type="ping")
            await before.until_kind("heartbeat")
        await asyncio.to_thread(speaker(server).learn, "Zephyr runs on Pulsar")
        async with listening(server, "a", after="acked") as resumed:
            assert resumed.told[0]["data"]["resumed_from"] == read[-1]
            while len(read) + len(resumed.logged) < len(every_event(server)):
                await resumed.next()
            assert read + resumed.logged == every_event(server)
        async with listening(server, "b", after=read[0]) as other:
            while len(other.logged) < len(every_event(server)) - 1:
                await other.next()
            assert other.logged == every_event(server)[1:]

    asyncio.run(talk())


@requirement("realtime:hand-shake")
@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("tenant_id=alice&instance_id=a", {}, 401),
        ("tenant_id=alice&instance_id=a", {"X-API-Key": "wrong"}, 401),
        ("tenant_id=bob&instance_id=a", {"X-API-Key": "token-alice"}, 403),
        ("tenant_id=alice&instance_id=a", {"X-API-Key": "token-alice", "Origin": "https://evil.example"}, 403),
        ("tenant_id=alice", {"X-API-Key": "token-alice"}, 422),
        ("tenant_id=alice&instance_id=a%20b", {"X-API-Key": "token-alice"}, 422),
        ("tenant_id=alice&instance_id=a&after=x", {"X-API-Key": "token-alice"}, 422),
        ("tenant_id=alice&instance_id=a&echo=perhaps", {"X-API-Key": "token-alice"}, 422),
        ("tenant_id=../etc&instance_id=a", {"X-API-Key": "token-alice"}, 422),
    ],
)
def test_who_may_not_connect_is_refused_before_the_hand_shake(
    server: Served, query: str, headers: dict[str, str], status: int
) -> None:
    async def talk() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{server.url}?{query}", additional_headers=headers):
                pass
        assert refused.value.response.status_code == status

    asyncio.run(talk())
    assert server.realtime.instances.list(ALICE) == []


@requirement("realtime:hand-shake")
@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type": "authenticate", "token": "token-alice"}', 0),
        ('{"type": "authenticate", "token": "wrong"}', 4401),
        ('{"type": "authenticate", "token": "token-bob"}', 4403),
        ('{"type": "authenticate"}', 4401),
        ('{"type": "ack", "event_id": "1"}', 4401),
        ("not json", 4422),
    ],
)
def test_a_page_authenticates_with_its_first_message(server: Served, first: str, code: int) -> None:
    async def talk() -> None:
        url = f"{server.url}?tenant_id=alice&instance_id=page"
        async with connect(url, additional_headers={"Origin": "https://app.example"}) as socket_:
            page = Instance(socket_)
            await socket_.send(first)
            if code:
                assert (await page.closed())[0] == code
                assert "welcome" not in page.kinds()
            else:
                assert (await page.next())["event_type"] == "welcome"

    asyncio.run(talk())


@requirement("realtime:hand-shake")
def test_a_page_that_says_nothing_is_not_waited_for(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "AUTHENTICATE_SECONDS", 0.05)

    async def talk() -> None:
        url = f"{server.url}?tenant_id=alice&instance_id=page"
        async with connect(url, additional_headers={"Origin": "https://app.example"}) as socket_:
            assert (await Instance(socket_).closed())[0] == 4401

    asyncio.run(talk())


@requirement("realtime:hand-shake")
def test_a_revoked_key_hears_nothing_more(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "RECHECK_SECONDS", 0.0)

    async def talk() -> None:
        async with listening(server, "a") as one:
            await asyncio.to_thread(speaker(server).learn, "Kafka runs")
            await one.until_position(1)
            heard = len(one.logged)
            server.door.revoked.add("alice")
            await asyncio.to_thread(speaker(server).learn, "Secrets follow")
            assert (await one.closed())[0] == 4401
            assert all(each.startswith("1.") for each in one.logged[heard:])

    asyncio.run(talk())


@requirement("realtime:isolation")
def test_no_tenant_hears_of_another(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "a") as alice, listening(server, "a", tenant="bob") as bob:
            await asyncio.to_thread(speaker(server).learn, "Kafka runs")
            await asyncio.to_thread(speaker(server, tenant="bob").learn, "Boreas runs")
            await alice.until_position(1)
            await bob.until_position(1)
            for one, tenant in ((alice, "alice"), (bob, "bob")):
                await one.say(type="ping")
                await one.until_kind("heartbeat")
                assert {each["tenant_id"] for each in one.told} == {tenant}
                assert "instance_joined" not in one.kinds()

    asyncio.run(talk())


@requirement("realtime:bounds")
def test_what_cannot_be_understood_is_answered_and_at_last_ends_it(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "a") as one:
            for text in ("[]", "x", '{"type": "event"}', '{"type": "ack", "event_id": "9.9"}', '{"type": "ack"}'):
                await one.socket.send(text)
                assert (await one.until_kind("error"))["data"]["code"] == "invalid_input"
            await one.socket.send(b"\xff\xfe")
            for _ in range(4):
                await one.say(type=["no"])
            assert (await one.closed())[0] == 1008

    asyncio.run(talk())


@requirement("realtime:bounds")
def test_a_message_has_a_bound(server: Served) -> None:
    async def talk() -> None:
        async with listening(server, "a") as one:
            await one.say(type="heartbeat", pad="x" * (sockets.MESSAGE_BYTES_MAX - 100))
            await one.say(type="ping")
            await one.until_kind("heartbeat")
            await one.socket.send("x" * (sockets.MESSAGE_BYTES_MAX + 1))
            assert (await one.closed())[0] == 1009

    asyncio.run(talk())


@requirement("realtime:bounds")
def test_instances_beyond_the_quota_are_refused(manager: TenantManager) -> None:
    async def talk(server: Served) -> None:
        async with listening(server, "a"):
            url = f"{server.url}?tenant_id=alice&instance_id=b"
            async with connect(url, additional_headers={"X-API-Key": "token-alice"}) as socket_:
                other = Instance(socket_)
                assert (await other.closed())[0] == 4429
                assert other.told[0]["data"]["code"] == "quota_exceeded"

    with served(manager, instances_max=1) as server:
        asyncio.run(talk(server))


@requirement("realtime:heartbeat")
def test_whoever_gives_no_sign_of_life_is_lost_and_whoever_does_is_not(brisk: Served) -> None:
    async def talk() -> None:
        async with listening(brisk, "loud") as loud, listening(brisk, "mute") as mute:
            gone = asyncio.create_task(mute.closed())
            while "instance_left" not in loud.kinds():
                if (await loud.next())["event_type"] == "heartbeat":
                    await loud.say(type="heartbeat")
            assert (await gone)[0] == 1001
            assert mute.kinds().count("heartbeat") >= 3
            assert loud.told[-1]["data"] == {"reason": "lost"}
            for _ in range(10):
                await loud.until_kind("heartbeat")
                await loud.say(type="heartbeat")

    asyncio.run(talk())


@requirement("realtime:shutdown")
def test_a_server_that_stops_says_where_to_go_on(manager: TenantManager) -> None:
    """And whoever reconnects to another one misses nothing; for the others it was never away."""

    async def listen_until_the_end(server: Served) -> str:
        async with listening(server, "a") as one:
            await asyncio.to_thread(speaker(server).learn, "Kafka runs")
            await one.until_position(1)
            server.stop()
            code, _ = await one.closed()
            assert code == 1012
            goodbye = one.told[-1]
            assert goodbye["event_type"] == "goodbye"
            assert goodbye["data"]["retry_after_seconds"] > 0
            place: str = goodbye["data"]["resume_after"]
            return place

    async def go_on(server: Served, place: str) -> None:
        async with listening(server, "a", after=place) as one:
            await one.until_position(2)
            assert all(each.startswith("2.") for each in one.logged)

    with served(manager) as server:
        place = asyncio.run(listen_until_the_end(server))
    assert [each.instance_id for each in server.realtime.instances.list(ALICE)] == ["a"]
    manager.get_tenant("alice").learn("Boreas runs")
    with served(manager) as server:
        asyncio.run(go_on(server, place))


def frozen_client(url: str) -> socket.socket:
    """A client that connects and never reads."""
    host, port = url.removeprefix("ws://").partition("/")[0].split(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect((host, int(port)))
    client.sendall(
        b"GET /ws/sync?tenant_id=alice&instance_id=frozen HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-API-Key: token-alice\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    return client


@requirement("realtime:slow")
def test_a_frozen_socket_is_closed_with_1013_and_delays_nobody(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SEND_SECONDS", 0.3)

    async def talk() -> None:
        client = frozen_client(server.url)
        async with listening(server, "healthy") as healthy:
            memory, rounds = speaker(server), 0
            while True:
                done = await asyncio.to_thread(
                    memory.learn_many, [{"user_message": f"{'x' * 4_000} {rounds} {each}"} for each in range(100)]
                )
                assert done.exchanges == 100
                rounds += 1
                await healthy.until_position(rounds * 100)
                here = await asyncio.to_thread(server.realtime.instances.list, ALICE)
                if [each.instance_id for each in here] == ["healthy"]:
                    break
                assert rounds < 400
        client.settimeout(10)
        received = b""
        while piece := client.recv(1 << 16):
            received += piece
        client.close()
        assert b'"goodbye"' in received
        assert b"\x03\xf5too slow" in received

    asyncio.run(talk())


async def fan_out(server: Served, healthy: int, frozen: int, rounds: int, names: int) -> None:
    """Everybody healthy is told everything, whatever becomes of the frozen."""
    clients = [frozen_client(server.url) for _ in range(frozen)]
    async with AsyncExitStack() as stack:
        ones = [await stack.enter_async_context(listening(server, f"i{number}")) for number in range(healthy)]
        memory = speaker(server)

        async def teach() -> None:
            for number in range(rounds):
                words = " ".join(f"Thing{number}x{each}" for each in range(names))
                await asyncio.to_thread(memory.learn, f"{words} {'x' * 120}")

        async def hear(one: Instance) -> None:
            while len(one.logged) < len(expected):
                await one.next()

        expected: list[str] = []
        teaching = asyncio.create_task(teach())
        hearing = [asyncio.create_task(one.until_position(rounds)) for one in ones]
        await teaching
        await asyncio.gather(*hearing)
        expected = every_event(server)
        await asyncio.gather(*(hear(one) for one in ones))
        for one in ones:
            assert one.logged == expected
    for client in clients:
        client.close()


@requirement("realtime:fan-out")
def test_many_instances_are_told_everything_while_some_are_frozen(server: Served) -> None:
    asyncio.run(fan_out(server, healthy=30, frozen=3, rounds=40, names=4))


@pytest.mark.soak
@requirement("realtime:fan-out")
def test_a_hundred_and_ten_instances_are_told_everything_while_ten_are_frozen(manager: TenantManager) -> None:
    with served(manager) as server:
        asyncio.run(fan_out(server, healthy=110, frozen=10, rounds=1_500, names=2))
