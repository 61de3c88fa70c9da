"""How fast recall answers: warm, cold, beside plain FTS5, in a large graph, among many tenants."""

from __future__ import annotations

import functools
import itertools
import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.report import Report, durations_ms, percentiles
from benchmarks.stores import TENANT, crowded, filled
from benchmarks.texts import Writer
from continuum.core.answering import strip_time
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager

QUESTIONS = 300
COLD_STARTS = 7


def run(report: Report, folder: Path, quick: bool) -> None:
    """All recall figures."""
    sizes = (1_000, 10_000, 20_000) if quick else (1_000, 10_000, 100_000)
    for messages in sizes:
        path = filled(folder, messages, report)
        _warm(report, path, messages)
        if messages > 1_000:
            _cold(report, path, messages)
    _warm(report, filled(folder, 10_000, report, 2_000), 10_000, "2,000 characters an exchange")
    _beside_fts5(report, filled(folder, sizes[-1], report), sizes[-1])
    _large_graph(report, folder, 1_000 if quick else 10_000, 50_000 if quick else 500_000)
    _among_tenants(report, folder, 1_000 if quick else 10_000)


def _questions(count: int = QUESTIONS, seed: int = 9) -> list[str]:
    writer = Writer(seed)
    return [writer.question() for _ in range(count)]


def _warm(report: Report, path: Path, messages: int, note: str = "300 characters an exchange") -> None:
    with ConsciousMemory(TENANT, path) as memory:
        for question in _questions(seed=10):  # other questions than those measured: files that lay idle are cold
            memory.recall(question)
        cpu = time.process_time()
        taken = durations_ms([lambda q=q: memory.recall(q) for q in _questions()])  # type: ignore[misc]  # a default binds each question
        cpu = (time.process_time() - cpu) / QUESTIONS * 1_000
        report.add("recall, warm", {"messages": messages, "what": note, **percentiles(taken), "cpu ms": round(cpu, 3)})
        interleaved = []
        writer = Writer(31)
        for question in _questions(150):
            memory.learn(*writer.exchange())
            interleaved += durations_ms([lambda q=question: memory.recall(q)])  # type: ignore[misc]  # as above
    report.add(
        "recall, warm",
        {"messages": messages, "what": f"{note}, a learn before each", **percentiles(interleaved), "cpu ms": 0.0},
    )


_COLD = """
import json, sys, time
from continuum.core.memory import ConsciousMemory
import continuum.core.query_engine
started = time.perf_counter()
memory = ConsciousMemory("bench", sys.argv[1])
memory.recall(sys.argv[2])
first = (time.perf_counter() - started) * 1000
memory.close()
print(json.dumps(first))
"""


def _cold(report: Report, path: Path, messages: int) -> None:
    """A fresh process each time: opening, loading and one answer, imports left out; then without a saved index."""
    saved = Path(f"{path}-index")
    for note in ("saved index", "no saved index"):
        taken = []
        for question in _questions(COLD_STARTS):
            if note == "no saved index":
                for file in saved.glob("*"):
                    file.unlink()
            command = [sys.executable, "-c", _COLD, str(path), question]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            taken.append(float(json.loads(done.stdout)))
        report.add("first recall in a fresh process", {"messages": messages, "what": note, **percentiles(taken)})


