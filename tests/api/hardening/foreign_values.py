"""Every value by which a request can point at something, found in the application's own description.

For each there is a pair: what is really another tenant's, and what is nobody's. A parameter that stands neither here
nor among those that point at nothing is a mistake: a new route must say where its foreign values come from.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tests.api.hardening.keyed_service import KeyedService, by

Schema = dict[str, Any]  # Any: JSON of the OpenAPI specification's own shape
Body = Any  # Any: a JSON body of a case
Step = str | int

POINTS_AT_NOTHING: Final = frozenset(
    "ai_response as_of audit_reads before below bytes_max confidence consolidate_after_days current_only depth "
    "description dry_run entity_type everyone exchanges expires_at explain facts history_days include_suspicious "
    "include_text instances_max keep_originals known_at learnt limit limits link_type max_concepts max_memories "
    "max_tokens message_days messages messages_max metadata min_strength min_trust mode now number offset older_than "
    "origin per_node polarity reason requests_per_minute role roles scopes secret since single skip_errors strength "
    "sync text timestamp until valid_from valid_to vectors value If-None-Match after|GET /v1/facts "
    "name|POST /v1/admin/api-keys name|POST /v1/entities".split()
)
"""Numbers, moments, switches, and words that the caller says."""

BODIES: Final[Mapping[str, tuple[Body, ...]]] = {
    "POST /v1/recall": ({"message": "What runs where?"},),
    "POST /v1/learn": (
        {"user_message": "The wind turned"},
        {"messages": [{"role": "user", "text": "The tide turned"}]},
    ),
    "POST /v1/learn/batch": (
        {"exchanges": [{"user_message": "The moon rose"}]},
        {"exchanges": [{"messages": [{"role": "user", "text": "The sun set"}]}]},
    ),
    "POST /v1/turn": ({"user_message": "Who was it?", "ai_response": "The baker."},),
    "PUT /v1/memories/{message_id}": ({"text": "The new words"},),
    "PUT /v1/messages/{message_id}": ({"text": "The newer words"},),
    "POST /v1/entities": ({"name": "Lantern"},),
    "POST /v1/links": ({"a": "Lantern", "b": "Lighthouse", "link_type": "uses"},),
    "POST /v1/concepts/merge": ({"name": "Nothing", "into": "Lantern"},),
    "POST /v1/concepts/rename": ({"name": "Nothing", "new_name": "Something"},),
    "POST /v1/undo": ({"seq": 1_000_000},),
    "POST /v1/facts": ({"facts": [{"subject": "user", "attribute": "lives in", "value": "Porto"}]},),
    "POST /v1/facts/{fact_id}/retract": ({"reason": "never so"},),
    "POST /v1/forget": ({"reason": "asked to"},),
    "PUT /v1/retention": ({"message_days": 3_000},),
    "POST /v1/consolidate": ({"before": "2001-01-01"},),
    "POST /v1/feedback": ({"recall_id": "0" * 16},),
    "POST /v1/graph/prune": ({"below": 0.01, "older_than": "2001-01-01"},),
    "POST /v1/quarantines": ({"reason": "suspect", "dry_run": False},),
    "POST /v1/import": ("",),
    "POST /v1/sync": (
        {"instance_id": "desk"},
        {
            "instance_id": "desk",
            "learnt": [
                {
                    "number": 1,
                    "messages": [{"role": "user", "text": "Said at sea"}],
                    "timestamp": "2026-01-01T00:00:00Z",
                    "session_id": "at-sea",
                }
            ],
        },
    ),
    "POST /v1/admin/api-keys": ({"role": "reader"},),
    "POST /v1/admin/tenants": ({"tenant_id": "new-tenant"},),
    "PUT /v1/admin/tenants/{tenant}/limits": ({"audit_reads": True},),
}
"""Whole bodies, to have one value of theirs exchanged; a second one where fields exclude each other."""

QUERIES: Final[Mapping[str, dict[str, str]]] = {
    "GET /v1/diff": {"since": "2026-01-01"},
    "GET /v1/timeline": {"concept": "Lantern"},
    "GET /v1/entities/search": {"query": "Lantern"},
}
"""Parameters without which there is no answer."""


class Pair(NamedTuple):
    """What is another tenant's, and what is nobody's; of the same form and length."""

    foreign: Body
    unknown: Body


@dataclass(frozen=True, slots=True)
class Case:
    """One value of one operation that can be exchanged."""

    operation: str
    place: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        return next(step for step in reversed(self.steps) if isinstance(step, str))

    def __str__(self) -> str:
        return f"{self.operation} {self.place} {'.'.join(map(str, self.steps))}"


def cases_of(document: Schema) -> Iterator[Case]:
    """Every parameter, and every field of a body, of every operation."""
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            operation = f"{method.upper()} {path}"
            for parameter in described.get("parameters", ()):
                yield Case(operation, parameter["in"], (parameter["name"],))
            for content in described.get("requestBody", {}).get("content", {}).values():
                for steps in _fields(content["schema"], document["components"]["schemas"], ()):
                    yield Case(operation, "body", steps)


def _fields(schema: Schema, known: Schema, at: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    for each in (*schema.get("anyOf", ()), *schema.get("allOf", ()), *schema.get("oneOf", ())):
        yield from _fields(each, known, at)
    if "items" in schema:
        yield from _fields(schema["items"], known, (*at, 0))
    for name, inner in schema.get("properties", {}).items():
        yield (*at, name)
        yield from _fields(inner, known, (*at, name))


def points_at_nothing(case: Case) -> bool:
    return case.name in POINTS_AT_NOTHING or f"{case.name}|{case.operation}" in POINTS_AT_NOTHING


def body_with(case: Case, value: Body) -> Body:
    """The operation's body with one value exchanged; the first body that has a place for it."""
    for model in BODIES[case.operation]:
        body = copy.deepcopy(model)
        inner = body
        try:
            for step in case.steps[:-1]:
                inner = inner[step]
        except (KeyError, IndexError):
            continue
        inner[case.steps[-1]] = value
        return body
    raise LookupError(f"{case}: no body has a place for it")


