"""Facts and time through the HTTP door."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from continuum.api.routes import looking_back
from tests.requirements import requirement

Body = dict[str, Any]  # Any: JSON as it comes off the wire
OTHER = {"X-Tenant-ID": "bob"}


def learn(client: TestClient, text: str, timestamp: str, **more: object) -> Body:
    answer = client.post("/v1/learn", json={"user_message": text, "timestamp": timestamp, **more})
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


def recall(client: TestClient, message: str, **more: object) -> Body:
    answer = client.post("/v1/recall", json={"message": message, "now": "2026-06-01T00:00:00Z", **more})
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


@pytest.fixture
def moved(client: TestClient) -> tuple[Body, Body]:
    """Berlin from January 2026 on, Lisbon from March on."""
    return (
        learn(client, "I live in Berlin.", "2026-01-10T09:00:00Z"),
        learn(client, "I moved to Lisbon.", "2026-03-01T09:00:00Z"),
    )


@requirement("api:learn", "api:recall")
def test_recall_puts_the_current_fact_first_and_labels_what_it_replaced(
    client: TestClient, moved: tuple[Body, Body]
) -> None:
    assert [fact["status"] for fact in moved[1]["facts"]] == ["replaced", "current"]
    assert moved[1]["facts"][0]["valid_to"] == moved[1]["facts"][1]["valid_from"] == "2026-03-01T09:00:00Z"
    found = recall(client, "Where do I live?")
    assert [(fact["value"], fact["current"]) for fact in found["facts"]] == [("Lisbon", True), ("Berlin", False)]
    assert found["facts"][1]["label"].startswith("until 2026-03-01")
    outdated = {memory["passage"]: memory["outdated"] for memory in found["memories"]}
    assert outdated["I live in Berlin."].startswith("until 2026-03-01")
    assert outdated["I moved to Lisbon."] == ""
    only = recall(client, "Where do I live?", current_only=True)
    assert [fact["value"] for fact in only["facts"]] == ["Lisbon"]


@requirement("api:recall")
def test_both_times_can_be_asked_for(client: TestClient, moved: tuple[Body, Body]) -> None:
    assert recall(client, "Where do I live?", as_of="2026-02-01")["facts"][0]["value"] == "Berlin"
    known = moved[0]["facts"][0]["recorded_at"]
    assert [fact["value"] for fact in recall(client, "Where do I live?", known_at=known)["facts"]] == ["Berlin"]
    listed = client.get("/v1/facts", params={"known_at": known, "subject": "user"}).json()["facts"]
    assert [(fact["value"], fact["status"]) for fact in listed] == [("Berlin", "current")]


@requirement("api:recall")
def test_a_moment_before_the_first_memory_has_an_honest_empty_answer(
    client: TestClient, moved: tuple[Body, Body]
) -> None:
    for moment in ({"as_of": "1999-01-01"}, {"known_at": "1999-01-01"}):
        found = recall(client, "Where do I live?", **moment)
        assert (found["facts"], found["memories"], found["degraded"]) == ([], [], [])
        state = client.get("/v1/state", params=moment)
        assert set(map(len, state.json().values())) == {0}, state.text
    assert client.get("/v1/facts", params={"known_at": "1999-01-01"}).json()["facts"] == []
    current = client.get("/v1/facts", params={"as_of": "1999-01-01", "current_only": True})
    assert current.json()["facts"] == []


def test_facts_are_listed_by_pages(client: TestClient, moved: tuple[Body, Body]) -> None:
    first = client.get("/v1/facts", params={"limit": 1}).json()["facts"]
    second = client.get("/v1/facts", params={"limit": 1, "after": first[0]["id"]}).json()["facts"]
    end = client.get("/v1/facts", params={"after": second[0]["id"]}).json()["facts"]
    assert {fact["value"] for fact in (*first, *second)} == {"Berlin", "Lisbon"}
    assert end == []
    named = client.get("/v1/facts", params={"subject": "User", "attribute": "lives in", "current_only": True})
    assert [fact["value"] for fact in named.json()["facts"]] == ["Lisbon"]


def test_taught_facts_follow_the_same_rules(client: TestClient) -> None:
    first = {"subject": "staging database", "attribute": "port", "value": "5433", "valid_from": "2026-01-01"}
    client.post("/v1/facts", json={"facts": [first]})
    second = {**first, "value": "6000", "valid_from": "2026-02-01", "confidence": 1}
    taught = client.post("/v1/facts", json={"facts": [second]}).json()
    assert [(fact["value"], fact["status"]) for fact in taught["facts"]] == [("5433", "replaced"), ("6000", "current")]
    assert taught["facts"][0]["replaced_by"] == taught["facts"][1]["id"]
    less_trusted = {"facts": [{**first, "value": "7000", "valid_from": "2026-03-01"}], "origin": "tool"}
    assert client.post("/v1/facts", json=less_trusted).status_code == 200
    listed = client.get("/v1/facts", params={"subject": "staging database", "current_only": True}).json()["facts"]
    assert {fact["value"]: fact["status"] for fact in listed} == {"6000": "current", "7000": "disputed"}


def test_a_retracted_fact_gives_its_place_back(client: TestClient, moved: tuple[Body, Body]) -> None:
    lisbon = moved[1]["facts"][1]["id"]
    gone = client.post(f"/v1/facts/{lisbon}/retract", json={"reason": "a joke"}).json()
    assert (gone["status"], gone["reason"]) == ("retracted", "a joke")
    assert recall(client, "Where do I live?")["facts"][0]["value"] == "Berlin"


def test_a_message_worded_anew_teaches_the_new_words(client: TestClient, moved: tuple[Body, Body]) -> None:
    message_id = moved[1]["message_ids"][0]
    revised = client.put(f"/v1/messages/{message_id}", json={"text": "I moved to Faro."}).json()
    assert (revised["id"], revised["text"], revised["metadata"]) == (message_id, "I moved to Faro.", {})
    assert revised["timestamp"] == "2026-03-01T09:00:00Z"
    assert recall(client, "Where do I live?")["facts"][0]["value"] == "Faro"
    before = recall(client, "Where do I live?", known_at=moved[1]["facts"][1]["recorded_at"])
    assert before["facts"][0]["value"] == "Lisbon"


def test_contradictions_are_shown_with_both_sources(client: TestClient) -> None:
    learn(client, "The staging database is on port 5433", "2026-01-01", speaker="Ann")
    learn(client, "The staging database is on port 6000", "2026-01-02", speaker="Ben")
    found = client.get("/v1/conflicts").json()["conflicts"]
    assert [(each["subject"], each["attribute"]) for each in found] == [("staging database", "port")]
    assert {(fact["value"], fact["source"]) for fact in found[0]["facts"]} == {("5433", "Ann"), ("6000", "Ben")}


@requirement("api:learn")
def test_learn_supersedes_by_hand_and_expires(client: TestClient, moved: tuple[Body, Body]) -> None:
    lisbon = moved[1]["facts"][1]["id"]
    learn(client, "We have a new flat.", "2026-04-01", supersedes=lisbon)
    listed = client.get("/v1/facts", params={"subject": "user"}).json()["facts"]
    assert {fact["value"]: fact["status"] for fact in listed}["Lisbon"] == "replaced"
    short = learn(client, "The door code is 4711", "2020-01-01", expires_at="2020-01-02T00:00:00Z")
    assert client.post("/v1/sweep").json()["expired"] == 1
    assert client.put(f"/v1/messages/{short['message_ids'][0]}", json={"text": "x"}).status_code == 404
    unknown = client.post("/v1/learn", json={"user_message": "a", "supersedes": ["nothing"]})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


def test_diff_and_timeline_tell_what_happened(client: TestClient, moved: tuple[Body, Body]) -> None:
    before = moved[0]["facts"][0]["recorded_at"]
    told = client.get("/v1/diff", params={"since": before}).json()
    assert told["learnt"] == moved[1]["message_ids"]
    assert {(each["after"]["value"], each["change"]) for each in told["facts"]} == {
        ("Berlin", "superseded"),
        ("Lisbon", "learnt"),
    }
    assert (told["superseded"], told["truncated"]) == (1, False)
    events = client.get("/v1/timeline", params={"concept": "lisbon"}).json()["events"]
    assert "first mentioned" in {event["kind"] for event in events}
    assert {event["at"] for event in events} == {"2026-03-01T09:00:00Z"}


def test_the_state_of_a_moment_holds_what_was_known_then(client: TestClient, moved: tuple[Body, Body]) -> None:
    now = client.get("/v1/state").json()
    then = client.get("/v1/state", params={"known_at": moved[0]["facts"][0]["recorded_at"]}).json()
    assert [message["text"] for message in now["messages"]] == ["I live in Berlin.", "I moved to Lisbon."]
    assert [message["text"] for message in then["messages"]] == ["I live in Berlin."]
    assert [(fact["value"], fact["status"]) for fact in then["facts"]] == [("Berlin", "current")]


def test_a_state_that_is_too_large_is_refused_with_its_limit(
    client: TestClient, moved: tuple[Body, Body], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = client.get("/v1/stats").json()
    rows = sum(counts[name] for name in ("messages", "entities", "attention_links", "compound_concepts", "decisions"))
    monkeypatch.setattr(looking_back, "STATE_ROWS_MAX", rows)
    assert client.get("/v1/state").status_code == 200
    monkeypatch.setattr(looking_back, "STATE_ROWS_MAX", rows - 1)
    refused = client.get("/v1/state")
    assert (refused.status_code, refused.json()["field"]) == (422, "state")
    assert str(rows - 1) in refused.json()["detail"]


@requirement("recall:tenant:isolation", "api:problems")
def test_ids_of_another_tenant_look_like_unknown_ones(client: TestClient, moved: tuple[Body, Body]) -> None:
    client.post("/v1/learn", json={"user_message": "I live in Oslo."}, headers=OTHER)
    fact_id, message_id = moved[1]["facts"][1]["id"], moved[1]["message_ids"][0]
    for method, path, body in (
        ("POST", "/v1/facts/{}/retract", {"reason": "x"}),
        ("PUT", "/v1/messages/{}", {"text": "I live in Rome."}),
    ):
        own = fact_id if "facts" in path else message_id
        unknown = own[:-1] + ("a" if own[-1] != "a" else "b")
        foreign, missing = (
            client.request(method, path.format(each), json=body, headers=OTHER) for each in (own, unknown)
        )
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json()["detail"].replace(own, unknown) == missing.json()["detail"]
        assert foreign.json().keys() == missing.json().keys()
    superseding = {"user_message": "New flat", "supersedes": [fact_id]}
    assert client.post("/v1/learn", json=superseding, headers=OTHER).status_code == 404
    assert [f["value"] for f in client.get("/v1/facts", headers=OTHER).json()["facts"]] == ["Oslo"]
    assert client.get("/v1/timeline", params={"concept": "Lisbon"}, headers=OTHER).status_code == 404
    assert client.get("/v1/state", headers=OTHER).json()["messages"][0]["text"] == "I live in Oslo."
    assert recall(client, "Where do I live?")["facts"][0]["value"] == "Lisbon"


FACT: Body = {"subject": "cat", "attribute": "name", "value": "Minka"}


@requirement("api:problems")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "facts"),
        ({"facts": []}, "facts"),
        ({"facts": [FACT] * 401}, "facts"),
        ({"facts": [{**FACT, "colour": "grey"}]}, "facts[0].colour"),
        ({"facts": [{"subject": "cat", "attribute": "name"}]}, "facts[0].value"),
        ({"facts": [FACT, {**FACT, "subject": "x" * 10_240}]}, "facts[1].subject"),
        ({"facts": [{**FACT, "value": "  "}]}, "facts[0].value"),
        ({"facts": [{**FACT, "valid_from": "2026-02-30T00:00:00Z"}]}, "facts[0].valid_from"),
        ({"facts": [{**FACT, "valid_from": "2026-02-02", "valid_to": "2026-02-01"}]}, "facts[0].valid_to"),
        ({"facts": [{**FACT, "confidence": 1.5}]}, "facts[0].confidence"),
        ({"facts": [{**FACT, "polarity": "yes"}]}, "facts[0].polarity"),
        ({"facts": [{**FACT, "mode": "retract"}]}, "facts[0].mode"),
        ({"facts": [FACT], "origin": "heaven"}, "origin"),
        ({"facts": [FACT], "user_id": "a b"}, "user_id"),
    ],
)
def test_bad_facts_are_refused_whole(client: TestClient, body: Body, field: str) -> None:
    answer = client.post("/v1/facts", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert client.get("/v1/facts").json()["facts"] == []


@requirement("api:problems")
@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("facts", {"as_of": "2026-13-01"}, "as_of"),
        ("facts", {"asof": "2026-01-01"}, "asof"),
        ("facts", {"limit": "0"}, "limit"),
        ("facts", {"limit": "many"}, "limit"),
        ("facts", {"subject": "x" * 10_240}, "subject"),
        ("facts", {"current_only": "perhaps"}, "current_only"),
        ("diff", {}, "since"),
        ("diff", {"since": "2026-02-30"}, "since"),
        ("diff", {"since": "2026-02-02", "until": "2026-02-01"}, "until"),
        ("diff", {"since": "2026-02-02", "limit": "10001"}, "limit"),
        ("timeline", {}, "concept"),
        ("timeline", {"concept": " "}, "concept"),
        ("state", {"known_at": "yesterday"}, "known_at"),
        ("conflicts", {"limit": "1001"}, "limit"),
        ("conflicts", {"after": "x"}, "after"),
    ],
)
def test_bad_questions_about_facts_name_the_parameter(
    client: TestClient, path: str, params: dict[str, str], field: str
) -> None:
    answer = client.get(f"/v1/{path}", params=params)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@requirement("api:problems", "recall:bad-input", "learn:bad-input")
@pytest.mark.parametrize(
    ("path", "wrong", "field"),
    [
        ("recall", {"message": "x", "as_of": "2026-02-30"}, "as_of"),
        ("recall", {"message": "x", "known_at": True}, "known_at"),
        ("recall", {"message": "x", "current_only": 1}, "current_only"),
        ("learn", {"user_message": "x", "expires_at": "tomorrow"}, "expires_at"),
        ("learn", {"user_message": "x", "supersedes": [1]}, None),
    ],
)
def test_bad_values_of_learn_and_recall_name_the_field(
    client: TestClient, path: str, wrong: Body, field: str | None
) -> None:
    answer = client.post(f"/v1/{path}", json=wrong)
    assert answer.status_code == 422, answer.text
    if field is not None:
        assert answer.json()["field"] == field


@requirement("api:problems")
@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 5}, {"text": "a", "role": "user"}, {"text": "\0"}])
def test_a_message_is_not_worded_anew_with_bad_words(client: TestClient, moved: tuple[Body, Body], body: Body) -> None:
    path = f"/v1/messages/{moved[0]['message_ids'][0]}"
    assert client.put(path, json=body).status_code == 422
    assert client.get("/v1/state").json()["messages"][0]["text"] == "I live in Berlin."


@requirement("recall:tenant:isolation")
def test_a_tenant_without_memories_has_empty_answers(client: TestClient) -> None:
    for path, name in (("facts", "facts"), ("conflicts", "conflicts"), ("receipts", "receipts")):
        assert client.get(f"/v1/{path}").json()[name] == []
    assert client.get("/v1/diff", params={"since": "2026-01-01"}).json()["learnt"] == []
    assert client.get("/v1/timeline", params={"concept": "anything"}).status_code == 404
