"""`continuum timeline`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options


@click.command()
@click.argument("concept")
@click.option("--limit", type=int, default=1_000, show_default=True)
@with_server_options
def command(options: Options, concept: str, limit: int) -> None:
    """Show the life of CONCEPT: mentions, decisions, facts, merges; oldest first."""
    with opened(options) as memory:
        events = memory.timeline(concept, limit=limit)
    if options.as_json:
        print_json({"concept": concept, "events": events})
        return
    print_table(["when", "what", "words"], [[event.at.date(), event.kind, event.text] for event in events])
