"""`continuum doctor`: faults are found, explained, and mended where that is safe, after a copy."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from continuum import ConsciousMemory
from tests.cli.conftest import run
from tests.requirements import requirement

AHEAD_MICROS = 3_600_000_000


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with ConsciousMemory("alice", path) as memory:
        memory.learn("I live in Lisbon.")
    return path


def examined(store: Path, *more: str, code: int) -> dict[str, Any]:
    done = run("doctor", "--storage", str(store), "--json", *more)
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def changed(store: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(store) as connection:
        connection.execute(statement, values)
    connection.close()


def rules(answer: dict[str, Any]) -> list[str]:
    return sorted(each["rule"] for each in answer["findings"])


@requirement("cli:doctor")
def test_what_is_safe_to_mend_is_mended_after_a_copy_was_made(store: Path) -> None:
    assert examined(store, code=0)["findings"] == []
    store.chmod(0o644)
    changed(store, "UPDATE tenants SET extractors = 1")
    left_behind = Path(f"{store}-index")
    left_behind.mkdir(exist_ok=True)
    (left_behind / "half.part").write_bytes(b"x")
    found = examined(store, code=1)
    assert rules(found) == ["derived rows", "index", "permissions"]
    assert all(each["remedy"] for each in found["findings"])
    assert not list(store.parent.glob("store.db.bak-*"))

    mended = examined(store, "--fix", code=0)
    assert all(each["mended"] for each in mended["findings"])
    assert mended["left"] == 0
    copy = next(store.parent.glob("store.db.bak-*"))
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT extractors FROM tenants").fetchall() == [(1,)]
    connection.close()
    with ConsciousMemory("alice", store) as memory:
        assert memory.recall("Where do I live?").facts[0].value == "Lisbon"


@requirement("cli:doctor")
def test_a_wrong_clock_a_full_disk_and_an_open_door_are_told_and_left_alone(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(store, "UPDATE tenants SET last_active = last_active + ?", AHEAD_MICROS)
    monkeypatch.setenv("CONTINUUM_API_HOST", "192.0.2.1")
    monkeypatch.setattr("continuum.cli.checkup.DISK_BYTES_MIN", 1 << 62)
    found = examined(store, "--fix", code=1)
    assert rules(found) == ["clock", "disk", "settings"]
    assert not any(each["mended"] for each in found["findings"])
    assert not list(store.parent.glob("store.db.bak-*"))


@requirement("cli:doctor")
def test_a_damaged_file_is_told_and_not_written_to(store: Path) -> None:
    with ConsciousMemory("alice", store) as memory:
        for number in range(300):
            memory.learn(f"Note {number} about the harbour and its {number} boats.")
    whole = bytearray(store.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 20_000] = b"\xff" * 20_000
    store.write_bytes(whole)
    done = run("doctor", "--storage", str(store))
    assert done.exit_code == 1
    assert "damage" in done.stdout
    assert "to do: stop using it" in done.stdout
    assert store.read_bytes() == bytes(whole)
