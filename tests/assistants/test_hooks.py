"""Hooks of a coding assistant: context once per session, learning when a turn ends, and never in the way."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from continuum import ConsciousMemory
from continuum.assistants.hooks import CONTEXT_TOKENS, EVENTS, NOTES_SECONDS, Asked, Hooks, asked
from continuum.assistants.transcripts import SaidTurn, turns_after
from continuum.cli import hook_run
from continuum.cli import main as cli
from continuum.cli.hook_run import HookCall
from continuum.domain.clock import iso
from continuum.errors import InvalidInputError
from tests.requirements import requirement


def line(kind: str, text: Any, uuid: str = "", **more: Any) -> str:  # Any: whatever a transcript may hold
    told = {"type": kind, "uuid": uuid or f"u-{text}", "timestamp": "2026-11-01T10:00:00Z", **more}
    return json.dumps({**told, "message": {"role": kind, "content": text}}) + "\n"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(hook_run, "_give_up_after", lambda seconds: None)  # it would end the test's own process
    monkeypatch.delenv("CLAUDE_CODE_ENTRYPOINT", raising=False)
    monkeypatch.delenv("CI", raising=False)
    return Path(os.environ["CONTINUUM_CONFIG_DIR"]) / "memory.db"


def called(event: str, *options: str, **said: Any) -> Result:  # Any: as above
    done = CliRunner().invoke(
        cli.command_line, ["hook", event, *options], input=json.dumps(said), catch_exceptions=False
    )
    assert done.exit_code == 0
    return done


def context_in(done: Result) -> str:
    if not done.stdout:
        return ""
    told = json.loads(done.stdout)["hookSpecificOutput"]
    assert told["hookEventName"] == "UserPromptSubmit"
    return str(told["additionalContext"])


@requirement("hooks:context")
def test_context_is_given_with_the_first_prompt_of_a_session_and_again_after_a_compaction(store: Path) -> None:
    with ConsciousMemory(db_path=store) as memory:
        memory.learn("I live in Lisbon.")
    prompt = {"session_id": "s1", "prompt": "Where do I live?"}
    assert "Lisbon" in context_in(called("user-prompt", **prompt))
    assert context_in(called("user-prompt", **prompt)) == ""
    assert "Lisbon" in context_in(called("user-prompt", "--every-prompt", **prompt))
    assert "Lisbon" in context_in(called("user-prompt", **{**prompt, "session_id": "s2"}))
    assert called("session-start", session_id="s1", source="resume").stdout == ""
    assert context_in(called("user-prompt", **prompt)) == ""
    called("session-start", session_id="s1", source="compact")
    assert "Lisbon" in context_in(called("user-prompt", **prompt))


@requirement("hooks:learning")
def test_turns_are_learnt_once_as_they_end(store: Path, tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    said = {"session_id": "s1", "transcript_path": str(transcript)}
    transcript.write_text(
        line("user", "I live in Lisbon.")
        + line("assistant", [{"type": "text", "text": "Noted."}, {"type": "tool_use", "name": "x"}])
        + line("user", [{"type": "tool_result", "content": "output"}])
        + line("assistant", "Done.", isSidechain=True)
        + line("user", "<command-name>/clear</command-name>")
        + '{"type": "summary", "summary": "x"}\n'
        + "not json\n"
    )
    called("stop", **said, last_assistant_message="Noted.")
    called("stop", **said, last_assistant_message="Noted.")
    with transcript.open("a") as file:
        file.write(line("user", "I moved to Porto.") + line("assistant", "Changed."))
    called("pre-compact", **said)
    with ConsciousMemory(db_path=store) as memory:
        assert sorted(each.text for each in memory.get_messages(session_id="s1")) == ["I live in Lisbon.", "Noted."]
    called("session-end", **said)
    (store.parent / "hooks").rename(store.parent / "lost")  # all is read again, and adds nothing
    called("session-end", **said)
    with ConsciousMemory(db_path=store) as memory:
        texts = [each.text for each in memory.get_messages(session_id="s1")]
        assert sorted(texts) == ["Changed.", "I live in Lisbon.", "I moved to Porto.", "Noted."]
        assert memory.recall("Where do I live?").facts[0].value == "Porto"
        assert iso(memory.get_messages(session_id="s1")[0].timestamp) == "2026-11-01T10:00:00Z"


@requirement("hooks:learning")
def test_the_end_of_an_answer_that_is_not_in_the_transcript_yet_is_learnt(store: Path, tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    said = {"session_id": "s1", "transcript_path": str(transcript)}

    def learnt() -> list[str]:
        with ConsciousMemory(db_path=store) as memory:
            return [each.text for each in memory.get_messages(session_id="s1") if each.role == "assistant"]

    transcript.write_text(line("user", "Where is the key?") + line("assistant", "I look."))
    called("stop", **said)  # nobody says how it ended: it waits
    assert learnt() == []
    called("stop", **said, last_assistant_message="Under the mat.")
    assert learnt() == ["I look.\n\nUnder the mat."]
    with transcript.open("a") as file:
        file.write(line("assistant", "Under the mat.") + line("user", "Thanks.") + line("assistant", "Welcome."))
    called("session-end", **said)
    assert sorted(learnt()) == ["I look.\n\nUnder the mat.", "Welcome."]


class Turns:
    """A memory that only notes what it is told, and a clock that moves with it."""

    def __init__(self) -> None:
        self.learnt: list[str] = []
        self.seconds = 0.0

    def recall_context(self, message: str, session_id: str) -> str:
        raise AssertionError("nobody asks")

    def learn_turn(self, turn: SaidTurn, session_id: str) -> None:
        self.learnt.append(turn.user)
        self.seconds += 1.0


@requirement("hooks:learning")
def test_what_there_is_no_time_to_learn_is_left_for_the_next_hook_and_the_last_one_takes_all(tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    transcript.write_text("".join(line("user", f"Say {n}.") + line("assistant", f"{n}.") for n in range(9)))
    turns = Turns()
    hooks = Hooks(
        tmp_path / "hooks",
        lambda: contextlib.nullcontext(turns),
        learning_seconds=1.5,
        last_seconds=5.0,
        monotonic=lambda: turns.seconds,
    )
    said = Asked("s1", transcript, "", "")
    hooks.answer("stop", replace(said, answer="8."))
    assert turns.learnt == ["Say 0.", "Say 1."]
    hooks.answer("pre-compact", said)
    assert turns.learnt[2:] == ["Say 2.", "Say 3."]
    hooks.answer("session-end", said)
    assert turns.learnt[4:] == [f"Say {n}." for n in range(4, 9)]


def test_notes_of_sessions_that_ended_long_ago_go(tmp_path: Path) -> None:
    folder = tmp_path / "hooks"
    hooks = Hooks(folder, lambda: contextlib.nullcontext(Turns()))
    hooks.answer("session-start", Asked("old", None, "", "clear"))
    old = next(folder.iterdir())
    hooks.now = lambda: old.stat().st_mtime + NOTES_SECONDS - 1
    hooks.answer("session-end", Asked("new", None, "", ""))
    assert old.exists()
    hooks.now = lambda: old.stat().st_mtime + NOTES_SECONDS + 1
    hooks.answer("session-end", Asked("new", None, "", ""))
    assert list(folder.iterdir()) == []


@requirement("hooks:trouble")
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"session_id": 3}', b'{"session_id": "s"}', b"\xff\xfe", b"[" * 100_000,
     b'{"session_id": "s", "transcript_path": "/nowhere", "prompt": 7}'],
)  # fmt: skip
@pytest.mark.parametrize("event", ["session-start", "user-prompt", "pre-compact", "stop", "session-end"])
def test_whatever_is_said_the_assistant_goes_on(store: Path, event: str, data: bytes) -> None:
    done = CliRunner().invoke(cli.command_line, ["hook", event], input=data, catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (0, "")


@requirement("hooks:trouble")
def test_a_broken_store_and_broken_settings_are_written_down_and_say_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_bytes(b"no database")
    assert called("user-prompt", session_id="s", prompt="hello").stdout == ""
    monkeypatch.setenv("CONTINUUM_NONSENSE", "1")
    assert called("user-prompt", session_id="s", prompt="hello").stdout == ""
    log = (store.parent / "hooks.log").read_text("utf-8")
    assert "not an SQLite database" in log
    assert "CONTINUUM_NONSENSE" in log


@requirement("hooks:headless")
@pytest.mark.parametrize("variables", [{"CI": "true"}, {"CLAUDE_CODE_ENTRYPOINT": "sdk-cli"}])
def test_a_run_without_a_person_is_left_alone_unless_asked(
    store: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    with ConsciousMemory(db_path=store) as memory:
        memory.learn("I live in Lisbon.")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    prompt = {"session_id": "s1", "prompt": "Where do I live?"}
    assert called("user-prompt", **prompt).stdout == ""
    assert "Lisbon" in context_in(called("user-prompt", "--headless", **prompt))


@requirement("hooks:trouble")
def test_an_answer_that_is_too_late_is_not_given(store: Path) -> None:
    with ConsciousMemory(db_path=store) as memory:
        memory.learn("I live in Lisbon.")
    environ = {name: value for name, value in os.environ.items() if name not in ("CI", "CLAUDE_CODE_ENTRYPOINT")}
    done = subprocess.run(
        [sys.executable, "-m", "continuum", "hook", "user-prompt", "--budget", "0.001"],
        input='{"session_id": "s", "prompt": "Where do I live?"}',
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@requirement("hooks:context")
def test_a_hook_gives_the_context_of_recall_and_loads_what_that_takes_only(store: Path) -> None:
    with ConsciousMemory(db_path=store) as memory:
        memory.learn("I live in Lisbon.", "Noted.")
        context = memory.recall("Where do I live?", max_tokens=CONTEXT_TOKENS, session_id="s").context_string
    first, loaded = in_a_process('{"session_id": "s", "prompt": "Where do I live?"}')
    assert json.loads(first)["hookSpecificOutput"]["additionalContext"] == context
    assert "continuum.core.query_engine" in loaded
    assert loaded.isdisjoint({"click", "asyncio", "continuum.extraction.pipeline", "continuum.core.memory"})
    again, loaded = in_a_process('{"session_id": "s", "prompt": "Where do I live?"}')
    assert again == ""
    assert loaded.isdisjoint({"numpy", "sqlite3"})


def in_a_process(said: str) -> tuple[str, set[str]]:
    """What a hook answers, and the modules that its process loads."""
    environ = {name: value for name, value in os.environ.items() if name not in ("CI", "CLAUDE_CODE_ENTRYPOINT")}
    command = [sys.executable, "-X", "importtime", "-m", "continuum", "hook", "user-prompt", "--budget", "30"]
    done = subprocess.run(command, input=said, env=environ, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, {each.rpartition("|")[2].strip() for each in done.stderr.splitlines()}


@requirement("hooks:trouble")
@pytest.mark.parametrize("arguments", [["stop", "--nonsense"], ["stop", "--budget"], ["stop", "--budget=x"], ["later"]])
def test_a_strange_command_line_is_told_and_stops_nothing(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "continuum", "hook", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == ""
    assert f"{arguments[-1]!r} is not understood" in done.stderr


def test_help_is_given() -> None:
    command = [sys.executable, "-m", "continuum", "hook", "stop", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "hooks.log" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "how"),
    [
        (["stop"], HookCall("stop")),
        (["user-prompt", "--every-prompt", "--budget", "2"], HookCall("user-prompt", every_prompt=True, budget=2.0)),
        (["user-prompt", "--budget=0.5", "--headless"], HookCall("user-prompt", headless=True, budget=0.5)),
        (["user-prompt", "--budget", "-1"], HookCall("user-prompt")),
        (["user-prompt", "--budget", "nan"], HookCall("user-prompt")),
    ],
)
def test_arguments_are_understood_as_the_whole_command_line_does(arguments: list[str], how: HookCall) -> None:
    assert hook_run._understood(arguments)[0] == how


def test_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    whole = line("user", "One.") + line("assistant", "Two.")
    path.write_text(whole + '{"type": "user", "mess')
    assert [turn.user for turn in turns_after(path, 0)] == ["One."]
    assert next(turns_after(path, 0)).ends_at == len(whole)
    assert list(turns_after(path, 10_000)) == list(turns_after(path, 0))  # the file was begun anew


def test_too_much_input_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="bytes"):
        asked(b" " * (5 << 20))


@requirement("hooks:plugin")
def test_the_plugin_names_hooks_and_a_server_that_exist() -> None:
    folder = Path(__file__).parents[2] / "plugins" / "claude-code"
    assert json.loads((folder / ".claude-plugin" / "plugin.json").read_text("utf-8"))["name"] == "continuum"
    hooks = json.loads((folder / "hooks" / "hooks.json").read_text("utf-8"))["hooks"]
    commands = [each["command"] for entries in hooks.values() for entry in entries for each in entry["hooks"]]
    assert sorted(commands) == sorted(f"continuum hook {event}" for event in EVENTS)
    server = json.loads((folder / ".mcp.json").read_text("utf-8"))["mcpServers"]["continuum"]
    assert (server["command"], server["args"]) == ("continuum", ["mcp"])
