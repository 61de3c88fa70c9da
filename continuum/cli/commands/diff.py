"""`continuum diff`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.settings import Options, with_options
from continuum.core.looking_back import FactChange
from continuum.core.memory import ConsciousMemory


@click.command()
@click.argument("since")
@click.argument("until", required=False)
@click.option("--limit", type=int, default=1_000, show_default=True, help="Of each kind at most.")
@with_options
def command(options: Options, since: str, until: str | None, limit: int) -> None:
    """Show what was learnt, changed and forgotten after SINCE, up to UNTIL (RFC 3339; default: now)."""
    with ConsciousMemory(config=options.existing) as memory:
        found = memory.diff(since, until, limit=limit)
    if options.as_json:
        print_json(found)
        return
    rows = [[change.change, _words(change)] for change in found.facts]
    rows += [["adjusted", words] for words in found.merged]
    rows += [["revised", message_id] for message_id in found.revised]
    rows += [["new concept", name] for name in found.concepts]
    rows.append(["messages learnt", str(len(found.learnt))])
    rows.append(["entries forgotten", str(found.erased)])
    print_table(["change", "what"], rows)
    if found.truncated:
        click.echo(f"some lists were longer than {limit}; use --limit", err=True)


def _words(change: FactChange) -> str:
    fact = change.after or change.before
    assert fact is not None, "a change has at least one side"
    return f"{fact.subject} {fact.attribute}: {fact.value} ({fact.label or fact.status})"
