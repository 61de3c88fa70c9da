"""The `continuum` command: finds the subcommand, and turns failures into one sentence and an exit code."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from importlib import import_module

import click

from continuum import __version__, errors
from continuum.cli.output import visible

INTERRUPTED = 130

EXIT_CODES: dict[type[errors.ContinuumError], int] = {
    errors.ContinuumError: 1,
    errors.InvalidInputError: 2,
    errors.NotFoundError: 3,
    errors.ConflictError: 4,
    errors.KeyInFlightError: 4,
    errors.AnswerLostError: 4,
    errors.KeyReusedError: 2,
    errors.PermissionDeniedError: 5,
    errors.AuthenticationError: 13,
    errors.RetryLaterError: 14,
    errors.RateLimitedError: 14,
    errors.OverloadedError: 14,
    errors.QuotaExceededError: 15,
    errors.ConfigurationError: 6,
    errors.FeatureUnavailableError: 6,
    errors.StorageError: 7,
    errors.StorageUnavailableError: 7,
    errors.StorageConnectionError: 7,
    errors.StorageBusyError: 8,
    errors.StorageConflictError: 8,
    errors.StorageFullError: 9,
    errors.StorageCorruptError: 10,
    errors.SchemaVersionError: 11,
    errors.ServiceConnectionError: 16,
    errors.EmbeddingError: 12,
}
"""Exit codes by error class; 2 is also click's own code for a wrong command line, 130 stands for Ctrl-C."""

_COMMANDS = {
    "init": "Make a store, and let this folder use it.",
    "learn": "Learn a text or an exchange.",
    "ask": "Recall, printed for reading.",
    "search": "List the memories that match a query.",
    "recall": "Print the context for a message, ready to inject.",
    "feedback": "Say which recalled memories were used.",
    "ranking": "Show the weights learnt from feedback.",
    "facts": "List facts, with when they hold and who said so.",
    "teach": "Teach a fact directly.",
    "retract": "Say that a fact was never right.",
    "revise": "Give a message new words.",
    "conflicts": "List contradictions that cannot be decided.",
    "timeline": "Show the life of a concept.",
    "state": "Show the whole memory as it was.",
    "diff": "Show what changed between two moments.",
    "graph": "Show or draw what a concept is linked to.",
    "prune": "Delete weak old links.",
    "merge": "Let one concept stand for another.",
    "rename": "Give a concept another name.",
    "undo": "Undo a merge or rename.",
    "quarantine": "Hide what came from a source.",
    "release": "Put back what was hidden.",
    "origins": "Check the seals of messages.",
    "forget": "Erase messages with all that only they taught.",
    "receipts": "List or check what was forgotten.",
    "scrub": "Take erased bytes out of the files now.",
    "retention": "Show or change how long what is kept.",
    "sweep": "Forget now what has come to its end.",
    "rebuild": "Derive everything anew from the log.",
    "consolidate": "Sum up old sessions.",
    "audit": "List, check or export who did what.",
    "sync": "Exchange what is new with another store.",
    "copy": "Copy tenants to another store, and compare.",
    "migrate": "Bring the store to the newest schema.",
    "doctor": "Find, explain and mend what is wrong.",
    "config": "Show every setting and where it came from.",
    "completion": "Let the shell complete commands.",
    "status": "Show the store in use and what it holds.",
    "export": "Write the memory to a file.",
    "import": "Bring memories in, from here or elsewhere.",
    "serve": "Serve the HTTP API.",
    "mcp": "Serve an assistant, or be installed in one.",
    "hook": "Answer the hooks of an assistant.",
    "demo": "Learn a sample conversation and watch recall work.",
    "eval": "Measure recall quality on your own data.",
}

_MODULES = {"import": "import_cmd"}
"""Commands whose name is a word of Python."""

_SECTIONS = {
    "Learn and recall": ("init", "learn", "recall", "ask", "search", "feedback", "ranking"),
    "Facts and time": ("facts", "teach", "retract", "revise", "conflicts", "timeline", "state", "diff"),
    "Concepts": ("graph", "prune", "merge", "rename", "undo"),
    "Trust": ("quarantine", "release", "origins"),
    "Forget": ("forget", "receipts", "scrub", "retention", "sweep", "consolidate"),
    "Store and service": (
        "status",
        "rebuild",
        "export",
        "import",
        "sync",
        "copy",
        "migrate",
        "doctor",
        "config",
        "completion",
        "serve",
        "mcp",
        "hook",
        "demo",
        "eval",
    ),
}
"""How `continuum --help` groups the commands; one that stands nowhere is listed at the end."""


class _LazyGroup(click.Group):
    """Imports a command's module when the command is used: `continuum --help` must not load the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        gc.disable()  # what is loaded stays: looking through it for what could go takes a tenth of the start
        try:
            command: click.Command = import_module(f"continuum.cli.commands.{_MODULES.get(cmd_name, cmd_name)}").command
        finally:
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sectioned = {name for names in _SECTIONS.values() for name in names}
        others = tuple(name for name in _COMMANDS if name not in sectioned)
        for title, names in {**_SECTIONS, "Further commands": others}.items():
            rows = [(name, _COMMANDS[name]) for name in names if name in _COMMANDS]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


@click.group(cls=_LazyGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="continuum")
@click.pass_context
def command_line(context: click.Context) -> None:
    """CONTINUUM: memory for AI agents.

    Start with `continuum demo`, or `continuum learn "..."` and then `continuum recall "..."`.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command line; never shows a traceback for a failure that has a name.

    With --json a failure is one JSON object on standard error.
    """
    as_json = "--json" in sys.argv[1:]
    try:
        status = command_line.main(prog_name="continuum", standalone_mode=False)
    except errors.ContinuumError as exc:
        _say_failure(exc.code, str(exc), getattr(exc, "field", None), as_json)
        status = EXIT_CODES[type(exc)]
    except click.ClickException as exc:
        if as_json:
            _say_failure("usage", exc.format_message(), None, as_json)
        else:
            exc.show()
        status = exc.exit_code
    except click.Abort:
        status = INTERRUPTED
    except OSError as exc:
        _say_failure("system", f"{exc.filename or 'standard output'}: {exc.strerror or exc}", None, as_json)
        _forget_output()
        status = EXIT_CODES[errors.ContinuumError]
    sys.exit(status)


def _say_failure(code: str, message: str, field: str | None, as_json: bool) -> None:
    line = f"continuum: {visible(message)}"
    if as_json:
        line = json.dumps({"error": {"code": code, "message": message, "field": field}})
    with contextlib.suppress(OSError):
        click.echo(line, err=True)


def _forget_output() -> None:
    """What could not be written to standard output shall not be tried again when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
