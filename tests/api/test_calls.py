"""How calls are conducted: who may do what, for which tenant, how often, once under one key, and written down."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from continuum.api.openapi import describe
from continuum.api.operations import OPERATIONS
from continuum.api.server import create_app
from continuum.compliance.audit import PLATFORM
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.ids import TenantId
from continuum.runtime.service import Runtime, open_runtime
from tests.requirements import requirement

OPERATOR = "the-operator-of-the-platform-0123456789"
OPEN_PATHS = {"/v1/health", "/v1/health/live", "/v1/health/ready"}


@dataclass(frozen=True, slots=True)
class Service:
    """A service that asks for keys."""

    runtime: Runtime
    client: TestClient

    def key(self, tenant: str, role: str = "service", **more: object) -> str:
        """A new key of a tenant."""
        body = {"role": role, **more}
        made = self.client.post("/v1/admin/api-keys", json=body, headers=operator(tenant))
        assert made.status_code == 201, made.text
        key: str = made.json()["api_key"]
        return key

    def learn(self, key: str, text: str, **headers: str) -> Any:  # Any: the test client names no type
        return self.client.post("/v1/learn", json={"user_message": text}, headers={"X-API-Key": key, **headers})

    def entries(self, tenant: str) -> list[tuple[str, str, str]]:
        """Actor, action and outcome of each row of a tenant's audit log."""
        self.runtime.refusals.flush()
        return [(row.actor, row.action, row.outcome) for row in self.runtime.audit.rows(TenantId(tenant))]


def operator(tenant: str | None = None) -> dict[str, str]:
    """The operator's headers."""
    return {"X-API-Key": OPERATOR} | ({} if tenant is None else {"X-Tenant-ID": tenant})


ServiceOf = Callable[..., Service]


@pytest.fixture
def service_of(db_path: Path) -> Iterator[ServiceOf]:
    """Makes a service with settings of the test's own."""
    opened: list[Runtime] = []

    def make(**settings: object) -> Service:
        config = MemoryConfig(db_path=db_path, require_api_key=True, api_key=Secret(OPERATOR), **settings)  # type: ignore[arg-type]  # settings of a case
        runtime = open_runtime(config)
        opened.append(runtime)
        return Service(runtime, TestClient(create_app(runtime), raise_server_exceptions=False))

    yield make
    for runtime in opened:
        runtime.close()


@pytest.fixture
def service(service_of: ServiceOf) -> Service:
    return service_of()


# -- who


@requirement("service:keys")
def test_a_key_opens_its_tenant_and_no_other(service: Service) -> None:
    alice, bob = service.key("alice"), service.key("bob")
    assert service.learn(alice, "The Harborview plan is secret").status_code == 200
    asked = {"message": "Harborview plan"}
    found = service.client.post("/v1/recall", json=asked, headers={"X-API-Key": alice}).json()
    assert len(found["memories"]) == 1
    other = service.client.post("/v1/recall", json=asked, headers={"Authorization": f"Bearer {bob}"}).json()
    assert (other["memories"], other["tenant_id"]) == ([], "bob")


@requirement("service:keys")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "ck_test_aaaabbbbccccmfwgsy3f_" + "x" * 43},
        {"X-API-Key": "nonsense"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": f"Bearer {OPERATOR}x"},
    ],
)
def test_without_a_credential_that_counts_nothing_is_told(service: Service, headers: dict[str, str]) -> None:
    answers = [
        service.client.request(method, path.format(**dict.fromkeys(NAMES, "x")), headers=headers)
        for method, path in OPERATIONS
        if path != "/metrics"
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"authentication"}
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)


NAMES = ("message_id", "session_id", "entity_id", "fact_id", "quarantine_id", "key", "tenant")


def test_several_credentials_are_refused(service: Service) -> None:
    key = service.key("alice")
    both = {"X-API-Key": key, "Authorization": f"Bearer {key}"}
    assert service.client.get("/v1/stats", headers=both).status_code == 401


