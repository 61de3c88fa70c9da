"""The formats that can be brought in, and how a file tells which it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from continuum.domain.records import Json
from continuum.errors import InvalidInputError, NotFoundError
from continuum.portability.importers import chats, memories, notes, transcripts
from continuum.portability.importers.said import Met, Said
from continuum.portability.importers.sources import beginning, files_below, is_archive, lines, names_in, opened

SQLITE = "SQLite format 3"
Read = Callable[[Path, Met], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, what it is in words, and its reader."""

    name: str
    title: str
    read: Read


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("chatgpt", "ChatGPT export", chats.chatgpt),
        Format("claude", "Claude export", chats.claude),
        Format("claude-projects", "projects of a Claude export", chats.claude_projects),
        Format("claude-code", "Claude Code transcripts", transcripts.claude_code),
        Format("codex", "Codex transcripts", transcripts.codex),
        Format("markdown", "Markdown notes", notes.markdown),
        Format("mcp-memory", "memory.json of the MCP reference server", memories.graph),
        Format("mem0", "mem0 memories", memories.mem0),
        Format("zep", "Zep or Graphiti episodes and facts", memories.zep),
        Format("letta", "Letta agent file", memories.letta),
        Format("memory-db", "memory.db of the earlier program", memories.old_store),
        Format("text", "plain text", notes.plain),
        Format("jsonl", "JSON Lines", notes.jsonl),
        Format("csv", "CSV", notes.table),
    )
}


def detect(path: Path) -> Format:
    """The format of a file or folder. Raises NotFoundError, InvalidInputError if none fits, and OSError."""
    if not path.exists():
        raise NotFoundError(f"source: there is nothing at {path}")
    name = _of_folder(path) if path.is_dir() else _of_file(path)
    if name is None:
        raise InvalidInputError("source", f"{path.name} is in no format that is known; name one: {', '.join(FORMATS)}")
    return FORMATS[name]


def _of_folder(path: Path) -> str | None:
    for inside in ("conversations.json", "memory.json"):
        if (path / inside).is_file():
            name = _of_file(path / inside)
            raise InvalidInputError("source", f"is a folder; name {path / inside}" + (f" ({name})" if name else ""))
    first = next(files_below(path, (".jsonl",)), None)
    if first is not None:
        return _of_lines(first)
    if next(files_below(path, (".md", ".markdown")), None) is not None:
        return "markdown"
    return "text" if next(files_below(path, (".txt",)), None) is not None else None


def _of_file(path: Path) -> str | None:
    if is_archive(path):
        if "conversations.json" not in names_in(path):
            return None
        with opened(path, "conversations.json") as file:
            return _of_json(file.read(65_536).decode("utf-8", "replace"))
    text = beginning(path)
    if text.startswith(SQLITE):
        return "memory-db"
    ending = path.suffix.lower()
    by_ending = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".csv": "csv", ".af": "letta"}
    if ending in by_ending:
        return by_ending[ending]
    return _of_lines(path) if ending == ".jsonl" else _of_json(text) or _of_lines(path)


def _of_json(text: str) -> str | None:
    """By the names that a format alone has; the text is only the beginning of the file."""
    signs = {
        "chatgpt": ('"mapping"',),
        "claude": ('"chat_messages"',),
        "claude-projects": ('"prompt_template"',),
        "letta": ('"agent_type"', '"core_memory"'),
        "zep": ('"episodes"',),
        "mem0": ('"memory"',),
    }
    return next((name for name, words in signs.items() if any(word in text for word in words)), None)


def _of_lines(path: Path) -> str | None:
    for number, told in lines(path):
        found = _of_line(told)
        if found is not None or number > 50:
            return found
    return None


def _of_line(told: Json) -> str | None:
    if not isinstance(told, dict):
        return None
    if told.get("type") in ("entity", "relation"):
        return "mcp-memory"
    if isinstance(told.get("payload"), dict):
        return "codex"
    if "sessionId" in told and isinstance(told.get("message"), dict):
        return "claude-code"
    return (
        "jsonl" if any(isinstance(told.get(name), str) for name in ("text", "content", "message", "memory")) else None
    )


def is_own_archive(path: Path) -> bool:
    """Whether a file is an export of this program, packed or not."""
    if path.is_dir():
        return any(path.glob("*.jsonl.gz")) or any(is_own_archive(each) for each in sorted(path.glob("*.jsonl"))[:1])
    text = beginning(path, 1 << 16)
    if text.encode("utf-8", "replace")[:2] == b"\x1f\xef" or text.startswith("\x1f"):
        return True  # packed: only our own exports are
    try:
        return bool(json.loads(text.partition("\n")[0]).get("format") == "continuum-memory")
    except (ValueError, AttributeError, RecursionError):
        return False
