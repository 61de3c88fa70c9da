"""Several processes on one file: no error, nothing lost, every recall sees what was acknowledged before it."""

from __future__ import annotations

import multiprocessing
from collections.abc import MutableSequence
from pathlib import Path

from continuum.core.memory import ConsciousMemory
from tests.requirements import requirement

PROCESSES = 8
LEARNS_EACH = 12


def learn_and_recall(path: Path, worker: int, acknowledged: MutableSequence[str]) -> None:
    """Learn, and check at once that a recall in this process sees every learn acknowledged so far by any."""
    with ConsciousMemory("shared", path, instance_id=f"worker-{worker}") as memory:
        for number in range(LEARNS_EACH):
            result = memory.learn(f"Worker {worker} saw comet {number} over Lisbon", session_id=f"s{worker}")
            acknowledged.append(result.message_ids[0])
            told = set(acknowledged[:])
            found = memory.recall(f"comet {number} worker {worker}", max_memories=200)
            assert told <= {m.id for m in found.memories}


@requirement("learn:processes", "compat:fault-11", "compat:fault-19")
def test_eight_processes_learn_and_recall_at_once(db_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as shared:
        acknowledged = shared.list()
        workers = [
            context.Process(target=learn_and_recall, args=(db_path, worker, acknowledged))
            for worker in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=120)
        ids = set(acknowledged[:])
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    with ConsciousMemory("shared", db_path) as memory:
        stored = memory.get_messages(limit=1_000)
        assert {message.id for message in stored} == ids
        assert sorted(message.seq for message in stored) == list(range(1, PROCESSES * LEARNS_EACH + 1))
        assert len(memory.recall("comet", max_memories=200).memories) == PROCESSES * LEARNS_EACH
