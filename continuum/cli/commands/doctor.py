"""`continuum doctor`."""

from __future__ import annotations

import click

from continuum.cli.checkup import Fault, backup, faults_of
from continuum.cli.output import print_json, say, visible
from continuum.cli.settings import Options, with_options
from continuum.core.assembly import open_store
from continuum.errors import ConflictError
from continuum.storage.base import StorageBackend


@click.command()
@click.option("--fix", is_flag=True, help="Mend what can be mended without a risk; the store is copied first.")
@click.option("--without-backup", is_flag=True, help="With --fix: you have a backup of your own.")
@with_options
def command(options: Options, fix: bool, without_backup: bool) -> None:
    """Look for what is wrong with the store, and say what to do. Changes nothing without --fix.

    Looked at: damage of the file, the schema, what a crash left half done, rows of older versions, saved indexes,
    permissions, the clock, the disk; of a PostgreSQL database whatever would let one tenant see another: tables
    without row level security, wide policies, grants, views, functions, roles. Exits with 1 if something is wrong.
    """
    with open_store(options.existing, migrates=False) as backend:
        info = backend.get_backend_info()
        faults = faults_of(options, backend)
        mended = _mended(backend, faults, without_backup=without_backup) if fix else {}
        left = faults_of(options, backend) if mended else faults
    if options.as_json:
        found = [_told(fault, mended.get(number, "")) for number, fault in enumerate(faults)]
        print_json({"store": options.store, "version": info["version"], "findings": found, "left": len(left)})
    else:
        click.echo(visible(f"store: {options.store} ({info['backend_type']} {info['version']})"))
        for number, fault in enumerate(faults):
            _say(fault, mended.get(number, ""))
        click.echo(f"{len(left)} problem(s) {'left' if mended else 'found'}" if left else "nothing is wrong")
    if left:
        raise click.exceptions.Exit(1)


def _mended(backend: StorageBackend, faults: list[Fault], *, without_backup: bool) -> dict[int, str]:
    """Mend what can be; what was done, by the number of the fault. Raises ConflictError without a backup."""
    wanted = {number: fault.mend for number, fault in enumerate(faults) if fault.mend is not None}
    if not wanted:
        return {}
    copied = None if without_backup else backup(backend)
    if copied is None and not without_backup:
        raise ConflictError("this store cannot be copied from here; make a backup, then use --without-backup")
    if copied is not None:
        say(visible(f"copied to {copied}"))
    return {number: mend() for number, mend in wanted.items()}


def _say(fault: Fault, done: str) -> None:
    click.echo(visible(f"{fault.rule}: {fault.subject}: {fault.problem}"))
    click.echo(visible(f"  mended: {done}" if done else f"  to do: {fault.remedy}"))


def _told(fault: Fault, done: str) -> dict[str, str]:
    told = {"rule": fault.rule, "subject": fault.subject, "problem": fault.problem, "remedy": fault.remedy}
    return {**told, "mended": done}
