"""An interrupt may come between any two steps of a learn: it undoes that learn or not, and never hurts the store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from continuum.storage import open_backend
from tests.durability.exchanges import complaints, write_exchange

ROOT = Path(__file__).parents[2]


def check_interrupts(path: Path, seed: int, way: str) -> None:
    command = [sys.executable, "-m", "tests.durability.interrupted", str(path), str(seed), way]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        acknowledged = set()
        for line in process.stdout:
            if line.startswith(b"interrupted "):
                break
            acknowledged.add(line.decode().strip())
        assert "afterwards" in acknowledged
        assert int(line.split()[1]) > 100
        other = open_backend(path, timeout_seconds=5.0)
        write_exchange(other, "other process")
        other.close_all()
        process.stdin.close()
    assert process.returncode == 0
    assert complaints(path, acknowledged | {"other process"}) == []


@pytest.mark.parametrize("way", ["timer", "threads"])
def test_interrupted_learns_leave_a_store_that_works_and_nothing_by_half(tmp_path: Path, way: str) -> None:
    check_interrupts(tmp_path / "memory.db", 1, way)


@pytest.mark.soak
@pytest.mark.parametrize("way", ["timer", "threads"])
def test_thousands_of_interrupted_learns_leave_a_store_that_works(tmp_path: Path, way: str) -> None:
    for seed in range(50):
        check_interrupts(tmp_path / f"{seed}.db", seed, way)
