"""What forgetting and looking back cost in a large store: erasing, scrubbing, the first recall after, the past."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

from benchmarks.report import Report, durations_ms, percentiles
from benchmarks.stores import TENANT, filled
from benchmarks.texts import Writer
from continuum.core.facts_by_hand import FACTS_PER_CALL_MAX, TaughtFact
from continuum.core.memory import ConsciousMemory

ERASURES = 60
SESSION_MESSAGES = 500
QUESTIONS = 100
FACTS = 10_000


def run(report: Report, folder: Path, quick: bool) -> None:
    """All figures about time and forgetting."""
    messages = 20_000 if quick else 100_000
    path = folder / f"forgetting-{messages}.db"
    for old in folder.glob(f"{path.name}*"):
        old.unlink() if old.is_file() else shutil.rmtree(old)
    shutil.copyfile(filled(folder, messages, report), path)
    with ConsciousMemory(TENANT, path) as memory:
        _erasures(report, memory, messages)
        _looking_back(report, memory, messages)
        _scrub(report, memory, messages)
    _many_facts(report, folder)


def _erasures(report: Report, memory: ConsciousMemory, messages: int) -> None:
    chooser = random.Random(5)
    total = memory.get_stats()["messages"]
    seqs = chooser.sample(range(1, int(total)), ERASURES)
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        ids = [message.id for message in work.messages.by_seqs(seqs).values()]
    memory.recall("warm")
    taken = durations_ms([lambda m=each: memory.forget(m, reason="bench") for each in ids])  # type: ignore[misc]  # a default binds each
    report.add("forget", {"messages": messages, "what": "one message", **percentiles(taken), "worst": max(taken)})
    after = durations_ms([lambda: memory.recall("Where did we leave the plan?")])
    report.add("forget", {"messages": messages, "what": "the recall after it", **percentiles(after), "worst": after[0]})
    for _ in range(3):
        writer = Writer(chooser.randrange(1 << 30))
        name = f"long-{writer.exchange()[0][:40]}"
        exchanges = [{**each, "session_id": name} for each in writer.exchanges(SESSION_MESSAGES // 2)]
        memory.learn_many(exchanges, batch_size=100)
        taken = durations_ms([lambda s=name: memory.forget(session_id=s, reason="bench")])  # type: ignore[misc]  # as above
        row = {"messages": messages, "what": f"a session of {SESSION_MESSAGES}", **percentiles(taken)}
        report.add("forget", {**row, "worst": max(taken)})


def _scrub(report: Report, memory: ConsciousMemory, messages: int) -> None:
    started = time.perf_counter()
    done = memory.scrub()
    seconds = time.perf_counter() - started
    report.add("scrub", {"messages": messages, "seconds": round(seconds, 2), "done": str(done)})


def _looking_back(report: Report, memory: ConsciousMemory, messages: int) -> None:
    writer = Writer(9)
    questions = [writer.question() for _ in range(QUESTIONS)]
    middle = memory.get_messages(limit=1, before_seq=messages // 2)[0]
    for what, moment in (
        ("now", {}),
        ("as_of the middle", {"as_of": middle.timestamp / 1e6}),
        ("known_at the middle", {"known_at": middle.recorded_at / 1e6}),
    ):
        first = durations_ms([lambda m=moment: memory.recall("Where did we leave the plan?", **m)])  # type: ignore[misc]  # as above
        taken = durations_ms([lambda q=q, m=moment: memory.recall(q, **m) for q in questions])  # type: ignore[misc]  # as above
        row = {"messages": messages, "what": what, "first ms": round(first[0], 1), **percentiles(taken)}
        report.add("recall of the past", row)


def _many_facts(report: Report, folder: Path) -> None:
    """Recall among many facts of one tenant."""
    path = folder / "facts.db"
    for old in folder.glob("facts.db*"):
        old.unlink() if old.is_file() else shutil.rmtree(old)
    with ConsciousMemory(TENANT, path) as memory:
        for start in range(0, FACTS, FACTS_PER_CALL_MAX):
            numbers = range(start, min(FACTS, start + FACTS_PER_CALL_MAX))
            memory.learn_facts([TaughtFact(f"server {n}", f"port {n % 50}", str(5_000 + n)) for n in numbers])
        memory.learn("I live in Berlin and I like tea", "Noted.")
        questions = ["Where do I live?", "What is the port 7 of server 7?", "What do I like?"] * 30
        memory.recall("Where do I live?")
        taken = durations_ms([lambda q=q: memory.recall(q) for q in questions])  # type: ignore[misc]  # as above
        report.add("recall among facts", {"facts": FACTS, **percentiles(taken)})
