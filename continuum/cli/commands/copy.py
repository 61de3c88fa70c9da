"""`continuum copy`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from continuum.cli.output import print_json, say, visible
from continuum.errors import NotFoundError
from continuum.portability.copy_tenant import CopiedTenant
from continuum.portability.store_copy import CopyProgress, copy_tenants, verify_tenants
from continuum.storage.base import StorageBackend
from continuum.storage.factory import open_backend, sqlite_path

Report = Callable[[CopyProgress], None]
ROWS_BETWEEN_REPORTS = 100_000


@click.command()
@click.option("--from", "source", required=True, help="Store to read: a path, sqlite:///path or postgresql://...")
@click.option("--to", "target", required=True, help="Store to write to, made if it is not there.")
@click.option("--tenant", "tenants", multiple=True, help="Tenant to copy; may be repeated (default: all).")
@click.option("--verify-only", is_flag=True, help="Compare the stores; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(source: str, target: str, tenants: tuple[str, ...], verify_only: bool, as_json: bool) -> None:
    """Copy tenants to another store, row by row, and compare what arrived.

    Broken off, it goes on where it was when it is called again. A tenant that the target holds with other content
    is refused before anything is written.
    """
    read = verify_tenants if verify_only else copy_tenants
    with (
        _opened(source, existing=True) as here,
        _opened(target, existing=verify_only) as there,
        _reporting(quiet=as_json) as report,
    ):
        done = _said(read(here, there, tenants or None, report), as_json=as_json)
    if as_json:
        print_json({"verified_only": verify_only, "tenants": done.results})
        return
    verb = "compared" if verify_only else "copied"
    click.echo(visible(f"{verb} {done.tenants} tenant(s), {done.rows} rows: counts and checksums are equal"))


class _Done:
    """What was done so far; each tenant's tables are kept only where they will be printed."""

    def __init__(self) -> None:
        self.results: list[CopiedTenant] = []
        self.tenants = self.rows = 0


def _said(results: Iterator[CopiedTenant], *, as_json: bool) -> _Done:
    done = _Done()
    for each in results:
        done.tenants += 1
        done.rows += each.rows
        if as_json:
            done.results.append(each)
        else:
            say(visible(f"{each.tenant_id}: {each.outcome}, {each.rows} rows"))
        if each.scrub_pending:
            say(
                visible(f"{each.tenant_id}: deleted rows of a broken-off copy; now run `continuum scrub` on the target")
            )
    return done


@contextmanager
def _opened(url: str, *, existing: bool) -> Iterator[StorageBackend]:
    """A store, closed at the end. One to read must be there: a path with a slip in it shall not make an empty one."""
    if existing and not url.startswith(("postgresql://", "postgres://")):
        path = Path(sqlite_path(url)).expanduser().absolute()
        if not path.exists():
            raise NotFoundError(f"no store at {path}; name the file of one")
    backend = open_backend(url)
    try:
        yield backend
    finally:
        backend.close_all()


@contextmanager
def _reporting(*, quiet: bool) -> Iterator[Report | None]:
    """A bar on a terminal, a line now and then elsewhere, nothing if the answer is for a program."""
    if quiet:
        yield None
    elif sys.stderr is None or not sys.stderr.isatty():
        yield _said_now_and_then()
    else:
        with _bar() as report:
            yield report


@contextmanager
def _bar() -> Iterator[Report]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking at the tenants", total=None)

        def report(progress: CopyProgress) -> None:
            place = f"{progress.tenants_done + 1} of {progress.tenants}: {escape(progress.tenant_id)} {progress.table}"
            bar.update(task, description=place, completed=progress.rows, total=progress.rows_expected)

        yield report


def _said_now_and_then() -> Report:
    reported = 0

    def report(progress: CopyProgress) -> None:
        nonlocal reported
        reported = min(reported, progress.rows)
        if progress.rows - reported >= ROWS_BETWEEN_REPORTS:
            reported = progress.rows
            say(visible(f"{progress.tenant_id}: {progress.rows} of {progress.rows_expected} rows"))

    return report
