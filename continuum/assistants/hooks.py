"""What an assistant's hooks do: give context once per session, learn what was said when a turn ends.

A hook must never get in the way: it prints nothing it is not sure of, and leaves for the next one what it has no time
for. Nothing stays running; a small file for each session says what was done.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from continuum.domain.records import Json
from continuum.errors import InvalidInputError

if TYPE_CHECKING:
    from continuum.assistants.transcripts import SaidTurn

Event = Literal["session-start", "user-prompt", "pre-compact", "stop", "session-end"]
EVENTS: tuple[Event, ...] = ("session-start", "user-prompt", "pre-compact", "stop", "session-end")
INPUT_BYTES_MAX = 4 << 20
CONTEXT_TOKENS = 800
PROMPT_CHARS_MAX = 8_000
_TEXTS = ("session_id", "transcript_path", "prompt", "source", "last_assistant_message")
NOTES_SECONDS = 90 * 86_400
"""Longer than an assistant keeps its transcripts."""
NOTES_LOOKED_AT_MAX = 10_000


class Remembering(Protocol):
    """What hooks need of a memory, a store's or a service's."""

    def recall_context(self, message: str, session_id: str) -> str: ...

    def learn_turn(self, turn: SaidTurn, session_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """What was done for one session."""

    has_context: bool = False
    learnt_bytes: int = 0
    """How much of its transcript was learnt."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the assistant says with a hook."""

    session_id: str
    transcript: Path | None
    prompt: str
    source: str
    """Why a session starts: startup, resume, clear, compact."""
    answer: str = ""
    """How the turn that ends has ended; '' where the assistant does not say."""


def asked(data: bytes) -> Asked:
    """What a hook was given on standard input. Raises InvalidInputError."""
    if len(data) > INPUT_BYTES_MAX:
        raise InvalidInputError("input", f"has more than {INPUT_BYTES_MAX} bytes", limit=INPUT_BYTES_MAX)
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError("input", "is no JSON") from exc
    if not isinstance(told, dict):
        raise InvalidInputError("input", "is no JSON object")
    texts = {name: told[name] for name in _TEXTS if _is_text(told, name)}
    if not texts.get("session_id"):
        raise InvalidInputError("session_id", "is missing")
    path = texts.get("transcript_path")
    return Asked(
        texts["session_id"],
        Path(path) if path else None,
        texts.get("prompt", ""),
        texts.get("source", ""),
        texts.get("last_assistant_message", ""),
    )


def _is_text(told: Mapping[str, Json], name: str) -> bool:
    return isinstance(told.get(name), str)


@dataclass(slots=True)
class Hooks:
    """Does what the events of one assistant ask for, within a time that was set."""

    folder: Path
    open_memory: Callable[[], contextlib.AbstractContextManager[Remembering]]
    every_prompt: bool = False
    learning_seconds: float = float("inf")
    """What is not begun in this time after the memory was opened is left for the next hook."""
    last_seconds: float = float("inf")
    """The same when the session ends: there is no next hook."""
    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def answer(self, event: Event, said: Asked) -> dict[str, Json]:
        """Do what an event asks for; gives what the assistant is told, {} for nothing."""
        if event == "session-start":
            if said.source in ("compact", "clear"):  # what was given has left the conversation
                self._note(said, replace(self._progress(said), has_context=False))
            return {}
        if event == "user-prompt":
            return self._context(said)
        if event == "session-end":
            self._learn(said, self.last_seconds)
            self._forget_old()
        else:
            # The end of an answer may come into the transcript after this hook: a turn whose end nobody tells waits.
            self._learn(said, self.learning_seconds, is_over=event == "stop" and bool(said.answer))
        return {}

    def _context(self, said: Asked) -> dict[str, Json]:
        done = self._progress(said)
        if not said.prompt.strip() or (done.has_context and not self.every_prompt):
            return {}
        with self.open_memory() as memory:
            context = memory.recall_context(said.prompt[:PROMPT_CHARS_MAX], said.session_id)
        self._note(said, replace(done, has_context=True))
        if not context:
            return {}
        return {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": context}}

    def _learn(self, said: Asked, seconds: float, *, is_over: bool = True) -> None:
        """Learn the turns of the transcript that were not learnt yet, as many as there is time for."""
        if said.transcript is None or not said.transcript.is_file():
            return
        from continuum.assistants.transcripts import turns_after  # the hook that a person waits for reads none

        done = self._progress(said)
        turns = turns_after(said.transcript, done.learnt_bytes, is_over=is_over, last_answer=said.answer)
        first = next(turns, None)
        if first is None:
            return
        with self.open_memory() as memory:
            until = self.monotonic() + seconds
            for turn in _with(first, turns):
                memory.learn_turn(turn, said.session_id)
                done = replace(done, learnt_bytes=turn.ends_at)
                self._note(said, done)
                if self.monotonic() > until:
                    return

    def _forget_old(self) -> None:
        """Notes of sessions that ended long ago go; one that goes on after all is learnt again, which adds nothing."""
        for path in itertools.islice(self.folder.glob("*.json"), NOTES_LOOKED_AT_MAX):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < self.now() - NOTES_SECONDS:
                    path.unlink()

    def _path(self, said: Asked) -> Path:
        return self.folder / f"{hashlib.sha256(said.session_id.encode('utf-8', 'replace')).hexdigest()[:32]}.json"

    def _progress(self, said: Asked) -> Progress:
        try:
            told = json.loads(self._path(said).read_text("utf-8"))
            return Progress(bool(told["has_context"]), int(told["learnt_bytes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Progress()  # all is learnt again, which adds nothing

    def _note(self, said: Asked, done: Progress) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(said)
        unfinished = path.with_name(f".hook-{os.getpid()}-{path.name}")
        unfinished.write_text(json.dumps(asdict(done)), encoding="utf-8")
        unfinished.replace(path)


def _with(first: SaidTurn, rest: Iterator[SaidTurn]) -> Iterator[SaidTurn]:
    yield first
    yield from rest
