"""`continuum init`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from continuum.cli.output import print_json, say
from continuum.cli.settings import MEMORY, options_of, shared_options
from continuum.core.config import project_settings_path, read_project_file
from continuum.core.memory import ConsciousMemory
from continuum.errors import InvalidInputError


@click.command()
@shared_options
def command(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool) -> None:
    """Make a store, and let this folder use it.

    Writes .continuum/config.json here, so that every command below this folder finds the same store.
    """
    options = options_of(db_path, tenant, config, as_json)
    if options.store == MEMORY:
        raise InvalidInputError("db_path", "is :memory:, which nobody finds again; name a file")
    with ConsciousMemory(config=options.settings.config) as memory:
        stats = memory.get_stats()
    path = project_settings_path(Path.cwd())
    _remember(path, options.store, tenant)
    if as_json:
        print_json({"store": options.store, "settings": str(path), "stats": stats})
        return
    click.echo(f"store: {options.store}")
    say(f'This folder uses it from now on ({path}). Next: continuum learn "My cat is called Minka"')


def _remember(path: Path, store: str, tenant: str | None) -> None:
    """Keep what the file says already, with the store's absolute path and, if one was named, the tenant."""
    kept = read_project_file(path) if path.is_file() else {}
    kept["db_path"] = store
    if tenant is not None:
        kept["tenant_id"] = tenant
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
