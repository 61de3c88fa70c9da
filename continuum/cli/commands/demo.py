"""`continuum demo`."""

from __future__ import annotations

import time
from collections.abc import Mapping

import click

from continuum.cli.output import print_table, visible
from continuum.cli.sample_conversation import NOW, QUESTIONS, exchanges
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.results import MemoryContext

SIGNALS_SHOWN = 3


@click.command()
def command() -> None:
    """Learn a sample conversation and watch recall work. Uses a store in memory; yours is not touched."""
    with ConsciousMemory(config=MemoryConfig(db_path=":memory:", tenant_id="demo")) as memory:  # type: ignore[arg-type]  # texts are read as paths
        started = time.perf_counter()
        result = memory.learn_many(exchanges())
        elapsed = (time.perf_counter() - started) * 1_000
        stats = memory.get_stats()
        click.echo(
            f"Learnt {result.messages} messages in {elapsed:.0f} ms: {stats['entities']} entities, "
            f"{stats['attention_links']} links, {stats['decisions']} decisions. No model was asked.\n"
        )
        memory.recall("warm up", now=NOW)
        for question in QUESTIONS:
            _show(question, memory.recall(question, now=NOW, max_memories=3, max_concepts=5, explain=True))


def _show(question: str, context: MemoryContext) -> None:
    click.echo(f"? {question}  ({context.query_time_ms:.1f} ms)")
    print_table(
        ["score", "why", "when", "who", "memory"],
        [
            [
                f"{memory.score:.2f}",
                _why(memory.reasons),
                memory.timestamp.date(),
                memory.speaker or memory.role,
                memory.passage,
            ]
            for memory in context.memories
        ],
    )
    if context.concepts:
        click.echo("  concepts: " + ", ".join(visible(concept.name) for concept in context.concepts))
    click.echo("")
    if question == QUESTIONS[-1]:
        click.echo("What a model would be given for the last question:\n")
        click.echo(context.context_string)


def _why(reasons: Mapping[str, float]) -> str:
    """The strongest signals of a score, with their shares."""
    strongest = sorted(reasons.items(), key=lambda item: -abs(item[1]))[:SIGNALS_SHOWN]
    return ", ".join(f"{name} {share:+.2f}" for name, share in strongest)
