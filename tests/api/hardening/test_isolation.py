"""Whatever another tenant has looks like what nobody has: same status, same words, same time; and stays as it is."""

from __future__ import annotations

import json
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse

from tests.api.hardening.foreign_values import (
    BODIES,
    QUERIES,
    Case,
    Pair,
    body_with,
    cases_of,
    pair_for,
    pairs_of,
    points_at_nothing,
)
from tests.api.hardening.keyed_service import KeyedService, by, keyed_service, operator
from tests.requirements import requirement

MARK = "pelican7731"
"""Stands in every message of Alice's, and nowhere else."""
TWINS = ("bob-a", "bob-b")
Json = Any  # Any: what JSON gives
Answer = Any  # Any: the test client names no type
_ID_NAME = re.compile(r"(?:^|[_-])(?:id|ids|key|cursor|seq|tenant|instance|session|job|head)s?$", re.IGNORECASE)


@dataclass(slots=True)
class Harbour:
    """A service with Alice, who has something of everything, and two twins who are alike in all they do."""

    service: KeyedService
    path: Path
    pairs: dict[str, Pair]
    keys: tuple[str, str]
    told: list[str] = field(default_factory=list)

    def ask(self, twin: int, case: Case | None, value: Json, operation: str = "") -> Answer:
        """One request of a twin with one value exchanged."""
        method, _, path = (operation if case is None else case.operation).partition(" ")
        whole = f"{method} {path}"
        headers, query = by(self.keys[twin]), dict(QUERIES.get(whole, {}))
        body = BODIES[whole][0] if whole in BODIES else None
        if case is not None:
            if case.place == "path":
                path = path.replace(f"{{{case.name}}}", str(value))
            elif case.place == "query":
                query[case.name] = str(value)
            elif case.place == "header":
                headers[case.name] = str(value)
            else:
                body = body_with(case, value)
        path = re.sub(r"\{\w+\}", "0" * 16, path)
        sent = {"json": body} if body is not None else {}
        if path == "/v1/import":
            headers["Content-Type"], sent = "application/x-ndjson", {"content": b""}
        answer = self.service.client.request(method, path, params=query, headers=headers, **sent)
        self.told.append(answer.text)
        return answer

    def state(self) -> dict[str, list[tuple[object, ...]]]:
        """All rows of Alice's, by table."""
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as store:
            tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                table: sorted(store.execute(f"SELECT * FROM {table} WHERE tenant_id = 'alice'"), key=repr)
                for table in tables
                if any(column[1] == "tenant_id" for column in store.execute(f"PRAGMA table_info({table})"))
            }

    def plain(self, answer: Answer) -> tuple[int, Json]:
        """Status and body without what differs between any two requests: names, ids, moments, durations."""
        text = answer.text
        for value in self.sent_values():
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "<sent>", text, flags=re.IGNORECASE)
        for twin in TWINS:
            text = text.replace(twin, "<twin>")
        for pattern, name in _VARYING.items():
            text = re.sub(pattern, name, text)
        lines = [json.loads(line) for line in text.splitlines() if line]
        return answer.status_code, sorted(map(_settled, lines), key=repr)

    def sent_values(self) -> list[str]:
        """All that was exchanged, longest first: a name may stand in another one. Small numbers may mean anything."""
        flat = (each for pair in self.pairs.values() for value in pair for each in _flat(value))
        return sorted({each for each in flat if not each.isdigit() or int(each) > 100}, key=len, reverse=True)


def _flat(value: Json) -> Iterator[str]:
    if isinstance(value, list | dict):
        for inner in value if isinstance(value, list) else value.values():
            yield from _flat(inner)
    else:
        yield str(value)


_VARYING = {
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)": "<moment>",
    r"\b1[5-9]\d{14}\b": "0",
    r"<twin>-\d{8}-\d{6}-[0-9a-f]{4}": "<session>",
    r"\[(\w):[^\]]{4,40}\]": r"[\1]",
    r"key:[a-z2-7]{12,}": "<key>",
    r'"(?:[A-Za-z0-9_-]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:\d+:)?[0-9a-f]{24,64})"': '"<id>"',
}
"""What no two requests have alike: moments, names of sessions, marks of memories in a context, keys, ids."""
_OF_THE_MOMENT = frozenset(
    {"api_key", "id", "score", "trust", "reasons", "relevance", "secret", "next_cursor", "recall_id", "request_id"}
)


