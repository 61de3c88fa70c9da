"""`continuum status`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table, visible
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.domain.addresses import without_password


@click.command()
@with_server_options
def command(options: Options) -> None:
    """Show the store in use, what it holds, and where each setting came from."""
    with opened(options) as memory:
        stats = memory.get_stats()
    sources = {name: source for name, source in options.settings.sources.items() if source != "default"}
    if options.as_json:
        print_json({"store": options.store, "stats": stats, "settings": sources})
        return
    click.echo(f"store: {options.store}")
    print_table(["what", "value"], list(stats.items()))
    for name, source in sources.items():
        value = getattr(options.settings.config, name)
        click.echo(visible(f"{name} = {without_password(value) if name == 'storage' else value} (from {source})"))
