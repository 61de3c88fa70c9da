"""The command line, as a person or a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from continuum import errors
from continuum.cli import main as cli
from continuum.cli.commands import demo
from continuum.errors import ContinuumError
from tests.cli.conftest import run
from tests.requirements import requirement


def process(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `continuum` as its own process, in a folder."""
    environ = {**os.environ, "CONTINUUM_CONFIG_DIR": str(folder / "home")}
    command = [sys.executable, "-m", "continuum", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@requirement("cli:init", "cli:learn", "cli:recall", "cli:status", "compat:fault-20", "compat:fault-21")
def test_init_binds_a_folder_to_its_store(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "below").mkdir(parents=True)
    other.mkdir()
    assert process("init", "--db-path", "./data/memory.db", folder=one).stdout == f"store: {one}/data/memory.db\n"
    assert process("init", "--db-path", "./b.db", folder=other).returncode == 0
    learned = process("learn", "I prefer FastAPI for web projects", folder=one / "below")
    assert str(one / "data" / "memory.db") in learned.stdout
    recalled = process("recall", "What web framework should I use?", folder=one)
    assert "I prefer FastAPI for web projects" in recalled.stdout
    status = json.loads(process("status", "--json", folder=one).stdout)
    assert (status["store"], status["stats"]["messages"]) == (f"{one}/data/memory.db", 1)
    assert json.loads(process("status", "--json", folder=other).stdout)["stats"]["messages"] == 0


@requirement("cli:search", "cli:json")
def test_search_lists_memories_as_lines_and_as_json() -> None:
    run("learn", "Minka is my cat", "Noted.", "--session", "s", "--speaker", "Ann", "--metadata", '{"n": 1}')
    assert "Minka is my cat" in run("search", "Minka").stdout
    found = json.loads(run("search", "Minka", "--json").stdout)
    assert found["memories"][0]["metadata"] == {"n": 1}
    assert found["concepts"][0]["name"] == "Minka"


@requirement("cli:learn")
def test_learn_reads_standard_input() -> None:
    assert run("learn", "-", "--json", stdin="From a pipe: Lisbon").exit_code == 0
    assert "From a pipe: Lisbon" in run("recall", "Lisbon").stdout


@requirement("cli:json")
def test_every_answer_has_a_json_form() -> None:
    for arguments in (
        ["init"],
        ["learn", "hello there, Minka"],
        ["recall", "hello", "--explain"],
        ["search", "x"],
        ["status"],
        ["facts"],
        ["teach", "cat", "name", "Minka"],
        ["conflicts"],
        ["timeline", "Minka"],
        ["diff", "2020-01-01"],
        ["forget", "--before", "1999-01-01", "--yes"],
        ["receipts"],
        ["receipts", "--verify"],
        ["scrub"],
        ["retention"],
        ["retention", "--messages", "30"],
        ["sweep"],
        ["consolidate"],
    ):
        assert isinstance(json.loads(run(*arguments, "--json").stdout), dict)


@requirement("cli:errors")
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["learn", ""], 2, "messages: hold no words"),
        (["learn", "x", "--metadata", "{"], 2, "metadata: is not JSON"),
        (["learn", "x", "--tenant", "a b"], 2, "tenant_id: must be"),
        (["learn", "x", "--db-path", "/proc/nothing/memory.db"], 7, "/proc/nothing"),
        (["learn", "x", "--db-path", ""], 6, "must be a path"),
        (["init", "--db-path", ":memory:"], 2, "name a file"),
        (["status"], 3, "no store at"),
        (["recall", "x"], 3, "no store at"),
        (["search", "x", "--db-path", "none.db"], 3, "none.db"),
        (["serve", "--host", "0.0.0.0"], 6, "needs callers to show keys"),
        (["recall"], 2, "Missing argument"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_failures_are_one_sentence_and_an_exit_code(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    done = process(*arguments, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if arguments[0] in ("status", "recall", "search"):
        assert not any(path.is_file() for path in tmp_path.rglob("*"))  # who only reads makes no store


@requirement("cli:errors", "cli:json")
@pytest.mark.parametrize(
    ("arguments", "exit_code", "code", "field"),
    [
        (["learn", "x", "--tenant", "a b"], 2, "invalid_input", "tenant_id"),
        (["status"], 3, "not_found", None),
        (["nonsense"], 2, "usage", None),
    ],
)
def test_failures_have_a_json_form(
    tmp_path: Path, arguments: list[str], exit_code: int, code: str, field: str | None
) -> None:
    done = process(*arguments, "--json", folder=tmp_path)
    assert (done.returncode, done.stdout) == (exit_code, "")
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert error["message"]


@requirement("cli:errors")
@pytest.mark.parametrize("arguments", [["--help"], ["learn", "x"], ["status"]])
def test_an_output_that_takes_nothing_is_a_sentence_and_an_exit_code(tmp_path: Path, arguments: list[str]) -> None:
    process("learn", "x", folder=tmp_path)
    environ = {**os.environ, "CONTINUUM_CONFIG_DIR": str(tmp_path / "home")}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "continuum", *arguments],
            cwd=tmp_path, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "continuum: standard output: No space left on device\n"


@requirement("cli:init", "settings:file")
def test_init_with_a_url_in_the_environment_writes_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUUM_STORAGE", f"sqlite:///{tmp_path}/u.db")
    assert process("init", folder=tmp_path).stdout == f"store: {tmp_path}/u.db\n"
    monkeypatch.delenv("CONTINUUM_STORAGE")
    assert json.loads((tmp_path / ".continuum" / "config.json").read_text())["db_path"] == f"{tmp_path}/u.db"
    assert json.loads(process("status", "--json", folder=tmp_path).stdout)["store"] == f"{tmp_path}/u.db"


@requirement("cli:errors")
def test_every_error_class_has_an_exit_code() -> None:
    named = {v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, ContinuumError)}
    assert named == set(cli.EXIT_CODES)


@requirement("cli:errors")
def test_stored_control_characters_never_reach_the_terminal() -> None:
    run("learn", "Bell \x07 and \x1b[31mred Lisbon")
    shown = run("search", "Lisbon").stdout
    assert "\x1b" not in shown
    assert "\\x1b[31mred Lisbon" in shown
    learnt = run("learn", 'The band "Red\x1b[31m Lisbon" plays').stdout
    assert "\\x1b[31m Lisbon" in learnt
    assert "\x1b" not in learnt


@requirement("cli:demo")
def test_the_demo_finds_what_it_asks_for() -> None:
    shown = CliRunner().invoke(demo.command, catch_exceptions=False).stdout
    answers = shown.split("\n? ")
    for answer, words in zip(
        answers[1:], ("FastAPI", "Tomas handles payments", "hazelnuts", "PostgreSQL", "We decided"), strict=True
    ):
        assert words in answer.split("concepts:")[0]
    assert "<continuum-memory" in shown


@requirement("cli:eval")
def test_eval_measures_a_users_own_data(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    conversation = {
        "turns": [{"turn_id": "a", "text": "Minka is my cat"}, {"turn_id": "b", "text": "The kiln broke in May"}],
        "questions": [
            {"text": "Who is Minka?", "gold_turns": ["a"], "category": "who"},
            {"text": "Unanswerable", "gold_turns": []},
        ],
    }
    data.write_text(json.dumps(conversation) + "\n\n")
    result = json.loads(run("eval", "--data", str(data), "--json").stdout)
    assert result["measures"]["all"]["questions"] == 1
    assert result["measures"]["who"]["frac@5"] == 1.0
    data.write_text('{"turns": [{"text": 5}]}')
    with pytest.raises(errors.InvalidInputError):
        run("eval", "--data", str(data))
    for bad in (
        b"not json",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"turns": [{"text": "a"}], "questions": [{"text": 5, "gold_turns": ["0"]}]}',
    ):
        data.write_bytes(bad)
        with pytest.raises(errors.InvalidInputError, match="line 1"):
            run("eval", "--data", str(data))


def test_continuum_alone_says_what_to_do_first() -> None:
    assert "continuum demo" in run().stdout
    assert run("--version").stdout.startswith("continuum, version")
