"""`continuum receipts`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table, say, visible
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import iso
from continuum.errors import StorageCorruptError


@click.command()
@click.option("--verify", is_flag=True, help="Check the whole chain instead of listing it.")
@click.option("--head", help="With --verify: a hash that was the newest at some time, kept elsewhere.")
@click.option("--after", type=int, default=0, help="Go on behind this number.")
@click.option("--limit", type=int, default=100, show_default=True)
@with_options
def command(options: Options, verify: bool, head: str | None, after: int, limit: int) -> None:
    """List what was forgotten, oldest first: when, how much and why, never what it said."""
    with ConsciousMemory(config=options.existing) as memory:
        if verify or head is not None:
            _verify(memory, head, as_json=options.as_json)
            return
        found = memory.receipts(after, limit)
        tenant = memory.tenant_id
    if options.as_json:
        print_json({"receipts": found, "tenant_id": tenant})
        return
    if not found:
        say(f"nothing was forgotten in {options.store} (tenant {tenant})")
        return
    print_table(
        ["number", "kind", "messages", "erased", "bytes gone", "reason"],
        [
            [
                receipt.number,
                receipt.kind,
                receipt.messages,
                iso(receipt.erased_at),
                "not yet" if receipt.scrubbed_at is None else iso(receipt.scrubbed_at),
                receipt.reason,
            ]
            for receipt in found
        ],
    )


def _verify(memory: ConsciousMemory, head: str | None, *, as_json: bool) -> None:
    """Say whether the chain is whole. Raises StorageCorruptError if it is not."""
    report = memory.verify_receipts(head)
    if as_json:
        print_json(
            {"receipts": report.receipts, "head": report.head, "sound": report.sound, "problems": report.problems}
        )
    else:
        click.echo(f"{report.receipts} receipts; head: {report.head}")
        for problem in report.problems:
            click.echo(visible(problem))
    if not report.sound:
        raise StorageCorruptError(
            "the chain of receipts is not whole; keep this store as it is, and ask who changed it"
        )