@requirement("service:keys")
def test_a_key_that_was_revoked_is_refused_at_once(service: Service) -> None:
    key = service.key("alice")
    listed = service.client.get("/v1/admin/api-keys", headers=operator("alice")).json()["api_keys"]
    assert service.client.get("/v1/stats", headers={"X-API-Key": key}).status_code == 200
    revoked = service.client.delete(f"/v1/admin/api-keys/{listed[0]['id']}", headers=operator("alice"))
    assert revoked.json() == {"id": listed[0]["id"], "revoked": True}
    assert service.client.get("/v1/stats", headers={"X-API-Key": key}).status_code == 401
    again = service.client.delete(f"/v1/admin/api-keys/{key}", headers=operator("alice"))  # the key itself names it too
    assert again.json() == {"id": listed[0]["id"], "revoked": False}
    assert service.client.delete("/v1/admin/api-keys/unknown", headers=operator("alice")).status_code == 404
    other = service.client.delete(f"/v1/admin/api-keys/{listed[0]['id']}", headers=operator("bob"))
    assert other.status_code == 404
    assert all(key not in json.dumps(row) for row in service.runtime.audit.export(TenantId("alice")))


@requirement("service:roles")
@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("reader", {"recall"}),
        ("member", {"recall", "learn"}),
        ("service", {"recall", "learn", "forget", "export"}),
        ("admin", {"recall", "learn", "forget", "export", "keys", "audit", "rebuild"}),
        ("owner", {"recall", "learn", "forget", "export", "keys", "audit", "rebuild"}),
    ],
)
def test_a_role_may_do_what_it_says_and_no_more(service: Service, role: str, allowed: set[str]) -> None:
    headers = {"X-API-Key": service.key("alice", role)}
    client = service.client
    calls: dict[str, Callable[[], Any]] = {  # Any: responses
        "recall": lambda: client.post("/v1/recall", json={"message": "hello"}, headers=headers),
        "learn": lambda: client.post("/v1/learn", json={"user_message": "hello"}, headers=headers),
        "forget": lambda: client.post("/v1/forget", json={"session_id": "s", "dry_run": True}, headers=headers),
        "export": lambda: client.get("/v1/export", headers=headers),
        "keys": lambda: client.get("/v1/admin/api-keys", headers=headers),
        "audit": lambda: client.get("/v1/audit", headers=headers),
        "rebuild": lambda: client.post("/v1/rebuild", headers=headers),
        "tenants": lambda: client.get("/v1/admin/tenants", headers=headers),
    }
    assert {name for name, call in calls.items() if call().status_code != 403} == allowed


def test_nobody_makes_a_key_that_may_do_more_than_they_may(service: Service) -> None:
    admin = {"X-API-Key": service.key("alice", "admin")}
    assert service.client.post("/v1/admin/api-keys", json={"role": "owner"}, headers=admin).status_code == 403
    assert service.client.post("/v1/admin/api-keys", json={"role": "operator"}, headers=admin).status_code == 403
    assert service.client.post("/v1/admin/api-keys", json={"role": "member"}, headers=admin).status_code == 201
    narrow = {"X-API-Key": service.key("alice", "admin", scopes=["keys:manage"])}
    assert service.client.post("/v1/admin/api-keys", json={"role": "reader"}, headers=narrow).status_code == 403


# -- for whom


@requirement("service:tenant-agrees")
@pytest.mark.parametrize("where", ["header", "query", "header in another case", "both"])
def test_a_tenant_that_is_named_must_be_the_credentials(service: Service, where: str) -> None:
    headers, query = {"X-API-Key": service.key("alice")}, {}
    if where == "query":
        query["tenant_id"] = "bob"
    else:
        headers["x-tenant-id" if "case" in where else "X-Tenant-ID"] = "bob" if where != "both" else "alice"
    if where == "both":
        query["tenant_id"] = "bob"
    answer = service.client.get("/v1/stats", headers=headers, params=query)
    assert answer.status_code == (422 if where == "both" else 403)
    if where != "both":
        assert service.entries("alice")[-1][1:] == ("stats", "permission_denied")
    own = {"X-API-Key": headers["X-API-Key"], "X-Tenant-ID": "alice"}
    assert service.client.get("/v1/stats", headers=own).status_code == 200


