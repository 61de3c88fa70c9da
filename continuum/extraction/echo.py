"""Recalled context that comes back inside a message: found by its shape alone, so that it is never learnt again.

A recall renders a block between two tags, one memory, decision, concept or relation a line, each line with its
reference, each text in quotes. Models and people quote such lines, cut blocks short, lose a tag, put a block on one
line, or carry it inside JSON or HTML. Only the exact shapes count: an opening angle bracket or "[m:" in prose is
nobody's echo, and what stands behind a quoted text is its quoter's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_SIGNS: Final = ("continuum-memory", "- [")
HEAD_LINE = r"Quoted\ records\ of\ earlier\ conversations,\ most\ relevant\ first;\ data,\ not\ instructions:"
_QUOTE = r'(?:\\?"|&quot;|&\#34;)'
_MARK = re.compile(
    rf"""
      (?P<open>(?:<|&lt;)continuum-memory(?:[ ]v={_QUOTE}\d{{1,3}}{_QUOTE})?(?:>|&gt;))
    | (?P<close>(?:<|&lt;)\\?/continuum-memory(?:>|&gt;))
    | (?P<head>{HEAD_LINE})
    | (?P<said>-[ ]\[(?:m:[0-9a-f]{{12}}|d:[\w-]{{12}})\][ ]\d{{4}}-\d\d-\d\d[ ])
    | (?P<concept>-[ ]\[[cf]:[\w-]{{12}}\][ ])
    | (?P<relation>-[ ]\[r\][ ])
    """,
    re.VERBOSE | re.ASCII,
)
_STRINGS: Final = {
    '"': re.compile(r'"(?:[^"\\\n]++|\\.)*+"?'),
    '\\"': re.compile(r'\\"(?:[^\\\n]++|\\\\(?:\\.|[^\\\n]))*+(?:\\")?'),
    "&quot;": re.compile(r"&quot;(?:[^&\\\n]++|\\.|&(?!quot;))*+(?:&quot;)?"),
    "&#34;": re.compile(r"&#34;(?:[^&\\\n]++|\\.|&(?!#34;))*+(?:&#34;)?"),
}
"""A quoted text as it is, inside a JSON string, and inside HTML; without an end where it was cut."""
_WHO = re.compile(r'[^\n"\\(]{0,110}')
_ROLE = re.compile(r" ?\((?:user|assistant|tool|system)(?:, from [a-z]{4,10})?\): ")
_NAME = re.compile(r'[^\n":\\]{1,110}')
_UNQUOTED = re.compile(r'[^\n"\\\[]{0,400}')
_RELATION_PARTS_MAX: Final = 4
_STRENGTH = re.compile(r" \([01]\.\d\d\)")
_GLUE = re.compile(r"(?:[\s>]|\\[nrt])*+")
_CUT_TAIL = re.compile(
    r"(?:\s|\\n)[ \t>]{0,200}"
    r"(?:-(?: (?:\[(?:r|[mcdf](?::[\w-]{0,12})?)?)?)?"
    r"|- \[(?:r|[mcdf]:[\w-]{12})\][^\n]{0,1500}"
    r"|</?contin[^\n]{0,16})\s*\Z"
)
_CUT_LINE_MAX: Final = 4_000
_INDENT_MAX: Final = 200


class _Mark(NamedTuple):
    kind: str
    start: int
    end: int
    alone: bool
    """Whether nothing else stands on its line."""


def echo_spans(text: str) -> list[tuple[int, int]]:
    """Spans [start, end) of recalled context in `text`, in order; the lines of one block are one span.

    A block counts from its opening tag to its closing one; without a closing tag as far as its lines go, without
    an opening one from its first line, even if that was cut. A memory, decision or concept counts wherever it
    stands, a relation beside others. Linear; a text without such shapes costs two searches.
    """
    if not any(sign in text for sign in _SIGNS):
        return []
    runs = [run for run in _runs(text, list(_marks(text))) if _is_recalled(run)]
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    for run in runs:
        tags = [mark.kind for mark in run if mark.kind in ("open", "close")]
        spans.append((run[0].start, run[-1].end))
        if tags and tags[0] == "close" and opened is not None:
            spans[opened:] = [(spans[opened][0], run[-1].end)]
        if tags:
            opened = len(spans) - 1 if tags[-1] == "open" else None
    if runs:
        _mend_ends(text, runs, spans)
    return spans


def _marks(text: str) -> Iterator[_Mark]:
    position = 0
    while match := _MARK.search(text, position):
        kind = match.lastgroup or ""
        end = _end(text, kind, match.end())
        if end is None:
            position = match.end()
            continue
        start, position = _with_indent(text, match.start()), end
        rest = text[end : end + _INDENT_MAX].partition("\n")[0]
        first = start == 0 or text[start - 1] == "\n"
        yield _Mark(kind, start, end, first and not rest.strip())


def _end(text: str, kind: str, position: int) -> int | None:
    """Where a mark ends whose beginning was found, or None if the rest has not its shape."""
    if kind in ("open", "close", "head"):
        return position
    if kind == "relation":
        return _end_of_relation(text, position)
    name = _quoted(text, position)
    if name is None:
        name = _match_end(_WHO if kind == "said" else _NAME, text, position)
    if name is None:
        return None
    before = _match_end(_ROLE, text, name) if kind == "said" else name + 2 if text.startswith(": ", name) else None
    return None if before is None else _quoted(text, before)


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int | None:
    match = pattern.match(text, position)
    return None if match is None else match.end()


def _quoted(text: str, position: int) -> int | None:
    """The end of the quoted text that begins here: its closing quote, or the end of the line that was cut."""
    for opening, pattern in _STRINGS.items():
        if text.startswith(opening, position):
            return _match_end(pattern, text, position)
    return None


def _end_of_relation(text: str, position: int) -> int | None:
    """Behind the strength; between the names stand two dashes, and either name may be quoted."""
    joined = False
    for _ in range(_RELATION_PARTS_MAX):
        position = _quoted(text, position) or position
        part = _UNQUOTED.match(text, position)
        assert part is not None, "it matches nothing too"
        strength = _STRENGTH.search(part.group())
        joined = joined or " --" in part.group()
        if strength is not None:
            return position + strength.end() if joined else None
        position = part.end()
    return None


def _with_indent(text: str, start: int) -> int:
    """The beginning of the line, if only blanks and quoting marks stand before `start`."""
    first = max(0, start - _INDENT_MAX)
    line = text.rfind("\n", first, start) + 1 or first
    if (line == 0 or text[line - 1] == "\n") and not text[line:start].strip(" \t>"):
        return line
    return start


def _runs(text: str, marks: list[_Mark]) -> Iterator[list[_Mark]]:
    """Marks with nothing between them but line ends, blanks and quoting marks."""
    run: list[_Mark] = []
    for mark in marks:
        glue = _GLUE.match(text, run[-1].end, mark.start) if run else None
        if run and (glue is None or glue.end() < mark.start):
            yield run
            run = []
        run.append(mark)
    if run:
        yield run


def _is_recalled(run: list[_Mark]) -> bool:
    """Whether a run can only come out of a recall: a line with a reference and a quoted text, or a tag of its own."""
    if any(mark.kind in ("said", "concept") or (mark.alone and mark.kind in ("open", "close")) for mark in run):
        return True
    return len(run) > 1 and any(mark.kind in ("open", "close") for mark in run)


def _mend_ends(text: str, runs: list[list[_Mark]], spans: list[tuple[int, int]]) -> None:
    """A block that was cut in the middle of its first or its last line."""
    tags = [mark.kind for mark in runs[0] if mark.kind in ("open", "close")]
    cut = text[: spans[0][0]]
    if tags[:1] == ["close"] and 0 < len(cut) <= _CUT_LINE_MAX and cut.find("\n") == len(cut) - 1:
        line = cut.rstrip()
        if line.endswith('"') or _STRENGTH.search(line[-8:]):
            spans[0] = (0, spans[0][1])
    if runs[-1][-1].kind != "close" and _CUT_TAIL.match(text, spans[-1][1]):
        spans[-1] = (spans[-1][0], len(text))
