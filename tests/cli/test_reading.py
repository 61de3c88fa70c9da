"""Commands made for people: ask, status, config, completion."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from continuum import ConsciousMemory
from continuum.cli.sparklines import sparkline
from continuum.core.config import MemoryConfig
from tests.cli.conftest import run, told
from tests.client.served import service
from tests.requirements import requirement

SECRET = "a-secret-of-at-least-thirty-two-characters"  # nobody's


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with ConsciousMemory("alice", path) as memory:
        memory.learn("I live in Lisbon.")
        memory.learn("I moved to Porto.")
    return path


@requirement("cli:ask")
def test_an_answer_is_printed_with_the_words_it_comes_from(store: Path) -> None:
    done = run("ask", "Where do I live?", "--storage", str(store), "--tenant", "alice")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("* user lives in: Porto (since ")
    assert lines[1].startswith("- user lives in: Lisbon (until ")
    assert any("I moved to Porto." in line for line in lines[2:])
    nothing = run("ask", "zebra crossing", "--storage", str(store), "--tenant", "alice")
    assert (nothing.stdout, "nothing is known" in nothing.stderr) == ("", True)


@requirement("cli:status")
def test_status_draws_how_the_memory_grew_and_how_fast_it_answers(store: Path, tmp_path: Path) -> None:
    shown = run("status", "--storage", str(store), "--tenant", "alice").stdout
    assert "2 entries" in shown
    assert "recall just now" in shown
    answer = told("status", "--storage", str(store), "--tenant", "alice")
    assert sum(answer["growth"]["entries"]) == 2
    assert len(answer["recall_ms"]) == 12
    empty = told("status", "--storage", str(store), "--tenant", "nobody")
    assert (empty["growth"], empty["recall_ms"]) == (None, None)
    with service(tmp_path / "served.db") as served, served.client() as client:
        client.learn("I live in Lisbon.")
        assert len(told("status", "--server", served.url, "--tenant", "alice")["recall_ms"]) == 12


def test_a_sparkline_has_a_bar_for_each_number() -> None:
    assert sparkline([0, 1, 2, 4]) == "▁▃▅█"
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "▁▁"


@requirement("cli:config")
def test_every_setting_is_shown_with_where_it_came_from_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUUM_API_KEY", SECRET)
    monkeypatch.setenv("CONTINUUM_STORAGE", "postgresql://ines:hidden@db.example/memories")
    done = run("config", "show", "--json")
    rows = {row["name"]: row for row in told("config", "show")["settings"]}
    assert set(rows) == {each.name for each in fields(MemoryConfig)}
    assert (rows["api_key"]["value"], rows["api_key"]["source"]) == ("(set, not shown)", "environment")
    assert rows["storage"]["value"] == "postgresql://ines@db.example/memories"
    assert SECRET not in done.stdout
    assert "hidden" not in done.stdout
    changed = {row["name"] for row in told("config", "show", "--changed")["settings"]}
    assert changed == {"api_key", "storage"}


@requirement("cli:completion")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_options(shell: str) -> None:
    assert "_CONTINUUM_COMPLETE" in run("completion", shell).stdout
    ask = "from continuum.cli.main import main; main()"
    environ = {"_CONTINUUM_COMPLETE": "bash_complete", "COMP_WORDS": "continuum rec", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = ['continuum']; {ask}"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["plain,recall", "plain,receipts"]
