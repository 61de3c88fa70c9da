"""Notes and tables: folders of Markdown, plain text, JSON Lines, CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError
from continuum.portability.importers.said import Met, Said, as_text, exchanges, message, moment, role_of
from continuum.portability.importers.sources import files_below, lines

FIELD_CHARS_MAX = 1 << 20
_TEXTS = ("text", "content", "message", "memory", "body")
_TIMES = ("timestamp", "created_at", "date", "time", "datetime")
_SESSIONS = ("session_id", "conversation_id", "thread_id", "session", "conversation", "thread")
_SPEAKERS = ("speaker", "name", "author", "user")
_ROLES = ("role", "sender", "type")
_HEADING = re.compile(r"^#{1,6}[ \t]", re.MULTILINE)
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_DATE = re.compile(r"^(?:date|created|created_at)[ \t]*:[ \t]*[\"']?([^\"'\n]+)", re.MULTILINE | re.IGNORECASE)


def markdown(path: Path, met: Met) -> Iterator[Said]:
    """A note, or a folder of notes as Obsidian keeps them: a message for each part under a heading."""
    folder = path if path.is_dir() else path.parent
    for file in files_below(path, (".md", ".markdown")) if path.is_dir() else iter([path]):
        met.conversations += 1
        text = file.read_text("utf-8", "replace")
        front = _FRONT.match(text)
        dated = None if front is None else _DATE.search(front[1])
        at = None if dated is None else moment(dated[1].strip())
        body = text if front is None else text[front.end() :]
        messages = [each for part in _parts(body) for each in message("user", part, at)]
        if not messages:
            met.left_out["without words"] += 1
        yield from exchanges(f"note:{file.relative_to(folder).as_posix()}", messages)


def plain(path: Path, met: Met) -> Iterator[Said]:
    """A text, or a folder of texts: a message for each paragraph."""
    folder = path if path.is_dir() else path.parent
    for file in files_below(path, (".txt",)) if path.is_dir() else iter([path]):
        met.conversations += 1
        paragraphs = re.split(r"\n[ \t]*\n", file.read_text("utf-8", "replace"))
        messages = [each for part in paragraphs for each in message("user", part.strip(), None)]
        yield from exchanges(f"text:{file.relative_to(folder).as_posix()}", messages)


def _parts(text: str) -> list[str]:
    """A note, cut before each heading; a heading alone goes with what follows it."""
    starts = [found.start() for found in _HEADING.finditer(text)]
    places = [0, *[start for start in starts if start], len(text)]
    parts: list[str] = []
    for start, end in pairwise(places):
        part = text[start:end].strip()
        if parts and "\n" not in parts[-1] and parts[-1].startswith("#"):
            parts[-1] = f"{parts[-1]}\n{part}"
        elif part:
            parts.append(part)
    return parts


def jsonl(path: Path, met: Met) -> Iterator[Said]:
    """JSON Lines with a text, and maybe a role, a time, a session and a speaker in each."""

    def rows() -> Iterator[Mapping[str, Json]]:
        for _, told in lines(path):
            if isinstance(told, dict):
                yield told
            else:
                met.left_out["no JSON object"] += 1

    yield from _rows(path, rows(), met)


def table(path: Path, met: Met) -> Iterator[Said]:
    """CSV whose first line names the columns. Raises InvalidInputError if none of them is a text."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        csv.field_size_limit(FIELD_CHARS_MAX)
        rows = csv.DictReader(file)
        try:
            if not set(_TEXTS) & {name.strip().lower() for name in rows.fieldnames or ()}:
                raise InvalidInputError("source", f"{path.name} has no column called {', '.join(_TEXTS)}")
            lowered = ({str(name).strip().lower(): value for name, value in row.items()} for row in rows)
            yield from _rows(path, lowered, met)
        except csv.Error as exc:
            raise InvalidInputError("source", f"{path.name}: line {rows.line_num}: {exc}") from exc


def _rows(path: Path, rows: Iterator[Mapping[str, Json]], met: Met) -> Iterator[Said]:
    """Rows with their neighbours of the same session; a session may go on later."""
    session, messages = "", list[Message]()
    for row in rows:
        own = str(_first(row, _SESSIONS) or f"file:{path.name}")
        if messages and (own != session or len(messages) >= 200):
            yield from exchanges(session, messages)
            messages = []
        if own != session:
            session = own
            met.conversations += 1
        found = _row(row)
        if not found:
            met.left_out["without words"] += 1
        messages += found
    yield from exchanges(session, messages)


def _row(row: Mapping[str, Json]) -> list[Message]:
    role = role_of(_first(row, _ROLES)) or "user"
    speaker = _first(row, _SPEAKERS)
    text, at = as_text(_first(row, _TEXTS)), moment(_first(row, _TIMES))
    return message(role, text, at, speaker if isinstance(speaker, str) else None)


def _first(row: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)
