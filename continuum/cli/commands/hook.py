"""`continuum hook`: what an assistant's hooks call. It never fails, and never says what is not for the assistant."""

from __future__ import annotations

import click

from continuum.assistants.hooks import EVENTS, Event
from continuum.cli.hook_run import BUDGET_SECONDS, HookCall, answered


@click.command()
@click.argument("event", type=click.Choice(EVENTS))
@click.option("--every-prompt", is_flag=True, help="Give context with each prompt, not once per session.")
@click.option("--headless", is_flag=True, help="Work in runs without a person, too.")
@click.option(
    "--budget", type=float, default=BUDGET_SECONDS, show_default=True, help="Seconds that an answer may take."
)
def command(event: Event, every_prompt: bool, headless: bool, budget: float) -> None:
    """Answer a hook of Claude Code: its JSON on standard input, the answer on standard output.

    `user-prompt` gives context, once per session; `stop`, `pre-compact` and `session-end` learn what was said. It
    always ends with 0 and within its time; what went wrong stands in hooks.log beside the settings.
    """
    told = answered(HookCall(event, every_prompt, headless, budget))
    if told:
        click.echo(told)
