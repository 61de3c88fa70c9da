"""`kill -9` during `learn` itself, with all that it writes: concepts, links, decisions, compounds, kept answers."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from continuum.core.memory import ConsciousMemory
from tests.requirements import requirement

ROOT = Path(__file__).parents[2]
ACKNOWLEDGED_PER_KILL = 3


def killed_learners(path: Path, name: str, writers: int) -> set[str]:
    """Start learners, kill all of them after a few acknowledgements of each; gives the ids acknowledged."""
    learners = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.durability.learner", str(path), f"{name}-{number}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            bufsize=0,  # or `readline` keeps what `communicate` then misses
        )
        for number in range(writers)
    ]
    acknowledged: set[str] = set()
    for learner in learners:
        assert learner.stdout is not None
        for _ in range(ACKNOWLEDGED_PER_KILL):
            acknowledged.update(learner.stdout.readline().decode().split())
    for learner in learners:
        learner.kill()
    for learner in learners:
        rest = learner.communicate(timeout=30)[0].decode().splitlines(keepends=True)
        acknowledged.update(word for line in rest if line.endswith("\n") for word in line.split())
    return acknowledged


@requirement("durability:kill")
@pytest.mark.parametrize(("rounds", "writers"), [(100, 1), (25, 4)])
def test_what_learn_acknowledged_survives_and_no_exchange_is_half_there(
    tmp_path: Path, rounds: int, writers: int
) -> None:
    path = tmp_path / "memory.db"
    acknowledged: set[str] = set()
    for number in range(rounds):
        acknowledged |= killed_learners(path, f"round-{number}", writers)
    with ConsciousMemory("alice", path) as memory:
        stored = memory.get_messages(limit=10_000)
        assert len(acknowledged) >= 2 * ACKNOWLEDGED_PER_KILL * rounds * writers
        assert acknowledged <= {message.id for message in stored}
        assert set(Counter(message.exchange_id for message in stored).values()) == {2}
        assert sorted(message.seq for message in stored) == list(range(1, len(stored) + 1))
        with memory._engine.unit(memory.tenant_id, write=False) as work:
            before = work.export_derived()
        memory.rebuild()
        with memory._engine.unit(memory.tenant_id, write=False) as work:
            assert work.export_derived() == before
        assert memory.get_stats()["decisions"] >= len(stored) // 2
