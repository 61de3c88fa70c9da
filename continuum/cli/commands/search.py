"""`continuum search`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options


@click.command()
@click.argument("query")
@click.option("--limit", type=int, default=10, show_default=True)
@with_server_options
def command(options: Options, query: str, limit: int) -> None:
    """List the memories that match QUERY, best first."""
    with opened(options) as memory:
        context = memory.recall(query, max_memories=limit)
    if options.as_json:
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
