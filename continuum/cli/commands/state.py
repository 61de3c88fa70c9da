"""`continuum state`."""

from __future__ import annotations

from dataclasses import fields

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--as-of", help="What was true at this moment (RFC 3339).")
@click.option("--known-at", help="What was known at this moment (RFC 3339).")
@with_options
def command(options: Options, as_of: str | None, known_at: str | None) -> None:
    """Show the whole memory as it was: how much of each kind, or with --json all of it. Reads everything."""
    with ConsciousMemory(config=options.existing) as memory:
        state = memory.state(as_of=as_of, known_at=known_at)
    if options.as_json:
        print_json(state)
        return
    for kind in fields(state):
        click.echo(f"{kind.name}: {len(getattr(state, kind.name))}")
