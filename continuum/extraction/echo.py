"""Recalled context that comes back inside a message: found by its shape alone, so that it is never learnt again.

A recall renders a block between two tags, one memory, concept, relation or decision a line, each line with its
reference. Models and people quote such lines, cut blocks short, or lose a tag. Only the exact shapes count:
an opening angle bracket or "[m:" in prose is nobody's echo.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

_MARKS: Final = ("continuum-memory>", "continuum-memory v=", "- [")
_QUOTING = r"[ \t>]{0,16}"
_LINE = re.compile(
    rf"""^{_QUOTING}(?:
      (?P<open><continuum-memory(?:[ ]v="\d{{1,3}}")?>)
    | (?P<close></continuum-memory>)
    | (?P<relation>-[ ]\[r\][ ])
    | (?P<reference>-[ ]\[(?:
          m:[0-9a-f]{{6,64}}\][ ]\d{{4}}-\d\d-\d\d[^"\n]{{0,300}}:[ ]"
        | [cd]:[0-9a-f]{{6,64}}\][ ]\S
      ))
    )""",
    re.MULTILINE | re.VERBOSE,
)
_STRENGTH = re.compile(r" \([01]\.\d{1,4}\)\s*\Z")
_CUT_TAIL = re.compile(
    rf"(?:\n[^\n]{{0,80}}:)?\n{_QUOTING}"
    r"(?:-(?: (?:\[(?:r|[mcd](?::[0-9a-f]{0,64})?)?(?:\][^\n]{0,300})?)?)?|</?contin[^\n]{0,16})\s*\Z"
)
_HEADING = re.compile(r"[ \t>#*]{0,16}[^\n]{0,80}:[ \t*]{0,8}\Z|\s*\Z")
_HEADINGS_MAX: Final = 3
"""Lines that may stand between two referenced lines of one block."""
_CUT_LINE_MAX: Final = 4_000


class _Mark(NamedTuple):
    kind: Literal["open", "close", "line"]
    start: int
    end: int


def echo_spans(text: str) -> list[tuple[int, int]]:
    """Spans [start, end) of recalled context in `text`, whole lines, in order, joined where they touch.

    A block counts from its opening tag to its closing one; without a closing tag as far as its lines go, without
    an opening one from its first line, even if that was cut. A line with a reference counts wherever it stands.
    Linear; a text without such shapes costs three searches.
    """
    if not any(mark in text for mark in _MARKS):
        return []
    marks = _marks(text)
    spans: list[tuple[int, int]] = []
    closes = [number for number, mark in enumerate(marks) if mark.kind == "close"]
    number = passed = 0
    while number < len(marks):
        mark = marks[number]
        while passed < len(closes) and closes[passed] < number:
            passed += 1
        if mark.kind == "open" and passed < len(closes):
            number = closes[passed]
        _add(text, spans, mark.start, marks[number].end)
        number += 1
    if marks:
        _mend_ends(text, marks, spans)
    return spans


def _marks(text: str) -> list[_Mark]:
    marks = []
    for match in _LINE.finditer(text):
        end = text.find("\n", match.end())
        end = len(text) if end < 0 else end
        if match.lastgroup == "relation":
            line = text[match.end() : end]
            if " -- " not in line or not _STRENGTH.search(line[-16:]):
                continue
        if match.lastgroup in ("open", "close") and text[match.end() : end].strip():
            continue
        kind: Literal["open", "close", "line"] = "line"
        if match.lastgroup == "open":
            kind = "open"
        elif match.lastgroup == "close":
            kind = "close"
        marks.append(_Mark(kind, match.start(), end))
    return marks


def _add(text: str, spans: list[tuple[int, int]], start: int, end: int) -> None:
    if spans and start - spans[-1][1] < _HEADINGS_MAX * 100:
        between = text[spans[-1][1] : start].strip("\n").split("\n")
        if len(between) <= _HEADINGS_MAX and all(map(_HEADING.match, between)):
            start = spans.pop()[0]
    spans.append((start, end))


def _mend_ends(text: str, marks: list[_Mark], spans: list[tuple[int, int]]) -> None:
    """A block that was cut in the middle of its first or its last line."""
    lost_its_tag = next((mark.kind for mark in marks if mark.kind != "line"), "") == "close"
    if lost_its_tag and 0 < marks[0].start <= _CUT_LINE_MAX:
        cut, *headings = text[: marks[0].start].rstrip("\n").split("\n")
        if (cut.endswith('"') or _STRENGTH.search(cut[-16:])) and all(map(_HEADING.match, headings)):
            spans[0] = (0, spans[0][1])
    if marks[-1].kind != "close" and _CUT_TAIL.match(text, spans[-1][1]):
        spans[-1] = (spans[-1][0], len(text))
