"""`continuum prune`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--below", type=float, required=True, help="Links weaker than this go, above 0, at most 1.")
@click.option("--older-than", required=True, help="Links that were not seen since this moment go (RFC 3339).")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would go.")
@with_options
def command(options: Options, below: float, older_than: str, yes: bool) -> None:
    """Delete links of co-occurrence that are weak and old. What was said stays."""
    with ConsciousMemory(config=options.existing) as memory:
        result = memory.prune(below, older_than, dry_run=not yes)
    if options.as_json:
        print_json(result)
        return
    click.echo(f"{'would prune' if result.dry_run else 'pruned'} {result.links} links")
    if result.weakest:
        rows = [[link.concept_a, link.concept_b, f"{link.strength:.2f}"] for link in result.weakest]
        print_table(["concept", "concept", "strength"], rows)
    if result.dry_run and result.links:
        click.echo("nothing was changed; --yes prunes")
