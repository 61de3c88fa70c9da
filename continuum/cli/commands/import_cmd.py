"""`continuum import`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.remote import service_of
from continuum.cli.settings import Options, with_server_options
from continuum.client.records import ImportResult as RemoteImportResult
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.errors import InvalidInputError
from continuum.portability import ImportProgress, ImportResult, import_memory, import_tenants

ENTRIES_BETWEEN_REPORTS = 10_000
PROBLEMS_SHOWN = 10


@click.command(name="import")
@click.argument("source", type=click.Path(exists=True, allow_dash=True))
@click.option("--skip-errors", is_flag=True, help="Import what can be read, and list what cannot.")
@with_server_options
def command(options: Options, source: str, skip_errors: bool) -> None:
    """Read an export into the memory; a folder holds a file for each tenant; "-" is standard input.

    The file is checked whole first: a broken line is named, and then nothing is imported, unless --skip-errors.
    Importing again changes nothing, and goes on where a crash stopped it.
    """
    results = _imported(options, source, skip_errors=skip_errors)
    for result in results:
        for problem in result.problems[:PROBLEMS_SHOWN]:
            say(visible(f"{result.tenant_id}: line {problem.line} was skipped: {problem.problem}"))
    if options.as_json:
        print_json(results[0] if len(results) == 1 else {"tenants": results})
        return
    for result in results:
        click.echo(visible(_words(result)))


def _imported(options: Options, source: str, *, skip_errors: bool) -> Sequence[ImportResult | RemoteImportResult]:
    is_folder = source != "-" and Path(source).is_dir()
    if options.server is not None:
        if is_folder:
            raise InvalidInputError("source", "is a folder; a service takes the file of one tenant at a time")
        with ExitStack() as open_files, service_of(options) as client:
            file = sys.stdin.buffer if source == "-" else open_files.enter_context(Path(source).open("rb"))
            return [client.import_(file, skip_errors=skip_errors)]
    if is_folder:
        with TenantManager(config=options.settings.config) as manager:
            return list(import_tenants(manager, source, skip_errors=skip_errors))
    with ConsciousMemory(config=options.settings.config) as memory:
        given = sys.stdin.buffer if source == "-" else source
        return [import_memory(memory, given, skip_errors=skip_errors, progress=_said_now_and_then())]


def _said_now_and_then() -> Callable[[ImportProgress], None]:
    reported = 0

    def report(progress: ImportProgress) -> None:
        nonlocal reported
        if progress.entries - reported >= ENTRIES_BETWEEN_REPORTS:
            reported = progress.entries
            say(f"{progress.entries} of {progress.total} entries")

    return report


def _words(result: ImportResult | RemoteImportResult) -> str:
    parts = [f"imported {result.entries} entries ({result.messages} messages) into {result.tenant_id}"]
    parts += [f"{result.duplicates} were there already"] if result.duplicates else []
    parts += [f"{result.tombstoned} had been forgotten"] if result.tombstoned else []
    parts += [f"{result.left_out} left out"] if result.left_out else []
    parts += [f"{result.broken_lines} broken lines skipped"] if result.broken_lines else []
    return "; ".join(parts)
