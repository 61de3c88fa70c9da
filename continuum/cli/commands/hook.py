"""`continuum hook`: what an assistant's hooks call. It never fails, and never says what is not for the assistant."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from continuum.assistants.hooks import CONTEXT_TOKENS, EVENTS, Event, Hooks, asked
from continuum.assistants.own_store import with_own_store
from continuum.assistants.transcripts import SaidTurn
from continuum.core.config import default_settings_path, load_settings
from continuum.errors import ContinuumError

BUDGET_SECONDS = 0.3
"""Of the work; an answer that is later is not given."""
LEARNING_SECONDS = 10.0
"""How long a turn may be learnt before the process gives up: nobody waits for it by then."""
LOG_BYTES_MAX = 1 << 20
_HEADLESS = "sdk"
_FAILURES = (ContinuumError, OSError, ArithmeticError, AssertionError, AttributeError, ImportError, LookupError,
             RuntimeError, TypeError, ValueError)  # fmt: skip
"""Whatever goes wrong, the assistant goes on."""
_logger = logging.getLogger(__name__)


@click.command()
@click.argument("event", type=click.Choice(EVENTS))
@click.option("--every-prompt", is_flag=True, help="Give context with each prompt, not once per session.")
@click.option("--headless", is_flag=True, help="Work in runs without a person, too.")
@click.option(
    "--budget", type=float, default=BUDGET_SECONDS, show_default=True, help="Seconds that an answer may take."
)
def command(event: Event, every_prompt: bool, headless: bool, budget: float) -> None:
    """Answer a hook of Claude Code: its JSON on standard input, the answer on standard output.

    `user-prompt` gives context, once per session; `stop`, `pre-compact` and `session-end` learn what was said. It
    always ends with 0 and within its time; what went wrong stands in hooks.log beside the settings.
    """
    folder = default_settings_path().parent
    data = sys.stdin.buffer.read() if sys.stdin is not None else b""
    if is_headless(os.environ) and not headless:
        return
    answers = event in ("user-prompt", "session-start")
    _give_up_after(budget if answers else LEARNING_SECONDS)
    try:
        _log_to(folder / "hooks.log")
        hooks = Hooks(folder / "hooks", _opened, every_prompt, budget, LEARNING_SECONDS / 2)
        told = hooks.answer(event, asked(data))
    except _FAILURES as exc:
        _logger.warning("%s: %s: %s", event, type(exc).__name__, exc)
        return
    if told:
        click.echo(json.dumps(told))


def is_headless(environ: os._Environ[str] | dict[str, str]) -> bool:
    """Whether nobody sits before the assistant."""
    entrypoint = environ.get("CLAUDE_CODE_ENTRYPOINT", "")
    return entrypoint.startswith(_HEADLESS) or bool(environ.get("CI"))


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


@contextmanager
def _opened() -> Iterator[_Memory]:
    settings = with_own_store(load_settings())
    if settings.config.server_url is not None:
        from continuum.client import Client

        key = None if settings.config.client_key is None else settings.config.client_key.reveal()
        named = settings.sources.get("tenant_id", "default") != "default"
        tenant = settings.config.tenant_id if named else None
        with Client(settings.config.server_url, token=key, tenant_id=tenant) as client:
            yield _Memory(client)
        return
    from continuum.core.memory import ConsciousMemory

    with ConsciousMemory(config=settings.config) as memory:
        yield _Memory(memory)


class _Memory:
    """A store's or a service's memory, as hooks use it."""

    def __init__(self, memory) -> None:  # type: ignore[no-untyped-def]  # either; naming them would load both
        self._memory = memory

    def recall_context(self, message: str, session_id: str) -> str:
        context: str = self._memory.recall(message, max_tokens=CONTEXT_TOKENS, session_id=session_id).context_string
        return context

    def learn_turn(self, turn: SaidTurn, session_id: str) -> None:
        self._memory.learn(
            turn.user,
            turn.assistant,
            session_id=session_id,
            timestamp=turn.timestamp,
            idempotency_key=f"hook:{session_id[:80]}:{turn.id[:80]}",
        )
