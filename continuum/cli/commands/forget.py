"""`continuum forget`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, say
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.client.records import ForgetResult as RemoteForgetResult
from continuum.core.erasing import ForgetResult

COUNTED = ("messages", "concepts", "links", "decisions", "facts")


@click.command()
@click.option("--message", "message_id", help="Id of a message.")
@click.option("--concept", help="Name of a concept: the messages that name it go.")
@click.option("--fact", "fact_id", help="Id of a fact: the messages that state it go.")
@click.option("--session", "session_id", help="A whole session.")
@click.option("--user", "user_id", help="All that concerns a user.")
@click.option("--agent", "agent_id", help="All that concerns an agent.")
@click.option("--project", "project_id", help="All that concerns a project.")
@click.option("--before", help="All that was said before a moment (RFC 3339).")
@click.option("--reason", default="", help="For the receipt. It stays: put nothing into it that is to go.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_server_options
def command(
    options: Options,
    message_id: str | None,
    concept: str | None,
    fact_id: str | None,
    session_id: str | None,
    user_id: str | None,
    agent_id: str | None,
    project_id: str | None,
    before: str | None,
    reason: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Erase messages with all that only they taught. Name exactly one thing.

    It cannot be taken back. The receipt that stays says how much went, never what it said.
    """
    with opened(options) as memory:

        def forget(*, dry: bool) -> ForgetResult | RemoteForgetResult:
            return memory.forget(
                message_id,
                concept=concept,
                fact_id=fact_id,
                session_id=session_id,
                user_id=user_id,
                agent_id=agent_id,
                project_id=project_id,
                before=before,
                reason=reason,
                dry_run=dry,
            )

        if not dry_run and not yes:
            _ask(forget(dry=True))
        result = forget(dry=dry_run)
    if options.as_json:
        print_json(result)
        return
    click.echo(f"{'would forget' if dry_run else 'forgot'} {_counts(result)}")
    if result.receipt is not None:
        say(f"receipt {result.receipt.number}: {result.receipt.hash}")


def _ask(planned: ForgetResult | RemoteForgetResult) -> None:
    """Go on only if whoever calls says yes to what would go."""
    try:
        click.confirm(f"This forgets {_counts(planned)}, for good. Go on?", abort=True, err=True)
    except click.Abort:
        say("nothing was forgotten; --yes forgets without asking")
        raise


def _counts(result: ForgetResult | RemoteForgetResult) -> str:
    return ", ".join(f"{getattr(result, name)} {name}" for name in COUNTED)
