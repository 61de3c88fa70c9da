"""One request and how its answer is read, as a value: no colour, no connection, no time."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import BinaryIO, Generic, Protocol, TypeVar
from urllib.parse import quote

from continuum.client.decoding import decoded, each_of, member, text
from continuum.client.records import Page
from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError, shown

T = TypeVar("T")
Timestamp = datetime | str | float | None
"""A moment: a datetime (UTC if it names no zone), an RFC 3339 text, or seconds since 1970."""

TRANSFER_SECONDS = 3_600.0
"""Longest silence of an export or import: the service answers an import once all of it is durable."""


class Sink(Protocol):
    """Takes a long answer piece by piece instead of keeping it."""

    @property
    def has_begun(self) -> bool:
        """Whether something was taken: then the request cannot be repeated."""
        ...

    def take(self, piece: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request. `query` and `body` without a value for what was not said; `parse` reads the body of a success."""

    method: str
    path: str
    parse: Callable[[Json], T] = field(repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    media_type: str = "application/json"
    source: BinaryIO | None = field(default=None, repr=False)
    """A body that is read from a file, and so is sent once only."""
    sink: Sink | None = field(default=None, repr=False)
    is_read: bool = False
    """Whether it changes nothing; everything else is sent with an idempotency key."""
    is_probe: bool = False
    """Whether the answer is wanted as it is now, 503 too: never tried again."""
    seconds: float | None = None
    """Longest silence, where it is another than the client's."""

    @property
    def needs_key(self) -> bool:
        return not self.is_read and self.source is None

    @property
    def may_repeat(self) -> bool:
        """Whether asking again is safe."""
        return not self.is_probe and self.source is None and not (self.sink is not None and self.sink.has_begun)


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A listing page by page: `page` gives the call for what lies behind a cursor, None for the beginning."""

    page: Callable[[str | None], Call[Page[T]]]


def get(path: str, parse: Callable[[Json], T], **query: Json) -> Call[T]:
    """A read by GET. Raises InvalidInputError for a value that no URL can carry."""
    return Call("GET", path, parse, query_of(query), is_read=True)


def send(method: str, path: str, parse: Callable[[Json], T], body: Mapping[str, Json] | None = None) -> Call[T]:
    """A write. Raises InvalidInputError for a body that is no JSON."""
    return Call(method, path, parse, body=None if body is None else encoded(body))


def listing(path: str, name: str, kind: type[T] | Callable[[Json], T], **wanted: Json) -> Listing[T]:
    """A listing that stands in `name` of each answer: dataclasses, or what `kind` reads. Raises as `get`."""
    read = partial(decoded, kind) if isinstance(kind, type) else kind

    def parse(told: Json) -> Page[T]:
        cursor = member(told, "next_cursor")
        return Page(each_of(read, member(told, name)), None if cursor is None else text(cursor))

    return Listing(lambda cursor: get(path, parse, cursor=cursor, **wanted))


def path_of(template: str, **names: str) -> str:
    """A path with its names filled in, whatever they hold. Raises InvalidInputError for an empty one."""
    return template.format(**{field: _segment(value, field) for field, value in names.items()})


def _segment(value: str, field: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidInputError(field, f"is {shown(value)}; it must be a text that is not empty")
    if not value.strip("."):
        return value.replace(".", "%2E")  # "..", as it is, would be taken out of the path
    return quote(value, safe="", errors="surrogatepass")


def said(**values: Json) -> dict[str, Json]:
    """What was said: an argument that is None is left to the service."""
    return {name: value for name, value in values.items() if value is not None}


def listed(values: str | Iterable[str] | None) -> Json:
    """Several texts as JSON has them; one text stays what it is."""
    return values if values is None or isinstance(values, str) else list(values)


def message_body(message: Message) -> dict[str, Json]:
    """A message as the service takes it."""
    return said(
        role=message.role,
        text=message.text,
        speaker=message.speaker,
        timestamp=message.timestamp,
        origin=message.origin,
        metadata=message.metadata,
    )


def encoded(body: Mapping[str, Json]) -> bytes:
    """A body as JSON. Raises InvalidInputError, naming the field."""
    try:
        return json.dumps(body, default=_json, allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        for name, value in body.items():
            _check(name, value)
        raise


def _check(name: str, value: Json) -> None:
    try:
        json.dumps(value, default=_json, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInputError(name, f"is nothing that JSON can carry: {exc}") from exc


def _json(value: object) -> Json:
    """What `json` does not write by itself: moments, and containers of other types."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return list(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def query_of(values: Mapping[str, Json]) -> dict[str, str]:
    """The parameters of a URL; None is left out. Raises InvalidInputError."""
    return {name: _parameter(name, value) for name, value in values.items() if value is not None}


def _parameter(name: str, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str | int | float):
        raise InvalidInputError(name, f"must be a text, a number or a moment, not {shown(value)}")
    try:
        text = str(value)
        text.encode()
    except ValueError as exc:
        raise InvalidInputError(name, "is nothing that a URL can carry") from exc
    return text


def moment_text(value: Timestamp, name: str) -> str | None:
    """A moment for a URL, where seconds would be taken for a text. Raises InvalidInputError.

    >>> moment_text(1_772_353_800, "since")
    '2026-03-01T08:30:00+00:00'
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    try:
        if isinstance(value, bool) or not math.isfinite(value):
            raise ValueError("no number of seconds")
        return datetime.fromtimestamp(value, UTC).isoformat()
    except (TypeError, ValueError, OverflowError, OSError) as exc:
        raise InvalidInputError(name, f"is {shown(value)}, which is no moment of the years 1 to 9999") from exc
