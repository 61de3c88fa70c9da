"""Builds the checked exchange that is learnt from what a caller hands over, in any of the shapes that are taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from itertools import islice

from continuum.core.redacting import redacted_exchange
from continuum.core.validation import (
    Limits,
    Timestamp,
    checked_iterable,
    checked_key,
    checked_label,
    checked_metadata,
    checked_scope,
    checked_time,
    checked_utterances,
)
from continuum.domain.clock import Micros
from continuum.domain.ids import uuid7
from continuum.domain.records import Exchange, Json, Message
from continuum.errors import InvalidInputError, shown
from continuum.extraction.base import Redacting

SUPERSEDES_MAX = 100


@dataclass(frozen=True, slots=True)
class ExchangeDefaults:
    """What an exchange takes from the memory it is learnt by."""

    now: Micros
    limits: Limits
    session_id: str
    instance_id: str
    redactor: Redacting
    session_given: bool = False
    """Whether somebody named the session, so that it is the same after a restart."""


def exchange_of_messages(
    defaults: ExchangeDefaults,
    messages: Iterable[Message],
    *,
    metadata: Mapping[str, Json] | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    idempotency_key: str | None = None,
    supersedes: str | Iterable[str] = (),
    expires_at: Timestamp = None,
) -> Exchange:
    """An exchange of any number of messages, without the secrets in them. Raises InvalidInputError."""
    shared = checked_metadata(metadata, "metadata", defaults.limits.metadata_bytes)
    exchange = Exchange(
        exchange_id=uuid7(defaults.now),
        utterances=checked_utterances(messages, defaults.now, defaults.limits, shared),
        session_id=defaults.session_id if session_id is None else checked_label(session_id, "session_id"),
        instance_id=defaults.instance_id,
        scope=checked_scope(user_id, agent_id, project_id),
        recorded_at=defaults.now,
        idempotency_key=checked_key(idempotency_key),
        session_given=defaults.session_given or session_id is not None,
        supersedes=_checked_ids(supersedes),
        expires_at=checked_time(expires_at, "expires_at"),
    )
    return redacted_exchange(exchange, defaults.redactor)


def two_sides(
    user_message: str, ai_response: str = "", *, timestamp: Timestamp = None, speaker: str | None = None
) -> list[Message]:
    """The two messages of a plain exchange; the side without words is left out when they are checked."""
    return [
        Message("user", user_message, speaker, timestamp),
        Message("assistant", ai_response, None, timestamp),
    ]


def exchange_of_mapping(defaults: ExchangeDefaults, arguments: Mapping[str, Json]) -> Exchange:
    """An exchange from the arguments of `learn`, or from `messages` (a list of mappings) and its other arguments.

    Raises InvalidInputError.
    """
    rest = dict(arguments)
    if "messages" in rest:
        given = checked_iterable(rest.pop("messages"), "messages", "messages")
        messages = [_message(number, item) for number, item in enumerate(given)]
    else:
        sides = {name: rest.pop(name) for name in _SIDES if name in rest}
        if "user_message" not in sides:
            raise InvalidInputError("user_message", "is missing; an exchange has user_message or messages")
        messages = two_sides(**sides)
    for name in rest:
        if name not in _SHARED:
            raise InvalidInputError(
                name[:60] if isinstance(name, str) else shown(name),
                f"is not known; an exchange takes {', '.join([*_SIDES, *_SHARED])}",
            )
    return exchange_of_messages(defaults, messages, **rest)


def _checked_ids(given: object) -> tuple[str, ...]:
    """The ids that an exchange supersedes, one or several, each once."""
    several = [given] if isinstance(given, str) else checked_iterable(given, "supersedes", "ids")
    ids = list(islice(several, SUPERSEDES_MAX + 1))
    if len(ids) > SUPERSEDES_MAX:
        problem = f"holds more than {SUPERSEDES_MAX} ids"
        raise InvalidInputError("supersedes", problem, limit=SUPERSEDES_MAX)
    return tuple(dict.fromkeys(checked_label(each, "supersedes") for each in ids))


_SIDES = tuple(signature(two_sides).parameters)
_SHARED = tuple(signature(exchange_of_messages).parameters)[2:]
_MESSAGE_FIELDS = tuple(Message.__dataclass_fields__)


def _message(number: int, item: object) -> Message:
    if isinstance(item, Message):
        return item
    field = f"messages[{number}]"
    if not isinstance(item, Mapping):
        raise InvalidInputError(field, f"must be an object, not {type(item).__name__}")
    for name in item:
        if name not in _MESSAGE_FIELDS:
            raise InvalidInputError(
                f"{field}.{name[:60] if isinstance(name, str) else shown(name)}",
                f"is not known; a message has {', '.join(_MESSAGE_FIELDS)}",
            )
    for name in ("role", "text"):
        if name not in item:
            raise InvalidInputError(f"{field}.{name}", "is missing")
    return Message(**item)
