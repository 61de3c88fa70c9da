"""Requests made from the OpenAPI document, right and wrong ones: the service does what the document says."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.applications import Starlette

from continuum.api.openapi import LINKS, Link
from continuum.api.operations import OPERATIONS
from continuum.api.server import create_app
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.runtime.service import open_runtime
from tests.requirements import requirement

HOST = "http://127.0.0.1"
OPERATOR = "an-operators-key-of-32-characters-or-more"
NO_SCHEMA_CAN_SAY = re.compile(
    "|".join(
        (
            r"^recall_id: is not a recall id",  # who made it
            r"^after_seq: is \d+, but the log ends at",
            r"has passed already",  # what time it is
            r"(?:until|before|valid_to|known_at|as_of): must",  # the order of two moments
            r"is no RFC 3339 time",  # seconds of a leap, which the format has and clocks have not
            r"outside the years 1 to 9999",  # the year as it is in UTC
            r"names nothing|name exactly one|is named as used too",  # one of several fields
            r"give either user_message|belongs to user_message|is missing; an exchange has",
            r"holds? no words?",  # whether any character is more than a blank or a mark
            r"is its name already|are one concept already|names the same concept",  # what is stored
            r"^line \d+: ",  # the lines of an archive
            r"cannot be \w+ for a message of role|^scopes: ",  # one field by another
            r"characters that are not all blank",  # what is blank: more than a pattern's space
            r"must be at most 200 printable characters",
            r"has \d+ keys with a text, a number or a boolean|is nested deeper than|has \d+ bytes of UTF-8",
            r"holds a NUL|holds a lone surrogate",  # inside of what may be any JSON
            r"Input should be a valid integer",  # 1.0 is an integer to a schema, and a slip to us
            r"an integer of \d+ digits, beyond 64 bits",
        )
    ),
    re.DOTALL,
)
"""Refusals of requests that fit the document, each for a rule that JSON Schema has no words for."""

AnyCase = Case[Any]  # Any: what a case was made from
load_all_checks()


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(_: object, value: object) -> bytes:
    """A body of lines; what the generator makes is one of them."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@contextmanager
def served(**more: object) -> Iterator[Starlette]:
    with tempfile.TemporaryDirectory(prefix="continuum-conformance-") as folder:
        config = MemoryConfig(
            db_path=Path(folder) / "memory.db",
            rate_per_minute=0,
            tenant_rate_per_minute=0,
            **more,  # type: ignore[arg-type]  # settings by name
        )
        with open_runtime(config) as runtime:
            yield create_app(runtime)


@pytest.fixture(scope="module")
def application() -> Iterator[Starlette]:
    """One that takes anybody on this machine for the owner of the tenant that it names."""
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def guarded() -> Iterator[Starlette]:
    """One that asks for keys."""
    with served(require_api_key=True, api_key=Secret(OPERATOR)) as found:
        yield found


def checked(case: AnyCase, response: Response) -> None:
    """Every check of schemathesis, but for two cases that it cannot know of."""
    left_out: list[Any] = []  # Any: checks, as schemathesis types them
    if response.status_code == 422 and NO_SCHEMA_CAN_SAY.search(response.json()["detail"]):
        left_out.append(positive_data_acceptance)
    is_merged = case.path == "/v1/sync" and response.status_code == 200
    if is_merged and any(each["error"] for each in response.json()["merged"]):  # refused one by one
        left_out.append(negative_data_rejection)
    case.validate_response(response, excluded_checks=left_out or None)


def made(number: int) -> settings:
    """How many requests are made; the same ones each time."""
    return settings(
        max_examples=number,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )


def examples(application: Starlette, method: str, path: str, mode: GenerationMode, number: int, **headers: str) -> None:
    schema = schemathesis.openapi.from_dict(application.openapi())  # type: ignore[attr-defined]  # FastAPI has it
    schema.app = application
    operation = schema[path][method]
    if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation.definition.raw):
        return

    @made(number)
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case: AnyCase) -> None:
        case.headers.update(headers)
        checked(case, case.call(base_url=HOST, headers={"Host": "127.0.0.1"}))

    asked()


def _can_be_wrong(operation: dict[str, object]) -> bool:
    """Whether there is anything in a request that could be wrong."""
    return bool(operation.get("parameters")) or "requestBody" in operation


ROUTES = [*OPERATIONS, ("GET", "/v1/health"), ("GET", "/v1/health/live"), ("GET", "/v1/health/ready")]
every_route = pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part)
both_ways = pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])


