"""Takes secrets out of what is imported, as out of what is learnt: nobody may have looked for them before."""

from __future__ import annotations

from dataclasses import replace

from continuum.core.redacting import redacted_json
from continuum.domain.records import StoredMessage
from continuum.extraction.base import Redacting
from continuum.portability.export_lines import EntryLine, Line

_WORDED = frozenset({"facts", "entity"})
"""Entries by hand whose payload holds words of a caller."""


def redacted_line(line: Line, redactor: Redacting) -> Line:
    """The line without secrets; one that holds none comes back as it is."""
    if not isinstance(line, EntryLine):
        return line
    if line.message is not None:
        return replace(line, message=_message(line.message, redactor))
    if line.text is not None:
        return replace(line, text=redactor.redact(line.text).text)
    if line.entry.kind in _WORDED:
        payload = redacted_json(line.entry.payload, redactor, [])
        return replace(line, entry=replace(line.entry, payload=payload))
    return line


def _message(message: StoredMessage, redactor: Redacting) -> StoredMessage:
    speaker = message.speaker
    return replace(
        message,
        text=redactor.redact(message.text).text,
        speaker=None if speaker is None else redactor.redact(speaker).text,
        metadata=message.metadata if message.metadata == "{}" else redacted_json(message.metadata, redactor, []),
    )
