"""`continuum merge`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("name")
@click.argument("into")
@with_options
def command(options: Options, name: str, into: str) -> None:
    """Let the concept INTO stand for the concept NAME too."""
    with ConsciousMemory(config=options.existing) as memory:
        concept, seq = memory.merge_concepts(name, into)
    if options.as_json:
        print_json({"concept": {"id": concept.id, "name": concept.name, "aliases": concept.aliases}, "seq": seq})
        return
    click.echo(visible(f"merged into {concept.name}; `continuum undo {seq}` takes it back"))
