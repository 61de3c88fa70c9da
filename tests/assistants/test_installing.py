"""Each assistant's configuration is found on each platform, changed whole with a copy, and restored."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from continuum.assistants.commented_json import parsed
from continuum.assistants.installing import installed, is_here, is_installed, uninstalled, write
from continuum.assistants.places import ASSISTANTS, BY_NAME, Machine, Platform
from continuum.cli.commands import mcp_install
from continuum.errors import InvalidInputError, NotFoundError
from tests.cli.conftest import run, told
from tests.requirements import requirement

STORE = {"CONTINUUM_DB_PATH": "/somewhere/memory.db"}


def machine(home: Path, platform: Platform = "linux", **environ: str) -> Machine:
    return Machine(platform, home, environ)


@requirement("assistants:install")
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("assistant", ASSISTANTS, ids=lambda each: each.name)
def test_a_configuration_is_made_found_again_and_taken_back(tmp_path: Path, platform: Platform, assistant) -> None:  # type: ignore[no-untyped-def]  # given by the table
    there = machine(tmp_path, platform)
    assert not is_installed(assistant, there)
    change = installed(assistant, there, "/usr/bin/python3", STORE)
    assert change.before is None
    write(change)
    assert is_here(assistant, there)
    assert is_installed(assistant, there)
    assert not installed(assistant, there, "/usr/bin/python3", STORE).is_needed
    assert "memory.db" in change.path.read_text("utf-8")
    back = uninstalled(assistant, there)
    assert back is not None
    write(back)
    assert not is_installed(assistant, there)


@requirement("assistants:install")
@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {}, ".config/Claude/claude_desktop_config.json"),
        ("linux", {"XDG_CONFIG_HOME": "HOME/xdg"}, "xdg/Claude/claude_desktop_config.json"),
        ("darwin", {}, "Library/Application Support/Claude/claude_desktop_config.json"),
        ("win32", {"APPDATA": "HOME/Roaming"}, "Roaming/Claude/claude_desktop_config.json"),
        ("win32", {}, "AppData/Roaming/Claude/claude_desktop_config.json"),
    ],
)
def test_claude_desktop_is_where_each_platform_keeps_settings(
    tmp_path: Path, platform: Platform, environ: dict[str, str], path: str
) -> None:
    given = {name: value.replace("HOME", str(tmp_path)) for name, value in environ.items()}
    assert BY_NAME["claude-desktop"].path(machine(tmp_path, platform, **given)) == tmp_path / path


@requirement("assistants:install")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cursor", '{\n  // mine\n  "mcpServers": { "other": {"command": "x"} },\n  "unknown": [1]\n}\n'),
        ("zed", '{ "theme": "One", /* kept */ }\n'),
        ("claude-code", '{"numStartups": 3,"projects":{}}'),
        ("codex", '# mine\nmodel = "x"   # kept\n\n[mcp_servers.other]\ncommand = "y"\n'),
        ("codex", ""),
    ],
)
def test_what_was_there_is_restored_to_the_byte(tmp_path: Path, name: str, text: str) -> None:
    there, assistant = machine(tmp_path), BY_NAME[name]
    path = assistant.path(there)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    path.chmod(0o640)
    change = installed(assistant, there, "python", STORE)
    write(change)
    assert change.backup.read_text("utf-8") == text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "+" in change.shown()
    back = uninstalled(assistant, there)
    assert back is not None
    write(back)
    assert path.read_text("utf-8") == text


def test_what_was_changed_meanwhile_stays(tmp_path: Path) -> None:
    there, assistant = machine(tmp_path), BY_NAME["cursor"]
    path = assistant.path(there)
    path.parent.mkdir(parents=True)
    path.write_text('{"mcpServers": {}}')
    write(installed(assistant, there, "python", STORE))
    path.write_text(path.read_text("utf-8").replace('{"mcpServers"', '{"later": 1, "mcpServers"'))
    back = uninstalled(assistant, there)
    assert back is not None
    assert parsed(back.after) == {"later": 1, "mcpServers": {}}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    there, assistant = machine(tmp_path), BY_NAME["cursor"]
    kept = tmp_path / "dotfiles.json"
    kept.write_text("{}")
    path = assistant.path(there)
    path.parent.mkdir(parents=True)
    path.symlink_to(kept)
    write(installed(assistant, there, "python", STORE))
    assert path.is_symlink()
    assert "continuum" in kept.read_text("utf-8")


def test_a_file_that_is_read_only_is_left_alone(tmp_path: Path) -> None:
    there, assistant = machine(tmp_path), BY_NAME["cursor"]
    path = assistant.path(there)
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    path.chmod(0o444)
    with pytest.raises(InvalidInputError, match="read-only"):
        write(installed(assistant, there, "python", STORE))
    assert [each.name for each in path.parent.iterdir()] == ["mcp.json"]
    assert path.read_text("utf-8") == "{}"


@requirement("assistants:install")
@pytest.mark.parametrize(("name", "data"), [("cursor", b"{ broken"), ("cursor", b"\xff\xfe"), ("codex", b"= broken")])
def test_what_cannot_be_read_is_said_and_left_alone(tmp_path: Path, name: str, data: bytes) -> None:
    there, assistant = machine(tmp_path), BY_NAME[name]
    path = assistant.path(there)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match="left as it is"):
        installed(assistant, there, "python", STORE)
    assert path.read_bytes() == data


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mcp_install, "this_machine", lambda: Machine("linux", tmp_path, dict(os.environ)))
    for name in ("XDG_CONFIG_HOME", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@requirement("assistants:install")
def test_the_command_shows_the_change_writes_it_and_says_where(home: Path) -> None:
    with pytest.raises(NotFoundError, match="no assistant was found"):
        run("mcp", "install")
    (home / ".cursor").mkdir()
    (home / ".gemini").mkdir()
    (home / ".gemini" / "settings.json").write_text("{ broken")
    tried = run("mcp", "install", "--dry-run")
    assert "+" in tried.stderr
    assert not (home / ".cursor" / "mcp.json").exists()
    done = {each["client"]: each["outcome"] for each in told("mcp", "install")["installed"]}
    assert done["cursor"] == "changed"
    assert "is no JSON" in done["gemini"]
    entry = parsed((home / ".cursor" / "mcp.json").read_text("utf-8"))["mcpServers"]["continuum"]
    assert Path(entry["env"]["CONTINUUM_DB_PATH"]).is_absolute()
    assert entry["args"] == ["-m", "continuum.mcp.server"]
    listed = {each["client"]: each["installed"] for each in told("mcp", "list")["assistants"]}
    assert (listed["cursor"], listed["zed"]) == ("yes", "no")
    assert told("mcp", "uninstall", "cursor")["uninstalled"][0]["outcome"] == "changed"
    assert told("mcp", "uninstall", "zed")["uninstalled"][0]["outcome"] == "not there"


@requirement("assistants:install")
def test_no_secret_is_written_into_a_configuration(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match="password"):
        run("mcp", "install", "cursor", "--storage", "postgresql://ines:hidden@db.example/memories")
    monkeypatch.setenv("CONTINUUM_CLIENT_KEY", "ck_live_hidden_hidden_hidden_hidden_hidden")
    run("mcp", "install", "cursor", "--server", "https://memory.example", "--tenant", "alice")
    text = (home / ".cursor" / "mcp.json").read_text("utf-8")
    assert "hidden" not in text
    assert parsed(text)["mcpServers"]["continuum"]["env"] == {
        "CONTINUUM_SERVER_URL": "https://memory.example",
        "CONTINUUM_TENANT_ID": "alice",
    }
    with pytest.raises(InvalidInputError, match="memory"):
        run("mcp", "install", "cursor", "--storage", ":memory:")
