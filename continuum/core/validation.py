"""Turns what callers hand over into checked values, or into one InvalidInputError that names field and limit.

Text is stored as it came or refused; it is never silently changed. NUL and lone surrogates are refused because no
store and no JSON reader agree on them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS, Micros, to_micros
from continuum.domain.ids import checked_name
from continuum.domain.records import ROLES, Json, Message, Origin, Role, Scope, Utterance
from continuum.domain.trust import trust_of
from continuum.errors import InvalidInputError, shown

METADATA_DEPTH_MAX = 16
METADATA_TAGS_MAX = 64
"""Keys of metadata that hold one text, number or boolean: those that recall can filter by."""
INTEGER_BITS_MAX = 1_024
LABEL_CHARS_MAX = 256
MESSAGES_PER_EXCHANGE_MAX = 1_000
KEY_CHARS_MAX = 256

_ORIGINS = {
    "user": Origin.USER,
    "assistant": Origin.ASSISTANT,
    "tool": Origin.TOOL,
    "system": Origin.EXTERNAL,
}

Timestamp = datetime | str | float | None


@dataclass(frozen=True, slots=True)
class Limits:
    """The sizes that a message may have."""

    text_bytes: int
    metadata_bytes: int


def checked_text(value: object, field: str, limit_bytes: int) -> str:
    """A text that every store keeps faithfully. Raises InvalidInputError."""
    if not isinstance(value, str):
        raise InvalidInputError(field, f"must be a text, not {type(value).__name__}")
    try:
        size = len(value) if value.isascii() else len(value.encode("utf-8"))
    except UnicodeEncodeError as exc:
        raise InvalidInputError(
            field,
            f"holds a lone surrogate (U+{ord(value[exc.start]):04X}) at character {exc.start}; "
            "send well-formed Unicode",
        ) from None
    if size > limit_bytes:
        raise InvalidInputError(
            field,
            f"has {size} bytes of UTF-8; the limit is {limit_bytes}; split it into several messages",
            limit=limit_bytes,
        )
    at = value.find("\0")
    if at >= 0:
        raise InvalidInputError(field, f"holds a NUL at character {at}; remove it")
    return value


def checked_label(value: object, field: str, chars_max: int = LABEL_CHARS_MAX) -> str:
    """A short, non-empty name of anything (session, speaker, entity). Raises InvalidInputError."""
    text = checked_text(value, field, chars_max * 4)
    if not text.strip() or len(text) > chars_max:
        raise InvalidInputError(
            field,
            f"must have 1 to {chars_max} characters that are not all blank; it has {len(text)}",
            limit=chars_max,
        )
    return text


def checked_time(value: Timestamp, field: str) -> Micros | None:
    """Microseconds in UTC; None stays None. Takes datetimes, RFC 3339 texts, seconds. Raises InvalidInputError."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise InvalidInputError(field, "must be a datetime, an RFC 3339 text or seconds since 1970, not a boolean")
    if isinstance(value, str):
        try:
            return to_micros(datetime.fromisoformat(value.strip()))
        except ValueError:
            raise InvalidInputError(
                field, f"is {value[:60]!r}, which is no RFC 3339 time such as 2026-03-01T09:30:00Z"
            ) from None
    if isinstance(value, datetime):
        return to_micros(value)
    if not isinstance(value, int | float) or value != value:
        raise InvalidInputError(
            field, f"must be a datetime, an RFC 3339 text or seconds since 1970, not {shown(value)}"
        )
    if not EARLIEST_MICROS <= value * 1_000_000 <= LATEST_MICROS:
        raise InvalidInputError(field, f"is {shown(value)} seconds, outside the years 1 to 9999")
    return round(value * 1_000_000)


