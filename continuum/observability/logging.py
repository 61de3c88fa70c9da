"""Structured logs on standard error: one line for each record, with the request it belongs to, and without secrets.

Nothing is logged that was said to the memory, and no header or body. What a message or an exception holds by mistake
goes through a `Scrubber`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TextIO

from continuum.domain.records import Json
from continuum.errors import ConfigurationError
from continuum.observability.scrubbing import Scrubber

if TYPE_CHECKING:
    from continuum.observability.requests_seen import RequestSeen

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS: Final = ("json", "text")
ACCESS: Final = "continuum.access"
CONTEXT_FIELDS: Final = ("request_id", "tenant_id", "instance_id")
Fields = Mapping[str, str]

_THEIR_OWN: Final = ("uvicorn", "uvicorn.error", "uvicorn.asgi")
_SILENT: Final = "uvicorn.access"
"""It writes paths with their queries, in which callers' words stand; `log_request` writes the route instead."""
_QUIET: Final = ("httpx", "httpcore", "urllib3", "asyncio")
"""Libraries that tell of each address they ask: heard from WARNING on, unless everything is wanted."""
_MARK: Final = "continuum_fields"
"""The attribute of a record under which our own fields stand. Other extras of a record are never written."""

_access = logging.getLogger(ACCESS)
_fields_now: ContextVar[Callable[[], Fields] | None] = ContextVar("continuum_log_fields", default=None)


def bind_to(fields: Callable[[], Fields]) -> None:
    """Let records of this context (a request's task, and the threads it hops to) carry `fields`, read when needed."""
    _fields_now.set(fields)


@contextmanager
def bind(*, request_id: str = "", tenant_id: str = "", instance_id: str = "") -> Iterator[None]:
    """Let records within the `with` carry these names; an empty one is left out."""
    told = {"request_id": request_id, "tenant_id": tenant_id, "instance_id": instance_id}
    given = {name: value for name, value in told.items() if value}
    token = _fields_now.set(lambda: given)
    try:
        yield
    finally:
        _fields_now.reset(token)


def configure_logging(
    level: str = "INFO", form: str = "json", *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """Send all records of this process to standard error, or `stream`, as `form` says. Calling again replaces that.

    `secrets` are values that must not show wherever they turn up. Raises ConfigurationError for an unknown level or
    form, and for "json" without the package orjson.
    """
    if level not in LEVELS:
        raise ConfigurationError(f"log_level is {level!r}; it must be one of {', '.join(LEVELS)}")
    scrubber = Scrubber(secrets)
    handler = _OwnHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(formatter_for(form, scrubber))
    root = logging.getLogger()
    for each in [each for each in root.handlers if isinstance(each, _OwnHandler)]:
        root.removeHandler(each)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _THEIR_OWN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    logging.getLogger(_SILENT).handlers.clear()
    logging.getLogger(_SILENT).propagate = False
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)
    logging.captureWarnings(True)


def formatter_for(form: str, scrubber: Scrubber) -> logging.Formatter:
    """The formatter that writes one of `FORMATS`. Raises ConfigurationError."""
    if form == "json":
        return JsonFormatter(scrubber)
    if form == "text":
        return TextFormatter(scrubber)
    raise ConfigurationError(f"log_format is {form!r}; it must be one of {', '.join(FORMATS)}")


def log_request(seen: RequestSeen) -> None:
    """The access line of one request. Names of routes, no paths."""
    if _access.isEnabledFor(logging.INFO):
        told: dict[str, Json] = {
            "method": seen.method,
            "route": seen.route,
            "status": seen.status,
            "duration_ms": round(seen.seconds * 1_000, 3),
            "bytes": seen.sent_bytes,
        }
        if seen.credential:
            told["credential"] = seen.credential
        _access.info("request", extra={_MARK: told})


class _OwnHandler(logging.StreamHandler[TextIO]):
    """Ours among the handlers of the root logger: a newer one takes its place."""


class _Formatter(logging.Formatter):
    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__()
        self._scrubber = scrubber

    def fields(self, record: logging.LogRecord) -> dict[str, Json]:
        """What the record and its context say, in order, without secrets."""
        at = datetime.fromtimestamp(record.created, UTC)
        name = record.levelname if record.levelname in LEVELS else LEVELS[min(max(record.levelno // 10 - 1, 0), 4)]
        told: dict[str, Json] = {
            "time": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": name,
            "logger": record.name,
        }
        own = getattr(record, _MARK, None)
        told["message"] = "request" if record.name == ACCESS else self._scrubber.text(record.getMessage())
        told.update(self._context())
        if isinstance(own, dict):
            clean = self._scrubber.name
            told.update({key: clean(value) if isinstance(value, str) else value for key, value in own.items()})
        if record.exc_info and record.exc_info[1] is not None:
            told["exception"] = self._scrubber.exception(record.exc_info[1])
        return told

    def _context(self) -> dict[str, Json]:
        read = _fields_now.get()
        if read is None:
            return {}
        fields = read()
        return {name: self._scrubber.name(fields[name]) for name in CONTEXT_FIELDS if fields.get(name)}


class JsonFormatter(_Formatter):
    """A record as one line of JSON."""

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__(scrubber)
        try:
            import orjson
        except ImportError as exc:
            raise ConfigurationError('log_format "json" needs the extra "server"; use "text" without it') from exc
        self._dumps = orjson.dumps

    def format(self, record: logging.LogRecord) -> str:
        told = self.fields(record)
        try:
            return self._dumps(told).decode()
        except TypeError:  # half a character, as the name of a file may hold: written as what it is
            return self._dumps({key: _whole(value) for key, value in told.items()}).decode()


class TextFormatter(_Formatter):
    """A record as a line for people; a traceback follows it."""

    def format(self, record: logging.LogRecord) -> str:
        told = self.fields(record)
        head = [told.pop("time"), told.pop("level"), told.pop("logger"), told.pop("message")]
        exception = told.pop("exception", None)
        line = " ".join([*map(_visible, head), *(f"{name}={_visible(value)}" for name, value in told.items())])
        return line if exception is None else f"{line}\n{exception}"


def _whole(value: Json) -> Json:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _visible(value: Json) -> str:
    """As one line: who can put a line break into a log can forge a record."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in str(value))
