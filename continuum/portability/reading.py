"""Reads an export line by line and checks it whole: order, completeness, digest, and what each line holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from continuum.core.validation import MESSAGES_PER_EXCHANGE_MAX, Limits
from continuum.domain.clock import EARLIEST_MICROS, Micros
from continuum.errors import InvalidInputError
from continuum.portability.export_files import numbered_lines
from continuum.portability.export_lines import (
    EntryLine,
    Header,
    Line,
    PlaceLine,
    ReceiptLine,
    SessionLine,
    Trailer,
    VectorLine,
    read_header,
    read_line,
)

LINE_OVERHEAD_BYTES = 16 << 20
"""What a line may have beside the words of one message, which JSON may write six times as long."""


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with one line of a file; lines are counted from 1."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line and its number."""

    number: int
    line: Line


@dataclass
class _Order:
    """What must hold from one line to the next."""

    header: Header
    strict: bool
    seq: int = field(init=False)
    recorded_at: Micros = EARLIEST_MICROS
    rank: int = 0
    exchange: tuple[str, int] = ("", 0)
    ended: bool = False

    def __post_init__(self) -> None:
        self.seq = self.header.after_seq

    def check(self, line: Line) -> None:
        """Raise InvalidInputError if the line may not stand here."""
        rank = _RANKS[type(line)]
        if rank < self.rank:
            raise InvalidInputError("kind", "stands behind lines that come later in an export")
        if isinstance(line, EntryLine):
            self._check_entry(line)
        self.rank = rank

    def _check_entry(self, line: EntryLine) -> None:
        entry = line.entry
        if entry.seq <= self.seq or (self.strict and entry.seq != self.seq + 1):
            raise InvalidInputError("seq", f"is {entry.seq} behind {self.seq}; positions ascend one by one")
        if entry.seq > self.header.position:
            raise InvalidInputError("seq", f"is {entry.seq}, behind the position {self.header.position} of the header")
        if entry.recorded_at < self.recorded_at:
            raise InvalidInputError("recorded_at", "is earlier than that of the entry before it")
        if line.message is not None:
            name, count = self.exchange
            count = count + 1 if line.message.exchange_id == name else 1
            if count > MESSAGES_PER_EXCHANGE_MAX:
                problem = f"has more than {MESSAGES_PER_EXCHANGE_MAX} messages"
                raise InvalidInputError("exchange_id", problem, limit=MESSAGES_PER_EXCHANGE_MAX)
            self.exchange = (line.message.exchange_id, count)
        self.seq, self.recorded_at = entry.seq, entry.recorded_at


_RANKS: dict[type, int] = {EntryLine: 0, PlaceLine: 0, SessionLine: 1, ReceiptLine: 1, VectorLine: 1, Trailer: 2}


def header_of(path: Path, limits: Limits) -> Header:
    """The header of a file. Raises InvalidInputError naming line 1, and OSError."""
    for number, data in numbered_lines(path, _line_bytes_max(limits)):
        try:
            return read_header(data)
        except InvalidInputError as exc:
            raise InvalidInputError(f"line {number}", str(exc), limit=exc.limit) from exc
    raise InvalidInputError("line 1", "is missing: the file is empty")


def checked_lines(path: Path, limits: Limits, *, strict: bool) -> Iterator[NumberedLine | LineProblem]:
    """Every line behind the header, or what is wrong with it; with `strict` the first problem is raised instead.

    Raises InvalidInputError, which names the line, and OSError.
    """
    order = _Order(header_of(path, limits), strict)
    digest = hashlib.sha256()
    number = 0
    try:
        for number, data in numbered_lines(path, _line_bytes_max(limits)):  # used behind the loop
            if number > 1:
                yield _read(number, data, order, limits, digest)
            digest.update(data)
        if not order.ended:
            raise InvalidInputError(f"line {number + 1}", "is missing: the file was cut, its last line is not there")
    except InvalidInputError as exc:
        if strict:
            raise
        yield LineProblem(number + 1, exc.problem)


def _read(number: int, data: bytes, order: _Order, limits: Limits, digest: hashlib._Hash) -> NumberedLine | LineProblem:
    try:
        if order.ended:
            raise InvalidInputError("end", "came before this line")
        line = read_line(data, limits)
        order.check(line)
        if isinstance(line, Trailer):
            order.ended = True
            _check_end(line, number, order, digest.hexdigest())
        return NumberedLine(number, line)
    except InvalidInputError as exc:
        if order.strict:
            raise InvalidInputError(f"line {number}", str(exc), limit=exc.limit) from exc
        return LineProblem(number, str(exc))


def _check_end(trailer: Trailer, number: int, order: _Order, digest: str) -> None:
    if order.seq != order.header.position and order.strict:
        raise InvalidInputError("end", f"comes after position {order.seq}; the header says {order.header.position}")
    if trailer.lines != number - 1:
        raise InvalidInputError("lines", f"is {trailer.lines}, but {number - 1} lines came before: some are missing")
    if trailer.digest != digest:
        raise InvalidInputError("digest", "does not fit the lines before it: the file was changed")


def _line_bytes_max(limits: Limits) -> int:
    return 6 * (limits.text_bytes + limits.metadata_bytes) + LINE_OVERHEAD_BYTES
