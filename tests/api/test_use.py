"""Feedback, ranking and the graph through the HTTP door."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.requirements import requirement

Body = dict[str, Any]  # Any: JSON as it comes off the wire
OTHER = {"X-Tenant-ID": "bob"}


def learn(client: TestClient, *texts: str, **more: object) -> None:
    for text in texts:
        answer = client.post("/v1/learn", json={"user_message": text, **more})
        assert answer.status_code == 200, answer.text


def recall(client: TestClient, message: str, **more: object) -> Body:
    answer = client.post("/v1/recall", json={"message": message, "explain": True, **more})
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


@requirement("use:feedback")
def test_feedback_lifts_what_was_used_and_counts_once(client: TestClient) -> None:
    learn(client, *(f"The python script number {number} parses logs." for number in range(8)))
    context = recall(client, "the python")
    wanted = context["memories"][-1]["id"]
    told = client.post("/v1/feedback", json={"recall_id": context["recall_id"], "used": [wanted]})
    assert told.status_code == 200
    assert (told.json()["used"], told.json()["duplicate"]) == (1, False)
    again = client.post("/v1/feedback", json={"recall_id": context["recall_id"], "used": [wanted]})
    assert again.json()["duplicate"] is True
    after = recall(client, "that python")
    assert after["memories"][0]["id"] == wanted
    assert after["explanation"]["weights_in_force"] == "default"


@requirement("use:bad-input")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"recall_id": "forged", "used": ["x"]}, 422),
        ({"recall_id": 7, "used": ["x"]}, 422),
        ({"used": ["x"]}, 422),
        ({"recall_id": "x", "used": "x"}, 422),
        ({"recall_id": "x", "unknown": 1}, 422),
    ],
)
def test_bad_feedback_is_refused_with_a_typed_problem(client: TestClient, body: Body, status: int) -> None:
    learn(client, "The python sleeps.")
    answer = client.post("/v1/feedback", json=body)
    assert answer.status_code == status
    assert answer.json()["code"] == "invalid_input"


@requirement("use:bad-input")
def test_feedback_on_anothers_recall_is_refused(client: TestClient) -> None:
    learn(client, "The python sleeps.")
    client.post("/v1/learn", json={"user_message": "The python sleeps."}, headers=OTHER)
    context = recall(client, "python")
    body = {"recall_id": context["recall_id"], "used": [context["memories"][0]["id"]]}
    assert client.post("/v1/feedback", json=body, headers=OTHER).status_code == 422
    assert client.post("/v1/feedback", json=body).status_code == 200


@requirement("use:ranker")
def test_ranking_is_shown_and_reset(client: TestClient) -> None:
    learn(client, "The python sleeps.", "The python eats.")
    context = recall(client, "python")
    client.post("/v1/feedback", json={"recall_id": context["recall_id"], "used": [context["memories"][0]["id"]]})
    report = client.get("/v1/ranking").json()
    assert (report["feedbacks"], report["in_force"]) == (1, False)
    assert client.delete("/v1/ranking").json()["feedbacks"] == 0


@requirement("use:graph")
def test_the_graph_is_counted_and_pruned(client: TestClient) -> None:
    learn(client, "Aurora runs on Kafka and Kubernetes.", timestamp="2020-01-01")
    stats = client.get("/v1/graph", params={"limit": 2}).json()
    assert (stats["links"], len(stats["most_connected"])) == (3, 2)
    body = {"below": 0.9, "older_than": "2021-01-01"}
    planned = client.post("/v1/graph/prune", json=body).json()
    assert (planned["dry_run"], planned["links"]) == (True, 3)
    done = client.post("/v1/graph/prune", json={**body, "dry_run": False}).json()
    assert (done["dry_run"], done["links"], done["seq"] > 0) == (False, 3, True)
    assert client.get("/v1/graph").json()["links"] == 0
    assert client.post("/v1/graph/prune", json={**body, "below": 2.0}).status_code == 422
