"""The HTTP door, through the real application."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from continuum import errors
from continuum.api.errors import STATUS
from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.errors import ConfigurationError, ContinuumError
from continuum.runtime.service import open_runtime
from tests.api.conftest import BASE
from tests.requirements import requirement


@requirement("api:learn", "api:recall", "compat:fault-8")
def test_learn_then_recall_on_a_new_store(client: TestClient) -> None:
    learned = client.post(
        "/v1/learn",
        json={
            "user_message": "I prefer FastAPI for web projects",
            "ai_response": "Noted.",
            "session_id": "s1",
            "speaker": "Ann",
            "metadata": {"ticket": "T-1"},
            "timestamp": "2026-02-03T04:05:06Z",
        },
    )
    assert learned.status_code == 200, learned.text
    answer = client.post("/v1/recall", json={"message": "What web framework should I use?", "now": 1_770_000_000})
    body = answer.json()
    assert body["context"] == body["context_string"]
    memory = body["memories"][0]
    assert memory["id"] == learned.json()["message_ids"][0]
    assert memory["metadata"] == {"ticket": "T-1"}
    assert (memory["session_id"], memory["speaker"]) == ("s1", "Ann")
    assert body["tenant_id"] == "default"


@requirement("api:learn")
def test_learn_takes_a_list_of_messages(client: TestClient) -> None:
    body = {"messages": [{"role": "user", "text": "hello there", "speaker": "Ann"}, {"role": "tool", "text": "42"}]}
    assert len(client.post("/v1/learn", json=body).json()["message_ids"]) == 2


@requirement("api:turn")
def test_turn_answers_with_recall_and_learn(client: TestClient) -> None:
    client.post("/v1/learn", json={"user_message": "Minka is my cat"})
    body = client.post("/v1/turn", json={"user_message": "Who is Minka?", "ai_response": "Your cat."}).json()
    assert body["recall"]["memories"][0]["passage"] == "Minka is my cat"
    assert body["learn"]["seq"] == 3


@requirement("api:stats", "api:entities", "api:health")
def test_stats_entities_and_health(client: TestClient) -> None:
    client.post("/v1/learn", json={"user_message": "Aurora runs on Kubernetes", "session_id": "s"})
    stats = client.get("/v1/stats").json()
    assert stats["messages"] == 1
    listed = client.get("/v1/entities", params={"entity_type": "session"}).json()
    assert [entity["name"] for entity in listed["entities"]] == ["s"]
    assert listed["total"] == stats["entities"]
    health = client.get("/v1/health").json()
    assert (health["status"], health["service"]) == ("healthy", "continuum")


@requirement("api:tenant-header", "recall:tenant:isolation")
def test_the_tenant_header_separates_tenants(client: TestClient) -> None:
    client.post("/v1/learn", json={"user_message": "Secret Harborview plan"}, headers={"X-Tenant-ID": "alice"})
    body = {"message": "Harborview plan"}
    assert client.post("/v1/recall", json=body, headers={"X-Tenant-ID": "bob"}).json()["memories"] == []
    assert client.post("/v1/recall", json=body).json()["memories"] == []
    assert len(client.post("/v1/recall", json=body, headers={"X-Tenant-ID": "alice"}).json()["memories"]) == 1
    refused = client.post("/v1/recall", json=body, headers={"X-Tenant-ID": "a b"})
    assert (refused.status_code, refused.json()["field"]) == (422, "tenant_id")


@requirement("api:loopback-host")
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.1:8420", ""])
def test_a_foreign_host_header_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/v1/health", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@requirement("api:loopback-host")
@pytest.mark.parametrize("host", ["localhost", "localhost:8420", "127.0.0.1:1", "[::1]:8420", "[::1]"])
def test_loopback_hosts_are_served(client: TestClient, host: str) -> None:
    assert client.get("/v1/health", headers={"Host": host}).status_code == 200


@requirement("api:problems", "learn:bad-input")
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b'{"user_message": ""}', 422, "messages"),
        (b'{"user_message": "a", "messages": []}', 422, "user_message"),
        (b"{}", 422, "user_message"),
        (b'{"user_message": "a", "colour": 1}', 422, "colour"),
        (b'{"user_message": 5}', 422, "user_message"),
        (b'{"user_message": "a", "metadata": [1]}', 422, "metadata"),
        (b'{"user_message": "nul \\u0000"}', 422, "messages[0].text"),
        (b'{"user_message": "a", "timestamp": "soon"}', 422, "messages[0].timestamp"),
        (b'{"user_message": "a", "timestamp": "99999999999999"}', 422, "messages[0].timestamp"),
        (b'{"user_message": "a", "timestamp": 1e305}', 422, "messages[0].timestamp"),
        (b'{"user_message": "a", "timestamp": true}', 422, "timestamp"),
        (b'{"user_message": "a", "metadata": {"n": 18446744073709551616}}', 422, None),
        (b'{"user_message": "a \\"1\\"", "metadata": {"n": [1, -9223372036854775809]}}', 422, None),
        (b'{"messages": [{"role": "user", "text": "a"}], "speaker": "Zed"}', 422, "speaker"),
        (b'{"messages": [{"role": "user", "text": "a"}], "timestamp": 5}', 422, "timestamp"),
        (b'{"messages": [{"role": "user", "text": "a"}], "ai_response": "b"}', 422, "ai_response"),
        (b"[1, 2", 422, None),
        (b'{"user_message": "lone \\ud800"}', 422, None),
        (b'{"user_message": NaN}', 422, None),
        (b"[" * 100_000 + b"]" * 100_000, 422, None),
        (b'{"user_message": ' + b"9" * 1_000_000 + b"}", 422, None),
        (b"x" * 5_000_000, 413, None),
    ],
)
def test_bad_bodies_are_refused_as_problems(client: TestClient, body: bytes, status: int, field: str | None) -> None:
    answer = client.post("/v1/learn", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["code"] == ("invalid_input" if status == 422 else "body_too_large")
    if field is not None:
        assert answer.json()["field"] == field
    assert client.get("/v1/stats").json()["messages"] == 0


@requirement("api:problems", "recall:bad-input")
@pytest.mark.parametrize(
    "wrong",
    [{"max_memories": True}, {"max_memories": "5"}, {"max_memories": 1.5}, {"explain": "yes"}, {"roles": "user"}],
)
def test_a_value_of_another_type_is_refused(client: TestClient, wrong: dict[str, object]) -> None:
    answer = client.post("/v1/recall", json={"message": "hello", **wrong})
    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(wrong)))


@requirement("api:learn", "learn:time")
@pytest.mark.parametrize("moment", ["2026-01-01", "20260101", "2026-01-01T00:00:00Z", 1_767_225_600, 1_767_225_600.0])
def test_a_time_means_the_same_as_in_python(client: TestClient, moment: object) -> None:
    client.post("/v1/learn", json={"user_message": "Minka came", "timestamp": moment})
    found = client.post("/v1/recall", json={"message": "Minka", "since": "2026-01-01", "until": 1_767_225_601}).json()
    assert [memory["timestamp"] for memory in found["memories"]] == ["2026-01-01T00:00:00Z"]


@requirement("api:learn")
def test_integers_of_64_bits_and_digits_in_texts_come_back_as_they_went_in(client: TestClient) -> None:
    metadata = {"n": (1 << 64) - 1, "low": -(1 << 63), "f": 1.2345678901234567890123, "text": '"9' * 30, "e": 1e30}
    client.post("/v1/learn", json={"user_message": "Call 12345678901234567890123", "metadata": metadata})
    found = client.post("/v1/recall", json={"message": "call"}).json()["memories"][0]
    assert found["metadata"] == metadata


@requirement("api:tenant-header")
def test_a_tenant_header_that_is_empty_or_given_twice_is_refused(client: TestClient) -> None:
    for headers in ([("X-Tenant-ID", "")], [("X-Tenant-ID", "alice"), ("X-Tenant-ID", "bob")]):
        answer = client.get("/v1/stats", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (422, "tenant_id")


@requirement("api:loopback-host")
def test_two_host_headers_are_refused(client: TestClient) -> None:
    async def scenario() -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]
        scope = {"type": "http", "method": "GET", "path": "/v1/health", "headers": headers, "query_string": b""}
        await client.app(scope, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(scenario()) == 403


@requirement("api:learn")
def test_a_body_whose_sender_left_is_not_learnt(client: TestClient) -> None:
    async def scenario() -> list[Message]:
        sent: list[Message] = []
        coming: list[Message] = [
            {"type": "http.request", "body": b'{"user_message": "half"}', "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Message:
            return coming.pop(0)

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", b"99")]
        scope = {"type": "http", "method": "POST", "path": "/v1/learn", "headers": headers, "query_string": b""}
        await client.app(scope, receive, send)
        return sent

    assert [each["status"] for each in asyncio.run(scenario()) if "status" in each] == [400]
    assert client.get("/v1/stats").json()["messages"] == 0


@requirement("api:health", "api:problems")
def test_a_closed_service_is_unhealthy_and_says_so(db_path: Path) -> None:
    runtime = open_runtime(MemoryConfig(db_path=db_path))
    client = TestClient(create_app(runtime), base_url=BASE, raise_server_exceptions=False)
    runtime.close()
    assert client.get("/v1/health").status_code == 503
    answer = client.post("/v1/learn", json={"user_message": "too late"})
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


@requirement("api:problems")
def test_unknown_paths_and_methods_answer_as_http_says(client: TestClient) -> None:
    unknown, refused = client.get("/v1/nothing"), client.get("/v1/learn")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.json()["code"] == "method_not_allowed"


@requirement("api:error-table")
def test_every_error_class_has_a_status() -> None:
    def tree(root: type[ContinuumError]) -> set[type[ContinuumError]]:
        return {root}.union(*(tree(child) for child in root.__subclasses__()))

    named = {value for value in vars(errors).values() if isinstance(value, type)}
    assert named & tree(ContinuumError) == set(STATUS)


@requirement("api:conflict")
def test_a_reused_idempotency_key_is_a_conflict(client: TestClient) -> None:
    first = client.post("/v1/learn", json={"user_message": "one", "idempotency_key": "k"}).json()
    again = client.post("/v1/learn", json={"user_message": "one", "idempotency_key": "k"}).json()
    assert again["message_ids"] == first["message_ids"]
    assert client.post("/v1/learn", json={"user_message": "two", "idempotency_key": "k"}).status_code == 409


@requirement("api:no-open-server")
@pytest.mark.parametrize("settings", [{"api_host": "0.0.0.0"}, {"env": "staging"}])
def test_an_open_server_is_refused(db_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        open_runtime(MemoryConfig(db_path=db_path, **settings))  # type: ignore[arg-type]  # one setting of a case


@requirement("api:openapi")
def test_the_api_describes_itself(client: TestClient) -> None:
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404  # they load foreign scripts
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) - {"/metrics"} == {
        f"/v1/{path}"
        for path in (
            *("recall", "learn", "turn", "stats", "entities", "health"),
            *("rebuild", "facts", "facts/{fact_id}/retract", "conflicts", "messages/{message_id}"),
            *("diff", "timeline", "state"),
            *("forget", "receipts", "receipts/verify", "scrub", "retention", "sweep", "consolidate"),
            *("concepts/merge", "concepts/rename", "undo"),
            *("quarantines", "quarantines/{quarantine_id}/release", "origins/verify"),
            *("feedback", "ranking", "graph", "graph/prune"),
            *("export", "import", "health/live", "health/ready"),
            *("learn/batch", "memories", "memories/{message_id}", "sessions", "sessions/{session_id}", "decisions"),
            *("entities/search", "entities/{entity_id}", "entities/{entity_id}/history"),
            *("entities/{entity_id}/neighbourhood", "links", "limits", "audit", "audit/verify"),
            *("admin/api-keys", "admin/api-keys/{key}"),
            *("admin/tenants", "admin/tenants/{tenant}", "admin/tenants/{tenant}/limits", "instances", "sync"),
        )
    }
