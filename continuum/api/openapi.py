"""The OpenAPI document: what FastAPI knows of the routes, with what conducting a call adds to every one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from continuum.api.answers import KEY_HEADER, REPLAYED_HEADER
from continuum.api.callers import INSTANCE_HEADER, TENANT_HEADER
from continuum.api.errors import PROBLEM_TYPE
from continuum.api.operations import OPERATIONS, Operation
from continuum.api.value_shapes import shape_requests
from continuum.domain.ids import NAME_RULE

Document = dict[str, Any]  # Any: JSON of the OpenAPI specification's own shape
_NAME_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9._:@-]{1,128}$", "description": NAME_RULE}
_PROBLEMS = {
    "401": "no credential, or one that is wrong, expired or revoked",
    "403": "the credential may not do this, or belongs to another tenant",
    "404": "nothing of that id belongs to the tenant",
    "406": "no media type that is served is accepted",
    "409": "it contradicts what is stored, or an equal request is being worked on",
    "413": "the body is too large",
    "415": "the body is of another media type",
    "422": "a value breaks a rule; `field` names it",
    "429": "too many requests; `Retry-After` says when to go on",
    "503": "overloaded, stopping, or the store does not answer; `Retry-After` says when to go on",
    "507": "the store is full",
}
_READS = ("401", "403", "404", "422", "429", "503")
_WRITES = (*_READS, "409", "413", "415", "507")


def describe(app: FastAPI) -> Document:
    """The whole document, made once."""
    document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    document["components"]["securitySchemes"] = {
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "an API key, or a JSON Web Token"},
    }
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            operation = OPERATIONS.get((method.upper(), path))
            if operation is not None:
                _complete(described, method.upper(), operation)
    shape_requests(document)
    return document


def _complete(described: Document, method: str, operation: Operation) -> None:
    described["security"] = [{"apiKey": []}, {"bearer": []}, {}]
    described["x-permission"] = str(operation.permission)
    parameters = described.setdefault("parameters", [])
    if not operation.is_platforms:
        parameters.append(_header(TENANT_HEADER, "tenant; it must agree with the credential's", _NAME_SCHEMA))
        parameters.append(_header(INSTANCE_HEADER, "instance of an agent that calls", _NAME_SCHEMA))
    if operation.writes:
        schema = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        parameters.append(_header(KEY_HEADER, "the same key gives one effect and the same answer", schema))
    if method == "GET":
        described["responses"]["304"] = {"description": "the caller has this answer already (`If-None-Match`)"}
    responses = described["responses"]
    for status, response in described["responses"].items():
        if status.startswith("2"):
            response.update(_links(LINKS.get(operation.name, ())))
    for generic in ("4XX", "5XX"):
        responses.pop(generic, None)
    for status in _WRITES if operation.writes or "requestBody" in described else _READS:
        responses[status] = _problem(_PROBLEMS[status])
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {}).update(_answer_headers(method, operation))


@dataclass(frozen=True, slots=True)
class Link:
    """What an answer is good for next: a parameter of another operation, or a field of its body, is found in it."""

    name: str
    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_MESSAGE = {"message_id": "$response.body#/message_ids/0"}
_ENTITY = {"entity_id": "$response.body#/id"}
LINKS: Mapping[str, Sequence[Link]] = {
    "recall": [
        Link(
            "tellWhatWasUsed",
            "post",
            "/v1/feedback",
            body={"recall_id": "$response.body#/recall_id", "used": ["$response.body#/memories/0/id"]},
        )
    ],
    "learn": [
        Link("readMessage", "get", "/v1/memories/{message_id}", _MESSAGE),
        Link("reviseMessage", "put", "/v1/memories/{message_id}", _MESSAGE),
        Link("forgetMessage", "delete", "/v1/memories/{message_id}", _MESSAGE),
    ],
    "memories.list": [Link("nextPage", "get", "/v1/memories", {"cursor": "$response.body#/next_cursor"})],
    "entities.create": [
        Link("readEntity", "get", "/v1/entities/{entity_id}", _ENTITY),
        Link("readHistory", "get", "/v1/entities/{entity_id}/history", _ENTITY),
        Link("readNeighbours", "get", "/v1/entities/{entity_id}/neighbourhood", _ENTITY),
    ],
    "facts.teach": [
        Link("retractFact", "post", "/v1/facts/{fact_id}/retract", {"fact_id": "$response.body#/facts/0/id"})
    ],
    "quarantines.create": [
        Link("release", "post", "/v1/quarantines/{quarantine_id}/release", {"quarantine_id": "$response.body#/id"})
    ],
    "keys.create": [Link("revoke", "delete", "/v1/admin/api-keys/{key}", {"key": "$response.body#/id"})],
    "tenants.create": [
        Link("readTenant", "get", "/v1/admin/tenants/{tenant}", {"tenant": "$response.body#/tenant_id"})
    ],
}
"""By the name of the operation whose answer it is."""


def _links(links: Sequence[Link]) -> Document:
    if not links:
        return {}
    return {"links": {each.name: _link(each) for each in links}}


def _link(link: Link) -> Document:
    place = "/".join(["#", "paths", link.path.replace("~", "~0").replace("/", "~1"), link.method])
    told: Document = {"operationRef": place}
    if link.parameters:
        told["parameters"] = dict(link.parameters)
    if link.body is not None:
        told["requestBody"] = dict(link.body)
    return told


def _header(name: str, description: str, schema: Document) -> Document:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _problem(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_TYPE: {"schema": schema}}}


def _answer_headers(method: str, operation: Operation) -> Document:
    text = {"schema": {"type": "string"}}
    headers: Document = {"X-Request-ID": {"description": "names the request in logs", **text}}
    if method == "GET":
        headers["ETag"] = {"description": "names this answer, for `If-None-Match`", **text}
    if operation.writes:
        headers[REPLAYED_HEADER] = {"description": "`true` if the answer was given before under its key", **text}
    return headers
