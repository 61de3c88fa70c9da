"""From an answer that is a refusal to the error that the service raised, by its stable code."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from continuum.domain.records import Json
from continuum.errors import (
    AuthenticationError,
    ContinuumError,
    InvalidInputError,
    PermissionDeniedError,
    RateLimitedError,
    RetryLaterError,
    ServiceConnectionError,
)

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS_MAX = 86_400.0
_GATEWAY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""What a proxy says while the service behind it is away."""
_SHOWN_CHARS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after_seconds(self) -> float | None:
        """What ``Retry-After`` asks for, at most a day; None without it, or where it is a date."""
        told = self.headers.get("retry-after", "").strip()
        return min(float(told[:9]), RETRY_AFTER_SECONDS_MAX) if told.isascii() and told.isdigit() else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer, and whether the same request may get one later."""

    error: ContinuumError
    may_come: bool


def refusal_of(answer: Answer, asked: str) -> Refusal:
    """The refusal that an answer is; `asked` names the request, without anything secret."""
    told = _problem(answer)
    if told is not None:
        error = _error(told, answer.retry_after_seconds)
        return Refusal(error, error.retryable)
    if answer.status in _GATEWAY:
        return Refusal(ServiceConnectionError(f"{asked}: {answer.status} from a proxy; the service is away"), True)
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = 1.0 if answer.retry_after_seconds is None else answer.retry_after_seconds
        return Refusal(RateLimitedError(f"{asked}: too many requests", wait), True)
    return Refusal(_strange(answer, asked), False)


def not_understood(answer: Answer, asked: str, why: str) -> ServiceConnectionError:
    """The error for an answer that says "done" in words that this client does not know."""
    kind = answer.media_type or "no media type"
    return ServiceConnectionError(
        f"{asked}: {answer.status} with {kind} is no answer of CONTINUUM's that this client understands ({why}); "
        "check the address, and that both have versions that go together"
    )


def _strange(answer: Answer, asked: str) -> ContinuumError:
    """A refusal by something else than the service."""
    if 300 <= answer.status < 400:
        return ServiceConnectionError(
            f"{asked}: the address redirects to {_place(answer.headers.get('location', ''))}; use that one yourself: "
            "redirects are not followed, so that no key goes where it was not meant to"
        )
    text = f"{asked}: {answer.status} without problem details, so probably not from CONTINUUM; check the address"
    kinds: dict[int, type[ContinuumError]] = {401: AuthenticationError, 403: PermissionDeniedError}
    return kinds.get(answer.status, ServiceConnectionError)(text)


def _place(location: str) -> str:
    """Where a redirect leads, without what may be secret in it."""
    parts = urlsplit(location[:_SHOWN_CHARS])
    host = parts.hostname or ""
    return ascii(f"{parts.scheme}://{host}{parts.path}" if host else parts.path)


def _problem(answer: Answer) -> dict[str, Json] | None:
    """The problem details of an answer, None if it has none."""
    if answer.media_type != PROBLEM_TYPE:
        return None
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(told, dict) and isinstance(told.get("code"), str) and isinstance(told.get("detail"), str)
    return told if is_whole else None


def _error(told: dict[str, Json], retry_after: float | None) -> ContinuumError:
    code, detail = told["code"], told["detail"]
    kind = _classes().get(code)
    if kind is None:
        return ContinuumError(f"{code}: {detail}")
    if issubclass(kind, InvalidInputError):
        name = told.get("field")
        name = name if isinstance(name, str) and name else "request"
        return kind(name, detail.removeprefix(f"{name}: "))
    if issubclass(kind, RetryLaterError):
        return kind(detail, 1.0 if retry_after is None else retry_after)
    return kind(detail)


def _classes() -> dict[str, type[ContinuumError]]:
    """Every class of error by its code."""
    return {kind.code: kind for kind in _with_subclasses(ContinuumError)}


def _with_subclasses(kind: type[ContinuumError]) -> Iterator[type[ContinuumError]]:
    yield kind
    for each in kind.__subclasses__():
        if each.__module__ == ContinuumError.__module__:
            yield from _with_subclasses(each)
