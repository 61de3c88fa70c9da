"""`continuum ask`."""

from __future__ import annotations

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.remote import opened
from continuum.cli.settings import Options, with_server_options
from continuum.domain.results import MemoryContext, RecalledFact, RecalledMemory

FACTS_SHOWN = 8


@click.command()
@click.argument("question")
@click.option("--limit", type=int, default=5, show_default=True, help="How many memories to print.")
@click.option("--as-of", help="Answer with what was true at a moment (RFC 3339).")
@click.option("--current-only", is_flag=True, help="Leave out what no longer holds.")
@with_server_options
def command(options: Options, question: str, limit: int, as_of: str | None, current_only: bool) -> None:
    """Recall what bears on QUESTION, printed for reading: facts first, then the words they come from.

    No model writes an answer: all that is printed was said to the memory.
    """
    with opened(options) as memory:
        context = memory.recall(question, max_memories=limit, as_of=as_of, current_only=current_only)
    if options.as_json:
        print_json(context)
        return
    if not (context.facts or context.memories):
        say(f"nothing is known about that in {options.store} (tenant {context.tenant_id})")
        return
    for line in _lines(context):
        click.echo(visible(line))
    for part in context.degraded:
        say(f"left out: {part.part}: {part.reason}")


def _lines(context: MemoryContext) -> list[str]:
    lines = [_fact(fact) for fact in context.facts[:FACTS_SHOWN]]
    if lines and context.memories:
        lines.append("")
    return lines + [_memory(memory) for memory in context.memories]


def _fact(fact: RecalledFact) -> str:
    value = fact.value if fact.polarity else f"not {fact.value}"
    mark = "*" if fact.current else "-"
    return f"{mark} {fact.subject} {fact.attribute}: {value}" + (f" ({fact.label})" if fact.label else "")


def _memory(memory: RecalledMemory) -> str:
    told = f"{memory.timestamp.date()} {memory.speaker or memory.role}: {memory.passage}"
    notes = [each for each in (memory.outdated, "reads like an order to a model" if memory.suspicious else "") if each]
    return f"{told}  [{'; '.join(notes)}]" if notes else told
