"""`continuum sweep`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@with_options
def command(options: Options) -> None:
    """Forget now what has come to its end. A running service does it every quarter of an hour."""
    with ConsciousMemory(config=options.existing) as memory:
        done = memory.sweep()
    if options.as_json:
        print_json(done)
        return
    click.echo(
        f"{done.expired} messages forgotten, {done.wordings} earlier wordings dropped, "
        f"{done.consolidated} sessions summed up"
    )
