"""Takes texts apart as they are read: notes at their headings, plain texts at their blank lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from continuum.portability.importers.sources import encoding_of

LINE_CHARS_MAX = 1 << 16
SECTION_CHARS_MAX = 200_000
"""A longer section is given in several pieces."""
FRONT_LINES_MAX = 500
_HEADING = re.compile(r"#{1,6}[ \t]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a text file, with their ends; one that is endless comes in pieces. Raises OSError."""
    with path.open(encoding=encoding_of(path), errors="replace") as file:
        while line := file.readline(LINE_CHARS_MAX):
            yield line


def without_front(lines: Iterator[str]) -> tuple[str, Iterator[str]]:
    """The front matter of a note, and the lines behind it; '' and all of them where there is none."""
    first = next(lines, "")
    taken = [first]
    if first.rstrip() == "---":
        for line in lines:
            taken.append(line)
            if line.rstrip() == "---":
                return "".join(taken[1:-1]), lines
            if len(taken) > FRONT_LINES_MAX:
                break
    return "", _chained(taken, lines)


def _chained(first: list[str], rest: Iterator[str]) -> Iterator[str]:
    yield from first
    yield from rest


def sections(lines: Iterable[str]) -> Iterator[str]:
    """A note, cut before each heading that is not in a block of code; a heading alone goes with what follows it."""
    held: list[str] = []
    size, fence = 0, ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark is not None:
            fence = _fence_after(fence, mark[1])
        begins = mark is None and not fence and _HEADING.match(line) is not None
        if (begins and _has_words(held)) or size > SECTION_CHARS_MAX:
            yield "".join(held).strip()
            held, size = [], 0
        held.append(line)
        size += len(line)
    if text := "".join(held).strip():
        yield text


def _fence_after(fence: str, mark: str) -> str:
    if not fence:
        return mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) else fence


def _has_words(held: list[str]) -> bool:
    """Whether there is more than headings."""
    return any(line.strip() and not _HEADING.match(line) for line in held)


def paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """A text, cut at its blank lines."""
    held: list[str] = []
    size = 0
    for line in lines:
        if not line.strip() or size > SECTION_CHARS_MAX:
            if held:
                yield "".join(held).strip()
            held, size = [], 0
        if line.strip():
            held.append(line)
            size += len(line)
    if held:
        yield "".join(held).strip()
