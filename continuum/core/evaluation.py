"""Measures recall on conversations whose questions say which messages hold their answers.

One JSON object a line is one conversation, learnt as a tenant of its own: ``turns`` (``turn_id``, ``text``, and where
known ``session_id``, ``timestamp``, ``role``, ``speaker``) and ``questions`` (``text``, ``gold_turns``, and where
known ``qid``, ``category``, ``now``). Questions without gold turns are left out: there is nothing to find.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from continuum.core.assembly import Engine
from continuum.core.memory import ConsciousMemory
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.questions import RecallRequest
from continuum.core.validation import checked_time
from continuum.domain.ids import tenant_id
from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError
from continuum.retrieval.metrics import all_at_k, any_at_k, distinct_sessions, frac_at_k, mrr, ndcg_at_10
from continuum.retrieval.query import SignalWeights

RANKED = 50
"""Memories asked for; session-level measures need more than ten messages."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question with the turns that hold its answer."""

    qid: str
    text: str
    category: str
    gold_turns: tuple[str, ...]
    now: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of an evaluation file."""

    name: str
    turns: tuple[Mapping[str, Json], ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What one question reached, by the name of each measure, and the time its recall took."""

    conversation: str
    qid: str
    category: str
    measures: Mapping[str, float]
    recall_ms: float


def read_conversations(path: Path) -> Iterator[Conversation]:
    """The conversations of a file, one at a time. Raises InvalidInputError naming the line."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _conversation(f"c{number}", json.loads(line.decode("utf-8")))
                except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as exc:
                    problem = f"is not a conversation ({type(exc).__name__}: {exc}); see `continuum eval --help`"
                    raise InvalidInputError(f"line {number}", problem) from exc


def _conversation(name: str, line: Mapping[str, Json]) -> Conversation:
    questions = tuple(
        Question(
            str(item.get("qid", number)),
            item["text"],
            str(item.get("category", "")),
            tuple(str(turn) for turn in item["gold_turns"]),
            item.get("now"),
        )
        for number, item in enumerate(line.get("questions", ()))
        if item["gold_turns"]
    )
    if not all(isinstance(question.text, str) for question in questions):
        raise TypeError("every question needs a text")
    turns = tuple(dict(turn) for turn in line["turns"])
    if not all(isinstance(turn["text"], str) for turn in turns):
        raise TypeError("every turn needs a text")
    return Conversation(name, turns, questions)


def learn_conversation(engine: Engine, conversation: Conversation) -> ConsciousMemory:
    """Learn the turns in order, each as one exchange, into the tenant of the conversation's name."""
    memory = ConsciousMemory(conversation.name, engine=engine)
    memory.learn_many(_exchanges(conversation.turns))
    memory.fill_vectors()
    return memory


def _exchanges(turns: Sequence[Mapping[str, Json]]) -> Iterable[Mapping[str, Json]]:
    for number, turn in enumerate(turns):
        if turn["text"].strip():
            message = Message(
                turn.get("role", "user"),
                turn["text"],
                turn.get("speaker"),
                turn.get("timestamp"),
                metadata={"turn_id": str(turn.get("turn_id", number))},
            )
            yield {"messages": [message], "session_id": turn.get("session_id")}


def score_conversation(engine: Engine, conversation: Conversation, weights: SignalWeights | None = None) -> list[Score]:
    """Ask every question as of its own moment and measure the ranking. The conversation must be learnt."""
    query_engine = MemoryQueryEngine(tenant=tenant_id(conversation.name), engine=engine)
    session_of = {str(turn.get("turn_id", n)): str(turn.get("session_id")) for n, turn in enumerate(conversation.turns)}
    return [
        _score(query_engine, conversation.name, question, session_of, weights) for question in conversation.questions
    ]


def _score(
    query_engine: MemoryQueryEngine,
    conversation: str,
    question: Question,
    session_of: Mapping[str, str],
    weights: SignalWeights | None,
) -> Score:
    now = checked_time(question.now, "now") or time.time_ns() // 1_000
    request = RecallRequest(question.text, now, max_memories=RANKED)
    if weights is not None:
        request = replace(request, weights=weights)
    started = time.perf_counter()
    context = query_engine.recall(request)
    elapsed = (time.perf_counter() - started) * 1_000
    ranked = [str(memory.metadata["turn_id"]) for memory in context.memories]
    measures = measure(ranked, question.gold_turns, session_of)
    return Score(conversation, question.qid, question.category, measures, elapsed)


def measure(ranked: Sequence[str], gold: Sequence[str], session_of: Mapping[str, str]) -> dict[str, float]:
    """All measures of one ranking of turns."""
    sessions = distinct_sessions([session_of.get(turn, turn) for turn in ranked])
    gold_sessions = list({session_of.get(turn, turn) for turn in gold})
    return {
        "frac@5": frac_at_k(ranked, gold, 5),
        "frac@10": frac_at_k(ranked, gold, 10),
        "any@5": any_at_k(ranked, gold, 5),
        "all@5": all_at_k(ranked, gold, 5),
        "ndcg@10": ndcg_at_10(ranked, gold),
        "mrr": mrr(ranked, gold),
        "session any@5": any_at_k(sessions, gold_sessions, 5),
        "session all@5": all_at_k(sessions, gold_sessions, 5),
    }


def means(scores: Sequence[Score]) -> dict[str, float]:
    """The mean of each measure over questions; {} if there are none."""
    totals: dict[str, float] = defaultdict(float)
    for score in scores:
        for name, value in score.measures.items():
            totals[name] += value
    return {name: total / len(scores) for name, total in totals.items()}
