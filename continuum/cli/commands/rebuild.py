"""`continuum rebuild`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@with_options
def command(options: Options) -> None:
    """Derive everything anew from the log, as after an upgrade that reads more out of the same words."""
    with ConsciousMemory(config=options.existing) as memory:
        done = memory.rebuild()
    if options.as_json:
        print_json(done)
        return
    click.echo(f"{done.entries} entries and {done.exchanges} exchanges folded again")
