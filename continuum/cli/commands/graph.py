"""`continuum graph`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--limit", type=int, default=10, show_default=True, help="How many concepts each list may hold.")
@with_options
def command(options: Options, limit: int) -> None:
    """Show the state of the concept graph: links by strength, orphans, the most connected."""
    with ConsciousMemory(config=options.existing) as memory:
        stats = memory.graph(limit)
    if options.as_json:
        print_json(stats)
        return
    click.echo(f"{stats.concepts} concepts, {stats.links} links, {stats.mean_links:.1f} links a concept")
    click.echo(f"{stats.orphan_count} concepts without a link" + _named([each.name for each in stats.orphans]))
    bands = [[f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}", count] for tenth, count in enumerate(stats.strengths)]
    print_table(["strength", "links"], [band for band in bands if band[1]])
    if stats.most_connected:
        print_table(["most connected", "links"], [[each.name, each.links] for each in stats.most_connected])
    if stats.working_memory:
        click.echo(f"working memory: {', '.join(stats.working_memory)}")


def _named(names: list[str]) -> str:
    return f": {', '.join(names)}" if names else ""
