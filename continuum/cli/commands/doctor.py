"""`continuum doctor`."""

from __future__ import annotations

from dataclasses import asdict

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.assembly import open_store
from continuum.storage.base import Finding
from continuum.storage.migrate import Migrator


@click.command()
@with_options
def command(options: Options) -> None:
    """Look for what is wrong with the store; changes nothing. Exits with 1 if it finds something.

    A file is read for damage; of a PostgreSQL database the catalog is searched for whatever would let one tenant see
    another: tables without row level security, wide policies, grants, views, functions, roles.
    """
    with open_store(options.existing, migrates=False) as backend:
        info = backend.get_backend_info()
        waiting = Migrator(backend).waiting()
        found = [Finding("schema", f"{each.version} {each.name}", f"is not applied ({each.phase})") for each in waiting]
        found += [] if any(each.phase == "before-code" for each in waiting) else backend.examine()
    if options.as_json:
        print_json({"store": options.store, "version": info["version"], "findings": [asdict(each) for each in found]})
    else:
        click.echo(visible(f"store: {options.store} ({info['backend_type']} {info['version']})"))
        for each in found:
            click.echo(visible(f"{each.rule}: {each.subject}: {each.problem}"))
        click.echo(f"{len(found)} problem(s) found" if found else "nothing is wrong")
    if found:
        raise click.exceptions.Exit(1)
