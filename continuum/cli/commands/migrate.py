"""`continuum migrate`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json
from continuum.cli.settings import Options, with_options
from continuum.core.assembly import open_store
from continuum.storage.migrate import Migrator


@click.command()
@click.option("--after-code", is_flag=True, help="Also what must wait until no older version serves any more.")
@click.option("--check", is_flag=True, help="Only say what is missing.")
@with_options
def command(options: Options, after_code: bool, check: bool) -> None:
    """Bring the store to the newest schema, and on PostgreSQL create the roles that it needs.

    A migration that was cut short leaves nothing behind: run this again. Only those that an older version of the
    code can live with are applied; once that serves nowhere any more, run it with --after-code.
    """
    with open_store(options.settings.config, migrates=False) as backend:
        migrator = Migrator(backend)
        applied = () if check else migrator.upgrade(after_code=after_code)
        waiting = migrator.waiting()
        version = migrator.version()
    if options.as_json:
        print_json(
            {"version": version, "applied": applied, "waiting": [[each.version, each.phase] for each in waiting]}
        )
        return
    click.echo(f"applied: {', '.join(map(str, applied)) or 'nothing'}; the store has schema {version}")
    for each in waiting:
        click.echo(f"waiting: {each.version} {each.name} ({each.phase})")
