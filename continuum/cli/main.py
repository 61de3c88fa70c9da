"""The `continuum` command: finds the subcommand, and turns failures into one sentence and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from continuum import __version__, errors

EXIT_CODES: dict[type[errors.ContinuumError], int] = {
    errors.ContinuumError: 1,
    errors.InvalidInputError: 2,
    errors.NotFoundError: 3,
    errors.ConflictError: 4,
    errors.PermissionDeniedError: 5,
    errors.ConfigurationError: 6,
    errors.FeatureUnavailableError: 6,
    errors.StorageError: 7,
    errors.StorageUnavailableError: 7,
    errors.StorageBusyError: 8,
    errors.StorageFullError: 9,
    errors.StorageCorruptError: 10,
    errors.SchemaVersionError: 11,
    errors.EmbeddingError: 12,
}
"""Exit codes by error class; 2 is also click's own code for a wrong command line, 130 stands for Ctrl-C."""

_COMMANDS = {
    "init": "Make a store, and let this folder use it.",
    "learn": "Learn a text or an exchange.",
    "search": "List the memories that match a query.",
    "recall": "Print the context for a message, ready to inject.",
    "status": "Show the store in use and what it holds.",
    "serve": "Serve the HTTP API.",
    "demo": "Learn a sample conversation and watch recall work.",
    "eval": "Measure recall quality on your own data.",
}


class _LazyGroup(click.Group):
    """Imports a command's module when the command is used: `continuum --help` must not load the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"continuum.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


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
    """Run the command line; never shows a traceback for a failure that has a name."""
    try:
        command_line(prog_name="continuum")
    except errors.ContinuumError as exc:
        click.echo(f"continuum: {exc}", err=True)
        sys.exit(EXIT_CODES[type(exc)])
