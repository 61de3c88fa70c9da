"""`continuum recall`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, say
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options


@click.command()
@click.argument("message")
@click.option("--max-tokens", type=int, help="Largest context, in estimated tokens.")
@click.option("--max-memories", type=int, default=10, show_default=True)
@click.option("--session", help="Session to lift.")
@click.option("--now", help="Moment that relative dates count from (RFC 3339; default: now).")
@click.option("--as-of", help="Answer with what was true at a moment (RFC 3339).")
@click.option("--known-at", help="Answer with what was known at a moment (RFC 3339).")
@click.option("--current-only", is_flag=True, help="Leave out what no longer holds.")
@click.option("--min-trust", type=float, help="Leave out what is trusted less, 0 to 1.")
@click.option("--include-suspicious", is_flag=True, help="Show what reads like an order to a model, too.")
@click.option("--explain", is_flag=True, help="Add each signal's share (with --json).")
@with_server_options
def command(
    options: Options,
    message: str,
    max_tokens: int | None,
    max_memories: int,
    session: str | None,
    now: str | None,
    as_of: str | None,
    known_at: str | None,
    current_only: bool,
    min_trust: float | None,
    include_suspicious: bool,
    explain: bool,
) -> None:
    """Print the context for MESSAGE, ready to put before a model."""
    with opened(options) as memory:
        context = memory.recall(
            message,
            max_tokens=max_tokens,
            max_memories=max_memories,
            session_id=session,
            now=now,
            as_of=as_of,
            known_at=known_at,
            current_only=current_only,
            min_trust=min_trust,
            include_suspicious=include_suspicious,
            explain=explain,
        )
    if options.as_json:
        print_json(context)
        return
    if context.context_string:
        click.echo(context.context_string)
    else:
        say(f"nothing found in {options.store} (tenant {context.tenant_id})")
    for part in context.degraded:
        say(f"left out: {part.part}: {part.reason}")
