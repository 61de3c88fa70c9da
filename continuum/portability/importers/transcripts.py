"""Transcripts that coding assistants keep on disk: JSON Lines, a file for each session, growing while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from continuum.domain.records import Json, Message
from continuum.portability.importers.said import Met, Said, as_text, exchanges, message, moment, role_of
from continuum.portability.importers.sources import files_below, lines

_SPOKEN = ("text", "input_text", "output_text")


def claude_code(path: Path, met: Met) -> Iterator[Said]:
    """Transcripts of Claude Code, a file or the folder of them; what tools said and side conversations are left out."""
    for file in _files(path):
        met.conversations += 1
        session, messages = file.stem, list[Message]()
        for _, told in lines(file):
            if not isinstance(told, dict) or told.get("type") not in ("user", "assistant"):
                met.left_out["other line"] += 1
                continue
            session = as_text(told.get("sessionId")) or session
            if told.get("isSidechain") or told.get("isMeta"):
                met.left_out["side conversation"] += 1
                continue
            messages += _said(told.get("message"), told.get("timestamp"), met)
        yield from exchanges(session, messages)


def codex(path: Path, met: Met) -> Iterator[Said]:
    """Transcripts of Codex, a file or the folder of them."""
    for file in _files(path):
        met.conversations += 1
        session, messages = file.stem, list[Message]()
        for _, told in lines(file):
            payload = told.get("payload") if isinstance(told, dict) else None
            if not isinstance(payload, dict):
                met.left_out["other line"] += 1
            elif told["type"] == "session_meta":
                session = as_text(payload.get("id")) or session
            elif told["type"] == "response_item" and payload.get("type") == "message":
                messages += _said(payload, told.get("timestamp"), met)
            else:
                met.left_out["other line"] += 1
        yield from exchanges(session, messages)


def _files(path: Path) -> Iterator[Path]:
    return files_below(path, (".jsonl",)) if path.is_dir() else iter([path])


def _said(told: Json, timestamp: Json, met: Met) -> list[Message]:
    role = role_of(told.get("role")) if isinstance(told, dict) else None
    if role not in ("user", "assistant"):
        met.left_out["system or tool"] += 1
        return []
    text = _text(told.get("content"))
    if text.startswith("<") and text.partition(">")[0].strip("<").replace("_", "").replace("-", "").isalpha():
        met.left_out["put in by the program"] += 1
        return []
    found = message(role, text, moment(timestamp))
    if not found:
        met.left_out["without words"] += 1
    return found


def _text(content: Json) -> str:
    if isinstance(content, str):
        return content
    parts = [each.get("text") for each in content or () if isinstance(each, dict) and each.get("type") in _SPOKEN]
    return "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