def _settled(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            name: None if name in _OF_THE_MOMENT or name.endswith("_ms") else _settled(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return sorted((_settled(inner) for inner in value), key=repr)
    return round(value, 3) if isinstance(value, float) else value


@pytest.fixture
def harbour(db_path: Path) -> Iterator[Harbour]:
    with keyed_service(db_path) as service:
        key = service.key("alice")
        service.key("alice", "reader")
        key_id = _furnish(service, key)
        for twin in TWINS:
            service.client.post("/v1/admin/tenants", json={"tenant_id": twin}, headers=operator())
        keys = (service.key(TWINS[0]), service.key(TWINS[1]))
        for own in keys:
            service.learn(own, "We decided to light the Lantern in the Lighthouse", session_id="night")
            service.client.post("/v1/links", json=BODIES["POST /v1/links"][0], headers=by(own))
        yield Harbour(service, db_path, pairs_of(service, key, key_id), keys)


def _furnish(service: KeyedService, key: str) -> str:
    """Give Alice something of everything; gives the id of one of her keys."""
    client, headers = service.client, by(key)
    words = f"We decided that Zorvexia moors at the Kestrel pier, {MARK}"
    for number in range(3):
        service.learn(
            key,
            f"{words} {number}",
            session_id=f"harbour-{number}",
            user_id="alices-own",
            metadata={"ticket": "alices-ticket"},
            idempotency_key="alices-inner-key" if number == 1 else None,
        )
    fact = {"subject": "Zorvexia", "attribute": "moors at", "value": f"Kestrel {MARK}"}
    for number in range(15):  # more than the twins will forget
        gone = service.learn(key, f"To be forgotten {MARK} {number}")["message_ids"][0]
        assert client.post("/v1/forget", json={"message_id": gone}, headers=headers).status_code == 200
    tool = {"messages": [{"role": "tool", "text": f"Poisoned {MARK}", "origin": "tool"}]}
    posts: list[tuple[str, Json]] = [
        ("/v1/facts", {"facts": [fact], "source": "alices-crm"}),
        ("/v1/learn", {"user_message": f"Keyed {MARK}"}),
        ("/v1/learn/batch", {"exchanges": [{"user_message": f"Batched {MARK}"}], "job": "alices-job"}),
        ("/v1/learn/batch", {"exchanges": [{"user_message": f"{MARK} no {number}"} for number in range(400)]}),
        ("/v1/learn", tool),
        ("/v1/quarantines", {"reason": "x", "origin": "tool", "dry_run": False}),
        ("/v1/links", {"a": "Zorvexia", "b": "Kestrel", "link_type": "uses"}),
    ]
    for path, body in posts:
        own = {**headers, "Idempotency-Key": "alices-key"} if "Keyed" in str(body) else headers
        answer = client.post(path, json=body, headers=own)
        assert answer.status_code == 200, (path, answer.text)
    for name in ("alices-laptop", "alices-phone"):
        with client.websocket_connect(f"/ws/sync?instance_id={name}", headers=headers) as socket:
            assert socket.receive_json()["event_type"] == "welcome"
    # Or the twins' scrub, which is of the whole store, would note on her receipts that the bytes are gone.
    assert client.post("/v1/scrub", headers=headers).json() == {"scrubbed": True}
    listed: str = client.get("/v1/admin/api-keys", headers=headers).json()["api_keys"][0]["id"]
    return listed


@requirement("service:isolation")
def test_every_parameter_is_known_to_point_at_something_or_at_nothing(harbour: Harbour) -> None:
    document = harbour.service.client.get("/openapi.json").json()
    cases = list(cases_of(document))
    assert len(cases) > 300
    without = [str(case) for case in cases if not points_at_nothing(case) and pair_for(case, harbour.pairs) is None]
    assert without == [], "say in foreign_values.py where their foreign values come from"
    denied = [str(case) for case in cases if points_at_nothing(case) and _ID_NAME.search(case.name)]
    assert denied == [], "a name like that points at something"
    assert {case.operation for case in cases if case.place == "body"} <= set(BODIES)


@requirement("service:isolation")
def test_what_another_tenant_has_looks_like_what_nobody_has(harbour: Harbour) -> None:
    before = harbour.state()
    assert len(before["auto_messages"]) > 400
    differing, reached = [], set()
    for case in cases_of(harbour.service.client.get("/openapi.json").json()):
        pair = None if points_at_nothing(case) else pair_for(case, harbour.pairs)
        if pair is None:
            continue
        foreign, unknown = (harbour.ask(twin, case, value) for twin, value in enumerate(pair))
        harbour.service.runtime.refusals.flush()  # or they would stand in the logs by chance earlier or later
        reached.add(foreign.status_code)
        if harbour.plain(foreign) != harbour.plain(unknown):
            differing.append(_difference(case, harbour.plain(foreign), harbour.plain(unknown)))
        assert foreign.status_code < 500, (str(case), foreign.text)
    assert not differing, "\n".join(differing)
    assert {200, 201, 403, 404, 422} <= reached
    assert not any(MARK in told for told in harbour.told)
    assert harbour.state() == before


def _difference(case: Case, *told: tuple[int, Json]) -> str:
    """Where two answers part, in a line."""
    foreign, unknown = (f"{status} {json.dumps(body)}" for status, body in told)
    at = next((at for at, pair in enumerate(zip(foreign, unknown, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, at - 60)
    return f"{case}: {foreign[start : at + 60]} / {unknown[start : at + 60]}"


@requirement("service:isolation")
@pytest.mark.parametrize("name", ["tenant_id", "instance_id", "after", "session_id"])
def test_a_socket_tells_nothing_of_others(harbour: Harbour, name: str) -> None:
    position = harbour.pairs["seq"].foreign
    pairs = {**harbour.pairs, "after": Pair(f"{position}.0", f"{position + 100_000}.0")}
    before, told = harbour.state(), []
    for twin, value in enumerate(pairs[name]):
        query = {"instance_id": "desk", name: value}
        url = "/ws/sync?" + "&".join(f"{each}={query[each]}" for each in query)
        try:
            with harbour.service.client.websocket_connect(url, headers=by(harbour.keys[twin])) as socket:
                welcome = socket.receive_json()
            assert MARK not in json.dumps(welcome)
            here = [each["instance_id"] for each in welcome["data"]["instances"]]
            told.append((101, welcome["event_type"], [each == query["instance_id"] for each in here]))
        except WebSocketDenialResponse as denied:
            told.append((denied.status_code, denied.json()["code"], []))
    assert told[0] == told[1]
    assert told[0][0] == (403 if name == "tenant_id" else 101)
    assert harbour.state() == before


LOOKED_UP = [
    Case("GET /v1/memories/{message_id}", "path", ("message_id",)),
    Case("GET /v1/sessions/{session_id}", "path", ("session_id",)),
    Case("GET /v1/entities/{entity_id}", "path", ("entity_id",)),
    Case("GET /v1/memories", "query", ("cursor",)),
    Case("GET /v1/stats", "header", ("X-Tenant-ID",)),
    Case("POST /v1/facts/{fact_id}/retract", "path", ("fact_id",)),
    Case("DELETE /v1/memories/{message_id}", "path", ("message_id",)),
    Case("DELETE /v1/admin/api-keys/{key}", "path", ("key",)),
]


@requirement("service:isolation")
@pytest.mark.parametrize("case", LOOKED_UP, ids=str)
def test_what_another_tenant_has_takes_as_long_as_what_nobody_has(harbour: Harbour, case: Case) -> None:
    _same_time_class(harbour, case, rounds=40)


@pytest.mark.soak
@requirement("service:isolation")
def test_every_value_takes_as_long_whoevers_it_is(harbour: Harbour) -> None:
    cases = [
        case for case in cases_of(harbour.service.client.get("/openapi.json").json()) if not points_at_nothing(case)
    ]
    # Positions first, while the twins' own logs are shorter than Alice's.
    for case in sorted(cases, key=lambda each: each.name not in ("seq", "after_seq", "before_seq", "after")):
        if case.operation not in ("POST /v1/rebuild", "POST /v1/scrub"):
            _same_time_class(harbour, case, rounds=30)


def _same_time_class(harbour: Harbour, case: Case, rounds: int) -> None:
    """Compare medians of the processor's time; one that stays apart in three attempts is apart."""
    pair = pair_for(case, harbour.pairs)
    assert pair is not None
    medians: list[float] = []
    for _ in range(3):
        spent: tuple[list[float], list[float]] = ([], [])
        for number in range(2 * rounds):
            which = (number + number // 2) % 2  # neither goes first each time
            began = time.process_time()
            harbour.ask(number % 2, case, pair[which])
            spent[which].append(time.process_time() - began)
        medians = [statistics.median(each) for each in spent]
        if max(medians) < 1.3 * min(medians):
            return
    pytest.fail(f"{case}: {medians[0] * 1e3:.2f} ms for another's, {medians[1] * 1e3:.2f} ms for nobody's")
