"""`continuum status`."""

from __future__ import annotations

from pathlib import Path

import click

from continuum.cli.output import print_json, print_table, visible
from continuum.cli.settings import options_of, shared_options
from continuum.core.memory import ConsciousMemory
from continuum.domain.addresses import without_password


@click.command()
@shared_options
def command(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool) -> None:
    """Show the store in use, what it holds, and where each setting came from."""
    options = options_of(db_path, tenant, config, as_json)
    with ConsciousMemory(config=options.existing) as memory:
        stats = memory.get_stats()
    sources = {name: source for name, source in options.settings.sources.items() if source != "default"}
    if as_json:
        print_json({"store": options.store, "stats": stats, "settings": sources})
        return
    click.echo(f"store: {options.store}")
    print_table(["what", "value"], list(stats.items()))
    for name, source in sources.items():
        value = getattr(options.settings.config, name)
        click.echo(visible(f"{name} = {without_password(value) if name == 'storage' else value} (from {source})"))
