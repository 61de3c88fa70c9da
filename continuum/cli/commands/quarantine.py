"""`continuum quarantine`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import Options, with_options
from continuum.core.memory import ConsciousMemory
from continuum.core.quarantining import QuarantineResult

COUNTED = ("messages", "entries", "concepts", "links", "decisions", "facts")


@click.command()
@click.option("--origin", help="user, assistant, tool, external, import or federation.")
@click.option("--source", help="The speaker or role of messages, or the source of taught facts.")
@click.option("--instance", "instance_id", help="All that an instance learnt.")
@click.option("--session", "session_id", help="A whole session.")
@click.option("--user", "user_id", help="All that concerns a user.")
@click.option("--agent", "agent_id", help="All that concerns an agent.")
@click.option("--project", "project_id", help="All that concerns a project.")
@click.option("--since", help="What came in from this moment on (RFC 3339).")
@click.option("--until", help="What came in before this moment (RFC 3339).")
@click.option("--reason", default="", help="Kept with the quarantine.")
@click.option("--yes", is_flag=True, help="Do it; without, only say what would go.")
@click.option("--list", "listed", is_flag=True, help="List quarantines instead, newest first.")
@with_options
def command(
    options: Options,
    origin: str | None,
    source: str | None,
    instance_id: str | None,
    session_id: str | None,
    user_id: str | None,
    agent_id: str | None,
    project_id: str | None,
    since: str | None,
    until: str | None,
    reason: str,
    yes: bool,
    listed: bool,
) -> None:
    """Hide everything that has all that is named, with all that only it taught. `continuum release` puts it back."""
    with ConsciousMemory(config=options.existing) as memory:
        if listed:
            _list(options, memory)
            return
        result = memory.quarantine(
            reason,
            origin=origin,
            source=source,
            instance_id=instance_id,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            since=since,
            until=until,
            dry_run=not yes,
        )
    if options.as_json:
        print_json(result)
        return
    click.echo(f"{'would hide' if result.dry_run else 'hid'} {counts_of(result)}")
    if result.id and not result.dry_run:
        say(f"continuum release {result.id} puts it back")
    elif result.dry_run:
        say("nothing was changed; --yes hides it")


def counts_of(result: QuarantineResult) -> str:
    """What was moved, in words."""
    return ", ".join(f"{getattr(result, name)} {name}" for name in COUNTED)


def _list(options: Options, memory: ConsciousMemory) -> None:
    found = memory.quarantines()
    if options.as_json:
        print_json({"quarantines": found, "tenant_id": memory.tenant_id})
        return
    rows = [[each.id, each.state, f"{each.at:%Y-%m-%d %H:%M}", each.hidden, each.reason] for each in found]
    print_table(["id", "state", "at", "hidden", "reason"], rows)
