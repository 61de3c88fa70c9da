"""The power goes at any moment: what was acknowledged is there, whole, and nothing is damaged."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest

from continuum.storage.sqlite_backend import SQLiteBackend
from tests.durability.exchanges import complaints, write_exchange
from tests.durability.recording import Mode, Operation, Tape, recording_driver
from tests.requirements import requirement


def recorded(
    folder: Path, exchanges: int, *, explicit_sync: bool = True, writers: int = 1
) -> tuple[Tape, list[tuple[int, str]]]:
    """Write exchanges on a recording disk, with checkpoints between; gives the tape and when each was acknowledged."""
    tape = Tape()
    driver = recording_driver(tape, explicit_sync=explicit_sync)
    # Two backends share the file as two processes would: each has its own lock, writer and log descriptor.
    backends = [
        SQLiteBackend(folder / "memory.db", driver=driver, checkpoint_bytes=1 << 40) for _ in range(min(writers, 2))
    ]
    tape.add(Operation("everything", ""))
    acknowledged: list[tuple[int, str]] = []

    def learn(writer: int) -> None:
        for number in range(exchanges // writers):
            name = f"{writer}-{number}"
            backend = backends[writer % len(backends)]
            write_exchange(backend, name, size=100 + 700 * (number % 4))
            acknowledged.append((len(tape.operations), name))
            if number % 9 == 8:
                backend.checkpoint()
            if number % 25 == 24 and writers == 1:
                backend.close_all()  # the log is deleted, and made anew by the next learner

    threads = [threading.Thread(target=learn, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for backend in backends:
        backend.close_all()
    return tape, acknowledged


def outcomes(tape: Tape, acknowledged: list[tuple[int, str]], folder: Path, mode: Mode, points: int) -> list[str]:
    """What is wrong after a cut at each of `points` moments, one line for each complaint."""
    rng = random.Random(f"{mode} {points}")
    start = next(at for at, each in enumerate(tape.operations) if each.kind == "everything") + 1
    found: list[str] = []
    for point in range(points):
        at = rng.randrange(start, len(tape.operations) + 1)
        cut = folder / f"{mode}{point}"
        cut.mkdir()
        for name, content in tape.left_over(at, mode, rng).items():
            (cut / name).write_bytes(content)
        promised = {name for when, name in acknowledged if when <= at}
        found += [f"{mode} cut after {at}: {each}" for each in complaints(cut / "memory.db", promised)]
    return found


def check_power_cuts(folder: Path, exchanges: int, points: int, writers: int) -> None:
    (folder / "live").mkdir()
    tape, acknowledged = recorded(folder / "live", exchanges, writers=writers)
    assert len(acknowledged) == exchanges
    for mode in ("strict", "torn"):
        assert outcomes(tape, acknowledged, folder, mode, points // 2) == []


@requirement("durability:power-cut")
@pytest.mark.parametrize("writers", [1, 4])
def test_no_acknowledged_exchange_is_lost_at_a_power_cut(tmp_path: Path, writers: int) -> None:
    check_power_cuts(tmp_path, exchanges=80, points=150, writers=writers)


def test_without_the_sync_before_the_acknowledgement_exchanges_are_lost(tmp_path: Path) -> None:
    """The test above can fail: the same cuts find the losses that the sync prevents, and still no damage."""
    (tmp_path / "live").mkdir()
    tape, acknowledged = recorded(tmp_path / "live", 40, explicit_sync=False)
    found = outcomes(tape, acknowledged, tmp_path, "strict", 40)
    assert any("lost" in each for each in found)
    assert all("lost" in each for each in found)


@pytest.mark.soak
@pytest.mark.parametrize("writers", [1, 4])
def test_no_acknowledged_exchange_is_lost_at_thousands_of_power_cuts(tmp_path: Path, writers: int) -> None:
    check_power_cuts(tmp_path, exchanges=400, points=2_500, writers=writers)
