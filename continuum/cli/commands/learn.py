"""`continuum learn`."""

from __future__ import annotations

import json
import sys

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.domain.records import Json
from continuum.errors import InvalidInputError


@click.command()
@click.argument("text")
@click.argument("answer", default="")
@click.option("--session", help="Session the exchange belongs to.")
@click.option("--speaker", help="Who said the text.")
@click.option("--timestamp", help="When it was said (RFC 3339; default: now).")
@click.option("--metadata", help="A JSON object to keep with it.")
@click.option("--supersedes", multiple=True, metavar="ID", help="Fact or message that it replaces; may be repeated.")
@click.option("--expires-at", help="When it is to be forgotten (RFC 3339).")
@with_server_options
def command(
    options: Options,
    text: str,
    answer: str,
    session: str | None,
    speaker: str | None,
    timestamp: str | None,
    metadata: str | None,
    supersedes: tuple[str, ...],
    expires_at: str | None,
) -> None:
    """Learn TEXT, and the ANSWER to it if there is one. "-" reads the text from standard input."""
    said = sys.stdin.read() if text == "-" else text
    with opened(options, must_exist=False) as memory:
        result = memory.learn(
            said,
            answer,
            _metadata(metadata),
            session,
            timestamp=timestamp,
            speaker=speaker,
            supersedes=supersedes,
            expires_at=expires_at,
        )
    if options.as_json:
        print_json(result)
        return
    concepts = ", ".join(result.concepts) or "no concepts"
    for kind in dict.fromkeys(each.kind for each in result.redactions):
        say(f"not stored: {kind}")
    for suspicion in result.suspicious:
        why = ", ".join(suspicion.reasons)
        say(f"message {suspicion.message + 1} reads like an order to a model ({why}): held back")
    click.echo(visible(f"learnt {len(result.message_ids)} message(s) into {options.store}: {concepts}"))


def _metadata(text: str | None) -> dict[str, Json] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as exc:
        raise InvalidInputError("metadata", f"is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise InvalidInputError("metadata", "must be a JSON object")
    return value
