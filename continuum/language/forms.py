"""What kind of utterance a message is, as far as its surface tells: cues that ranking weighs, never filters."""

from __future__ import annotations

import re
from enum import IntFlag

_HEAD_CHARS = 4_000
_TAIL_CHARS = 80
_ENDINGS = " \n\t\"')]*_"
_DIGIT = re.compile(r"\d")
_CLOCK_OR_YEAR = re.compile(r"\b(?:(?:19|20)\d\d|\d{1,2}(?::\d\d| ?[ap]m))\b", re.IGNORECASE)
_TIME_WORDS = frozenset(
    {"yesterday", "today", "tonight", "tomorrow", "ago", "weekend", "weekends", "week", "weeks", "month", "months"}
    | {"year", "years", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january"}
    | {"february", "april", "june", "july", "august", "september", "october", "november", "december", "summer"}
    | {"winter", "autumn"}
)
_FIRST_PERSON_WORDS = frozenset({"i", "my", "we", "our", "mine", "ours", "myself", "ourselves"})
_STANDING_WORDS = frozenset(
    {"always", "never", "remember", "prefer", "preference", "rather", "whenever", "ask", "ever"}
)
_STANDING = re.compile(
    r"(?:^|[.!?\n])\s*(?:please,? )?(?:always|never|remember|do not ever|don['’]t ever)\b"
    r"|\bI(?:['’]d| would)? (?:(?:really|strongly|generally|usually|always|much) )?(?:prefer|rather)\b"
    r"|\b(?:my preference|when(?:ever)? I ask)\b",
    re.IGNORECASE,
)


class Form(IntFlag):
    """Bits that a message may have together."""

    NONE = 0
    QUESTION = 1
    """It ends in a question."""
    NUMBER = 2
    TIME = 4
    """It names a time or a date."""
    FIRST_PERSON = 8
    STANDING = 16
    """It says how things are to be done from now on, or what its speaker prefers."""
    SUSPECT = 32
    """It reads like an order to a model. Whoever screens it says so; words alone do not."""


def form_of(text: str, words: frozenset[str]) -> int:
    """The form of a text with these lower-case words at its beginning; reads 4,000 characters at most. English."""
    head = text[:_HEAD_CHARS]
    form = 0
    if text[-_TAIL_CHARS:].rstrip(_ENDINGS).endswith(("?", "？", "؟")):
        form |= Form.QUESTION.value
    if _DIGIT.search(head):
        form |= Form.NUMBER.value
        if _CLOCK_OR_YEAR.search(head):
            form |= Form.TIME.value
    if not words.isdisjoint(_TIME_WORDS):
        form |= Form.TIME.value
    if not words.isdisjoint(_FIRST_PERSON_WORDS):
        form |= Form.FIRST_PERSON.value
    if (not words.isdisjoint(_STANDING_WORDS) and _STANDING.search(head)) or "from now on" in head.lower():
        form |= Form.STANDING.value
    return form
