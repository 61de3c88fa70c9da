"""`continuum retention`."""

from __future__ import annotations

from dataclasses import asdict, replace

import click

from continuum.cli.output import print_json, print_table
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory
from continuum.domain.records import Json
from continuum.errors import InvalidInputError

FOR_EVER = "forever"


@click.command()
@click.option("--messages", "message_days", metavar="DAYS", help="Forget messages that are older.")
@click.option("--history", "history_days", metavar="DAYS", help="Drop earlier wordings that are older.")
@click.option("--consolidate-after", "consolidate_after_days", metavar="DAYS", help="Sum up sessions that are older.")
@click.option("--keep-originals/--drop-originals", default=None, help="Whether messages stay that were summed up.")
@with_options
def command(
    options: Options,
    message_days: str | None,
    history_days: str | None,
    consolidate_after_days: str | None,
    keep_originals: bool | None,
) -> None:
    """Show how long this tenant keeps what, or change it. DAYS is a number, or "forever"."""
    named = {
        "message_days": message_days,
        "history_days": history_days,
        "consolidate_after_days": consolidate_after_days,
    }
    changes: dict[str, Json] = {name: _days(name, text) for name, text in named.items() if text is not None}
    if keep_originals is not None:
        changes["keep_originals"] = keep_originals
    with ConsciousMemory(config=options.settings.config if changes else options.existing) as memory:
        policy = memory.retention()
        if changes:
            policy = memory.set_retention(replace(policy, **changes))
    if options.as_json:
        print_json(policy)
        return
    print_table(
        ["rule", "value"], [[name, FOR_EVER if value is None else value] for name, value in asdict(policy).items()]
    )


def _days(name: str, text: str) -> int | None:
    if text == FOR_EVER:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInputError(name, f'is {text[:60]!r}; give a number of days, or "{FOR_EVER}"')
    return int(text)
