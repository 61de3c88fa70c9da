"""`--server`: the same commands on a service, with the same output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from continuum.errors import AuthenticationError, InvalidInputError, ServiceConnectionError
from tests.cli.conftest import run
from tests.client.served import OPERATOR, Service, guarded, service
from tests.requirements import requirement

SAID = "We decided to use Kafka for Aurora. I live in Lisbon."
TIMES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\b\d+\.\d+\b")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path / "served.db") as found:
        yield found


def shape(value: Any) -> Any:  # Any: whatever JSON holds
    """Which names a JSON value has, and of which types its values are; of lists, what their first item is."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def both(here: Path, served: Service, *arguments: str) -> tuple[Result, Result]:
    """The same command on a store and on a service."""
    command, *more = arguments
    local = run(command, "--storage", str(here), "--tenant", "alice", *more)
    remote = run(command, "--server", served.url, "--tenant", "alice", *more)
    return local, remote


def without_places(text: str, here: Path, served: Service) -> str:
    """An output without what differs between two memories: their addresses, times, ids and numbers of time."""
    for place in (str(here), served.url):
        text = text.replace(place, "PLACE")
    text = TIMES.sub("T", text)
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\[[fmd]:\S+\]|(?<![\w-])[\w-]{16}(?![\w-])|[0-9a-f]{64}", "ID", text)


@requirement("cli:server")
def test_commands_print_the_same_on_a_store_and_on_a_service(tmp_path: Path, served: Service) -> None:
    here = tmp_path / "here.db"
    stamp = ("--session", "s1", "--timestamp", "2026-03-01T12:00:00Z")
    commands = [
        ("learn", SAID, "Noted.", *stamp, "--metadata", '{"topic": "work"}'),
        ("recall", "Where do I live?", "--now", "2026-03-05T12:00:00Z"),
        ("recall", "Xylophone"),
        ("search", "Kafka", "--limit", "3"),
        ("facts", "user"),
        ("facts", "nobody"),
        ("timeline", "Kafka"),
        ("forget", "--session", "s1", "--dry-run"),
        ("forget", "--session", "s1", "--yes", "--reason", "asked to"),
    ]
    for command in commands:
        local, remote = both(here, served, *command)
        assert (local.exit_code, remote.exit_code) == (0, 0)
        for own, other in ((local.stdout, remote.stdout), (local.stderr, remote.stderr)):
            assert without_places(own, here, served) == without_places(other, here, served), command


@requirement("cli:server")
def test_commands_give_the_same_json_on_a_store_and_on_a_service(tmp_path: Path, served: Service) -> None:
    here, file = tmp_path / "here.db", tmp_path / "memory.jsonl.gz"
    for command in (
        ("learn", SAID, "Noted.", "--session", "s1"),
        ("recall", "Where do I live?", "--explain"),
        ("search", "Kafka"),
        ("facts", "user"),
        ("timeline", "Kafka"),
        ("export", str(file)),
        ("import", str(file)),
        ("forget", "--session", "s1", "--dry-run"),
        ("forget", "--session", "s1", "--yes"),
    ):
        local, remote = (json.loads(each.stdout) for each in both(here, served, *command, "--json"))
        assert shape(local) == shape(remote), command
    status = json.loads(both(here, served, "status", "--json")[1].stdout)
    assert (status["store"], status["stats"]["messages"]) == (served.url, 0)
    assert status["settings"]["server_url"] == "argument"
    recalled = json.loads(both(here, served, "recall", "Kafka", "--json")[1].stdout)
    assert recalled["memories"] == []


