"""What a reader finds: exchanges with their session, and how much of what it met is no part of a memory."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS, to_micros
from continuum.domain.records import Json, Message, Origin, Role

TEXT_CHARS_MAX = 200_000
"""A longer text is cut into several messages."""
MESSAGES_AT_ONCE = 20
LABEL_CHARS_MAX = 256
REASONS_MAX = 50
"""Further reasons for leaving something out are counted together: their names come from the file."""
REPEATS_MAX = 100_000
"""So many texts without a time are told apart from their repetitions, in each session."""
_DAY = re.compile(r"\d{8}", re.ASCII)
_NUMBER = re.compile(r"\d{9,18}(?:\.\d+)?", re.ASCII)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange of a session, in the words and with the times of its source.

    `key` is what tells it again where its message has no time; None where the times do.
    """

    session_id: str
    messages: tuple[Message, ...]
    key: str | None = None

    def as_exchange(self) -> dict[str, Json]:
        """What is learnt, as `learn_many` takes it."""
        told = {"messages": self.messages, "session_id": self.session_id}
        return told if self.key is None else {**told, "idempotency_key": self.key}


@dataclass(slots=True)
class Met:
    """What a reader met besides: conversations it saw, and what it left out, by reason."""

    conversations: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def leave_out(self, reason: str, count: int = 1) -> None:
        """Count what is no part of a memory."""
        known = reason in self.left_out or len(self.left_out) < REASONS_MAX
        self.left_out[reason if known else "of other kinds"] += count


def message(
    role: Role,
    text: str,
    timestamp: datetime | None,
    speaker: str | None = None,
    metadata: Mapping[str, Json] | None = None,
) -> list[Message]:
    """A message of the source, in several where it is very long; none for blank text.

    What a person said is as sure as the file that says so, no more: its origin is the import. NUL and halves of
    characters, which no store keeps, become the sign for a character that is not known.
    """
    clean = well_formed(text)
    if not clean.strip():
        return []
    name = _label(speaker) if speaker else None
    origin = Origin.IMPORT if role == "user" else None
    return [Message(role, part, name or None, timestamp, origin, metadata) for part in _cut(clean) if part.strip()]


def well_formed(text: str) -> str:
    """The text with U+FFFD for NUL and for each half of a character."""
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")


def _cut(text: str) -> Iterator[str]:
    """Pieces of at most TEXT_CHARS_MAX characters; a word is not cut, where there are words."""
    start = 0
    while len(text) - start > TEXT_CHARS_MAX:
        end = start + TEXT_CHARS_MAX
        space = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = space + 1 if space > start else end
        yield text[start:end]
        start = end
    yield text[start:]


def _label(name: str) -> str:
    return well_formed(name).strip()[:LABEL_CHARS_MAX].strip()


def exchanges(session_id: str, messages: Iterable[Message]) -> Iterator[Said]:
    """Messages of one session, cut before each thing that a person says; a message without a time goes alone.

    Alone, so that a source that has grown gives only what is new: what has no time is known again by its words, its
    role and speaker, and by how often they came before in the session.
    """
    name = _label(session_id) or "import"
    repeats = Counter[int]()
    own: list[Message] = []
    for each in messages:
        cut = each.role == "user" and bool(own) and own[-1].role != "user"
        if own and (cut or each.timestamp is None or len(own) == MESSAGES_AT_ONCE):
            yield Said(name, tuple(own))
            own = []
        if each.timestamp is None:
            yield Said(name, (each,), _key(name, each, repeats))
        else:
            own.append(each)
    if own:
        yield Said(name, tuple(own))


def _key(session: str, said: Message, repeats: Counter[int]) -> str:
    digest = hashlib.blake2b(digest_size=20)
    for part in (session, said.role, said.speaker or "", said.text):
        data = part.encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    number = int.from_bytes(digest.digest()[:8], "little")
    before = repeats[number]
    if before or len(repeats) < REPEATS_MAX:
        repeats[number] += 1
    digest.update(before.to_bytes(8, "little"))
    return f"import:{digest.hexdigest()}"


def moment(value: Json) -> datetime | None:
    """A time as exports write it: RFC 3339, or seconds, milli-, micro- or nanoseconds since 1970; None for all else."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            return _written(value.strip())
        seconds = float(value)
        for most, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
            if seconds > most:
                seconds /= unit
                break
        if not EARLIEST_MICROS <= seconds * 1_000_000 <= LATEST_MICROS:
            return None
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _written(text: str) -> datetime | None:
    if text.isdigit() and not _DAY.fullmatch(text):
        return None  # a year, a number of something
    told = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    told = told if told.tzinfo is not None else told.replace(tzinfo=UTC)
    return told if EARLIEST_MICROS <= to_micros(told) <= LATEST_MICROS else None


def after(time: datetime | None) -> datetime | None:
    """The moment behind another, for what a source tells the order of, and not the time."""
    try:
        return None if time is None else time + _TICK
    except OverflowError:
        return time


def as_text(value: Json) -> str:
    """The words of a value that should be a text."""
    return value if isinstance(value, str) else ""


def as_list(value: Json) -> list[Json]:
    """The items of a value that should be a list."""
    return value if isinstance(value, list) else []


def as_object(value: Json) -> Mapping[str, Json]:
    """The fields of a value that should be an object."""
    return value if isinstance(value, dict) else {}


def role_of(value: Json) -> Role | None:
    """The role that a source names in its own words; None for what is no part of a conversation."""
    named = as_text(value).lower()
    if named in ("user", "human", "person", "me"):
        return "user"
    if named in ("assistant", "ai", "bot", "model"):
        return "assistant"
    return "tool" if named in ("tool", "function") else None
