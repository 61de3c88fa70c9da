"""What feedback is worth: held-out questions after simulated feedback, and ambiguous questions after eighty uses.

Half of a conversation's questions are asked and told which of the shown memories hold their evidence; the other half,
never told anything, is measured before and after. Then the halves change places, in a fresh store.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Report
from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.evaluation import (
    Conversation,
    Question,
    learn_conversation,
    read_conversations,
    score_conversation,
)
from continuum.core.memory import ConsciousMemory
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.questions import RecallRequest
from continuum.core.validation import checked_time
from continuum.domain.ids import tenant_id
from continuum.retrieval.metrics import paired_bootstrap
from continuum.retrieval.query import SignalWeights

SHOWN_TO_USER = 20
MEASURES = ("frac@5", "frac@10")
SEED = 7
USES = 80


def run(report: Report, data: Path | None) -> None:
    """Both measurements; the first only with data."""
    if data is not None:
        for file in sorted(data.glob("*.jsonl")) if data.is_dir() else [data]:
            held_out(report, file)
    ambiguous(report)


def held_out(
    report: Report, file: Path, config: MemoryConfig | None = None, weights: SignalWeights | None = None
) -> None:
    """Paired gains of questions that nobody gave feedback on, over two folds."""
    before: list[dict[str, float]] = []
    after: list[dict[str, float]] = []
    in_force = conversations = 0
    for conversation in read_conversations(file):
        for fold in (0, 1):
            told, asked = _halves(conversation, fold)
            engine = build_engine(config or MemoryConfig(), storage=":memory:")
            try:
                with learn_conversation(engine, conversation) as memory:
                    before += _measured(engine, conversation, asked, weights)
                    for question in told:
                        _tell(memory, engine, question)
                    after += _measured(engine, conversation, asked, weights)
                    in_force += memory.ranking().in_force
                    conversations += 1
            finally:
                engine.close()
    for name in MEASURES:
        interval = paired_bootstrap([each[name] for each in after], [each[name] for each in before])
        report.add(
            "held-out questions after feedback on the others",
            {
                "data": file.stem,
                "questions": len(before),
                "measure": name,
                "before": sum(each[name] for each in before) / len(before),
                "gain": interval.mean,
                "low": interval.low,
                "high": interval.high,
                "own weights in force": f"{in_force} of {conversations}",
            },
        )


def _halves(conversation: Conversation, fold: int) -> tuple[list[Question], list[Question]]:
    questions = list(conversation.questions)
    random.Random(SEED).shuffle(questions)
    return questions[fold::2], questions[1 - fold :: 2]


def _measured(
    engine: Engine, conversation: Conversation, asked: Sequence[Question], weights: SignalWeights | None
) -> list[dict[str, float]]:
    part = Conversation(conversation.name, conversation.turns, tuple(asked))
    return [dict(score.measures) for score in score_conversation(engine, part, weights)]


def _tell(memory: ConsciousMemory, engine: Engine, question: Question) -> None:
    """Ask as a user would, and say which of the memories shown hold the evidence."""
    now = checked_time(question.now, "now") or engine.clock.now()
    context = MemoryQueryEngine(tenant=tenant_id(memory.tenant_id), engine=engine).recall(
        RecallRequest(question.text, now, max_memories=SHOWN_TO_USER)
    )
    gold = set(question.gold_turns)
    used = [each.id for each in context.memories if str(each.metadata["turn_id"]) in gold]
    if used:
        memory.feedback(context.recall_id, used=used)


def ambiguous(report: Report) -> None:
    """Questions whose words fit many memories equally well; one of them is the one that is always meant."""
    chance = random.Random(SEED)
    names = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    chance.shuffle(names)
    with ConsciousMemory("ambiguous", ":memory:") as memory:
        for name in names:
            for subject in _SUBJECTS:
                memory.learn(f"The {subject} for {name} was moved to the shelf of the {chance.choice(_PLACES)} room.")
        meant = {subject: chance.choice(names) for subject in _SUBJECTS}
        before = {subject: _rank(memory, subject, meant[subject]) for subject in _SUBJECTS}
        for number in range(USES):
            subject = _SUBJECTS[number % len(_SUBJECTS)]
            context = memory.recall(f"Where did we put the {subject}?", max_memories=200)
            used = [each.id for each in context.memories if f" {subject} for {meant[subject]} " in each.passage]
            memory.feedback(context.recall_id, used=used)
        after = {subject: _rank(memory, subject, meant[subject]) for subject in _SUBJECTS}
    report.add(
        "ambiguous questions",
        {
            "questions": len(_SUBJECTS),
            "memories that fit": len(names),
            "feedbacks": USES,
            "mean rank before": sum(before.values()) / len(before),
            "mean rank after": sum(after.values()) / len(after),
        },
    )


def _rank(memory: ConsciousMemory, subject: str, name: str) -> int:
    """Where the meant memory stands, by a wording that was never asked while learning."""
    context = memory.recall(f"Do you know where the {subject} is now?", max_memories=200)
    passages = [each.passage for each in context.memories]
    return next((n for n, p in enumerate(passages, 1) if f" {subject} for {name} " in p), len(passages) + 1)


_FIRST = ("Ana", "Ben", "Chloe", "David", "Elif", "Farid", "Greta", "Hugo")
_SECOND = ("Abbott", "Bauer", "Costa", "Duarte", "Eriksen")
_SUBJECTS = ("contract", "camera", "violin", "passport", "telescope", "invoice", "blueprint", "medal")
_PLACES = ("green", "blue", "upper", "lower", "old", "new")
