"""Forgetting, retention and order among concepts through the HTTP door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.requirements import requirement

Body = dict[str, Any]  # Any: JSON as it comes off the wire
OTHER = {"X-Tenant-ID": "bob"}


def learn(client: TestClient, text: str, **more: object) -> Body:
    answer = client.post("/v1/learn", json={"user_message": text, "session_id": "s", **more})
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


def forget(client: TestClient, **body: object) -> Body:
    answer = client.post("/v1/forget", json=body)
    assert answer.status_code == 200, answer.text
    told: Body = answer.json()
    return told


def messages(client: TestClient) -> list[str]:
    return [message["text"] for message in client.get("/v1/state").json()["messages"]]


def test_a_dry_run_says_what_would_go_and_keeps_it(client: TestClient) -> None:
    message_id = learn(client, "Minka is my cat")["message_ids"][0]
    learn(client, "The kiln broke")
    planned = forget(client, message_id=message_id, dry_run=True)
    assert (planned["dry_run"], planned["messages"], planned["receipt"]) == (True, 1, None)
    assert messages(client) == ["Minka is my cat", "The kiln broke"]
    done = forget(client, message_id=message_id, reason="asked to")
    assert {name: done[name] for name in ("messages", "concepts", "facts")} == {
        name: planned[name] for name in ("messages", "concepts", "facts")
    }
    assert messages(client) == ["The kiln broke"]
    assert client.post("/v1/recall", json={"message": "Minka"}).json()["concepts"] == []


@pytest.mark.parametrize(
    ("selector", "kind"),
    [
        ({"concept": "Minka"}, "concept"),
        ({"session_id": "cats"}, "session"),
        ({"user_id": "ann"}, "scope"),
        ({"before": "2026-02-01"}, "before"),
    ],
)
def test_each_selector_takes_what_it_names(client: TestClient, selector: Body, kind: str) -> None:
    scope = {"session_id": "cats", "user_id": "ann", "timestamp": "2026-01-01"}
    learn(client, "Minka is my cat", **scope)
    learn(client, "The kiln broke", timestamp="2026-03-01")
    assert forget(client, **selector)["receipt"]["kind"] == kind
    assert messages(client) == ["The kiln broke"]


def test_a_fact_is_forgotten_with_the_messages_that_state_it(client: TestClient) -> None:
    fact_id = learn(client, "I live in Berlin.")["facts"][0]["id"]
    assert forget(client, fact_id=fact_id)["facts"] == 1
    assert messages(client) == []


def test_receipts_are_chained_and_say_when_the_bytes_are_gone(client: TestClient, db_path: Path) -> None:
    for name in ("Minkawordone", "Minkawordtwo"):
        forget(client, message_id=learn(client, f"{name} is my cat")["message_ids"][0], reason="asked to")
    assert client.post("/v1/scrub").json() == {"scrubbed": True}
    receipts = client.get("/v1/receipts").json()["receipts"]
    assert [(receipt["number"], receipt["reason"]) for receipt in receipts] == [(1, "asked to"), (2, "asked to")]
    assert receipts[1]["previous_hash"] == receipts[0]["hash"]
    assert all(receipt["scrubbed_at"] >= receipt["erased_at"] for receipt in receipts)
    assert client.get("/v1/receipts", params={"after": 1}).json()["receipts"] == receipts[1:]
    report = client.get("/v1/receipts/verify", params={"head": receipts[1]["hash"]}).json()
    assert report == {"receipts": 2, "head": receipts[1]["hash"], "sound": True, "problems": []}
    dropped = client.get("/v1/receipts/verify", params={"head": "f" * 64}).json()
    assert (dropped["sound"], len(dropped["problems"])) == (False, 1)
    for path in db_path.parent.iterdir():
        assert b"Minkaword" not in path.read_bytes(), path


def test_retention_is_replaced_whole_and_swept_by(client: TestClient) -> None:
    default = client.get("/v1/retention").json()
    assert default == {
        "message_days": None,
        "history_days": 365,
        "consolidate_after_days": None,
        "keep_originals": True,
    }
    learn(client, "An old thing", timestamp="2020-01-01")
    learn(client, "A new thing", timestamp="9000-01-01")
    told = client.put("/v1/retention", json={"message_days": 30, "history_days": None}).json()
    assert told == {**default, "message_days": 30, "history_days": None}
    assert client.get("/v1/retention").json() == told
    assert client.post("/v1/sweep").json() == {"expired": 1, "wordings": 0, "consolidated": 0}
    assert messages(client) == ["A new thing"]
    assert client.put("/v1/retention", json={}).json() == default


def test_old_sessions_are_summed_up(client: TestClient) -> None:
    learn(client, "We decided to use PostgreSQL for Aurora.", timestamp="2026-01-01")
    done = client.post("/v1/consolidate", json={"before": "2026-02-01"}).json()["sessions"]
    assert [(each["session_id"], each["messages"], each["originals_kept"]) for each in done] == [("s", 1, True)]
    assert "We decided to use PostgreSQL for Aurora." in messages(client)[1]
    assert client.post("/v1/consolidate").json()["sessions"] == []


def test_concepts_are_merged_renamed_and_set_back(client: TestClient) -> None:
    learn(client, "Kubernetes restarts Aurora. K8s restarts Kafka.")
    merged = client.post("/v1/concepts/merge", json={"name": "K8s", "into": "Kubernetes"}).json()
    assert merged["concept"]["name"] == "Kubernetes"
    names = {entity["name"] for entity in client.get("/v1/entities").json()["entities"]}
    assert "K8s" not in names
    assert client.post("/v1/undo", json={"seq": merged["seq"]}).json()["seq"] > merged["seq"]
    assert "K8s" in {entity["name"] for entity in client.get("/v1/entities").json()["entities"]}
    renamed = client.post("/v1/concepts/rename", json={"name": "Aurora", "new_name": "Project Dawn"}).json()
    assert renamed["concept"]["name"] == "Project Dawn"
    taken = client.post("/v1/concepts/rename", json={"name": "Kafka", "new_name": "Kubernetes"})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    assert client.post("/v1/undo", json={"seq": merged["seq"]}).status_code == 404


@requirement("recall:tenant:isolation", "api:problems")
def test_nothing_of_another_tenant_can_be_forgotten(client: TestClient) -> None:
    learned = learn(client, "I live in Berlin.", session_id="talks")
    client.post("/v1/learn", json={"user_message": "I live in Oslo."}, headers=OTHER)
    message_id, fact_id = learned["message_ids"][0], learned["facts"][0]["id"]
    for selector, unknown in (
        ({"message_id": message_id}, {"message_id": message_id[:-1] + "x"}),
        ({"fact_id": fact_id}, {"fact_id": fact_id[:-1] + "."}),
        ({"session_id": "talks"}, {"session_id": "walks"}),
        ({"concept": "Berlin"}, {"concept": "Bern"}),
    ):
        foreign, missing = (client.post("/v1/forget", json=body, headers=OTHER) for body in (selector, unknown))
        assert foreign.status_code == missing.status_code == 404, foreign.text
        (own,), (other,) = selector.values(), unknown.values()
        assert foreign.json()["detail"].replace(own, other) == missing.json()["detail"]
    assert forget(client, before="1999-01-01")["messages"] == 0
    assert messages(client) == ["I live in Berlin."]
    assert client.get("/v1/receipts", headers=OTHER).json()["receipts"] == []
    merge = {"name": "Berlin", "into": "Oslo"}
    assert client.post("/v1/concepts/merge", json=merge, headers=OTHER).status_code == 404


@requirement("api:problems")
@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "forget", {}, "forget"),
        ("POST", "forget", {"message_id": "a", "concept": "b"}, "forget"),
        ("POST", "forget", {"session_id": "s", "user_id": "u"}, "forget"),
        ("POST", "forget", {"mesage_id": "a"}, "mesage_id"),
        ("POST", "forget", {"message_id": "x" * 10_240}, "message_id"),
        ("POST", "forget", {"before": "2026-02-30"}, "before"),
        ("POST", "forget", {"before": "2026-02-01", "reason": "x" * 2_000}, "reason"),
        ("POST", "forget", {"before": "2026-02-01", "dry_run": "yes"}, "dry_run"),
        ("PUT", "retention", {"message_days": 0}, "message_days"),
        ("PUT", "retention", {"history_days": 36_501}, "history_days"),
        ("PUT", "retention", {"message_days": "30"}, "message_days"),
        ("PUT", "retention", {"days": 30}, "days"),
        ("POST", "consolidate", {"before": "soon"}, "before"),
        ("POST", "consolidate", {"limit": 0}, "limit"),
        ("POST", "undo", {"seq": 0}, "seq"),
        ("POST", "undo", {"seq": "1"}, "seq"),
        ("POST", "concepts/merge", {"name": "Kiln"}, "into"),
        ("POST", "concepts/merge", {"name": "Kiln", "into": "kilns"}, "into"),
        ("POST", "concepts/rename", {"name": "", "new_name": "b"}, "name"),
        ("POST", "concepts/rename", {"name": "Kiln", "new_name": "x" * 10_240}, "new_name"),
        ("GET", "receipts?limit=1001", None, "limit"),
        ("GET", "receipts?first=1", None, "first"),
    ],
)
def test_bad_wishes_are_refused_by_field_and_nothing_goes(
    client: TestClient, method: str, path: str, body: Body | None, field: str
) -> None:
    learn(client, "The Kiln broke", timestamp="2026-01-01")
    answer = client.request(method, f"/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert messages(client) == ["The Kiln broke"]
    assert client.get("/v1/receipts").json()["receipts"] == []


def test_a_rebuild_says_how_much_it_folded(client: TestClient) -> None:
    client.post("/v1/learn", json={"user_message": "I live in Berlin"})
    assert client.post("/v1/rebuild").json() == {"entries": 1, "exchanges": 1}