@requirement("service:operator")
def test_an_operator_names_the_tenant_and_is_written_down(service: Service) -> None:
    assert service.client.get("/v1/stats", headers=operator()).json()["field"] == "tenant_id"
    assert service.client.get("/v1/stats", headers=operator("alice")).status_code == 200
    assert ("operator", "stats", "done") in service.entries("alice")
    assert service.client.get("/v1/stats", headers=operator(PLATFORM)).status_code == 422
    assert service.client.get("/v1/audit", headers=operator(PLATFORM)).status_code == 200


@requirement("service:tenants")
def test_tenants_are_made_listed_and_limited_by_the_operator(service: Service) -> None:
    client = service.client
    body = {"tenant_id": "alice", "metadata": {"plan": "small"}, "limits": {"messages_max": 2}}
    made = client.post("/v1/admin/tenants", json=body, headers=operator())
    assert (made.status_code, made.json()["limits"]["messages_max"]) == (201, 2)
    assert client.post("/v1/admin/tenants", json=body, headers=operator()).status_code == 409
    assert client.post("/v1/admin/tenants", json={"tenant_id": PLATFORM}, headers=operator()).status_code == 422
    for name in ("bob", "carol"):
        client.post("/v1/admin/tenants", json={"tenant_id": name}, headers=operator())
    first = client.get("/v1/admin/tenants", params={"limit": 2}, headers=operator()).json()
    rest = client.get("/v1/admin/tenants", params={"cursor": first["next_cursor"]}, headers=operator()).json()
    assert [each["tenant_id"] for each in (*first["tenants"], *rest["tenants"])] == ["alice", "bob", "carol"]
    assert client.get("/v1/admin/tenants/nobody", headers=operator()).status_code == 404
    assert [row[1] for row in service.entries(PLATFORM)].count("tenants.create") == 5


@requirement("service:quotas")
def test_a_tenant_holds_no_more_than_it_may(service: Service) -> None:
    service.client.post("/v1/admin/tenants", json={"tenant_id": "alice"}, headers=operator())
    limits = {"messages_max": 2, "bytes_max": 30}
    service.client.put("/v1/admin/tenants/alice/limits", json=limits, headers=operator())
    key = service.key("alice")
    first = service.learn(key, "twelve bytes")
    assert first.status_code == 200
    refused = service.learn(key, "thirty bytes would be too many")
    assert (refused.status_code, refused.json()["code"]) == (403, "quota_exceeded")
    assert "bytes_max is 30" in refused.json()["detail"]
    assert service.learn(key, "another").status_code == 200
    assert "messages_max is 2" in service.learn(key, "a third").json()["detail"]
    told = service.client.get("/v1/limits", headers={"X-API-Key": key}).json()
    assert told["held"] == {"messages": 2, "bytes": 19}
    gone = service.client.delete(f"/v1/memories/{first.json()['message_ids'][0]}", headers={"X-API-Key": key})
    assert gone.status_code == 200
    assert service.learn(key, "room again").status_code == 200


# -- how often


@requirement("service:limits")
def test_too_many_requests_are_told_when_to_go_on(service_of: ServiceOf) -> None:
    service = service_of(rate_per_minute=5)
    key = {"X-API-Key": service.key("alice")}
    answers = [service.client.get("/v1/stats", headers=key) for _ in range(7)]
    assert [each.status_code for each in answers] == [200] * 5 + [429] * 2
    assert answers[0].headers["ratelimit-policy"] == '"credential";q=5;w=60, "tenant";q=60000;w=60'
    assert answers[0].headers["ratelimit"].startswith('"credential";r=4;t=')
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["code"] == "rate_limited"
    assert service.client.get("/v1/stats", headers={"X-API-Key": service.key("bob")}).status_code == 200


@requirement("service:limits")
def test_other_keys_names_and_cases_do_not_lift_a_tenants_limit(service_of: ServiceOf) -> None:
    service = service_of()
    service.client.post("/v1/admin/tenants", json={"tenant_id": "alice", "limits": {"requests_per_minute": 10}},
                        headers=operator())  # fmt: skip
    keys = [service.key("alice") for _ in range(2)]  # the operator's own calls for the tenant count too
    answers = [
        service.client.get(path, headers={"X-API-Key": keys[number % 2], "X-Forwarded-For": f"10.0.0.{number}"})
        for number, path in enumerate(["/v1/stats", "/v1/stats?", "/v1/stats?tenant_id=alice"] * 5)
    ]
    assert sum(each.status_code == 200 for each in answers) <= 10
    assert answers[-1].status_code == 429


