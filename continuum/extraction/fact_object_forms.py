"""How the objects of statements look: names, tools, dates, and the draft that one becomes."""

from __future__ import annotations

from typing import Final

from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_predicates import (
    Predicate,
)
from continuum.extraction.fact_values import Value
from continuum.extraction.fact_words import Words, is_proper
from continuum.language.word_classes import NOUN, WORD_CLASSES

_TOOLS: Final = frozenset(
    "kubernetes postgres postgresql docker react vue angular aws gcp azure slack jira notion linear github gitlab "
    "jenkins redis kafka mysql mongodb sqlite terraform python java rust typescript javascript linux windows macos "
    "vim emacs helix svelte django flask fastapi rails laravel grpc graphql rest node spring kotlin swift go".split()
)
_DATE_WORDS: Final = frozenset(
    "january february march april may june july august september october november december jan feb mar apr jun jul aug "
    "sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday of the".split()
)


def draft_of(
    reading: Reading, subject: str, predicate: Predicate, value: Value, attribute: str = "", confidence: float = 0.9
) -> Draft:
    return Draft(
        subject,
        attribute or predicate.attribute,
        value.text(reading.text, reading.words),
        0,
        value.last,
        predicate.mode,
        predicate.polarity,
        confidence=confidence,
    )


def is_name(reading: Reading, value: Value) -> bool:
    """Whether a value is written as a name, or may be one of a writer who uses no capitals."""
    words = reading.words
    if any(words.raw[i][0].isupper() or is_proper(words.raw[i]) for i in range(value.first, value.last)):
        return True
    return reading.casual and value.last - value.first <= 2 and WORD_CLASSES.get(words.lower[value.first], NOUN) == NOUN


def is_tool(words: Words, value: Value) -> bool:
    """Whether a value can be no place: it holds a digit, a capital inside a word, or a well-known tool."""
    for i in range(value.first, value.last):
        raw = words.raw[i]
        if words.lower[i] in _TOOLS or any(c.isdigit() for c in raw):
            return True
        if any(c.isupper() for c in raw[1:]) and not (raw.isupper() and len(raw) <= 3):
            return True
    return False


def is_version(words: Words, value: Value) -> bool:
    """ "Debian 12": a name and its number."""
    number = words.raw[value.last - 1].removeprefix("v")
    return value.last - value.first == 2 and words.raw[value.first][0].isupper() and number[:1].isdigit()


def date_at(words: Words, index: int) -> Value | None:
    """A date as it is written: "3 June", "Friday 9 May", "March 5th, 2027"."""
    last = index
    while last < len(words) and last - index < 7:
        low = words.lower[last]
        if low == "," and last > index and words.at(last + 1).isdigit() and len(words.at(last + 1)) == 4:
            last += 1
            continue
        if low not in _DATE_WORDS and not low[:1].isdigit():
            break
        last += 1
    while last > index and words.lower[last - 1] in (",", "of", "the"):
        last -= 1
    first = index + 1 if words.at(index) == "the" else index
    return Value(first, last) if any(_is_dated(words.lower[i]) for i in range(first, last)) else None


def _is_dated(low: str) -> bool:
    """A month, a weekday, or a figure with the signs of a date or a time of day."""
    if low[0].isdigit():
        return low[-1].isdigit() and any(sign in low for sign in "-/:") and low.replace("-", "").isascii()
    return low in _DATE_WORDS and low not in ("of", "the")
