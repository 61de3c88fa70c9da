"""Answers one hook of an assistant, in a process of its own that loads as little as it can.

Most of such a process is loading code, so what a hook does not need stays away: the command line's parser, the learning
half of the memory where there is only to recall, and all of it where there is nothing to say.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Self

from continuum.assistants.hooks import CONTEXT_TOKENS, EVENTS, INPUT_BYTES_MAX, Event, Hooks, asked
from continuum.assistants.own_store import with_own_store
from continuum.core.config import default_settings_path, load_settings
from continuum.errors import ContinuumError

if TYPE_CHECKING:
    from pathlib import Path

    from continuum.assistants.transcripts import SaidTurn
    from continuum.client import Client
    from continuum.core.memory import ConsciousMemory

BUDGET_SECONDS = 0.3
"""Of the work; an answer that is later is not given."""
LEARNING_SECONDS = 10.0
"""How long a turn may be learnt before the process gives up: nobody waits for it by then."""
LOG_BYTES_MAX = 1 << 20
_HEADLESS = "sdk"
_FAILURES = (ContinuumError, OSError, ArithmeticError, AssertionError, AttributeError, ImportError, LookupError,
             RuntimeError, TypeError, ValueError)  # fmt: skip
"""Whatever goes wrong, the assistant goes on."""
AWAITED: tuple[Event, ...] = ("session-start", "user-prompt")
"""The events that an assistant waits for."""
_logger = logging.getLogger(__name__)


class HookCall(NamedTuple):
    """What a hook was called with."""

    event: Event
    every_prompt: bool = False
    headless: bool = False
    budget: float = BUDGET_SECONDS


def run_at_once(arguments: Sequence[str]) -> None:
    """Answer the hook that the arguments name, and end the process with 0; returns if a person asks for help.

    What is strange among them is told, and left out: an assistant takes the exit code of a wrong command line, 2, as
    an order to stop what the person wanted.
    """
    if not arguments or "--help" in arguments:
        return
    how, strange = _understood(arguments)
    for argument in strange:
        sys.stderr.write(f"continuum hook: {argument!r} is not understood, and was left out\n")
    if how is None:
        _end("")
    if how.event in AWAITED:
        gc.disable()  # a sixth of the time that loading takes, and the process ends before there is much to collect
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one question gives several threads nothing to do
    _end(answered(how))


def _understood(arguments: Sequence[str]) -> tuple[HookCall | None, list[str]]:
    """The call, None for an event that is not known, and the arguments that mean nothing."""
    event = next((each for each in EVENTS if each == arguments[0]), None)
    if event is None:
        return None, [arguments[0]]
    how, strange = HookCall(event), []
    rest = iter(arguments[1:])
    for argument in rest:
        name, _, value = argument.partition("=")
        if argument == "--every-prompt":
            how = how._replace(every_prompt=True)
        elif argument == "--headless":
            how = how._replace(headless=True)
        elif name == "--budget" and (seconds := _seconds(value or next(rest, ""))) is not None:
            how = how._replace(budget=seconds)
        else:
            strange.append(argument)
    return how, strange


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < threading.TIMEOUT_MAX else None


def answered(how: HookCall) -> str:
    """What the assistant that speaks on standard input is told, '' for nothing.

    Whatever goes wrong is written to the log, and says nothing.
    """
    _give_up_after(how.budget if how.event in AWAITED else LEARNING_SECONDS)
    data = b"" if sys.stdin is None else sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
    if is_headless(os.environ) and not how.headless:
        return ""
    folder = default_settings_path().parent
    try:
        _log_to(folder / "hooks.log")
        hooks = Hooks(folder / "hooks", _Memory, how.every_prompt, how.budget, LEARNING_SECONDS / 2)
        told = hooks.answer(how.event, asked(data))
    except _FAILURES as exc:
        _logger.warning("%s: %s: %s", how.event, type(exc).__name__, exc)
        return ""
    return json.dumps(told) if told else ""


def is_headless(environ: Mapping[str, str]) -> bool:
    """Whether nobody sits before the assistant."""
    entrypoint = environ.get("CLAUDE_CODE_ENTRYPOINT", "")
    return entrypoint.startswith(_HEADLESS) or bool(environ.get("CI"))


def _end(told: str) -> NoReturn:
    """Write the answer and leave without taking the interpreter apart, which would take as long as a recall."""
    try:
        if told:
            sys.stdout.write(told + "\n")
        sys.stdout.flush()
        logging.shutdown()
    finally:
        os._exit(0)


def _give_up_after(seconds: float) -> None:
    """End the process in time, whatever it waits for: a store takes back what was not committed."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _log_to(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.unlink()
    logging.basicConfig(filename=path, level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s", force=True)


class _Memory:
    """A store's or a service's memory, as hooks use it; who only recalls from a store loads no more than that takes."""

    def __init__(self) -> None:
        self._settings = with_own_store(load_settings())
        self._learner: ConsciousMemory | Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._learner is not None:
            self._learner.close()

    def recall_context(self, message: str, session_id: str) -> str:
        config = self._settings.config
        if config.server_url is None:
            from continuum.core.recalling_once import context_once

            return context_once(config, message, max_tokens=CONTEXT_TOKENS, session_id=session_id)
        return self._whole().recall(message, max_tokens=CONTEXT_TOKENS, session_id=session_id).context_string

    def learn_turn(self, turn: SaidTurn, session_id: str) -> None:
        self._whole().learn(
            turn.user,
            turn.assistant,
            session_id=session_id,
            timestamp=turn.timestamp,
            idempotency_key=f"hook:{session_id[:80]}:{turn.id[:80]}",
        )

    def _whole(self) -> ConsciousMemory | Client:
        if self._learner is None:
            self._learner = self._service() if self._settings.config.server_url else self._store()
        return self._learner

    def _store(self) -> ConsciousMemory:
        from continuum.core.memory import ConsciousMemory

        return ConsciousMemory(config=self._settings.config)

    def _service(self) -> Client:
        from continuum.client import Client

        config = self._settings.config
        assert config.server_url is not None, "the caller has looked"
        key = None if config.client_key is None else config.client_key.reveal()
        named = self._settings.sources.get("tenant_id", "default") != "default"
        return Client(config.server_url, token=key, tenant_id=config.tenant_id if named else None)
