"""Reads the transcript that a coding assistant keeps of a session: JSON Lines that grow at their end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from continuum.domain.records import Json

LINE_BYTES_MAX = 16 << 20
TEXT_CHARS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class SaidTurn:
    """What a person said and what was answered, up to the next thing that the person says."""

    id: str
    user: str
    assistant: str
    timestamp: str | None
    ends_at: int
    """How many bytes of the file come before what follows it."""


@dataclass(slots=True)
class _Turn:
    id: str
    user: str
    timestamp: str | None
    answers: list[str]


def turns_after(path: Path, start: int, *, is_over: bool = True, last_answer: str = "") -> Iterator[SaidTurn]:
    """The turns in a file behind a place that an earlier call gave. A line that is being written is left alone.

    Unless the turn `is_over`, the last one waits for what follows it. `last_answer` is how it ended, which the file may
    not hold yet; what of it comes into the file later belongs to no turn. What tools said, side conversations, and
    lines of other kinds are no turns. Raises OSError.
    """
    with path.open("rb") as file:
        if start > file.seek(0, 2):
            start = 0  # the file was begun anew
        file.seek(start)
        turn: _Turn | None = None
        end = start
        while (line := file.readline(LINE_BYTES_MAX)).endswith(b"\n"):
            told = _object(line)
            kind, text = _said(told)
            if kind == "user":
                if turn is not None and turn.answers:
                    yield _whole(turn, end)
                    turn = None
                turn = _begun(turn, told, text, end)
            elif kind == "assistant" and turn is not None:
                turn.answers.append(text)
            end += len(line)
        if is_over and turn is not None:
            if not "\n\n".join(turn.answers).rstrip().endswith(last_answer.strip()):
                turn.answers.append(last_answer)
            if turn.answers:
                yield _whole(turn, end)


def _begun(turn: _Turn | None, told: Mapping[str, Json], text: str, at: int) -> _Turn:
    """A new turn; what a person says twice before an answer is one."""
    if turn is not None:
        return _Turn(turn.id, f"{turn.user}\n\n{text}", turn.timestamp, [])
    stamp = told.get("timestamp")
    given = told.get("uuid")
    own_id = given if isinstance(given, str) and given else f"at-{at}"
    return _Turn(own_id, text, stamp if isinstance(stamp, str) else None, [])


def _whole(turn: _Turn, end: int) -> SaidTurn:
    answer = "\n\n".join(turn.answers)
    return SaidTurn(turn.id, turn.user[:TEXT_CHARS_MAX], answer[:TEXT_CHARS_MAX], turn.timestamp, end)


def _object(line: bytes) -> Mapping[str, Json]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _said(told: Mapping[str, Json]) -> tuple[str, str]:
    """Who said what, '' for a line that is no part of the conversation."""
    message = told.get("message")
    if told.get("isSidechain") or told.get("isMeta") or told.get("type") not in ("user", "assistant"):
        return "", ""
    if not isinstance(message, dict) or message.get("role") != told["type"]:
        return "", ""
    text = _text(message.get("content"))
    return (str(told["type"]), text) if text.strip() else ("", "")


def _text(content: Json) -> str:
    if isinstance(content, str):
        return "" if content.startswith("<command-") else content
    if not isinstance(content, list):
        return ""
    texts = [each.get("text") for each in content if isinstance(each, dict) and each.get("type") == "text"]
    return "\n\n".join(text for text in texts if isinstance(text, str))
