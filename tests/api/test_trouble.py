"""What the service stands on goes away and comes back: slower, or 503 with `Retry-After`; never wrong, never lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.runtime.service import open_runtime
from tests.redis_servers import OwnRedis, RedisServer, SlowProxy
from tests.requirements import requirement
from tests.servers import OwnPostgres

ASKED = {"message": "Which framework?"}


@pytest.fixture
def redis_server(own_redis: OwnRedis) -> RedisServer:
    return own_redis()


@pytest.fixture
def client(db_path: Path, redis_server: RedisServer) -> Iterator[TestClient]:
    """A service whose cache and limits are in Redis."""
    config = MemoryConfig(db_path=db_path, redis_url=Secret(redis_server.url), cache_enabled=True)
    with open_runtime(config) as runtime:
        yield TestClient(create_app(runtime), base_url="http://127.0.0.1", raise_server_exceptions=False)


def learnt_and_found(client: TestClient, number: int) -> None:
    """What is learnt is found at once, whatever the cache has kept."""
    text = f"I prefer framework number {number}"
    assert client.post("/v1/learn", json={"user_message": text}).status_code == 200
    for _ in range(3):
        answer = client.post("/v1/recall", json={**ASKED, "max_memories": 100})
        assert answer.status_code == 200
        assert text in [memory["passage"] for memory in answer.json()["memories"]]


@requirement("cache:redis-gone")
@pytest.mark.parametrize(
    ("goes", "returns"),
    [(RedisServer.freeze, RedisServer.thaw), (RedisServer.kill, RedisServer.start)],
    ids=["frozen", "killed"],
)
def test_without_redis_the_service_answers_as_before(
    client: TestClient,
    redis_server: RedisServer,
    goes: Callable[[RedisServer], object],
    returns: Callable[[RedisServer], object],
) -> None:
    learnt_and_found(client, 0)
    for round_number in range(1, 4):
        goes(redis_server)
        started = time.monotonic()
        for number in range(5):
            learnt_and_found(client, round_number * 100 + number)
        assert time.monotonic() - started < 20, "a wait for Redis has a bound of milliseconds"
        assert client.get("/v1/health").json()["status"] in ("healthy", "degraded")
        returns(redis_server)
        learnt_and_found(client, round_number * 100 + 50)


def test_a_limit_holds_while_redis_is_away(db_path: Path, redis_server: RedisServer) -> None:
    config = MemoryConfig(
        db_path=db_path,
        redis_url=Secret(redis_server.url),
        require_api_key=True,
        api_key=Secret("k" * 40),
        rate_per_minute=10,
    )
    headers = {"X-API-Key": "k" * 40, "X-Tenant-ID": "alice"}
    with open_runtime(config) as runtime:
        client = TestClient(create_app(runtime))
        statuses = [client.get("/v1/stats", headers=headers).status_code for _ in range(5)]
        redis_server.freeze()
        statuses += [client.get("/v1/stats", headers=headers).status_code for _ in range(10)]
        redis_server.thaw()
    assert statuses.count(200) == 10
    assert set(statuses[10:]) == {429}


def eventually(client: TestClient, seconds: float = 30) -> Any:  # Any: the test client names no type
    """The first answer that is no 503; every other one says when to ask again."""
    deadline = time.monotonic() + seconds
    while (answer := client.post("/v1/recall", json=ASKED)).status_code == 503:
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"].startswith("storage")
        assert time.monotonic() < deadline
    return answer


@requirement("service:pool")
def test_while_the_database_is_away_calls_are_told_to_come_back(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    with open_runtime(MemoryConfig(storage=server.url, postgres_pool_size=2, db_timeout=3)) as runtime:
        client = TestClient(create_app(runtime), base_url="http://127.0.0.1", raise_server_exceptions=False)
        client.post("/v1/learn", json={"user_message": "My framework is FastAPI"})
        assert client.get("/v1/health/ready").status_code == 200
        server.kill()
        answer = client.post("/v1/learn", json={"user_message": "said while it was away"})
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert client.get("/v1/health/live").status_code == 200
        assert client.get("/v1/health/ready").status_code == 503
        server.start()
        assert [each["passage"] for each in eventually(client).json()["memories"]] == ["My framework is FastAPI"]
        assert client.get("/v1/health/ready").status_code == 200


@requirement("service:pool", "service:idempotency")
def test_while_the_database_is_slow_calls_are_told_to_come_back_and_have_one_effect(postgres_url: str) -> None:
    address = urlsplit(postgres_url)
    with SlowProxy(address.port or 5432) as way:
        place = address.netloc.rpartition("@")[0]
        url = address._replace(netloc=f"{place}@127.0.0.1:{way.port}").geturl()
        with open_runtime(MemoryConfig(storage=url, request_seconds=1, realtime_poll_seconds=60)) as runtime:
            client = TestClient(create_app(runtime), base_url="http://127.0.0.1", raise_server_exceptions=False)
            client.post("/v1/learn", json={"user_message": "My framework is FastAPI"})
            for round_number in range(3):
                body = {"user_message": f"said in round {round_number}"}
                keyed = {"Idempotency-Key": f"round-{round_number}"}
                way.delay_seconds = 5.0
                started = time.monotonic()
                answers = [client.post("/v1/learn", json=body, headers=keyed), client.post("/v1/recall", json=ASKED)]
                assert {each.status_code for each in answers} == {503}
                assert all(int(each.headers["retry-after"]) >= 1 for each in answers)
                assert time.monotonic() - started < 10, "each part of a call has a bound of a second"
                way.delay_seconds = 0.0
                while (again := client.post("/v1/learn", json=body, headers=keyed)).status_code in (409, 503):
                    assert int(again.headers["retry-after"]) >= 1
                    assert time.monotonic() - started < 60
                assert again.status_code == 200
            assert eventually(client).status_code == 200
            assert client.get("/v1/stats").json()["messages"] == 4
