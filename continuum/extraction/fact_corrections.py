"""Corrections: "no, I meant Porto", "sorry, it's Porto, not Lisbon", "actually it's 5434"."""

from __future__ import annotations

from typing import Final, NamedTuple

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_object_forms import date_at
from continuum.extraction.fact_values import Value, value_at
from continuum.extraction.fact_words import Words, is_proper

_MARKS: Final = frozenset({"correction", "oops", "whoops"})
_SOFT: Final = frozenset({"no", "nope", "sorry", "wait", "actually", "hmm", "well", "oh", "ah"})
_MARK_PHRASES: Final = (
    ("scratch", "that"),
    ("i", "misspoke"),
    ("i", "made", "a", "mistake"),
    ("my", "mistake"),
    ("my", "bad"),
    ("i", "was", "wrong"),
    ("that", "is", "wrong"),
    ("that", "was", "wrong"),
    ("wait", ",", "no"),
    ("no", ",", "wait"),
    ("let", "me", "correct", "that"),
    ("let", "me", "correct", "myself"),
)
_PRONOUNS: Final = frozenset({"it", "he", "she", "they", "that"})
_VERB_WORDS_MAX: Final = 3
"""Words of a verb and its preposition between a pronoun and a value: "leaves at"."""
_SHORT: Final = 5
"""Words and signs of a sentence in which "I mean X" says nothing else."""
_SIGNS: Final = frozenset({",", ".", ":", ";", "!", "-", "–", "—"})


class Marker(NamedTuple):
    """How a sentence opens: `after` its marks; `strong` if they can mean nothing but a correction."""

    after: int
    strong: bool
    marked: bool


def marker_of(words: Words) -> Marker:
    """The marks of correction at the beginning of a sentence, if any."""
    index, strong, marked = 0, False, False
    while index < len(words):
        size = _mark_size(words, index)
        if size:
            strong = True
        elif words.lower[index] in _SOFT:
            size, marked = 1, True
        elif words.lower[index] in _SIGNS and index:
            size = 1
        else:
            break
        index += size
    return Marker(index, strong, marked or strong)


def _mark_size(words: Words, index: int) -> int:
    if words.lower[index] in _MARKS:
        return 1
    return next((len(p) for p in _MARK_PHRASES if tuple(words.lower[index : index + len(p)]) == p), 0)


def correction_facts(reading: Reading, marker: Marker) -> list[Draft]:
    """The correction without a slot that the sentence makes, if any: "I meant X", "it's X, not Y", "not Y but X"."""
    words, index = reading.words, marker.after
    if words.at(index) in ("i", "we") and words.at(index + 1) in ("meant", "mean") and marker.marked:
        return _corrected(reading, index, index + 2, certain=True)
    if (
        words.at(index) == "i"
        and words.at(index + 1) in ("meant", "mean")
        and (words.at(index + 1) == "meant" or (index == 0 and len(words) <= _SHORT and is_proper(words.written(2))))
    ):
        return _corrected(reading, index, index + 2, certain=True)
    if words.at(index) in ("it", "that") and words.at(index + 1) in ("is", "was") and marker.marked:
        corrected = _corrected(reading, index, index + 2, certain=marker.strong)
        return corrected or _told_anew(reading, index)
    if words.at(index) in ("it", "that", "this") and words.lower[index + 1 : index + 3] == ["should", "be"]:
        return _corrected(reading, index, index + 3, certain=marker.marked)
    if words.at(index) in ("it", "that") and words.at(index + 1) == "is" and "not" in words.lower[index + 2 :]:
        return [each for each in _corrected(reading, index, index + 2, certain=False) if each.replaces]
    if words.at(index) in _PRONOUNS and marker.marked and (told := _told_anew(reading, index)):
        return told
    if words.at(index) == "not" and (marker.marked or index == 0):
        return _not_but(reading, index)
    return _corrected(reading, index, index, certain=True) if marker.strong and len(words) - index <= 5 else []


def _told_anew(reading: Reading, first: int) -> list[Draft]:
    """ "sorry, it leaves at 8:45", "correction: he lives in Augsburg": only what is different is told by the value."""
    words = reading.words
    for index in range(first + 2, min(first + 2 + _VERB_WORDS_MAX, len(words))):
        if is_proper(words.raw[index]):
            return _corrected(reading, first, index, certain=True)
        if not words.lower[index].isalpha():
            break
    return []


def _corrected(reading: Reading, first: int, index: int, certain: bool) -> list[Draft]:
    words = reading.words
    value = _value(words, index)
    if value is None:
        return []
    old = _denied(words, value.last)
    proper = any(is_proper(words.raw[i]) and words.raw[i] != "I" for i in range(value.first, value.last))
    if not (proper or old or certain) or not _ends(words, old.last if old else value.last):
        return []
    return [_draft(reading, first, value, old)]


def _denied(words: Words, index: int) -> Value | None:
    """The old value of ", not Lisbon" or "instead of Lisbon"."""
    if words.at(index) == "," and words.at(index + 1) == "not":
        return _value(words, index + 2)
    if words.at(index) == "not":
        return _value(words, index + 1)
    if words.at(index) in ("instead", "rather") and words.at(index + 1) in ("of", "than"):
        return _value(words, index + 2)
    return None


def _not_but(reading: Reading, index: int) -> list[Draft]:
    """ "not Lisbon but Porto", "not Lisbon, it's Porto"."""
    words = reading.words
    old = _value(words, index + 1)
    if old is None:
        return []
    position = old.last
    while words.at(position) in (",", "but", "it", "is", ";"):
        position += 1
    value = _value(words, position) if position > old.last else None
    if (
        value is None
        or not _ends(words, value.last)
        or ("but" not in words.lower[old.last : position] and position < old.last + 3)
    ):
        return []
    if not any(is_proper(words.raw[i]) for i in range(value.first, value.last)):
        return []
    return [_draft(reading, index, value, old)]


def _value(words: Words, index: int) -> Value | None:
    return date_at(words, index) or value_at(words, index)


def _ends(words: Words, index: int) -> bool:
    return words.at(index) in ("", ".", "!", ",", ";", "now")


def _draft(reading: Reading, first: int, value: Value, old: Value | None) -> Draft:
    words, text = reading.words, reading.text
    last = max(value.last, old.last if old else 0)
    return Draft(
        "",
        "",
        value.text(text, words),
        first,
        last,
        FactMode.CORRECTION,
        replaces=old.text(text, words) if old else "",
        confidence=0.7,
    )
