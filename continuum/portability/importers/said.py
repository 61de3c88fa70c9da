"""What a reader finds: exchanges with their session, and how much of what it met is no part of a memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS
from continuum.domain.records import Json, Message, Origin, Role

TEXT_CHARS_MAX = 200_000
"""A longer text is cut into several messages."""
MESSAGES_AT_ONCE = 20
LABEL_CHARS_MAX = 256


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange of a session, in the words and with the times of its source."""

    session_id: str
    messages: tuple[Message, ...]

    def as_exchange(self) -> dict[str, Json]:
        """What is learnt. A message with its time is known again by itself; without one a key says that it was here."""
        told = {"messages": self.messages, "session_id": self.session_id}
        if all(each.timestamp is not None for each in self.messages):
            return told
        words = "\n".join([self.session_id, *(f"{each.role}\n{each.text}" for each in self.messages)])
        digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
        return {**told, "idempotency_key": f"import:{digest[:40]}"}


@dataclass(slots=True)
class Met:
    """What a reader met besides: conversations it saw, and what it left out, by reason."""

    conversations: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """Reads one format, piece by piece. Raises InvalidInputError for a file that is broken, and OSError."""

    def __call__(self, met: Met) -> Iterator[Said]: ...


def message(
    role: Role,
    text: str,
    timestamp: datetime | None,
    speaker: str | None = None,
    metadata: Mapping[str, Json] | None = None,
) -> list[Message]:
    """A message of the source, in several where it is very long; none for blank text.

    What a person said is as sure as the file that says so, no more: its origin is the import.
    """
    if not text.strip():
        return []
    clean = text.replace("\0", "")
    name = speaker.strip()[:LABEL_CHARS_MAX] if speaker and speaker.strip() else None
    origin = Origin.IMPORT if role == "user" else None
    parts = [clean[start : start + TEXT_CHARS_MAX] for start in range(0, len(clean), TEXT_CHARS_MAX)]
    return [Message(role, part, name, timestamp, origin, metadata) for part in parts if part.strip()]


def exchanges(session_id: str, messages: list[Message]) -> Iterator[Said]:
    """Messages of one session, cut before each thing that a person says."""
    name = session_id.strip()[:LABEL_CHARS_MAX] or "import"
    own: list[Message] = []
    for each in messages:
        if own and ((each.role == "user" and own[-1].role != "user") or len(own) == MESSAGES_AT_ONCE):
            yield Said(name, tuple(own))
            own = []
        own.append(each)
    if own:
        yield Said(name, tuple(own))


def moment(value: Json) -> datetime | None:
    """A time as exports write it: seconds or milliseconds since 1970, or RFC 3339; None for anything else."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
            told = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00"))
            return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
        seconds = float(value)
        seconds = seconds / 1_000 if seconds > 1e11 else seconds
        if not EARLIEST_MICROS <= seconds * 1_000_000 <= LATEST_MICROS:
            return None
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def as_text(value: Json) -> str:
    """The words of a value that should be a text."""
    return value if isinstance(value, str) else ""


def role_of(value: Json) -> Role | None:
    """The role that a source names in its own words; None for what is no part of a conversation."""
    named = as_text(value).lower()
    if named in ("user", "human", "person", "me"):
        return "user"
    if named in ("assistant", "ai", "bot", "model"):
        return "assistant"
    return "tool" if named in ("tool", "function") else None
