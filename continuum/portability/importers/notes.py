"""Notes and tables: folders of Markdown, plain text, JSON Lines, CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path

from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError
from continuum.portability.importers.said import Met, Said, as_object, as_text, exchanges, message, moment, role_of
from continuum.portability.importers.sections import lines_of, paragraphs, sections, without_front
from continuum.portability.importers.sources import encoding_of, files_below, lines

FIELD_CHARS_MAX = 1 << 20
_TEXTS = ("text", "content", "message", "memory", "body")
_TIMES = ("timestamp", "created_at", "date", "time", "datetime")
_SESSIONS = ("session_id", "conversation_id", "thread_id", "session", "conversation", "thread")
_SPEAKERS = ("speaker", "name", "author", "user")
_ROLES = ("role", "sender", "type")
_NOT_SAID = ("system", "developer", "tool", "function")
_DATE = re.compile(r"^(?:date|created|created_at)[ \t]*:[ \t]*[\"']?([^\"'\n]+)", re.MULTILINE | re.IGNORECASE)
_DAILY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def markdown(path: Path, met: Met) -> Iterator[Said]:
    """A note, or a folder of notes as Obsidian keeps them: a message for each part under a heading."""
    for name, file in _texts(path, (".md", ".markdown")):
        met.conversations += 1
        front, rest = without_front(lines_of(file))
        at = _dated(front, file.stem)
        yield from _counted(
            exchanges(f"note:{name}", (each for part in sections(rest) for each in message("user", part, at))), met
        )


def _dated(front: str, name: str) -> datetime | None:
    """When a note is of: it says so at its top, or is called by its day."""
    told, daily = _DATE.search(front), _DAILY.match(name)
    at = None if told is None else moment(told[1].strip())
    return at if at is not None or daily is None else moment(daily[0])


def plain(path: Path, met: Met) -> Iterator[Said]:
    """A text, or a folder of texts: a message for each paragraph."""
    for name, file in _texts(path, (".txt",)):
        met.conversations += 1
        found = (each for part in paragraphs(lines_of(file)) for each in message("user", part, None))
        yield from _counted(exchanges(f"text:{name}", found), met)


def _texts(path: Path, endings: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Each file with its name inside the folder."""
    if path.is_dir():
        return ((each.relative_to(path).as_posix(), each) for each in files_below(path, endings))
    return iter([(path.name, path)])


def _counted(found: Iterator[Said], met: Met) -> Iterator[Said]:
    first = next(found, None)
    if first is None:
        met.leave_out("without words")
        return
    yield first
    yield from found


def jsonl(path: Path, met: Met) -> Iterator[Said]:
    """JSON Lines with a text, and maybe a role, a time, a session and a speaker in each; or with `messages`."""
    yield from _rows(path, _told(path, met), met)


def _told(path: Path, met: Met) -> Iterator[Mapping[str, Json]]:
    for number, told in lines(path):
        if not isinstance(told, dict):
            met.leave_out("no JSON object")
        elif isinstance(told.get("messages"), list):
            own = {"session": f"{path.name}:{number}"}
            yield from ({**told, **own, **as_object(each)} for each in told["messages"])
        else:
            yield told


def table(path: Path, met: Met) -> Iterator[Said]:
    """A table with a column of texts, and maybe roles, times, sessions, speakers; of commas, semicolons or tabs."""
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        csv.field_size_limit(FIELD_CHARS_MAX)
        head = file.readline(FIELD_CHARS_MAX)
        file.seek(0)
        found = csv.DictReader(file, delimiter=max(",;\t|", key=lambda sign: len(_known(head.split(sign)))))
        try:
            if not _known(found.fieldnames or ()) & set(_TEXTS):
                raise InvalidInputError("source", f"{path.name} has no column called {', '.join(_TEXTS)}")
            lowered = ({str(name).strip().lower(): value for name, value in row.items()} for row in found)
            yield from _rows(path, lowered, met)
        except csv.Error as exc:
            raise InvalidInputError("source", f"{path.name}: line {found.line_num}: {exc}") from exc


def _known(names: Iterable[str]) -> set[str]:
    given = {name.strip().strip('"').lower() for name in names}
    return given & {*_TEXTS, *_TIMES, *_SESSIONS, *_SPEAKERS, *_ROLES}


def _rows(path: Path, found: Iterator[Mapping[str, Json]], met: Met) -> Iterator[Said]:
    """Rows with their neighbours of the same session; a session may go on later."""
    for session, own in groupby(found, lambda row: str(_first(row, _SESSIONS) or f"file:{path.name}")):
        met.conversations += 1
        yield from exchanges(session, (each for row in own for each in _row(row, met)))


def _row(row: Mapping[str, Json], met: Met) -> list[Message]:
    named = as_text(_first(row, _ROLES)).lower()
    if named in _NOT_SAID:
        met.leave_out("system or tool")
        return []
    speaker = as_text(_first(row, _SPEAKERS)) or None
    at = moment(_first(row, _TIMES))
    found = message(role_of(named) or "user", as_text(_first(row, _TEXTS)), at, speaker)
    if not found:
        met.leave_out("without words")
    return found


def _first(row: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)
