"""`continuum search`."""

from __future__ import annotations

from pathlib import Path

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import options_of, shared_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("query")
@click.option("--limit", type=int, default=10, show_default=True)
@shared_options
def command(
    query: str, limit: int, db_path: str | None, tenant: str | None, config: Path | None, as_json: bool
) -> None:
    """List the memories that match QUERY, best first."""
    options = options_of(db_path, tenant, config, as_json)
    with ConsciousMemory(config=options.existing) as memory:
        context = memory.recall(query, max_memories=limit)
    if as_json:
        print_json({"memories": context.memories, "concepts": context.concepts, "tenant_id": context.tenant_id})
        return
    if not context.memories:
        say(f"nothing found in {options.store} (tenant {context.tenant_id})")
        return
    print_table(
        ["score", "date", "who", "memory"],
        [
            [f"{memory.score:.2f}", memory.timestamp.date(), memory.speaker or memory.role, memory.passage]
            for memory in context.memories
        ],
    )
