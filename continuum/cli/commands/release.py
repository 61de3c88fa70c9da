"""`continuum release`."""

from __future__ import annotations

import click

from continuum.cli.commands.quarantine import counts_of
from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("quarantine_id")
@with_options
def command(options: Options, quarantine_id: str) -> None:
    """Put back all that the quarantine with QUARANTINE_ID hides."""
    with ConsciousMemory(config=options.existing) as memory:
        result = memory.release(quarantine_id)
    if options.as_json:
        print_json(result)
    else:
        click.echo(f"put back {counts_of(result)}")
