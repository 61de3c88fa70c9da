"""Where sentences begin and end, in one pass over the text."""

from __future__ import annotations

import re
from typing import Final

from continuum.language.word_classes import words_of

# One alternative per kind of end. The look-behind and the possessive runs keep a long row of stops linear.
_END = re.compile(
    r"(?P<stop>(?<![.!?…])[.!?…]++[\"'”’»)\]]*+)(?=\s|\Z)"
    r"|(?P<wide>[。！？｡؟۔।]++[」』”’）]*+)"
    r"|(?P<line>\r\n|[\n\r\v\f\x85\u2028\u2029])"
)
_ABBREVIATIONS: Final = frozenset(
    words_of(
        "mr mrs ms dr prof st jr sr e.g i.e eg ie cf vs approx dept fig inc ltd co corp no nos art sec vol pp ed "
        "eds al gen col sgt rev hon capt lt u.s u.k a.m p.m tel ext est resp incl z.b bzw ca usw str nr jan feb "
        "mar apr jun jul aug sep sept oct nov dec"
    )
)
_LAST_WORD_MAX: Final = 12
_FENCE = re.compile(r"[ \t]{0,8}```")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans [start, end) of the sentences of `text`, in order, without the white space around them.

    Ends are stops, CJK stops and line ends. An abbreviation, an initial, a list number, or a lower-case
    letter after a full stop does not end a sentence; a line that goes on in lower case is the same sentence.
    Inside a fenced code block each line stands for itself. Linear in the length; never raises.
    """
    spans: list[tuple[int, int]] = []
    start = line = 0
    in_code = False
    for match in _END.finditer(text):
        kind = match.lastgroup
        if kind == "stop" and (in_code or not _ends_sentence(text, start, match)):
            continue
        if kind == "line":
            fence = _FENCE.match(text, line)
            line = match.end()
            if fence:
                in_code = not in_code
            elif not in_code and match.start() > start and text[line : line + 1].islower():
                continue  # a hard-wrapped line goes on in lower case
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + len(piece) - len(piece.lstrip())
        spans.append((first, first + len(stripped)))


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    goes_on = text[match.end() + 1 : match.end() + 2].islower()
    if match.group() != ".":
        return not (goes_on and match.group()[-1] not in ".!?…")
    if goes_on:
        return False
    stop = match.start()
    head = text[max(start, stop - _LAST_WORD_MAX) : stop]
    word = head.split()[-1] if head and not head[-1].isspace() else ""
    word = word.lstrip("([\"'“")
    if len(word) == 1 and word.isupper() and word != "I":
        return False
    if word.isdigit() and stop - start <= _LAST_WORD_MAX and text[start:stop].strip() == word:
        return False
    return word.lower() not in _ABBREVIATIONS
