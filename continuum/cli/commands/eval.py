"""`continuum eval`."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import options_of, shared_options
from continuum.core.assembly import build_engine
from continuum.core.evaluation import Score, learn_conversation, means, read_conversations, score_conversation
from continuum.errors import InvalidInputError


@click.command()
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON Lines, one conversation a line.",
)
@shared_options
def command(data: Path, db_path: str | None, tenant: str | None, config: Path | None, as_json: bool) -> None:
    """Measure recall quality on your own data.

    Each line of the file is one conversation: {"turns": [{"turn_id", "text", "session_id", "timestamp", "role",
    "speaker"}, ...], "questions": [{"text", "gold_turns": [turn ids], "category", "now"}, ...]}. It is learnt into a
    store of its own, which is thrown away; your memory is not touched.
    """
    options = options_of(db_path, tenant, config, as_json)
    scores: list[Score] = []
    with tempfile.TemporaryDirectory(prefix="continuum-eval-") as folder:
        engine = build_engine(options.settings.config, storage=str(Path(folder) / "eval.db"))
        try:
            for conversation in read_conversations(data):
                learn_conversation(engine, conversation)
                scores += score_conversation(engine, conversation)
                say(f"{conversation.name}: {len(conversation.turns)} turns, {len(conversation.questions)} questions")
        finally:
            engine.close()
    if not scores:
        raise InvalidInputError("data", f"{data} has no question with gold_turns")
    _print(scores, as_json)


def _print(scores: list[Score], as_json: bool) -> None:
    by_category: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        by_category[score.category].append(score)
    times = sorted(score.recall_ms for score in scores)
    p50, p95 = times[len(times) // 2], times[min(len(times) - 1, len(times) * 95 // 100)]
    groups = {"all": scores, **dict(sorted(by_category.items()))}
    if as_json:
        measures = {name: {"questions": len(group), **means(group)} for name, group in groups.items()}
        print_json({"measures": measures, "recall_ms": {"p50": p50, "p95": p95}})
        return
    names = list(means(scores))
    rows = [
        [name or "(none)", len(group), *(f"{means(group)[measure]:.3f}" for measure in names)]
        for name, group in groups.items()
    ]
    print_table(["questions", "n", *names], rows)
    click.echo(f"recall: p50 {p50:.2f} ms, p95 {p95:.2f} ms")
