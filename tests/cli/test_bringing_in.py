"""`continuum import` of what comes from elsewhere: what it refuses, and that it goes on after it was broken off."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from continuum.errors import InvalidInputError
from tests.cli.conftest import run, told
from tests.requirements import requirement

MESSAGES = 3_000
SECONDS_MAX = 60.0


def _rows(path: Path) -> Path:
    """Each of a session of its own, so that they are learnt in many batches."""
    rows = ({"text": f"Boat {n} is in.", "timestamp": 1.7e9 + n, "session_id": f"s{n}"} for n in range(MESSAGES))
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def _kept(store: Path) -> int:
    """How many messages are durable, as another process sees them."""
    if not store.exists():
        return 0
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5)
    try:
        return int(connection.execute("SELECT count(*) FROM auto_messages").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # its tables are being made
    finally:
        connection.close()


@requirement("import:resumed")
def test_an_interrupted_import_says_so_and_the_same_command_goes_on(tmp_path: Path) -> None:
    path, store = _rows(tmp_path / "chat.jsonl"), tmp_path / "store.db"
    where = ("--storage", str(store), "--tenant", "alice")
    command = [sys.executable, "-m", "continuum", "import", str(path), *where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + SECONDS_MAX
        while _kept(store) == 0 and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)  # between two looks at the condition
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 130
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    before = _kept(store)
    assert 0 < before < MESSAGES
    assert told("import", str(path), *where)["messages"] == MESSAGES - before
    assert _kept(store) == MESSAGES


@requirement("import:command")
@pytest.mark.parametrize("arguments", [("-", "--format", "chatgpt"), ("chat.jsonl", "--skip-errors")])
def test_what_makes_no_sense_together_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.jsonl").write_text('{"text": "x"}\n')
    with pytest.raises(InvalidInputError, match="own export"):
        run("import", *arguments, "--storage", str(tmp_path / "s.db"))
    assert not (tmp_path / "s.db").exists()
