"""`continuum teach`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.facts_by_hand import VALUE_MODES, TaughtFact
from continuum.core.memory import ConsciousMemory


@click.command(context_settings={"ignore_unknown_options": True})  # a value may begin with a dash
@click.argument("subject")
@click.argument("attribute")
@click.argument("value")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in VALUE_MODES]),
    default="state",
    show_default=True,
    help="What it does to the facts of its slot.",
)
@click.option("--not", "negated", is_flag=True, help="The value does not hold.")
@click.option("--one/--many", "single", default=None, help="How many values at a time (default: by attribute).")
@click.option("--replaces", default="", help="The former value.")
@click.option("--confidence", type=float, default=0.9, show_default=True)
@click.option("--from", "valid_from", help="Since when it holds (RFC 3339; default: now).")
@click.option("--until", "valid_to", help="When it stopped holding (RFC 3339).")
@click.option("--source", default="user", show_default=True, help="Who says so.")
@with_options
def command(
    options: Options,
    subject: str,
    attribute: str,
    value: str,
    mode: str,
    negated: bool,
    single: bool | None,
    replaces: str,
    confidence: float,
    valid_from: str | None,
    valid_to: str | None,
    source: str,
) -> None:
    """Teach a fact: ATTRIBUTE of SUBJECT is VALUE, as in `teach user "lives in" Lisbon`."""
    fact = TaughtFact(
        subject,
        attribute,
        value,
        polarity=not negated,
        single=single,
        mode=mode,
        replaces=replaces,
        confidence=confidence,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    with ConsciousMemory(config=options.settings.config) as memory:
        learnt = memory.learn_facts([fact], source=source)
        tenant = memory.tenant_id
    if options.as_json:
        print_json({"facts": learnt, "tenant_id": tenant})
        return
    for each in learnt:
        click.echo(visible(f"{each.id}: {each.subject} {each.attribute}: {each.value} ({each.status})"))