# -- once


@requirement("service:idempotency")
def test_the_same_key_gives_one_effect_and_the_same_answer(service: Service) -> None:
    key = service.key("alice")
    first = service.learn(key, "I prefer FastAPI", **{"Idempotency-Key": "k1"})
    again = service.learn(key, "I prefer FastAPI", **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = service.learn(key, "I prefer Django", **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert service.learn(service.key("bob"), "Mine", **{"Idempotency-Key": "k1"}).status_code == 200
    assert service.client.get("/v1/stats", headers={"X-API-Key": key}).json()["messages"] == 1


@requirement("service:idempotency")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/learn", {"user_message": "Aurora runs on Kafka"}),
        ("/v1/turn", {"user_message": "What is Aurora?", "ai_response": "A project."}),
        ("/v1/learn/batch", {"exchanges": [{"user_message": "one"}, {"user_message": "two"}]}),
        ("/v1/facts", {"facts": [{"subject": "user", "attribute": "lives in", "value": "Porto"}]}),
        ("/v1/entities", {"name": "Aurora", "entity_type": "project"}),
        ("/v1/links", {"a": "Aurora", "b": "Kafka", "link_type": "uses"}),
        ("/v1/quarantines", {"reason": "x", "origin": "tool", "dry_run": False}),
        ("/v1/rebuild", None),
    ],
)
def test_every_write_takes_a_key(service: Service, path: str, body: object) -> None:
    headers = {"X-API-Key": service.key("alice", "admin"), "Idempotency-Key": "k" * 255}
    service.client.post("/v1/learn", json={"user_message": "before"}, headers={"X-API-Key": headers["X-API-Key"]})
    before = service.client.get("/v1/stats", headers=headers).json()["log_position"]
    first = service.client.post(path, json=body, headers=headers)
    assert first.status_code < 300, first.text
    position = service.client.get("/v1/stats", headers=headers).json()["log_position"]
    again = service.client.post(path, json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert service.client.get("/v1/stats", headers=headers).json()["log_position"] == position >= before


@requirement("service:idempotency")
def test_fifty_callers_with_one_key_have_one_effect(service: Service) -> None:
    key, statuses, bodies = service.key("alice"), [], set()
    barrier = threading.Barrier(10)

    def call(_: int) -> None:
        barrier.wait(10)
        for _ in range(5):
            answer = service.learn(key, "Said at once by many", **{"Idempotency-Key": "one"})
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                bodies.add(answer.content)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(call, range(10)))
    assert set(statuses) <= {200, 409}
    assert len(bodies) == 1
    assert service.client.get("/v1/stats", headers={"X-API-Key": key}).json()["messages"] == 1


