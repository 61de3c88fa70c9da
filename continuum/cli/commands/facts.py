"""`continuum facts`."""

from __future__ import annotations

import click

from continuum.cli.output import fact_rows, print_json, print_table, say
from continuum.cli.remote import opened, tenant_of
from continuum.cli.settings import Options, with_server_options


@click.command()
@click.argument("subject", required=False)
@click.argument("attribute", required=False)
@click.option("--as-of", help="Moment at which a fact is to hold (RFC 3339; default: now).")
@click.option("--known-at", help="Show the facts as they were known then (RFC 3339).")
@click.option("--current-only", is_flag=True, help="Leave out what does not hold.")
@click.option("--after", default="", help="Go on behind this id.")
@click.option("--limit", type=int, default=100, show_default=True)
@with_server_options
def command(
    options: Options,
    subject: str | None,
    attribute: str | None,
    as_of: str | None,
    known_at: str | None,
    current_only: bool,
    after: str,
    limit: int,
) -> None:
    """List facts, of one SUBJECT and ATTRIBUTE if named, with when they hold and who said so."""
    with opened(options) as memory:
        found = memory.facts(
            subject,
            attribute,
            as_of=as_of,
            known_at=known_at,
            current_only=current_only,
            after=after,
            limit=limit,
        )
        tenant = tenant_of(memory)
    if options.as_json:
        print_json({"facts": found, "tenant_id": tenant})
        return
    if not found:
        say(f"no facts found in {options.store} (tenant {tenant})")
        return
    print_table(*fact_rows(found))
