"""`continuum mcp`: the server for an assistant on this machine, and its place in their configurations."""

from __future__ import annotations

import click

from continuum.assistants.own_store import with_own_store
from continuum.cli.commands.mcp_install import install, listed, uninstall
from continuum.cli.settings import Options, with_server_options


@click.group(invoke_without_command=True)
@click.pass_context
@with_server_options
def command(options: Options, context: click.Context) -> None:
    """Serve the memory to an assistant over standard input and output (MCP).

    Assistants start it themselves: `continuum mcp install` tells them how.
    """
    if context.invoked_subcommand is None:
        _serve(options)


def _serve(options: Options) -> None:
    from continuum.mcp.serving import serve

    serve(with_own_store(options.settings), options.key)


command.add_command(install)
command.add_command(uninstall)
command.add_command(listed, "list")
