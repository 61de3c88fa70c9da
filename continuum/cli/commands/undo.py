"""`continuum undo`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("seq", type=int)
@with_options
def command(options: Options, seq: int) -> None:
    """Undo the merge or rename that was made at position SEQ of the log."""
    with ConsciousMemory(config=options.existing) as memory:
        undone = memory.undo(seq)
    if options.as_json:
        print_json({"seq": undone})
        return
    click.echo(f"undid {seq}")