@requirement("service:idempotency")
def test_an_answer_that_was_lost_after_the_commit_has_no_second_effect(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = service.key("alice", "admin")
    headers = {"X-API-Key": admin, "Idempotency-Key": "k"}
    with monkeypatch.context() as patched:
        patched.setattr("continuum.api.conduct.keep_answer", _broken)  # as if the process had been killed there
        for path, body in (("/v1/learn", {"user_message": "said once"}), ("/v1/entities", {"name": "Aurora"})):
            keyed = {**headers, "Idempotency-Key": path}
            assert service.client.post(path, json=body, headers=keyed).status_code == 500
    position = service.client.get("/v1/stats", headers=headers).json()["log_position"]
    learnt = service.client.post(
        "/v1/learn", json={"user_message": "said once"}, headers={**headers, "Idempotency-Key": "/v1/learn"}
    )
    assert (learnt.status_code, learnt.json()["duplicate"]) == (200, True)
    made = service.client.post(
        "/v1/entities", json={"name": "Aurora"}, headers={**headers, "Idempotency-Key": "/v1/entities"}
    )
    assert (made.status_code, made.json()["code"]) == (409, "idempotency_answer_lost")
    assert service.client.get("/v1/stats", headers=headers).json()["log_position"] == position


def _broken(*_: object) -> None:
    raise OSError("killed")


@requirement("service:idempotency")
def test_an_answer_that_quotes_what_was_forgotten_is_not_given_again(service: Service) -> None:
    headers = {"X-API-Key": service.key("alice"), "Idempotency-Key": "k"}
    secret = service.learn(headers["X-API-Key"], "The spare key hangs behind the barrel").json()["message_ids"][0]
    body = {"user_message": "Where does the spare key hang?"}
    assert "barrel" in service.client.post("/v1/turn", json=body, headers=headers).text
    service.client.delete(f"/v1/memories/{secret}", headers={"X-API-Key": headers["X-API-Key"]})
    assert "barrel" not in service.client.post("/v1/turn", json=body, headers=headers).text


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_of_another_form_is_refused(service: Service, key: str) -> None:
    answer = service.learn(service.key("alice"), "hello", **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


# -- written down


@requirement("service:audit")
def test_what_was_done_and_refused_is_written_down_with_its_effect(service: Service) -> None:
    reader, writer = service.key("alice", "reader"), service.key("alice")
    service.learn(writer, "hello")
    service.learn(reader, "not mine to say")
    service.client.get("/v1/export", headers={"X-API-Key": writer})
    service.client.post("/v1/recall", json={"message": "x"}, headers={"X-API-Key": writer})
    service.client.post("/v1/recall", json={"message": "x"}, headers={"X-API-Key": "ck_wrong"})
    told = [entry[1:] for entry in service.entries("alice")]
    assert sorted(told) == sorted(
        [("keys.create", "done")] * 2 + [("learn", "done"), ("export", "done"), ("learn", "permission_denied")]
    )
    assert ("unknown", "recall", "authentication") in service.entries(PLATFORM)
    assert service.runtime.audit.verify(TenantId("alice")).is_whole


@requirement("service:audit")
def test_reads_are_written_down_where_the_tenant_asks_for_it(service: Service) -> None:
    body = {"tenant_id": "alice", "limits": {"audit_reads": True}}
    service.client.post("/v1/admin/tenants", json=body, headers=operator())
    key = service.key("alice")
    service.client.post("/v1/recall", json={"message": "x"}, headers={"X-API-Key": key})
    assert service.entries("alice")[-1][1:] == ("recall", "done")


@requirement("service:audit")
def test_a_flood_of_refusals_is_one_row_with_its_number(service: Service) -> None:
    for _ in range(50):
        service.client.get("/v1/stats", headers={"X-API-Key": "ck_wrong"})
    service.runtime.refusals.flush()
    rows = list(service.runtime.audit.rows(PLATFORM))
    assert sum(json.loads(row.details).get("times", 1) for row in rows) == 50
    assert len(rows) <= 5


def test_the_tenant_reads_its_own_log_by_pages(service: Service) -> None:
    admin = service.key("alice", "admin")
    for number in range(5):
        service.learn(admin, f"note {number}")
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({} if cursor is None else {"cursor": cursor})
        page = service.client.get("/v1/audit", params=params, headers={"X-API-Key": admin}).json()
        seen += [entry["number"] for entry in page["entries"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(1, len(seen) + 1))
    assert service.client.get("/v1/audit/verify", headers={"X-API-Key": admin}).json()["is_whole"]


# -- the table


def test_every_route_stands_in_the_table(service: Service) -> None:
    described = describe(service.client.app)  # type: ignore[arg-type]  # the application it was made with
    routes = {
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method in methods
        if path not in OPEN_PATHS
    }
    assert routes == set(OPERATIONS)


def test_the_same_answer_is_not_sent_twice(service: Service) -> None:
    headers = {"X-API-Key": service.key("alice")}
    first = service.client.get("/v1/stats", headers=headers)
    assert (
        service.client.get("/v1/stats", headers={**headers, "If-None-Match": first.headers["etag"]}).status_code == 304
    )
    service.learn(headers["X-API-Key"], "new")
    changed = service.client.get("/v1/stats", headers={**headers, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
