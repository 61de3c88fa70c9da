"""Processes are killed while they learn: what they were told is kept, and the next one goes on."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from continuum.storage import open_backend
from tests.durability.exchanges import complaints, write_exchange
from tests.requirements import requirement

ROOT = Path(__file__).parents[2]


def start(path: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.durability.writer", str(path), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, bufsize=0)


def take(stream: IO[bytes], lines: int) -> set[str]:
    """Wait for some acknowledgements."""
    return {stream.readline().decode().strip() for _ in range(lines)}


def written(streams: list[IO[bytes]]) -> list[bytes]:
    """What each has written since it was read; waits until any has."""
    ready = select.select(streams, [], [])[0]
    return [os.read(stream.fileno(), 65_536) if stream in ready else b"" for stream in streams]


def kill_writers(path: Path, kills: int, writers: int) -> set[str]:
    """Kill `kills` processes, `writers` of them at a time, each somewhere in its work; gives what they acknowledged."""
    rng = random.Random(kills)
    acknowledged: set[str] = set()
    for round_ in range(kills // writers):
        running = [start(path, f"{round_}.{writer}") for writer in range(writers)]
        streams = [each.stdout for each in running if each.stdout]
        for stream in streams:
            acknowledged |= take(stream, rng.randint(1, 12))
        for each in running:
            each.kill()
        for each, stream in zip(running, streams, strict=True):
            rest = stream.read().split(b"\n")[:-1]  # a last line without its end was not an acknowledgement
            acknowledged |= {line.decode() for line in rest}
            stream.close()
            each.wait()
        if round_ % 5 == 4:
            assert complaints(path, acknowledged) == []
    return acknowledged


def check_kills(path: Path, kills: int, writers: int) -> None:
    acknowledged = kill_writers(path, kills, writers)
    assert len(acknowledged) >= kills
    assert complaints(path, acknowledged) == []
    backend = open_backend(path)
    write_exchange(backend, "afterwards")
    backend.close_all()
    assert complaints(path, acknowledged | {"afterwards"}) == []


@requirement("durability:kill")
@pytest.mark.parametrize("writers", [1, 4])
def test_no_acknowledged_exchange_is_lost_when_writers_are_killed(tmp_path: Path, writers: int) -> None:
    check_kills(tmp_path / "memory.db", kills=100, writers=writers)


@pytest.mark.soak
@pytest.mark.parametrize("writers", [1, 4])
def test_no_acknowledged_exchange_is_lost_in_thousands_of_kills(tmp_path: Path, writers: int) -> None:
    check_kills(tmp_path / "memory.db", kills=1_000, writers=writers)


def test_every_process_gets_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    running = [start(path, str(writer)) for writer in range(8)]
    streams = [each.stdout for each in running if each.stdout]
    try:
        acknowledged = set().union(*(take(stream, 1) for stream in streams))
        early = written(streams)  # from before all of them were at work
        heard = [b""] * 8
        while sum(lines.count(b"\n") for lines in heard) < 400:
            heard = [lines + more for lines, more in zip(heard, written(streams), strict=True)]
    finally:
        for each in running:
            each.kill()
            each.wait()
        for stream in streams:
            stream.close()
    for lines, more in zip(early, heard, strict=True):
        acknowledged |= {line.decode() for line in (lines + more).split(b"\n")[:-1]}
    assert complaints(path, acknowledged) == []
    counts = [lines.count(b"\n") for lines in heard]
    assert min(counts) >= sum(counts) / len(counts) / 4, counts
