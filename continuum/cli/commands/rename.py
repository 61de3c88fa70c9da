"""`continuum rename`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("name")
@click.argument("new_name")
@with_options
def command(options: Options, name: str, new_name: str) -> None:
    """Give the concept NAME the name NEW_NAME; it is found under both."""
    with ConsciousMemory(config=options.existing) as memory:
        concept, seq = memory.rename_concept(name, new_name)
    if options.as_json:
        print_json({"concept": {"id": concept.id, "name": concept.name, "aliases": concept.aliases}, "seq": seq})
        return
    click.echo(visible(f"renamed to {concept.name}; `continuum undo {seq}` takes it back"))
