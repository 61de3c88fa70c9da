"""Live sync and merging through the service's own doors."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.realtime.abortable_protocol import AbortableProtocol
from continuum.runtime.service import open_runtime
from tests.realtime.served import Instance, running
from tests.requirements import requirement

OPERATOR = "an-operators-key-of-32-characters-or-more"


@contextmanager
def service(db_path: Path, **settings: object) -> Iterator[tuple[str, httpx.Client]]:
    """The whole service on a port of its own; its address without a scheme, and a client."""
    with open_runtime(MemoryConfig(db_path=db_path, **settings)) as runtime:  # type: ignore[arg-type]  # by name
        config = uvicorn.Config(
            create_app(runtime), port=0, log_level="error", ws=AbortableProtocol, ws_ping_interval=None, lifespan="off"
        )
        with running(uvicorn.Server(config), runtime.realtime) as (port, _):
            place = f"127.0.0.1:{port}"
            with httpx.Client(base_url=f"http://{place}") as client:
                yield place, client


@pytest.fixture
def open_service(db_path: Path) -> Iterator[tuple[str, httpx.Client]]:
    with service(db_path) as found:
        yield found


@requirement("realtime:events", "coordination:instances")
def test_what_is_learnt_over_http_is_told_to_those_who_listen(open_service: tuple[str, httpx.Client]) -> None:
    place, client = open_service

    async def talk() -> None:
        url = f"ws://{place}/ws/sync?tenant_id=alice&instance_id=laptop&session_id=s1"
        async with connect(url) as socket:
            laptop = Instance(socket)
            assert (await laptop.next())["event_type"] == "welcome"
            learnt = await asyncio.to_thread(
                client.post, "/v1/learn", json={"user_message": "Kafka runs"}, headers={"X-Tenant-ID": "alice"}
            )
            assert learnt.status_code == 200
            added = await laptop.until_kind("memory_added")
            assert added["data"]["memory_id"] == learnt.json()["message_ids"][0]
            here = await asyncio.to_thread(client.get, "/v1/instances", headers={"X-Tenant-ID": "alice"})
            (body,) = here.json()["instances"]
            assert (body["instance_id"], body["state"], body["session_id"]) == ("laptop", "here", "s1")
            others = await asyncio.to_thread(client.get, "/v1/instances", headers={"X-Tenant-ID": "bob"})
            assert others.json()["instances"] == []

    asyncio.run(talk())
    page = {"everyone": "true", "limit": "1"}
    deadline = time.monotonic() + 20
    while True:  # the server writes that it left once it sees the socket gone
        gone = client.get("/v1/instances", params=page, headers={"X-Tenant-ID": "alice"}).json()
        if [each["state"] for each in gone["instances"]] == ["left"]:
            break
        assert time.monotonic() < deadline
    page["cursor"] = gone["next_cursor"]
    assert client.get("/v1/instances", params=page, headers={"X-Tenant-ID": "alice"}).json()["instances"] == []
    assert client.get("/v1/instances", params=page, headers={"X-Tenant-ID": "bob"}).status_code == 404


@requirement("coordination:sync")
def test_what_was_learnt_apart_is_merged_over_http(open_service: tuple[str, httpx.Client]) -> None:
    _, client = open_service
    learnt = {
        "number": 1,
        "messages": [{"role": "user", "text": "Aurora runs on Kafka"}],
        "timestamp": "2026-03-01T12:00:00Z",
        "session_id": "s1",
        "metadata": {"from": "train"},
    }
    body = {"instance_id": "laptop", "after_seq": 0, "learnt": [learnt, {**learnt, "number": 2, "messages": []}]}
    first, again = (client.post("/v1/sync", json=body).json() for _ in range(2))
    assert [each["duplicate"] for each in (first["merged"][0], again["merged"][0])] == [False, True]
    assert [each["error"] for each in first["merged"]] == ["", "invalid_input"]
    (change,) = again["changes"]
    assert (change["seq"], change["said"]["instance_id"], again["position"]) == (1, "laptop", 1)
    for wrong in ({"timestamp": "yesterday"}, {"number": -1}, {"session_id": None}):
        answer = client.post("/v1/sync", json={**body, "learnt": [{**learnt, **wrong}]})
        assert answer.status_code == 422
    assert client.post("/v1/sync", json={**body, "after_seq": 99}).status_code == 409


@requirement("realtime:hand-shake", "realtime:isolation")
def test_a_socket_needs_a_credential_of_its_tenant(db_path: Path) -> None:
    codes: set[str] = set()

    async def status(place: str, query: str, headers: dict[str, str]) -> int:
        try:
            async with connect(f"ws://{place}/ws/sync?{query}", additional_headers=headers) as socket:
                told = json.loads(await asyncio.wait_for(socket.recv(), 20))
                assert told["event_type"] == "welcome"
                return 101
        except InvalidStatus as refused:
            codes.add(json.loads(refused.response.body)["code"])
            return refused.response.status_code

    with service(db_path, require_api_key=True, api_key=Secret(OPERATOR)) as (place, client):
        operator = {"X-API-Key": OPERATOR, "X-Tenant-ID": "alice"}
        made = client.post("/v1/admin/api-keys", json={"name": "laptop", "role": "member"}, headers=operator)
        assert made.status_code < 300, made.text
        reader = client.post("/v1/admin/api-keys", json={"name": "eyes", "role": "reader"}, headers=operator)
        key = {"X-API-Key": made.json()["api_key"]}
        alice, bob = "tenant_id=alice&instance_id=a", "tenant_id=bob&instance_id=a"
        assert asyncio.run(status(place, alice, {})) == 401
        assert asyncio.run(status(place, alice, {"X-API-Key": "ck_test_wrong_wrong"})) == 401
        assert asyncio.run(status(place, bob, key)) == 403
        assert asyncio.run(status(place, alice, {"X-API-Key": reader.json()["api_key"]})) == 403
        assert asyncio.run(status(place, alice, {**key, "Origin": "https://evil.example"})) == 403
        assert asyncio.run(status(place, alice, key)) == 101
        assert asyncio.run(status(place, alice, {"Authorization": f"Bearer {key['X-API-Key']}"})) == 101
    assert codes == {"authentication", "permission_denied"}


@requirement("realtime:hand-shake")
def test_a_revoked_key_is_heard_of_by_the_socket_that_uses_it(db_path: Path) -> None:
    with service(db_path, require_api_key=True, api_key=Secret(OPERATOR)) as (place, client):
        operator = {"X-API-Key": OPERATOR, "X-Tenant-ID": "alice"}
        made = client.post("/v1/admin/api-keys", json={"name": "laptop", "role": "member"}, headers=operator).json()

        async def talk() -> None:
            url = f"ws://{place}/ws/sync?tenant_id=alice&instance_id=a"
            async with connect(url, additional_headers={"X-API-Key": made["api_key"]}) as socket:
                laptop = Instance(socket)
                await laptop.next()
                revoked = await asyncio.to_thread(client.delete, f"/v1/admin/api-keys/{made['id']}", headers=operator)
                assert revoked.status_code == 200
                closed = asyncio.create_task(laptop.closed())
                for number in range(100):  # 10 seconds, of which it may hear one
                    body = {"user_message": f"Number {number}"}
                    await asyncio.to_thread(client.post, "/v1/learn", json=body, headers=operator)
                    if (await asyncio.wait((closed,), timeout=0.1))[0]:
                        break
                assert (await closed)[0] == 4401

        asyncio.run(talk())
