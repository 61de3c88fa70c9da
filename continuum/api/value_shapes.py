"""What the document says of values that the core checks: one table for all parameters and bodies.

The core refuses with better sentences than a schema could, once, for every door; so the shapes are told here and not
enforced. A test holds requests made from the document against the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from continuum.coordination.sync import NUMBER_MAX
from continuum.core.facts_by_hand import FACTS_PER_CALL_MAX
from continuum.core.listings import OFFSET_MAX
from continuum.core.questions import MAX_CONCEPTS_LIMIT, MAX_MEMORIES_LIMIT, MAX_TOKENS_LIMIT
from continuum.core.validation import LABEL_CHARS_MAX, MESSAGES_PER_EXCHANGE_MAX
from continuum.domain.ids import NAME_RULE
from continuum.domain.records import ROLES
from continuum.identity.roles import PERMISSIONS
from continuum.identity.roles import ROLES as ROLES_OF_CALLERS
from continuum.storage.repositories.messages import NO_SEQ

Schema = dict[str, Any]  # Any: JSON of JSON Schema's own shape
Shape = Mapping[str, Any]

_NAME: Shape = {"pattern": r"^[A-Za-z0-9._:@-]{1,128}$", "description": NAME_RULE}
_TEXT: Shape = {"pattern": r"^[^\u0000]*$"}
_WORDS: Shape = {"pattern": r"^[^\u0000]*\w[^\u0000]*$"}
_LABEL: Shape = {"pattern": r"^[^\u0000]*[^\u0000\s][^\u0000]*$", "minLength": 1, "maxLength": LABEL_CHARS_MAX}
_OPAQUE: Shape = {"pattern": r"^[A-Za-z0-9_.~=-]+$"}
_TIME: Shape = {"format": "date-time"}
_SHARE: Shape = {"minimum": 0, "maximum": 1}
_SEQ: Shape = {"minimum": 0, "maximum": 1 << 62}
_PAGE: Shape = {"minimum": 1, "maximum": 1_000}
_SECONDS: Shape = {"minimum": -62_135_596_800, "maximum": 253_402_300_799}
_DAYS: Shape = {"minimum": 1, "maximum": 36_500}

_BY_NAME: Mapping[str, Shape] = {
    **dict.fromkeys(("user_id", "agent_id", "project_id", "instance_id", "tenant_id", "tenant"), _NAME),
    **dict.fromkeys(("entity_type", "link_type"), _NAME),
    **dict.fromkeys(("message", "description", "replaces", "user_message", "ai_response", "text"), _TEXT),
    **dict.fromkeys(("value", "subject", "attribute"), _WORDS),
    **dict.fromkeys(("session_id", "name", "new_name", "into", "a", "b", "speaker", "concept", "job"), _LABEL),
    **dict.fromkeys(("message_id", "fact_id", "entity_id", "idempotency_key", "source", "query"), _LABEL),
    **dict.fromkeys(("cursor", "head", "recall_id"), _OPAQUE),
    **dict.fromkeys(("timestamp", "expires_at", "now", "since", "until", "as_of", "known_at", "before"), _TIME),
    **dict.fromkeys(("valid_from", "valid_to", "older_than"), _TIME),
    **dict.fromkeys(("min_trust", "strength"), _SHARE),
    **dict.fromkeys(("after_seq", "before_seq"), _SEQ),
    **dict.fromkeys(("message_days", "history_days", "consolidate_after_days"), _DAYS),
    "limit": _PAGE,
    "max_concepts": {"minimum": 0, "maximum": MAX_CONCEPTS_LIMIT},
    "max_memories": {"minimum": 0, "maximum": MAX_MEMORIES_LIMIT},
    "max_tokens": {"minimum": 0, "maximum": MAX_TOKENS_LIMIT},
    "role": {"enum": list(ROLES)},
    "origin": {"enum": ["user", "assistant", "tool", "federation", "import", "external"]},
    "reason": {"pattern": _LABEL["pattern"]},
    "scopes": {"items": {"type": "string", "enum": list(PERMISSIONS)}},
    "below": {"exclusiveMinimum": 0, "maximum": 1},
    "confidence": {"exclusiveMinimum": 0, "maximum": 1},
    "filters": {"additionalProperties": {"type": ["string", "number", "boolean"]}},
    "roles": {"items": {"type": "string", "enum": list(ROLES)}},
    "mode": {"enum": ["state", "change", "correction", "end"]},
    "messages": {"minItems": 1, "maxItems": MESSAGES_PER_EXCHANGE_MAX},
    "facts": {"minItems": 1, "maxItems": FACTS_PER_CALL_MAX},
    "number": {"minimum": 0, "maximum": NUMBER_MAX},
    "seq": {"minimum": 1, "maximum": NO_SEQ},
    "offset": {"minimum": 0, "maximum": OFFSET_MAX},
}
LONG_LISTINGS = ("/v1/entities", "/v1/entities/{entity_id}/history", "/v1/facts", "/v1/diff", "/v1/timeline")
_ELSEWHERE: Mapping[tuple[str, str], Shape] = {
    ("/v1/entities", "query"): {**_TEXT, "maxLength": LABEL_CHARS_MAX},
    ("/v1/receipts", "after"): _SEQ,
    ("/v1/facts", "after"): {**_TEXT, "maxLength": 64},
    ("/v1/quarantines", "before_seq"): {"minimum": 0, "maximum": NO_SEQ},
    ("/v1/receipts/verify", "head"): {**_TEXT, "maxLength": 128},
    ("/v1/audit/verify", "head"): {"pattern": "^[0-9]{1,18}:[0-9a-f]{64}$"},
    ("/v1/facts", "subject"): _TEXT,
    ("/v1/facts", "attribute"): _TEXT,
    ("ReviseRequest", "text"): {"pattern": _LABEL["pattern"]},
    ("KeyRequest", "role"): {"enum": list(ROLES_OF_CALLERS)},
    ("/v1/graph", "limit"): {"minimum": 0, "maximum": 1_000},
    **{(path, "limit"): {"minimum": 1, "maximum": 10_000} for path in LONG_LISTINGS},
}
"""Shapes of a name in one body or under one path that differ from those it has everywhere else."""


def shape_requests(document: Schema) -> None:
    """Write the shapes into the parameters and the bodies of requests; answers stay as they are."""
    schemas = document["components"]["schemas"]
    asked: set[str] = set()
    for path, methods in document["paths"].items():
        for described in methods.values():
            for parameter in described.get("parameters", ()):
                _shape(parameter["schema"], path, parameter["name"])
            asked.update(_references(described.get("requestBody", {}), schemas))
    for name in sorted(asked):
        for field, schema in schemas[name].get("properties", {}).items():
            _shape(schema, name, field)


def _shape(schema: Schema, where: str, name: str) -> None:
    shape = _ELSEWHERE.get((where, name), _BY_NAME.get(name))
    for each in schema.get("anyOf", [schema]):
        if shape is not None and _fits(each, shape):
            each.update({key: value for key, value in shape.items() if key not in each or key in _REPLACED})
        if shape is _TIME and each.get("type") == "number":
            each.update(_SECONDS)


_REPLACED = ("items", "additionalProperties")
_TYPES = {
    "pattern": ("string",), "format": ("string",), "enum": ("string",), "minItems": ("array",),
    "minimum": ("integer", "number"), "exclusiveMinimum": ("number",), "items": ("array",),
    "additionalProperties": ("object",),
}  # fmt: skip


def _fits(schema: Schema, shape: Shape) -> bool:
    return any(key in shape and schema.get("type") in types for key, types in _TYPES.items())


def _references(part: object, schemas: Mapping[str, Schema]) -> Iterator[str]:
    """The names of all schemas that a part of the document leads to."""
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            name = reference.rpartition("/")[2]
            yield name
            yield from _references(schemas[name], schemas)
        for value in part.values():
            yield from _references(value, schemas)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value, schemas)
