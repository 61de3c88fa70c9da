"""`continuum export` and `continuum import`, as a person or a script uses them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from continuum.cli.commands import export, import_cmd
from continuum.errors import InvalidInputError
from tests.cli.conftest import run, told
from tests.cli.test_commands import process
from tests.requirements import requirement


def learn(count: int, *options: str) -> None:
    for number in range(count):
        run("learn", f"Note {number}: Minka is my cat", *options)


@requirement("cli:export", "cli:import")
def test_an_export_comes_back_into_another_store(tmp_path: Path) -> None:
    learn(3, "--session", "s")
    said = run("export", "notes.jsonl.gz")
    assert said.stdout == "exported 3 entries (3 messages) of default to notes.jsonl.gz\n"
    other = ("--db-path", str(tmp_path / "other.db"))
    assert run("import", "notes.jsonl.gz", *other).stdout == "imported 3 entries (3 messages) into default\n"
    assert told("recall", "Minka", *other)["memories"] == told("recall", "Minka")["memories"]
    again = told("import", "notes.jsonl.gz", *other)
    assert (again["entries"], again["duplicates"]) == (0, 3)
    assert "3 were there already" in run("import", "notes.jsonl.gz", *other).stdout


@requirement("cli:export")
def test_an_export_goes_through_a_pipe_and_chooses_what_it_takes() -> None:
    learn(3)
    lines = run("export", "-", "--no-secret", "--after-seq", "1").stdout.splitlines()
    assert json.loads(lines[0])["after_seq"] == 1
    assert "secret" not in lines[0]
    whole = run("export", "-")
    assert "exported 3 entries" in whole.stderr
    assert run("import", "-", "--tenant", "copy", stdin=whole.stdout).exit_code == 0
    assert told("status", "--tenant", "copy")["stats"]["messages"] == 3


@requirement("cli:import", "portability:broken-line")
def test_a_broken_line_is_named_and_can_be_skipped() -> None:
    learn(3)
    run("export", "notes.jsonl")
    lines = Path("notes.jsonl").read_text().splitlines(keepends=True)
    Path("notes.jsonl").write_text("".join([lines[0], lines[1], "Minka\n", *lines[3:]]))
    with pytest.raises(InvalidInputError, match="line 3"):
        run("import", "notes.jsonl", "--tenant", "copy")
    assert told("status", "--tenant", "copy")["stats"]["messages"] == 0
    skipped = run("import", "notes.jsonl", "--tenant", "copy", "--skip-errors")
    assert "copy: line 3 was skipped: json: is broken" in skipped.stderr
    assert "2 broken lines skipped" in skipped.stdout


@requirement("cli:import")
def test_a_wrong_file_has_the_exit_code_of_bad_input(tmp_path: Path) -> None:
    assert process("export", "notes.jsonl", folder=tmp_path).returncode == 3
    (tmp_path / "none.jsonl").write_text("{}\n")
    done = process("import", "none.jsonl", folder=tmp_path)
    assert (done.returncode, "is in no format that is known" in done.stderr) == (2, True)
    (tmp_path / "broken.jsonl").write_text('{"format": "continuum-memory"}\n')
    done = process("import", "broken.jsonl", folder=tmp_path)
    assert (done.returncode, done.stderr.startswith("continuum: line 1: ")) == (2, True)
    done = process("export", "nowhere/notes.jsonl", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "continuum: nowhere/notes.jsonl: No such file or directory\n")


@requirement("cli:export", "cli:import", "portability:tenants")
def test_all_tenants_go_to_a_folder_and_come_back(tmp_path: Path) -> None:
    for tenant in ("alice", "Bob"):
        learn(2, "--tenant", tenant)
    assert run("export", "all", "--all-tenants").stdout == "exported 2 tenant(s) to all\n"
    assert sorted(path.name for path in Path("all").iterdir()) == ["%42ob.jsonl", "alice.jsonl"]
    other = ("--db-path", str(tmp_path / "other.db"))
    assert run("import", "all", *other).stdout.count("imported 2 entries") == 2
    assert told("status", "--tenant", "Bob", *other)["stats"]["messages"] == 2


@requirement("cli:export", "cli:import")
def test_progress_is_told_apart_from_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ENTRIES_BETWEEN_REPORTS", 2)
    monkeypatch.setattr(import_cmd, "ENTRIES_BETWEEN_REPORTS", 2)
    learn(3)
    written = run("export", "notes.jsonl.gz", "--json")
    assert "3 of 3 entries" in written.stderr
    assert json.loads(written.stdout)["messages"] == 3
    assert "3 of 3 entries" in run("import", "notes.jsonl.gz", "--tenant", "copy").stderr
    assert gzip.decompress(Path("notes.jsonl.gz").read_bytes()).startswith(b'{"format":"continuum-memory"')