@requirement("cli:server")
def test_feedback_and_files_pass_through_a_service(tmp_path: Path, served: Service) -> None:
    at = ("--server", served.url, "--tenant", "alice")
    run("learn", *at, SAID)
    recalled = json.loads(run("recall", *at, "Kafka", "--json").stdout)
    used = ("feedback", *at, recalled["recall_id"], "--used", recalled["memories"][0]["id"])
    assert run(*used).stdout == "counted 1 used, 0 ignored\n"
    assert run(*used).stdout == "said before; nothing changed\n"
    file = tmp_path / "memory.jsonl.gz"
    assert "exported 2 entries (1 messages) of alice" in run("export", *at, str(file)).stdout
    assert file.stat().st_mode & 0o777 == 0o600
    lines = run("export", *at, "-").stdout
    copied = run("import", "--server", served.url, "--tenant", "copy", str(file))
    assert copied.stdout == "imported 2 entries (1 messages) into copy\n"
    again = run("import", "--server", served.url, "--tenant", "copy", "-", stdin=lines)
    assert "imported 0 entries (0 messages) into copy; 2 were there already" in again.stdout
    here = ("--storage", str(tmp_path / "here.db"), "--tenant", "alice")
    run("import", *here, str(file))
    assert json.loads(run("search", *here, "Kafka", "--json").stdout)["memories"] != []


@requirement("cli:server")
def test_the_key_comes_from_a_file_or_a_variable_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with guarded(tmp_path / "served.db") as served, served.operator() as operator:
        key = operator.create_api_key("shell", role="service").api_key.reveal()
        file = tmp_path / "key"
        file.write_text(f"{key}\n")
        by_file = run("learn", "--server", served.url, "--api-key-file", str(file), SAID)
        assert f"learnt 1 message(s) into {served.url}" in by_file.stdout
        with pytest.raises(AuthenticationError):
            run("recall", "--server", served.url, "Kafka")
        monkeypatch.setenv("CONTINUUM_API_KEY", OPERATOR)  # the service's own: no command shows it to anybody
        with pytest.raises(AuthenticationError):
            run("recall", "--server", served.url, "--tenant", "alice", "Kafka")
        monkeypatch.setenv("CONTINUUM_SERVER_URL", served.url)
        monkeypatch.setenv("CONTINUUM_CLIENT_KEY", key)
        status = run("status")
        assert "auto_messages\t1" in status.stdout
        assert key not in status.output
        assert key not in run("status", "--json").output
    with pytest.raises(ServiceConnectionError) as away:
        run("recall", "Kafka")
    assert served.url in str(away.value)
    assert key not in str(away.value)


@requirement("cli:server")
def test_a_key_file_that_holds_no_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    for content in ("", "two words", "x" * 20_000):
        file = tmp_path / "key"
        file.write_text(content)
        with pytest.raises(InvalidInputError) as refused:
            run("recall", "--server", "http://127.0.0.1:9", "--api-key-file", str(file), "Kafka")
        assert "must hold one key or token" in str(refused.value)
        assert "words" not in str(refused.value)


@requirement("cli:server")
def test_commands_that_need_a_store_say_so_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "http://127.0.0.1:9"
    for command in (("merge", "A", "B"), ("doctor",), ("rebuild",), ("scrub",)):
        with pytest.raises(
            InvalidInputError, match=f"`continuum {command[0]}` works on a store, not through a service"
        ):
            run(*command, "--server", url)
    with pytest.raises(InvalidInputError, match="one tenant at a time"):
        run("export", "--server", url, "--all-tenants", str(tmp_path))
    (tmp_path / "alice.jsonl").write_text('{"format": "continuum-memory"}\n')
    with pytest.raises(InvalidInputError, match="one tenant at a time"):
        run("import", "--server", url, str(tmp_path))
    both_named = run("recall", "--server", url, "--storage", str(tmp_path / "m.db"), "Kafka")
    assert (both_named.exit_code, "leave one out" in both_named.output) == (2, True)
    monkeypatch.setenv("CONTINUUM_SERVER_URL", url)
    with pytest.raises(InvalidInputError, match="works on a store"):
        run("rebuild")
    learnt = run("learn", "--storage", str(tmp_path / "m.db"), "Kafka runs")  # what is typed goes before what is set
    assert str(tmp_path / "m.db") in learnt.stdout
    assert "folded again" in run("rebuild", "--storage", str(tmp_path / "m.db")).output
