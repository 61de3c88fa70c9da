"""`continuum status`."""

from __future__ import annotations

import click

from continuum.cli.growth import Growth, Latency, growth_of, latency_of, said_lately
from continuum.cli.output import print_json, print_table, visible
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.cli.sparklines import sparkline
from continuum.core.memory import ConsciousMemory
from continuum.domain.addresses import without_password


@click.command()
@with_server_options
def command(options: Options) -> None:
    """Show the store in use, what it holds, how it grew, how fast it answers, and which settings were changed.

    The latency is measured now, with a few recalls for words that were said lately.
    """
    with opened(options) as memory:
        stats = memory.get_stats()
        growth = growth_of(memory) if isinstance(memory, ConsciousMemory) else None
        latency = latency_of(memory, said_lately(memory))
    sources = {name: source for name, source in options.settings.sources.items() if source != "default"}
    if options.as_json:
        told = {"store": options.store, "stats": stats, "settings": sources}
        print_json({**told, "growth": growth, "recall_ms": None if latency is None else latency.milliseconds})
        return
    click.echo(f"store: {options.store}")
    print_table(["what", "value"], [*stats.items(), *_pictures(growth, latency)])
    for name, source in sources.items():
        value = getattr(options.settings.config, name)
        click.echo(visible(f"{name} = {without_password(value) if name == 'storage' else value} (from {source})"))


def _pictures(growth: Growth | None, latency: Latency | None) -> list[tuple[str, str]]:
    rows = []
    if growth is not None:
        told = f"{sum(growth.entries)} entries, {_long(growth.days)} a bar"
        rows.append(("growth", f"{sparkline(growth.entries)} {told}"))
    if latency is not None:
        told = f"median {latency.median:.1f} ms, worst {latency.worst:.1f} ms"
        rows.append(("recall just now", f"{sparkline(latency.milliseconds)} {told}"))
    return rows


def _long(days: float) -> str:
    if days >= 1:
        return f"{days:.1f} days"
    return f"{days * 24:.1f} hours" if days * 24 >= 1 else f"{days * 1_440:.1f} minutes"