def checked_metadata(value: Mapping[str, Json] | None, field: str, limit_bytes: int) -> str:
    """The metadata as a compact JSON object with sorted keys. Raises InvalidInputError."""
    if not value:
        if value is not None and not isinstance(value, Mapping):
            raise InvalidInputError(field, f"must be an object of JSON values, not {type(value).__name__}")
        return "{}"
    if not isinstance(value, Mapping):
        raise InvalidInputError(field, f"must be an object of JSON values, not {type(value).__name__}")
    _check_json(value, field, METADATA_DEPTH_MAX)
    tags = sum(isinstance(item, str | int | float) for item in value.values())
    if tags > METADATA_TAGS_MAX:
        raise InvalidInputError(
            field,
            f"has {tags} keys with a text, a number or a boolean; the limit is {METADATA_TAGS_MAX}; nest some of them",
            limit=METADATA_TAGS_MAX,
        )
    text = json.dumps(dict(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return checked_text(text, field, limit_bytes)


def _check_json(value: Json, field: str, depth: int) -> None:
    if depth < 0:
        raise InvalidInputError(
            field, f"is nested deeper than {METADATA_DEPTH_MAX} levels; flatten it", limit=METADATA_DEPTH_MAX
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidInputError(field, f"has the key {shown(key)}; JSON keys are texts")
            _check_json(item, f"{field}.{key[:40]}", depth - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_json(item, field, depth - 1)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidInputError(field, f"holds {value}, which JSON cannot carry")
    elif isinstance(value, int):
        if value.bit_length() > INTEGER_BITS_MAX:
            raise InvalidInputError(field, f"holds {shown(value)}; the limit is {INTEGER_BITS_MAX} bits; send a text")
    elif value is not None and not isinstance(value, str):
        raise InvalidInputError(field, f"holds a {type(value).__name__}, which JSON cannot carry")


def checked_scope(user_id: str | None, agent_id: str | None, project_id: str | None) -> Scope:
    """Scopes are names like tenants, each optional. Raises InvalidInputError."""
    named = {"user_id": user_id, "agent_id": agent_id, "project_id": project_id}
    return Scope(**{field: checked_name(value, field) for field, value in named.items() if value is not None})


def checked_key(value: str | None, field: str = "idempotency_key") -> str | None:
    """An idempotency key, or None. Raises InvalidInputError."""
    return None if value is None else checked_label(value, field, KEY_CHARS_MAX)


def checked_count(value: object, field: str, low: int, high: int) -> int:
    """A whole number within its bounds. Raises InvalidInputError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInputError(field, f"must be a whole number, not {type(value).__name__}")
    if not low <= value <= high:
        raise InvalidInputError(field, f"is {shown(value)}; it must lie between {low} and {high}", limit=high)
    return value


def checked_iterable(value: object, field: str, what: str) -> Iterable[object]:
    """Something that can be iterated over and is no text and no mapping. Raises InvalidInputError."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidInputError(field, f"must be a sequence of {what}, not {type(value).__name__}")
    return value


def checked_role(value: object, field: str) -> Role:
    """One of the roles. Raises InvalidInputError."""
    if not isinstance(value, str) or value not in ROLES:
        raise InvalidInputError(field, f"is {shown(value)}; it must be one of {', '.join(ROLES)}")
    return value


def checked_utterances(
    messages: Iterable[Message], now: Micros, limits: Limits, metadata: str = "{}"
) -> tuple[Utterance, ...]:
    """The messages of one exchange, checked; those without words are left out, but not all may be.

    `metadata` is that of the exchange, for messages that bring none. Raises InvalidInputError.
    """
    given = list(islice(checked_iterable(messages, "messages", "Message objects"), MESSAGES_PER_EXCHANGE_MAX + 1))
    if len(given) > MESSAGES_PER_EXCHANGE_MAX:
        raise InvalidInputError(
            "messages",
            f"are more than {MESSAGES_PER_EXCHANGE_MAX}, the limit of one exchange; use learn_many",
            limit=MESSAGES_PER_EXCHANGE_MAX,
        )
    checked = [
        _utterance(message, f"messages[{number}]", now, limits, metadata) for number, message in enumerate(given)
    ]
    spoken = tuple(utterance for utterance in checked if utterance.text.strip())
    if not spoken:
        raise InvalidInputError("messages", "hold no words; at least one side of an exchange must say something")
    return spoken


def _utterance(message: object, field: str, now: Micros, limits: Limits, metadata: str) -> Utterance:
    if not isinstance(message, Message):
        raise InvalidInputError(field, f"must be a Message, not {type(message).__name__}")
    timestamp = checked_time(message.timestamp, f"{field}.timestamp")
    own = checked_metadata(message.metadata, f"{field}.metadata", limits.metadata_bytes)
    return Utterance(
        role=checked_role(message.role, f"{field}.role"),
        text=checked_text(message.text, f"{field}.text", limits.text_bytes),
        speaker=None if message.speaker is None else checked_label(message.speaker, f"{field}.speaker"),
        timestamp=now if timestamp is None else timestamp,
        timestamp_given=timestamp is not None,
        origin=_origin(message, field),
        metadata=metadata if own == "{}" else own,
    )


def _origin(message: Message, field: str) -> Origin:
    """The origin that was named, or the role's own; a role never claims more trust than it has."""
    if message.origin is None:
        return _ORIGINS[message.role]
    try:
        origin = Origin(message.origin)
    except ValueError:
        raise InvalidInputError(
            f"{field}.origin", f"is {shown(message.origin)}; it must be one of {', '.join(Origin)}"
        ) from None
    own = _ORIGINS[message.role]
    if trust_of(origin) > trust_of(own):
        raise InvalidInputError(
            f"{field}.origin", f"cannot be {origin} for a message of role {message.role}, which is trusted less"
        )
    return origin


def same_key(session_id: str, utterance: Utterance) -> bytes | None:
    """16 bytes that tell a repeated message; None where no time was given, since saying a thing twice is two events."""
    if not utterance.timestamp_given:
        return None
    parts = (session_id, str(utterance.timestamp), utterance.speaker or "", utterance.role, utterance.text)
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.digest()
