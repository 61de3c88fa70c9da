"""How fast recall answers on PostgreSQL, in how many round trips, and whether it answers as SQLite does."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.postgres_server import Bench
from benchmarks.report import durations_ms, percentiles
from benchmarks.texts import Writer
from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig
from continuum.core.evaluation import learn_conversation, read_conversations
from continuum.core.memory import ConsciousMemory
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.questions import RecallRequest
from continuum.core.validation import checked_time
from continuum.domain.clock import Micros
from continuum.domain.ids import tenant_id
from continuum.storage.postgres_pipe import Pipe

TENANT = "bench"
QUESTIONS = 300
ROUNDS = 200
RANKED = 20
GENERATED_EXCHANGES = 1_000
MINUTE = 60_000_000
LONG_AGO: Micros = 1_767_225_600_000_000
"""2026-01-01: both stores learn at this moment, so that nothing depends on when they did."""


def questions(count: int = QUESTIONS, seed: int = 9) -> list[str]:
    """Questions of names and words that messages have."""
    writer = Writer(seed)
    return [writer.question() for _ in range(count)]


def recall_times(memory: ConsciousMemory, count: int = QUESTIONS) -> list[float]:
    """How long recalls take after as many others."""
    durations_ms([functools.partial(memory.recall, question) for question in questions(count, seed=10)])
    return durations_ms([functools.partial(memory.recall, question) for question in questions(count)])


def run(bench: Bench) -> None:
    """One tenant that grows, round trips on the way."""
    url = bench.fresh("recalling")
    filled = 0
    for messages, asked in ((2_000, 5), (10_000, 8)) if bench.quick else ((10_000, 5), (100_000, 8)):
        started = time.perf_counter()
        with ConsciousMemory(TENANT, storage=url, config=MemoryConfig()) as memory:
            texts = Writer(messages).exchanges((messages - filled) // 2)
            memory.learn_many(texts, batch_size=200)
        bench.settle("recalling")
        bench.made("one tenant to recall from", messages - filled, started)
        filled = messages
        _warm(bench, url, messages, asked)
    _round_trips(bench, url)
    bench.drop("recalling")


def _warm(bench: Bench, url: str, messages: int, asked: int) -> None:
    with ConsciousMemory(TENANT, storage=url, config=MemoryConfig()) as memory:
        first = durations_ms([lambda: memory.recall("Who was it?")])
        durations_ms([functools.partial(memory.recall, question) for question in questions(seed=10)])
        cpu = time.process_time()
        taken = durations_ms([functools.partial(memory.recall, question) for question in questions()])
        cpu = (time.process_time() - cpu) / QUESTIONS * 1_000
    bench.report.add(
        "PostgreSQL: recall, warm, row level security on",
        {
            "messages": messages,
            "asked": f"p95 {asked} ms",
            **percentiles(taken),
            "client cpu ms": round(cpu, 3),
            "the very first ms": round(first[0], 1),
        },
    )


# -- round trips


@contextmanager
def _counted() -> Iterator[list[int]]:
    """A list that grows with each round trip of this thread; what background threads do is theirs."""
    trips: list[int] = []
    flush, here = Pipe._flush, threading.get_ident()

    def counting(pipe: Pipe, *, sync: bool) -> None:
        if threading.get_ident() == here:
            trips.append(1)
        flush(pipe, sync=sync)

    with patch.object(Pipe, "_flush", counting):
        yield trips


def _round_trips(bench: Bench, url: str) -> None:
    writer = Writer(41)
    with ConsciousMemory(TENANT, storage=url, config=MemoryConfig()) as memory:
        asked = [functools.partial(memory.recall, question) for question in questions(ROUNDS)]
        learns = [functools.partial(memory.learn, *writer.exchange()) for _ in range(ROUNDS)]
        durations_ms([functools.partial(memory.recall, question) for question in questions(20, seed=10)])
        durations_ms([functools.partial(memory.learn, *writer.exchange()) for _ in range(5)])
        memory.recall("What is new?")
        for what, limit, calls in (("warm recall", 3, asked), ("learn", 4, learns)):
            counts = []
            for call in calls:
                with _counted() as trips:
                    call()
                counts.append(len(trips))
            bench.report.add(
                "PostgreSQL: round trips",
                {
                    "what": what,
                    "asked": f"at most {limit}",
                    "times": len(counts),
                    "mean": sum(counts) / len(counts),
                    "most": max(counts),
                    "more than asked": sum(count > limit for count in counts),
                },
            )


# -- the same answers


class _Standing:
    """A clock that stands still."""

    def now(self) -> Micros:
        return LONG_AGO


def same_rankings(bench: Bench, folder: Path, data: Path | None) -> None:
    """Every question of the data, and generated ones: the first 20 on SQLite and on PostgreSQL."""
    url = bench.fresh("ranking")
    files = [] if data is None else sorted(data.glob("*.jsonl")) if data.is_dir() else [data]
    _compare(bench, "generated", _generated(str(folder / "ranking.db")), _generated(url))
    for number, file in enumerate(files):
        here = _of_file(str(folder / f"ranking-{number}.db"), file)
        there = _of_file(bench.fresh(f"ranking_{number}"), file)
        _compare(bench, file.stem, here, there)
        bench.drop(f"ranking_{number}")
    bench.drop("ranking")


def _compare(bench: Bench, what: str, here: list[list[int]], there: list[list[int]]) -> None:
    equal = sum(one == other for one, other in zip(here, there, strict=True))
    bench.report.add(
        "PostgreSQL and SQLite: the first 20 are the same, in the same order",
        {
            "data": what,
            "asked": "all",
            "questions": len(here),
            "equal": equal,
            "answers a question": sum(map(len, here)) / len(here),
        },
    )


def _ranking(engine: Engine, tenant: str, question: str, now: Micros) -> list[int]:
    """The positions in the log of the first 20: ids of messages are drawn anew in each store."""
    asked = RecallRequest(question, now, max_memories=RANKED)
    return [memory.seq for memory in MemoryQueryEngine(tenant=tenant_id(tenant), engine=engine).recall(asked).memories]


def _generated(storage: str) -> list[list[int]]:
    engine = build_engine(MemoryConfig(), storage=storage, clock=_Standing())
    texts = Writer(77).exchanges(GENERATED_EXCHANGES)
    try:
        ConsciousMemory(TENANT, engine=engine).learn_many(
            {**text, "timestamp": (LONG_AGO + number * MINUTE) / 1e6} for number, text in enumerate(texts)
        )
        now = LONG_AGO + GENERATED_EXCHANGES * MINUTE
        return [_ranking(engine, TENANT, question, now) for question in questions()]
    finally:
        engine.close()


def _of_file(storage: str, file: Path) -> list[list[int]]:
    engine = build_engine(MemoryConfig(), storage=storage, clock=_Standing())
    rankings = []
    try:
        for conversation in read_conversations(file):
            learn_conversation(engine, conversation)
            for question in conversation.questions:
                now = checked_time(question.now, "now") or LONG_AGO
                rankings.append(_ranking(engine, conversation.name, question.text, now))
        return rankings
    finally:
        engine.close()
