"""`continuum copy`, as a person or a script uses it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from continuum.cli.commands import copy
from continuum.core.tenants import TenantManager
from continuum.errors import ConflictError, NotFoundError
from tests.cli.conftest import run, told
from tests.cli.test_commands import process


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A store with two tenants."""
    path = tmp_path / "source.db"
    with TenantManager(path) as manager:
        for name in ("alice", "bob"):
            manager.get_tenant(name).learn("Minka is my cat", session_id="s")
    return str(path)


@pytest.fixture
def target(tmp_path: Path) -> str:
    """Where copies go, as a URL."""
    return f"sqlite:///{tmp_path}/target.db"


def copied(source: str, target: str, *options: str) -> Result:
    return run("copy", "--from", source, "--to", target, *options)


def test_all_tenants_are_copied_and_can_be_compared(source: str, target: str, tmp_path: Path) -> None:
    done = copied(source, target)
    assert done.stdout.startswith("copied 2 tenant(s), ")
    assert done.stdout.endswith(" rows: counts and checksums are equal\n")
    assert [line.split(",")[0] for line in done.stderr.splitlines()] == ["alice: copied", "bob: copied"]
    assert "alice: already there" in copied(source, target).stderr
    assert copied(source, target, "--verify-only").stdout == done.stdout.replace("copied", "compared")
    there, here = ("--db-path", f"{tmp_path}/target.db"), ("--db-path", source)
    for name in ("alice", "bob"):
        asked = ("recall", "Minka", "--tenant", name)
        assert told(*asked, *there)["memories"] == told(*asked, *here)["memories"] != []


def test_chosen_tenants_are_copied_and_the_answer_can_be_json(source: str, target: str) -> None:
    done = copied(source, target, "--tenant", "bob", "--json")
    assert done.stderr == ""
    answer = told("copy", "--from", source, "--to", target, "--tenant", "bob", "--verify-only")
    assert answer["verified_only"] is True
    (tenant,) = answer["tenants"]
    assert (tenant["tenant_id"], tenant["outcome"], tenant["scrub_pending"]) == ("bob", "equal", False)
    tables = {each["table"]: each for each in tenant["tables"]}
    assert tables["auto_messages"]["rows"] == tables["log"]["rows"] == 1
    assert all(len(each["sha256"]) == 64 for each in tables.values())
    with pytest.raises(NotFoundError, match="tenant alice: is not in the target"):
        copied(source, target, "--verify-only")


def test_failures_have_a_sentence_and_a_code_of_their_own(source: str, target: str, tmp_path: Path) -> None:
    with TenantManager(tmp_path / "target.db") as manager:
        manager.get_tenant("bob").learn("I am another Bob")
    refused = process("copy", "--from", source, "--to", target, folder=tmp_path)
    assert refused.returncode == 4
    assert refused.stderr.startswith("continuum: tenant bob: the target holds it with other content (1 entries)")
    with pytest.raises(ConflictError):
        copied(source, target)
    assert process("copy", "--from", f"{tmp_path}/no.db", "--to", target, folder=tmp_path).returncode == 3
    assert not (tmp_path / "no.db").exists()
    with pytest.raises(NotFoundError, match="no store at"):
        copied(source, f"{tmp_path}/no.db", "--verify-only")
    assert process("copy", "--from", source, folder=tmp_path).returncode == 2


def test_lines_say_now_and_then_how_far_it_is(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "ROWS_BETWEEN_REPORTS", 1)
    lines = copied(source, target).stderr.splitlines()
    assert any(line.startswith("alice: ") and line.endswith(" rows") and " of " in line for line in lines)
    assert lines[-1].startswith("bob: copied, ")


def test_a_terminal_shows_a_bar(source: str, target: str, tmp_path: Path) -> None:
    here, there = pty.openpty()
    command = [sys.executable, "-m", "continuum", "copy", "--from", source, "--to", target]
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=there, text=True, timeout=60, check=True
    )
    os.close(there)
    shown = os.read(here, 1 << 16).decode()
    os.close(here)
    assert "100%" in shown
    assert "2 of 2: bob" in shown
    assert done.stdout.startswith("copied 2 tenant(s)")


def test_a_store_moves_to_a_server_and_back(source: str, postgres_url: str, tmp_path: Path) -> None:
    there = copied(source, postgres_url)
    back = copied(postgres_url, f"{tmp_path}/back.db")
    assert there.stdout == back.stdout
    assert copied(source, f"{tmp_path}/back.db", "--verify-only").stdout == there.stdout.replace("copied", "compared")
    assert told("recall", "Minka", "--tenant", "bob", "--db-path", f"{tmp_path}/back.db")["memories"]
