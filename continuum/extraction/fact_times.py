"""When a statement holds: the times that its own clause names."""

from __future__ import annotations

import re
from typing import Final

from continuum.domain.clock import Micros
from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.language.time import TimeWindow, time_windows

_HINT = re.compile(
    r"\d|ago|last|since|yesterday|this|today|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|summer|winter|spring|autumn",
    re.IGNORECASE,
)
_FROM_TO = re.compile(r"\bfrom ((?:19|20)\d\d) (?:to|until|till|through) ((?:19|20)\d\d)\b", re.IGNORECASE)
_LINK = re.compile(r"[.;:!?(]|\b(?:and|but|because|so)\b", re.IGNORECASE)
_SINCE = re.compile(r"\bsince\b", re.IGNORECASE)
_CLAUSE_CHARACTERS: Final = 160


def times_of(reading: Reading, draft: Draft, said_at: Micros) -> tuple[int, int, Micros | None, Micros | None]:
    """The supporting span and the times: (start, end, valid_from, valid_to). Never later than `said_at`."""
    words = reading.words
    start, end = words.start[draft.first], words.end[draft.last - 1]
    if draft.mode is FactMode.STATE and not draft.over and draft.first == 0:
        tail = reading.text[end : end + 24]
        if "since" not in tail:
            return start, end, None, None
    return _timed(reading, draft, start, end, said_at)


def _timed(
    reading: Reading, draft: Draft, start: int, end: int, said_at: Micros
) -> tuple[int, int, Micros | None, Micros | None]:
    words = reading.words
    begin = max(words.start[0], start - _CLAUSE_CHARACTERS)
    finish = min(words.end[-1], end + _CLAUSE_CHARACTERS)
    part = reading.text[begin:finish]
    over = said_at if draft.over else None
    if _HINT.search(part) is None:
        return start, end, None, over
    if draft.over and (years := _FROM_TO.search(part)):
        first, last = (time_windows(f"in {year}", said_at) for year in years.groups())
        if first and last and first[0].start < last[0].start <= said_at:
            return start, max(end, begin + years.end()), first[0].start, last[0].start
    for window in time_windows(part, said_at):
        if _belongs(part, window, draft, start - begin, end - begin):
            grown = (min(start, begin + window.span[0]), max(end, begin + window.span[1]))
            return (*grown, min(window.start, said_at), over) if not draft.over else (start, end, None, over)
    return start, end, None, over


def _belongs(part: str, window: TimeWindow, draft: Draft, start: int, end: int) -> bool:
    """A window in the same clause that is no part of the value; a state is dated by "since" alone."""
    first, last = window.span
    between = part[last:start] if last <= start else part[end:first] if first >= end else None
    if between is None or len(between) > 24 or _LINK.search(between):
        return False
    if draft.mode is FactMode.STATE:
        return bool(_SINCE.search(part, max(0, first - 6), last))
    return True