def pairs_of(service: KeyedService, key: str, key_id: str) -> dict[str, Pair]:
    """What a tenant has, by the names of the parameters that point at it; `key` is its owner's."""
    client, headers = service.client, by(key)

    def get(path: str, **query: object) -> Body:
        answer = client.get(path, params={name: str(value) for name, value in query.items()}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    recalled = client.post("/v1/recall", json={"message": "Zorvexia Kestrel"}, headers=headers).json()
    message = get("/v1/memories", limit=1, session_id="harbour-1")["memories"][0]["id"]
    entity = next(each["id"] for each in get("/v1/entities", query="Zorvexia")["entities"])
    fact = get("/v1/facts")["facts"][0]["id"]
    quarantine = get("/v1/quarantines")["quarantines"][0]
    receipt = get("/v1/receipts")["receipts"][-1]
    merged = client.post("/v1/concepts/merge", json={"name": "Kestrel", "into": "Zorvexia"}, headers=headers).json()
    concept = Pair("Zorvexia", "Quelmara")
    scope = Pair("alices-own", "nobody-own")
    random_id = Pair(message, "019a0000" + message[8:])
    pairs = {
        "X-Tenant-ID": Pair("alice", "nobod"),
        "X-Instance-ID": Pair("alices-laptop", "nobody-laptop"),
        "instance_id": Pair("alices-laptop", "nobody-laptop"),
        "Idempotency-Key": Pair("alices-key", "nobody-key"),
        "idempotency_key": Pair("alices-inner-key", "nobody-inner-key"),
        "job": Pair("alices-job", "nobody-job"),
        "tenant": Pair("alice", "nobod"),
        "tenant_id": Pair("alice", "nobod"),
        "message_id": random_id,
        "supersedes": Pair([message], [random_id.unknown]),
        "session_id": Pair("harbour-1", "harbour-9"),
        "fact_id": _turned(fact),
        "replaces": _turned(fact),
        "entity_id": _turned(entity),
        "used": Pair([message], [random_id.unknown]),
        "ignored": Pair([entity], [entity[::-1]]),
        "recall_id": _turned(recalled["recall_id"]),
        "quarantine_id": _turned(quarantine["id"]),
        "key": Pair(key_id, "a" * 12 + key_id[12:]),
        "seq": Pair(merged["seq"], merged["seq"] + 100_000),
        "before_seq": Pair(quarantine["seq"], quarantine["seq"] + 100_000),
        "after_seq": Pair(merged["seq"], merged["seq"] + 100_000),
        "after": Pair(receipt["number"], receipt["number"] + 100_000),
        "head": Pair(receipt["hash"], receipt["hash"][::-1]),
        "filters": Pair({"ticket": "alices-ticket"}, {"ticket": "nobody-ticket"}),
        "source": Pair("alices-crm", "nobody-crm"),
        "speaker": Pair("Ulrica", "Ottara"),
        "attribute": Pair("moors at", "roams at"),
        **dict.fromkeys(("user_id", "agent_id", "project_id"), scope),
        **dict.fromkeys(("a", "b", "concept", "into", "message", "name", "new_name", "query", "subject"), concept),
        "user_message": Pair("Where is Zorvexia?", "Where is Quelmara?"),
    }
    heads = get("/v1/audit/verify")["head"]
    pairs["head|GET /v1/audit/verify"] = Pair(heads, heads[:-8] + heads[:-9:-1])
    for listing in ("memories", "sessions", "decisions", "entities", "instances", "admin/api-keys", "audit"):
        more = {"everyone": True} if listing == "instances" else {}
        cursor = get(f"/v1/{listing}", limit=1, **more)["next_cursor"]
        assert cursor, f"alice has too little for a second page of {listing}"
        pairs[f"cursor|GET /v1/{listing}"] = _turned(cursor)
    pairs["cursor|GET /v1/admin/tenants"] = pairs["cursor|GET /v1/sessions"]
    return pairs


def _turned(value: str) -> Pair:
    """A value, and one of the same form that nobody has."""
    return Pair(value, value[1:] + value[0])


def pair_for(case: Case, pairs: Mapping[str, Pair]) -> Pair | None:
    """The values to exchange; None where none are known."""
    return pairs.get(f"{case.name}|{case.operation}", pairs.get(case.name))
