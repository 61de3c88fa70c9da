"""`continuum ranking`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--reset", is_flag=True, help="Begin anew with the default weights.")
@with_options
def command(options: Options, reset: bool) -> None:
    """Show the signal weights learnt from feedback, and whether they rank."""
    with ConsciousMemory(config=options.existing) as memory:
        report = memory.reset_ranking() if reset else memory.ranking()
    if options.as_json:
        print_json(report)
        return
    state = "in force" if report.in_force else "not in force: the default weights rank"
    click.echo(f"own weights {state}; {report.feedbacks} feedbacks")
    click.echo(f"first was used: own {report.hit_rate:.1%}, default {report.default_hit_rate:.1%}")
    click.echo(f"gain in reciprocal rank {report.gain:+.4f}, must exceed {report.margin:.4f}")
    print_table(["signal", "weight"], [[name, f"{weight:.3f}"] for name, weight in report.weights.items() if weight])
