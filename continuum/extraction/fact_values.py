"""Reading the value of a statement: a short noun phrase, or nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

from continuum.extraction.fact_words import Words, is_proper
from continuum.language.attributes import RELATIONS, ROLES_HELD
from continuum.language.word_classes import (
    ADJECTIVE,
    ADVERB,
    AUXILIARY,
    CONJUNCTION,
    DETERMINER,
    FOREIGN_WORDS,
    GENERIC,
    NOUN,
    POSSESSIVE,
    PREPOSITION,
    PRONOUN,
    TO,
    VERB,
    VERB_OR_NOUN,
    WORD_CLASSES,
)

VALUE_WORDS_MAX: Final = 8
VALUE_CHARACTERS_MAX: Final = 80
LIST_MAX: Final = 6
"""Values of one list that are kept ("jazz, rock and blues")."""

_ENDERS: Final = frozenset(
    "last next past early late recently full-time part-time using due including such based instead rather starting "
    "beginning ending whose involving like learned recommended called named focusing".split()
)
_ARTICLES: Final = frozenset({"a", "an", "the", "some"})
_STOPS: Final = frozenset({PREPOSITION, CONJUNCTION, AUXILIARY, PRONOUN, ADVERB, TO, DETERMINER, POSSESSIVE, VERB})
_JOINS: Final = frozenset({"of", "&", "de", "del", "la", "van", "von"})
_TRAILING: Final = frozenset(
    "now today currently nowadays lately recently anymore yesterday tonight tomorrow instead too though last this next "
    "ago since every each again here there days again thanks thank please btw lol haha hehe yet already as day night "
    "week month year weekend morning evening afternoon once soon later mostly mainly right".split()
)
# Words that point at something said elsewhere, or weigh it: a value made of them says nothing by itself.
_EMPTY: Final = frozenset(
    "one ones thing things stuff lot lots bit kind sort way ways part parts idea something anything everything nothing "
    "someone everyone fact same other others another such more most much many few all any each both half good better "
    "best bad worse worst great nice fun fine okay ok cool amazing awesome sure true so very really well able it place "
    "people person guy guys man woman point case time times moment rest couple while whole such".split()
)
_NOUNS_IN_LY: Final = frozenset(
    "family assembly supply anomaly monopoly butterfly weekly monthly friendly hourly yearly annually multiply".split()
)
_RATES: Final = frozenset({"per", "a", "an"})
_TAILS: Final = _TRAILING | _JOINS | _RATES
_OFTEN: Final = frozenset({"daily", "weekly", "monthly", "yearly", "hourly", "annually", "regularly"})
_UNITS_OF_TIME: Final = frozenset("day days week weeks month months year years".split())
_OBJECTS_OF_VERBS: Final = frozenset({"people", "things", "places"})
_EMPTY_FIRST: Final = frozenset(
    "lot lots bit kind sort couple ton tons part way few little same following above new other variety number".split()
)
_BEFORE_REJECTED: Final = frozenset({"this", "that", "these", "those", "your", "his", "her", "their", "its", "no"})


class Value(NamedTuple):
    """The words [first, last) of a value; `after` is where reading goes on."""

    first: int
    last: int

    def text(self, text: str, words: Words) -> str:
        return text[words.start[self.first] : words.end[self.last - 1]]


def value_at(words: Words, index: int, joins: frozenset[str] = frozenset()) -> Value | None:
    """The noun phrase that begins at this word, without its article; None where there is none worth keeping.

    It ends before signs, prepositions other than "of" and `joins`, conjunctions, verbs, adverbs and pronouns; at most
    8 words and 80 characters, else None. "this", "that", "your" and the like point elsewhere: None.
    """
    if words.at(index) in _BEFORE_REJECTED:
        return None
    first = index + 1 if words.at(index) in _ARTICLES and not _is_letter(words, index) else index
    last = first
    while last < len(words) and _goes_on(words, last, last == first, joins):
        last += 1
    last = _without_tail(words, first, last)
    if last == first or last - first > VALUE_WORDS_MAX:
        return None
    if words.end[last - 1] - words.start[first] > VALUE_CHARACTERS_MAX:
        return None
    return Value(first, last) if _says_something(words, first, last) else None


def _is_letter(words: Words, index: int) -> bool:
    """Whether an "A" is no article but a mark or a group, as in "my blood type is A."."""
    return index > 0 and words.raw[index] == "A" and not words.at(index + 1)[:1].isalnum()


def _goes_on(words: Words, index: int, is_first: bool, joins: frozenset[str]) -> bool:
    low, raw = words.lower[index], words.raw[index]
    if is_first and _is_letter(words, index):
        return True
    if not (raw[0].isalnum() or raw[0] in "$€£"):
        return low == "&" and not is_first
    if low in joins or (low in _JOINS and not is_first):
        return not is_first and (low != "to" or words.written(index + 1)[:1].isdigit())
    if low in _ENDERS and not is_first:
        return False
    if not is_first and raw.islower() and len(low) > 5 and low.endswith("ly") and low not in _NOUNS_IN_LY:
        return False
    if low == "out" and words.lower[index - 1] in ("trying", "checking"):
        return True
    kind = WORD_CLASSES.get(low, NOUN)
    if kind == VERB and not is_first and _is_compound(words, index):
        return True
    if kind in _STOPS and low not in ROLES_HELD and low not in RELATIONS:
        if low in FOREIGN_WORDS and low not in ("a", "i", "me") and raw[0].isupper():
            return True  # "La Paz", "El Paso"
        return kind == VERB and (low.endswith("ing") or (not is_first and raw[0].isupper()))
    return "'" not in low or low.endswith("'s")


def _is_compound(words: Words, index: int) -> bool:
    """ "pull" of "pull request": the plain form of a verb before a noun belongs to it."""
    low, following = words.lower[index], words.at(index + 1)
    if low.endswith(("s", "ed", "ing")) or not following.isalpha():
        return False
    return WORD_CLASSES.get(following, NOUN) in (NOUN, VERB_OR_NOUN)


def _without_tail(words: Words, first: int, last: int) -> int:
    """Cut words of time and the like off the end; "per day" stays, "daily" where there is a figure."""
    figure = any(words.raw[i][0].isdigit() or words.raw[i][0] in "$€£" for i in range(first, last))
    while last > first and not _is_letter(words, last - 1):
        low = words.lower[last - 1]
        kept = last - first > 1 and words.lower[last - 2] in ("per", "a", "an")
        if low in _UNITS_OF_TIME and last - first > 1 and words.raw[last - 2][0].isdigit():
            break  # "30 days"
        if not (low in _OFTEN and not figure) and not (low in _TAILS and not kept):
            break
        last -= 1
    return last


def _says_something(words: Words, first: int, last: int) -> bool:
    head = words.lower[last - 1]
    if words.raw[last - 1].istitle() and first > 0 and words.raw[first - 1].islower() and len(head) > 2:
        return not head.endswith("'s")  # "Nice" within a sentence is a name
    if head in _EMPTY and last - first > 1 and words.lower[first].endswith("ing") and head in _OBJECTS_OF_VERBS:
        return True
    if head in _EMPTY or (words.lower[first] in _EMPTY_FIRST and words.raw[first].islower()) or head.endswith("'s"):
        return False
    if WORD_CLASSES.get(head, NOUN) == ADJECTIVE and words.raw[last - 1].islower():
        return False
    if words.at(last) in ("-", "=", "+", "^", "/") or (
        words.at(last)[:1] in '`"“' and last < len(words) and last - first == 1
    ):
        return False
    return any(
        is_proper(words.raw[i]) or (words.lower[i] not in _EMPTY and WORD_CLASSES.get(words.lower[i], NOUN) != GENERIC)
        for i in range(first, last)
    )


def values_at(words: Words, index: int) -> list[Value]:
    """The values of a list: "jazz, rock and blues" has three; a single one is a list too. At most 6."""
    found: list[Value] = []
    while len(found) < LIST_MAX:
        value = value_at(words, index)
        if value is None:
            break
        found.append(value)
        index = _next_item(words, value.last)
        if index == 0:
            break
    return [] if _shares_head(words, found) else found


def _shares_head(words: Words, found: list[Value]) -> bool:
    """ "maxima and minima problems" may be two kinds of problems: what the first word means is not certain."""
    if not found or found[0].last - found[0].first > 1 or is_proper(words.raw[found[0].first]):
        return False
    if words.lower[found[0].first].endswith(("ing", "s")):
        return False
    last = found[-1]
    if words.at(last.last) in ("and", "or"):
        last = value_at(words, last.last + 1) or last
    return last.last - last.first > 1


def _next_item(words: Words, index: int) -> int:
    """Where the next item of a list begins, or 0: after ", " only if an "and" closes the list later."""
    if words.at(index) in ("and", "or", "&"):
        return _item(words, index + 1)
    if words.at(index) != ",":
        return 0
    if words.at(index + 1) in ("and", "or"):
        return _item(words, index + 2)
    for position in range(index + 1, min(index + 8, len(words))):
        if words.lower[position] in ("and", "or"):
            return _item(words, index + 1)
    return 0


def _item(words: Words, index: int) -> int:
    """An item is short and ends where the list goes on or the sentence stops; a clause is no item."""
    value = value_at(words, index)
    if value is None or value.last - value.first > 3:
        return 0
    following = words.at(value.last)
    return index if following in ("", ",", ".", "!", "and", "or", ";", ")", "too", "but") else 0
