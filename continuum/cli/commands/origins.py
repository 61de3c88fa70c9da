"""`continuum origins`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@with_options
def command(options: Options) -> None:
    """Check the seal of every message: whether words and origin are those that were learnt."""
    with ConsciousMemory(config=options.existing) as memory:
        report = memory.verify_origins()
    if options.as_json:
        print_json(report)
        return
    click.echo(f"{report.sealed} sealed, {report.unsealed} unsealed, {report.broken_count} altered")
    for each in report.broken:
        click.echo(f"altered: {each}")
