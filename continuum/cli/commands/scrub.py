"""`continuum scrub`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory
from continuum.errors import StorageBusyError


@click.command()
@with_options
def command(options: Options) -> None:
    """Take the bytes of what was forgotten out of the store's files now. It happens by itself within minutes."""
    with ConsciousMemory(config=options.existing) as memory:
        scrubbed = memory.scrub()
    if not scrubbed:
        raise StorageBusyError("readers of old rows hold the store, so some bytes are still there; try again")
    if options.as_json:
        print_json({"scrubbed": scrubbed})
        return
    click.echo(f"scrubbed: {options.store}")
