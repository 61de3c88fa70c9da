"""`continuum export`."""

from __future__ import annotations

import sys

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.progress import reported
from continuum.cli.remote import service_of
from continuum.cli.settings import Options, with_server_options
from continuum.client.records import ExportResult as RemoteExportResult
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.errors import InvalidInputError
from continuum.portability import ExportResult, export_memory, export_tenants
from continuum.portability.export_files import written

ENTRIES_BETWEEN_REPORTS = 10_000


@click.command()
@click.argument("out", type=click.Path(allow_dash=True))
@click.option("--vectors", is_flag=True, help="Take vectors along.")
@click.option("--no-secret", is_flag=True, help="Leave out the tenant's secret: an import gets other derived ids.")
@click.option("--after-seq", type=int, default=0, help="Only what came after this position of the log.")
@click.option("--all-tenants", is_flag=True, help="OUT is a folder; each tenant gets a file.")
@with_server_options
def command(options: Options, out: str, vectors: bool, no_secret: bool, after_seq: int, all_tenants: bool) -> None:
    """Write the whole memory to OUT as JSON Lines; packed if the name ends with .gz; "-" is standard output.

    The file is as confidential as the memory itself. Read it back with `continuum import`.
    """
    if all_tenants:
        if after_seq or out == "-":
            raise click.UsageError("--all-tenants takes a folder and no --after-seq")
        if options.server is not None:
            raise InvalidInputError("all-tenants", "works on a store; a service exports one tenant at a time")
        _export_all(options, out, vectors=vectors, secret=not no_secret)
        return
    result = _exported(options, out, after_seq=after_seq, vectors=vectors, secret=not no_secret)
    if out == "-":
        say(_words(result, "standard output"))
    elif options.as_json:
        print_json(result)
    else:
        click.echo(visible(_words(result, out)))


def _exported(
    options: Options, out: str, *, after_seq: int, vectors: bool, secret: bool
) -> ExportResult | RemoteExportResult:
    target = sys.stdout if out == "-" else out
    if options.server is not None:
        with service_of(options) as client, written(target) as file:
            return client.export(file, after_seq=after_seq, include_secret=secret, include_vectors=vectors)
    with (
        ConsciousMemory(config=options.existing) as memory,
        reported("exporting", "entries", lines_every=ENTRIES_BETWEEN_REPORTS) as report,
    ):
        return export_memory(
            memory,
            target,
            after_seq=after_seq,
            include_secret=secret,
            include_vectors=vectors,
            progress=lambda progress: report(progress.entries, progress.total),
        )


def _export_all(options: Options, folder: str, *, vectors: bool, secret: bool) -> None:
    with TenantManager(config=options.existing) as manager:
        results = []
        for result in export_tenants(manager, folder, include_secret=secret, include_vectors=vectors):
            say(visible(f"{result.tenant_id}: {result.entries} entries"))
            results.append(result)
    if options.as_json:
        print_json({"tenants": results})
    else:
        click.echo(visible(f"exported {len(results)} tenant(s) to {folder}"))


def _words(result: ExportResult | RemoteExportResult, place: str) -> str:
    return f"exported {result.entries} entries ({result.messages} messages) of {result.tenant_id} to {place}"