@requirement("service:openapi")
@both_ways
@every_route
def test_the_service_does_what_its_document_says(
    application: Starlette, method: str, path: str, mode: GenerationMode
) -> None:
    examples(application, method, path, mode, 6)


@requirement("service:openapi")
@every_route
def test_a_service_that_asks_for_keys_does_what_its_document_says(guarded: Starlette, method: str, path: str) -> None:
    examples(guarded, method, path, GenerationMode.POSITIVE, 3, **{"X-API-Key": OPERATOR, "X-Tenant-ID": "alice"})


NEEDS_MORE = {"tellWhatWasUsed", "nextPage", "release"}
"""Links that lead somewhere only where something is found, or where there is much: nonsense finds nothing."""

SENSIBLE = {"learn": {"user_message": "My editor is Helix"}}
"""Bodies for what nonsense hardly ever gets past: an exchange has one of two forms."""


def led(application: Starlette, name: str, link: Link, number: int) -> int:
    """Follow one link of the document `number` times with requests made from it; how often it led to an answer."""
    schema = schemathesis.openapi.from_dict(application.openapi())  # type: ignore[attr-defined]  # FastAPI has it
    schema.app = application
    method, path = next(route for route, operation in OPERATIONS.items() if operation.name == name)
    reached = 0

    @made(number)
    @given(
        first=schema[path][method].as_strategy(generation_mode=GenerationMode.POSITIVE),
        then=schema[link.path][link.method.upper()].as_strategy(generation_mode=GenerationMode.POSITIVE),
    )
    def asked(first: AnyCase, then: AnyCase) -> None:
        nonlocal reached
        if name in SENSIBLE:
            first.body = dict(SENSIBLE[name])
        found = first.call(base_url=HOST, headers={"Host": "127.0.0.1"})
        checked(first, found)
        values = {into: _pointed(found, place) for into, place in link.parameters.items()}
        if found.status_code >= 300 or not all(values.values()):
            return
        for header in ("X-Tenant-ID", "Idempotency-Key"):  # a key that was used would be refused
            then.headers.pop(header, None)
        if "X-Tenant-ID" in first.headers:
            then.headers["X-Tenant-ID"] = first.headers["X-Tenant-ID"]
        if link.path == path:
            then.query = dict(first.query)  # a page goes on in the same listing
        for into, value in values.items():
            (then.path_parameters if "{" + into + "}" in link.path else then.query)[into] = value
        if link.body is not None:
            then.body = {field: _pointed(found, place) for field, place in link.body.items() if isinstance(place, str)}
        answer = then.call(base_url=HOST, headers={"Host": "127.0.0.1"})
        checked(then, answer)
        assert answer.status_code != 404, "what an answer leads to is there"
        reached += answer.status_code < 300

    asked()
    return reached


def _pointed(response: Response, expression: str) -> Any:  # Any: whatever JSON holds
    """What an expression of a link stands for: a place in the body of an answer."""
    value: Any = response.json()
    for part in expression.removeprefix("$response.body#/").split("/"):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = None if value is None else value.get(part)
    return value


every_link = pytest.mark.parametrize(
    ("name", "link"),
    [(name, link) for name, links in LINKS.items() for link in links],
    ids=lambda part: part.name if isinstance(part, Link) else part,
)


@requirement("service:openapi")
def test_every_link_of_the_document_leads_somewhere(application: Starlette) -> None:
    paths = application.openapi()["paths"]  # type: ignore[attr-defined]  # FastAPI has it
    for links in LINKS.values():
        for link in links:
            named = {each["name"] for each in paths[link.path][link.method].get("parameters", ())}
            assert named >= set(link.parameters)
    assert {operation.name for operation in OPERATIONS.values()} >= LINKS.keys()


@requirement("service:openapi")
@every_link
def test_what_an_answer_leads_to_is_there(name: str, link: Link) -> None:
    with served() as application:  # of its own: what other tests left there would decide which requests are refused
        assert led(application, name, link, 25) or link.name in NEEDS_MORE


@pytest.mark.soak
@requirement("service:openapi")
@every_link
def test_what_an_answer_leads_to_is_there_for_long(name: str, link: Link) -> None:
    with served() as application:
        assert led(application, name, link, 400) or link.name in NEEDS_MORE


@pytest.mark.soak
@requirement("service:openapi")
@both_ways
@every_route
def test_the_service_does_what_its_document_says_for_long(
    application: Starlette, method: str, path: str, mode: GenerationMode
) -> None:
    examples(application, method, path, mode, 400)
