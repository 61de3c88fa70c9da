"""The assistants that take MCP servers: where each keeps its configuration, and in which shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from continuum.domain.records import Json

Platform = Literal["linux", "darwin", "win32"]
NAME = "continuum"


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that a configuration is looked for on."""

    platform: Platform
    home: Path
    environ: Mapping[str, str]

    @property
    def settings(self) -> Path:
        """Where programs with windows keep their settings."""
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        if self.platform == "win32":
            return Path(self.environ.get("APPDATA") or self.home / "AppData" / "Roaming")
        return Path(self.environ.get("XDG_CONFIG_HOME") or self.home / ".config")


@dataclass(frozen=True, slots=True)
class Assistant:
    """One client: its configuration, the member that holds servers, and how one is written there."""

    name: str
    title: str
    path: Callable[[Machine], Path]
    servers: tuple[str, ...]
    form: Literal["json", "toml"] = "json"
    names_type: bool = False
    """Whether each server says that it speaks over standard input and output."""


ASSISTANTS: tuple[Assistant, ...] = (
    Assistant(
        "claude-desktop",
        "Claude Desktop",
        lambda m: m.settings / "Claude" / "claude_desktop_config.json",
        ("mcpServers",),
    ),
    Assistant("claude-code", "Claude Code", lambda m: m.home / ".claude.json", ("mcpServers",), names_type=True),
    Assistant("cursor", "Cursor", lambda m: m.home / ".cursor" / "mcp.json", ("mcpServers",)),
    Assistant("vscode", "VS Code", lambda m: m.settings / "Code" / "User" / "mcp.json", ("servers",), names_type=True),
    Assistant(
        "codex",
        "Codex",
        lambda m: Path(m.environ.get("CODEX_HOME") or m.home / ".codex") / "config.toml",
        ("mcp_servers",),
        "toml",
    ),
    Assistant("gemini", "Gemini CLI", lambda m: m.home / ".gemini" / "settings.json", ("mcpServers",)),
    Assistant("windsurf", "Windsurf", lambda m: m.home / ".codeium" / "windsurf" / "mcp_config.json", ("mcpServers",)),
    Assistant("zed", "Zed", lambda m: _zed(m) / "settings.json", ("context_servers",)),
)
BY_NAME: Mapping[str, Assistant] = {each.name: each for each in ASSISTANTS}


def _zed(machine: Machine) -> Path:
    return machine.home / ".config" / "zed" if machine.platform == "darwin" else machine.settings / "zed"


def server_entry(assistant: Assistant, python: str, environ: Mapping[str, str]) -> dict[str, Json]:
    """What an assistant is told: the program to start, and the store that it works on."""
    entry: dict[str, Json] = {"type": "stdio"} if assistant.names_type else {}
    return {**entry, "command": python, "args": ["-m", "continuum.mcp.server"], "env": dict(environ)}
