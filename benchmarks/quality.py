"""How often the right messages come back, beside plain FTS5, BM25 and dense search on the same questions."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from benchmarks.report import Cell, Report
from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.evaluation import (
    Conversation,
    Score,
    learn_conversation,
    means,
    measure,
    read_conversations,
    score_conversation,
)
from continuum.embeddings.base import EmbeddingProvider
from continuum.embeddings.providers import provider_from_name
from continuum.language.stopwords import STOP_WORDS
from continuum.retrieval.metrics import paired_bootstrap
from continuum.retrieval.query import DEFAULT_WEIGHTS

SHOWN = ("frac@5", "frac@10", "session any@5", "ndcg@10", "mrr")
K1, B = 1.2, 0.75
Search = Callable[[str], list[str]]


def run(report: Report, folder: Path, data: Path) -> None:
    """Quality on each file, without and with MiniLM, and each signal's paired on/off difference."""
    files = sorted(data.glob("*.jsonl")) if data.is_dir() else [data]
    provider = provider_from_name("minilm")
    for file in files:
        conversations = list(read_conversations(file))
        baseline = _baselines(report, file.stem, conversations, provider)
        for note, config in (
            ("recall, no model", MemoryConfig()),
            ("recall, MiniLM", MemoryConfig(enable_embeddings=True)),
        ):
            engine = build_engine(config, storage=str(folder / f"{file.stem}-{config.enable_embeddings}.db"))
            try:
                for conversation in conversations:
                    learn_conversation(engine, conversation)
                scores = _scored(engine, conversations)
                _add(report, file.stem, note, scores)
                _against(report, file.stem, note, scores, baseline)
                _signals(report, file.stem, note, engine, conversations, scores)
            finally:
                engine.close()


def _scored(engine: Engine, conversations: Sequence[Conversation]) -> list[Score]:
    return [score for conversation in conversations for score in score_conversation(engine, conversation)]


def _add(report: Report, file: str, note: str, scores: Sequence[Score]) -> None:
    mean = means(scores)
    times = [score.recall_ms for score in scores]
    row: dict[str, Cell] = {"data": file, "system": note, "questions": len(scores)}
    row.update({name: mean[name] for name in SHOWN})
    report.add("recall quality", {**row, "p95 ms": float(np.percentile(times, 95)) if times else 0.0})


def _against(report: Report, file: str, note: str, ours: Sequence[Score], theirs: Sequence[Score]) -> None:
    for name in ("frac@5", "frac@10"):
        interval = paired_bootstrap([s.measures[name] for s in ours], [s.measures[name] for s in theirs])
        report.add(
            "gain over FTS5, paired",
            {
                "data": file,
                "system": note,
                "measure": name,
                "gain": interval.mean,
                "low": interval.low,
                "high": interval.high,
            },
        )


def _signals(
    report: Report, file: str, note: str, engine: Engine, conversations: Sequence[Conversation], full: Sequence[Score]
) -> None:
    """What each signal of the defaults is worth: all signals against all but this one, on the same questions."""
    for signal in fields(DEFAULT_WEIGHTS):
        if getattr(DEFAULT_WEIGHTS, signal.name) == 0:
            continue
        weights = replace(DEFAULT_WEIGHTS, **{signal.name: 0.0})
        without = [s for c in conversations for s in score_conversation(engine, c, weights)]
        interval = paired_bootstrap([s.measures["frac@10"] for s in full], [s.measures["frac@10"] for s in without])
        report.add(
            "each signal on against off, frac@10",
            {
                "data": file,
                "system": note,
                "signal": signal.name,
                "worth": interval.mean,
                "low": interval.low,
                "high": interval.high,
            },
        )


def _baselines(
    report: Report, file: str, conversations: Sequence[Conversation], provider: EmbeddingProvider
) -> list[Score]:
    systems: Mapping[str, Callable[[Conversation], Search]] = {
        "SQLite FTS5, porter": _fts5,
        "plain BM25": _bm25,
        "plain dense MiniLM": lambda conversation: _dense(conversation, provider),
    }
    scores: dict[str, list[Score]] = {}
    for name, system in systems.items():
        for conversation in conversations:
            search = system(conversation)
            sessions = {str(turn["turn_id"]): str(turn["session_id"]) for turn in conversation.turns}
            scores.setdefault(name, []).extend(
                Score(conversation.name, q.qid, q.category, measure(search(q.text), q.gold_turns, sessions), 0.0)
                for q in conversation.questions
            )
        _add(report, file, name, scores[name])
    return scores["SQLite FTS5, porter"]


def _said(conversation: Conversation) -> list[tuple[str, str]]:
    """Turn and text with the speaker's name in front, which serves these baselines better than the text alone."""
    return [(str(turn["turn_id"]), f"{turn.get('speaker', '')}: {turn['text']}") for turn in conversation.turns]


def _content_words(question: str) -> list[str]:
    return [word for word in re.findall(r"\w+", question.lower()) if word not in STOP_WORDS["english"]]


def _fts5(conversation: Conversation) -> Search:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE m USING fts5(id UNINDEXED, text, tokenize='porter unicode61')")
    database.executemany("INSERT INTO m VALUES (?, ?)", _said(conversation))

    def search(question: str) -> list[str]:
        match = " OR ".join(f'"{word}"' for word in _content_words(question)) or '""'
        rows = database.execute("SELECT id FROM m WHERE m MATCH ? ORDER BY rank LIMIT 50", (match,))
        return [row[0] for row in rows]

    return search


def _bm25(conversation: Conversation) -> Search:
    said = [(turn, re.findall(r"\w+", text.lower())) for turn, text in _said(conversation)]
    average = sum(len(words) for _, words in said) / len(said)
    frequency: dict[str, int] = {}
    for _, words in said:
        for word in set(words):
            frequency[word] = frequency.get(word, 0) + 1

    def score(words: Sequence[str], asked: Sequence[str]) -> float:
        total = 0.0
        for word in asked:
            held = words.count(word)
            inverse = np.log(1 + (len(said) - frequency.get(word, 0) + 0.5) / (frequency.get(word, 0) + 0.5))
            total += inverse * held * (K1 + 1) / (held + K1 * (1 - B + B * len(words) / average))
        return total

    def search(question: str) -> list[str]:
        asked = _content_words(question)
        ranked = sorted(said, key=lambda item: -score(item[1], asked))
        return [turn for turn, _ in ranked[:50]]

    return search


def _dense(conversation: Conversation, provider: EmbeddingProvider) -> Search:
    said = _said(conversation)
    matrix = provider.embed([text for _, text in said])

    def search(question: str) -> list[str]:
        similar = matrix @ provider.embed([question])[0]
        return [said[place][0] for place in np.argsort(-similar)[:50]]

    return search
