"""`continuum retract`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command(context_settings={"ignore_unknown_options": True})  # an id may begin with a dash
@click.argument("fact_id")
@click.option("--reason", default="", help="Why it was never right.")
@with_options
def command(options: Options, fact_id: str, reason: str) -> None:
    """Say that the fact FACT_ID was never right. What it had replaced holds again; nothing is deleted."""
    with ConsciousMemory(config=options.existing) as memory:
        fact = memory.retract(fact_id, reason)
    if options.as_json:
        print_json(fact)
        return
    click.echo(visible(f"retracted {fact.id}: {fact.subject} {fact.attribute}: {fact.value}"))
