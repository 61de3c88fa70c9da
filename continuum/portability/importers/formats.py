"""The formats that can be brought in, and how a file tells which it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from continuum.domain.records import Json
from continuum.errors import InvalidInputError, NotFoundError, shown
from continuum.portability.importers import chats, memories, notes, transcripts
from continuum.portability.importers.said import Met, Said
from continuum.portability.importers.sources import (
    Part,
    beginning,
    files_below,
    is_archive,
    lines,
    opened,
    parts,
    value_of,
)

SQLITE = "SQLite format 3"
_LOOKED_AT_BYTES = 1 << 18
_LOOKED_AT_LINES = 500
_LOOKED_AT_FILES = 200
_BY_ENDING = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".csv": "csv", ".tsv": "csv", ".af": "letta"}
_SIGNS = {
    name: re.compile(rf'"(?:{names})"\s*:')
    for name, names in (
        ("chatgpt", "mapping"),
        ("claude", "chat_messages"),
        ("claude-projects", "prompt_template|docs|conversations_memory"),
        ("letta", "agent_type|core_memory"),
        ("zep", "episodes|fact|role_type"),
        ("mem0", "memory"),
    )
}
Read = Callable[[Path, Met], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, what it is in words, and its reader."""

    name: str
    title: str
    read: Read
    folders: bool = False
    """Whether a folder can be in this format."""


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("chatgpt", "ChatGPT export", chats.chatgpt, folders=True),
        Format("claude", "Claude export", chats.claude, folders=True),
        Format("claude-projects", "projects of a Claude export", chats.claude_projects, folders=True),
        Format("claude-code", "Claude Code transcripts", transcripts.claude_code, folders=True),
        Format("codex", "Codex transcripts", transcripts.codex, folders=True),
        Format("markdown", "Markdown notes", notes.markdown, folders=True),
        Format("mcp-memory", "memory.json of the MCP reference server", memories.graph),
        Format("mem0", "mem0 memories", memories.mem0),
        Format("zep", "Zep or Graphiti episodes and facts", memories.zep),
        Format("letta", "Letta agent file", memories.letta),
        Format("memory-db", "memory.db of the earlier program", memories.old_store),
        Format("text", "plain text", notes.plain, folders=True),
        Format("jsonl", "JSON Lines", notes.jsonl),
        Format("csv", "CSV", notes.table),
    )
}


def detect(path: Path) -> Format:
    """The format of a file or folder. Raises NotFoundError, InvalidInputError if none fits, and OSError."""
    if not path.exists():
        raise NotFoundError(f"source: there is nothing at {path}")
    if path.is_dir():
        name = _of_export(path) or _of_folder(path)
    elif not path.is_file():
        raise InvalidInputError("source", f"{path.name} is no file and no folder")
    else:
        name = _of_export(path) if is_archive(path) else _of_file(path)
    if name is None:
        raise InvalidInputError("source", f"{path.name} is in no format that is known; name one: {', '.join(FORMATS)}")
    return FORMATS[name]


def named(path: Path, name: str) -> Format:
    """The format of a name, for a file or folder. Raises as `detect` does."""
    if name not in FORMATS:
        raise InvalidInputError("format", f"{shown(name)} is not known; there are {', '.join(FORMATS)}")
    if not path.exists():
        raise NotFoundError(f"source: there is nothing at {path}")
    if path.is_dir() and not FORMATS[name].folders:
        raise InvalidInputError("source", f"{path.name} is a folder; {FORMATS[name].title} is read from a file")
    return FORMATS[name]


def _of_export(path: Path) -> str | None:
    """The format of a folder or archive that an assistant's service gives out."""
    found = parts(path, chats.CONVERSATIONS)
    if not found:
        rest = parts(path, chats.PROJECTS) or parts(path, chats.MEMORIES)
        return "claude" if rest and any(_of_json(_start(part)) == "claude-projects" for part in rest) else None
    name = _of_json(_start(found[0]))
    return name if name in ("chatgpt", "claude") else None


def _start(part: Part) -> str:
    with opened(part) as file:
        return file.read(_LOOKED_AT_BYTES).decode("utf-8", "replace")


def _of_folder(path: Path) -> str | None:
    """Transcripts before notes: a note in their folder is not what it is for."""
    for file in islice(files_below(path, (".jsonl",)), _LOOKED_AT_FILES):
        name = _of_lines(value for _, value in lines(file))
        if name in ("claude-code", "codex"):
            return name
    for name, endings in (("markdown", (".md", ".markdown")), ("text", (".txt",))):
        if next(files_below(path, endings), None) is not None:
            return name
    return None


def _of_file(path: Path) -> str | None:
    text = beginning(path, _LOOKED_AT_BYTES)
    if text.startswith(SQLITE):
        return "memory-db"
    ending = path.suffix.lower()
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if ending == ".jsonl":
        return _of_lines(value for _, value in lines(path))
    lined = _of_lines(value_of(line) for line in text.split("\n") if line.strip())
    return lined if lined not in (None, "jsonl") else _of_json(text) or lined


def _of_json(text: str) -> str | None:
    """By the names that a format alone has; the text is only the beginning of the file."""
    return next((name for name, sign in _SIGNS.items() if sign.search(text)), None)


def _of_lines(values: Iterable[Json]) -> str | None:
    """By any line that only one format has: a transcript may begin with much that is no part of what was said."""
    found = [name for name in map(_of_line, islice(values, _LOOKED_AT_LINES)) if name is not None]
    return next((name for name in found if name != "jsonl"), next(iter(found), None))


def _of_line(told: Json) -> str | None:
    if not isinstance(told, dict):
        return None
    if told.get("type") in ("entity", "relation") and ("name" in told or "from" in told):
        return "mcp-memory"
    content = told.get("content")
    is_item = told.get("type") == "message" and isinstance(content, list) and "role" in told
    if is_item or (isinstance(told.get("payload"), dict) and "type" in told):
        return "codex"
    if "sessionId" in told and isinstance(told.get("message"), dict):
        return "claude-code"
    texts = any(isinstance(told.get(name), str) for name in ("text", "content", "message", "memory", "body"))
    return "jsonl" if texts or isinstance(told.get("messages"), list) else None


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
