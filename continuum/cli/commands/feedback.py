"""`continuum feedback`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options


@click.command(context_settings={"ignore_unknown_options": True})  # an id may begin with a dash
@click.argument("recall_id")
@click.option("--used", multiple=True, help="Id of a memory, fact or concept that was used; may be repeated.")
@click.option("--ignored", multiple=True, help="Id of one that was shown and not used; may be repeated.")
@with_server_options
def command(options: Options, recall_id: str, used: tuple[str, ...], ignored: tuple[str, ...]) -> None:
    """Say what was used of the recall with RECALL_ID, which `continuum recall --json` prints.

    What was used grows stronger for questions like that one. Each id of a recall counts once.
    """
    with opened(options) as memory:
        result = memory.feedback(recall_id, used, ignored)
    if options.as_json:
        print_json(result)
    elif result.duplicate:
        click.echo("said before; nothing changed")
    else:
        click.echo(f"counted {result.used} used, {result.ignored} ignored")
