"""`continuum consolidate`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory


@click.command()
@click.option("--before", help="Sessions that were last active before (RFC 3339; default: now).")
@click.option("--drop-originals", is_flag=True, help="Forget the messages that are summed up; their facts stay.")
@click.option("--limit", type=int, default=100, show_default=True, help="Sessions at most.")
@with_options
def command(options: Options, before: str | None, drop_originals: bool, limit: int) -> None:
    """Sum up old sessions by their own most telling sentences."""
    with ConsciousMemory(config=options.existing) as memory:
        done = memory.consolidate(before, keep_originals=not drop_originals, limit=limit)
        tenant = memory.tenant_id
    if options.as_json:
        print_json({"sessions": done, "tenant_id": tenant})
        return
    if not done:
        say(f"no session to sum up in {options.store} (tenant {tenant})")
        return
    print_table(
        ["session", "messages", "originals"],
        [[each.session_id, each.messages, "kept" if each.originals_kept else "forgotten"] for each in done],
    )