def _beside_fts5(report: Report, path: Path, messages: int) -> None:
    """The same questions to recall and to one FTS5 query of their content words joined by OR, turn about."""
    fts = sqlite3.connect(":memory:")
    fts.execute("CREATE VIRTUAL TABLE m USING fts5(text, tokenize='porter unicode61')")
    store = sqlite3.connect(path)
    fts.executemany("INSERT INTO m (text) VALUES (?)", store.execute("SELECT content FROM auto_messages"))
    store.close()
    recall_ms, fts_ms, sum_ms = [], [], []
    postings = [np.arange(0, messages, 3 + number) for number in range(6)]
    with ConsciousMemory(TENANT, path) as memory:
        memory.recall("warm up")
        for question in _questions():
            words = [word.strip("?") for word in question.split() if word.lower() not in STOP]
            match = " OR ".join(f'"{word}"' for word in words)
            recall_ms += durations_ms([lambda q=question: memory.recall(q)])  # type: ignore[misc]  # as above
            fts_ms += durations_ms([functools.partial(_matching, fts, match)])
            sum_ms += durations_ms([lambda: _sum(messages, postings)])
    for what, taken in (("recall", recall_ms), ("FTS5 OR query", fts_ms), ("NumPy sum over postings", sum_ms)):
        report.add("recall beside plain FTS5", {"messages": messages, "what": what, **percentiles(taken)})
    ratio = np.median(recall_ms) / np.median(fts_ms), np.percentile(recall_ms, 95) / np.percentile(fts_ms, 95)
    report.add(
        "recall beside plain FTS5",
        {
            "messages": messages,
            "what": "recall / FTS5",
            "p50 ms": float(ratio[0]),
            "p95 ms": float(ratio[1]),
            "p99 ms": 0.0,
        },
    )
    fts.close()


STOP = frozenset({"what", "did", "say", "about", "the", "and", "of"})


def _matching(fts: sqlite3.Connection, match: str) -> object:
    return fts.execute("SELECT rowid FROM m WHERE m MATCH ? ORDER BY rank LIMIT 10", (match,)).fetchall()


def _sum(messages: int, postings: list[np.ndarray[tuple[int], np.dtype[np.int64]]]) -> object:
    scores = np.zeros(messages, dtype=np.float32)
    for places in postings:
        scores[places] += 1.0
    return np.argpartition(scores, -10)[-10:]


def _large_graph(report: Report, folder: Path, concepts: int, links: int) -> None:
    """Recall where the named concepts have about a hundred links each, and one is a hub of thousands."""
    path = folder / "graph.db"
    with ConsciousMemory(TENANT, path) as memory:
        engine = memory.query_engine._engine
        memory.learn("The hub Zentrum Alpha stands in the middle of Project Nodeone")
        from benchmarks.graphs import write_graph

        names = write_graph(engine, memory.tenant_id, concepts, links)
        asked = [f"What connects {a} with {b}?" for a, b in itertools.pairwise(names[: QUESTIONS + 1])]
        memory.recall(asked[0])
        taken = durations_ms([lambda q=q: memory.recall(q) for q in asked])  # type: ignore[misc]  # as above
        report.add(
            "recall in a large graph", {"concepts": concepts, "links": links, "what": "any", **percentiles(taken)}
        )
        hub = durations_ms([lambda: memory.recall(f"What connects {names[0]}?")] * 100)
        report.add(
            "recall in a large graph", {"concepts": concepts, "links": links, "what": "a hub", **percentiles(hub)}
        )


def _among_tenants(report: Report, folder: Path, tenants: int) -> None:
    """The same tenant alone, and among others of a hundred messages each: same answers, same time."""
    asked = _questions()
    answers, times = [], []
    for what, others in (("alone", 0), (f"among {tenants} others", tenants)):
        with TenantManager(crowded(folder, others)) as manager:
            memory = manager.get_tenant(TENANT)
            for question in asked[:20]:
                memory.recall(question)
            taken = durations_ms([lambda q=q, memory=memory: memory.recall(q) for q in asked])  # type: ignore[misc]  # as above
            answers.append([[m.passage for m in strip_time(memory.recall(q, now=1.0)).memories] for q in asked])
            times.append(taken)
        report.add("one tenant among many", {"what": what, **percentiles(taken)})
    same = float(np.mean([one == other for one, other in zip(*answers, strict=True)]))
    report.add(
        "one tenant among many",
        {
            "what": f"same rankings {same:.3f}; time ratio",
            "p50 ms": float(np.median(times[1]) / np.median(times[0])),
            "p95 ms": float(np.percentile(times[1], 95) / np.percentile(times[0], 95)),
            "p99 ms": 0.0,
        },
    )
