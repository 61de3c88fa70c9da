"""`continuum conflicts`."""

from __future__ import annotations

import click

from continuum.cli.output import fact_rows, print_json, print_table, say
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--limit", type=int, default=100, show_default=True)
@with_options
def command(options: Options, limit: int) -> None:
    """List contradictions that cannot be decided, with both sources."""
    with ConsciousMemory(config=options.existing) as memory:
        found = memory.conflicts(limit)
        tenant = memory.tenant_id
    if options.as_json:
        print_json({"conflicts": found, "tenant_id": tenant})
        return
    if not found:
        say(f"no contradictions in {options.store} (tenant {tenant})")
        return
    print_table(*fact_rows([fact for conflict in found for fact in conflict.facts]))
