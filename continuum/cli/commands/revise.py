"""`continuum revise`."""

from __future__ import annotations

import sys

import click

from continuum.cli.output import print_json, visible
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import iso


@click.command()
@click.argument("message_id")
@click.argument("text")
@with_options
def command(options: Options, message_id: str, text: str) -> None:
    """Give the message MESSAGE_ID the words TEXT. "-" reads them from standard input.

    The old words are kept in history: `continuum recall --known-at` still finds them.
    """
    words = sys.stdin.read() if text == "-" else text
    with ConsciousMemory(config=options.existing) as memory:
        message = memory.revise(message_id, words)
    if options.as_json:
        print_json(
            {
                "id": message.id,
                "seq": message.seq,
                "session_id": message.session_id,
                "text": message.text,
                "timestamp": iso(message.timestamp),
            }
        )
        return
    click.echo(visible(f"revised {message.id}"))
