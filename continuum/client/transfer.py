"""A long answer as it comes in: the lines of an export, written on and checked against their own end."""

from __future__ import annotations

import hashlib
import json
from typing import TextIO

from continuum.client.decoding import NotUnderstoodError
from continuum.client.records import ExportResult
from continuum.domain.records import Json

LINE_BYTES_MAX = 64 << 20
"""No line of an export is near it; more would be kept in memory."""
_MESSAGE = b'"kind":"message"'


class ExportSink:
    """Writes an export to an open text file, line by line; `result` says whether all of it came."""

    def __init__(self, target: TextIO, after_seq: int) -> None:
        self._target = target
        self._after = after_seq
        self._rest = bytearray()
        self._digest = hashlib.sha256()
        self._last = b""
        self._header: dict[str, Json] = {}
        self._lines = self._bytes = self._messages = 0
        self.has_begun = False

    def take(self, piece: bytes) -> None:
        """Raises NotUnderstoodError, and OSError of the file."""
        self.has_begun = True
        self._rest += piece
        if len(self._rest) > LINE_BYTES_MAX:
            raise NotUnderstoodError(f"a line has more than {LINE_BYTES_MAX} bytes")
        whole, newline, rest = self._rest.rpartition(b"\n")
        if newline:
            for line in whole.split(b"\n"):
                self._line(bytes(line) + b"\n")
            self._rest = bytearray(rest)

    def _line(self, line: bytes) -> None:
        if self._lines:
            self._digest.update(self._last)
        else:
            self._header = _object(line)
        self._last = line
        self._lines += 1
        self._bytes += len(line)
        self._messages += _MESSAGE in line[:64]
        try:
            self._target.write(line.decode())
        except UnicodeDecodeError as exc:
            raise NotUnderstoodError("the lines are not UTF-8") from exc

    def result(self, _: Json = None) -> ExportResult:
        """What came. Raises NotUnderstoodError unless it is the whole of what the service wrote."""
        told = _object(self._last) if self._lines else {}
        digest = self._digest.hexdigest()
        if self._rest or told.get("end") is not True:
            raise NotUnderstoodError("the export broke off before its last line; what was written is not whole")
        if (told.get("lines"), told.get("digest")) != (self._lines - 1, digest):
            raise NotUnderstoodError("the lines are not those that the service wrote; what was written is not whole")
        tenant, position = self._header.get("tenant_id"), self._header.get("position")
        if not isinstance(tenant, str) or not isinstance(position, int):
            raise NotUnderstoodError("the header of the export lacks its tenant or its position")
        entries = position - self._after
        return ExportResult(tenant, position, entries, self._messages, self._lines, self._bytes, digest)


def _object(line: bytes) -> dict[str, Json]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise NotUnderstoodError("a line is no JSON") from exc
    if not isinstance(told, dict):
        raise NotUnderstoodError("a line is no JSON object")
    return told
