"""`continuum import`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.progress import reported
from continuum.cli.remote import opened, service_of
from continuum.cli.settings import Options, with_server_options
from continuum.client.records import ImportResult as RemoteImportResult
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.errors import InvalidInputError
from continuum.portability import ImportResult, import_memory, import_tenants
from continuum.portability.importers import ImportPlan, bring_in, plan
from continuum.portability.importers.formats import is_own_archive

ENTRIES_BETWEEN_REPORTS = 10_000
PROBLEMS_SHOWN = 10


@click.command(name="import")
@click.argument("source", type=click.Path(exists=True, allow_dash=True))
@click.option("--format", "form", help="Format of SOURCE, where it does not tell itself (see docs/how-to/import.md).")
@click.option("--dry-run", is_flag=True, help="Only say what would be learnt.")
@click.option("--skip-errors", is_flag=True, help="Of an own export: import what can be read, and list what cannot.")
@with_server_options
def command(options: Options, source: str, form: str | None, dry_run: bool, skip_errors: bool) -> None:
    """Bring memories in: an own export, or what ChatGPT, Claude, Claude Code, Codex, Obsidian, mem0 and others keep.

    Everything is looked through first, and nothing is learnt from a broken file. Importing again changes nothing,
    goes on where it was broken off, and takes from a transcript that has grown what is new. Of an own export a folder
    holds a file for each tenant; "-" is standard input.
    """
    if form is not None or (source != "-" and not is_own_archive(Path(source))):
        if source == "-":
            raise InvalidInputError("source", "is standard input, which only an own export can come from; name a file")
        if skip_errors:
            raise InvalidInputError("skip-errors", "is for an own export; nothing is learnt from what is broken")
        _bring(options, Path(source), form, dry_run=dry_run)
        return
    if dry_run:
        raise InvalidInputError("dry-run", "is for what comes from elsewhere; an own export is checked whole anyway")
    results = _imported(options, source, skip_errors=skip_errors)
    for result in results:
        for problem in result.problems[:PROBLEMS_SHOWN]:
            say(visible(f"{result.tenant_id}: line {problem.line} was skipped: {problem.problem}"))
    if options.as_json:
        print_json(results[0] if len(results) == 1 else {"tenants": results})
        return
    for result in results:
        click.echo(visible(_words(result)))


def _bring(options: Options, source: Path, form: str | None, *, dry_run: bool) -> None:
    """Learn what comes from elsewhere."""
    if dry_run:
        planned = plan(source, form)
        if options.as_json:
            print_json(planned)
        else:
            _say_plan(planned)
        return
    with (
        opened(options, must_exist=False) as memory,
        reported("importing", "messages", lines_every=ENTRIES_BETWEEN_REPORTS) as report,
    ):
        try:
            done = bring_in(memory, source, form, progress=report)
        except KeyboardInterrupt:
            say("broken off; the same command goes on where it was")
            raise
    if options.as_json:
        print_json(done)
        return
    _say_plan(done.plan)
    click.echo(f"learnt {done.messages} message(s); {done.known} exchange(s) were known")


def _say_plan(planned: ImportPlan) -> None:
    dated = "" if planned.first is None else f", {planned.first:%Y-%m-%d} to {planned.last:%Y-%m-%d}"
    click.echo(f"{planned.format}: {planned.conversations} conversation(s), {planned.messages} message(s){dated}")
    for reason, count in sorted(planned.left_out.items()):
        say(visible(f"left out: {count} ({reason})"))


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
    with (
        ConsciousMemory(config=options.settings.config) as memory,
        reported("importing", "entries", lines_every=ENTRIES_BETWEEN_REPORTS) as report,
    ):
        given = sys.stdin.buffer if source == "-" else source
        return [
            import_memory(
                memory,
                given,
                skip_errors=skip_errors,
                progress=lambda progress: report(progress.entries, progress.total),
            )
        ]


def _words(result: ImportResult | RemoteImportResult) -> str:
    parts = [f"imported {result.entries} entries ({result.messages} messages) into {result.tenant_id}"]
    parts += [f"{result.duplicates} were there already"] if result.duplicates else []
    parts += [f"{result.tombstoned} had been forgotten"] if result.tombstoned else []
    parts += [f"{result.left_out} left out"] if result.left_out else []
    parts += [f"{result.broken_lines} broken lines skipped"] if result.broken_lines else []
    return "; ".join(parts)
