"""Verbs that no table knows: "I bank with Monzo", "we track bugs in Linear", "the cron job runs at 02:00".

The verb and its preposition are the attribute; only a present of habit, with a name or a figure, states one.
"""

from __future__ import annotations

from typing import Final

from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_predicates import Predicate
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at, values_at
from continuum.extraction.fact_words import Words, is_proper
from continuum.language.verb_forms import is_past, is_verb, participle, third_person
from continuum.language.word_classes import AUXILIARY, GENERIC, NOUN, PREPOSITION, WORD_CLASSES

_PLACED_BY: Final = frozenset({"with", "at", "in", "on", "by", "from", "through", "via", "to", "for", "under", "after"})
# What people feel, say, want or see, and what they do once, is no habit; the rest is told by other readers.
_NO_HABITS: Final = frozenset(
    "think know mean feel want need hope guess believe see hear say tell ask agree look seem appear go come get try "
    "let give find keep help make take thank wonder worry wish promise expect remember forget understand suggest "
    "recommend appreciate talk meet care plan start end stop begin finish happen call happen end add assume notice "
    "love like hate enjoy prefer miss mention consider refer imagine bet swear admit doubt regret depend "
    "stay leave head travel visit win lose buy sell bring move turn put set show check hang chat spend read become "
    "turn stand sit wait point connect learn sound fall grow cover draw see remind celebrate plan speak join have do "
    "be can".split()
)
_NO_HABITS_THIRD: Final = frozenset(third_person(verb) for verb in _NO_HABITS)
_ENDS: Final = frozenset({"", ".", ",", "!", ";", "now", "and", "but", "too", "anymore", "any", "every", "these", ")"})
_FIGURES: Final = frozenset("0123456789$€£")
_TOGETHER: Final = frozenset("works lives plays travels trains studies runs hikes dances sings cooks swims".split())
_MEASURES: Final = {"takes": "duration", "lasts": "duration", "costs": "price", "weighs": "weight"}
HABIT: Final = Predicate("", "open", "present")


def verb_drafts(reading: Reading, subject: Subject, index: int, ended: bool, given_up: str = "") -> list[Draft]:
    """What the verb at `index` says of its subject; `ended` allows a plain noun, since nothing new is kept of it."""
    words = reading.words
    third = given_up or _habit_at(words, subject, index)
    if not third:
        return []
    if words.at(index + 1) == "with" and third in _TOGETHER:
        return []  # with many people
    if words.at(index + 1) in _PLACED_BY:
        return _with_values(reading, subject, index + 2, f"{third} {words.at(index + 1)}", False)
    if found := _owned_thing(reading, subject, third, index + 1):
        return found
    thing = value_at(words, index + 1 + (words.at(index + 1) in ("our", "my")))
    if thing and words.at(thing.last) in _PLACED_BY and _is_plain(words, thing):
        attribute = f"{third} {thing.text(reading.text, words)} {words.at(thing.last)}"
        return _with_values(reading, subject, thing.last + 1, attribute, False)
    return _with_values(reading, subject, index + 1, third, ended)


def _habit_at(words: Words, subject: Subject, index: int) -> str:
    """The third person of the verb there, '' if it can be no habit."""
    low = words.at(index)
    if not low.isalpha() or len(low) < 3 or not (WORD_CLASSES.get(low, NOUN) == NOUN or is_verb(low)) or is_past(low):
        return ""
    if low in _MEASURES and words.written(index + 1)[:1] in _FIGURES:
        return low
    if subject.kind == "self" and words.raw[index].islower() and not low.endswith(("ed", "ing")):
        third = third_person(low)
        return "" if third in _NO_HABITS_THIRD or not (is_verb(low) or words.at(index + 1) in _PLACED_BY) else third
    if subject.kind == "thing":
        return low
    is_third = low.endswith("s") and not low.endswith("ss") and is_verb(low)
    return low if is_third and low not in _NO_HABITS_THIRD else ""


def _with_values(reading: Reading, subject: Subject, index: int, attribute: str, plain: bool) -> list[Draft]:
    words = reading.words
    values = values_at(words, index)
    if not values or words.at(values[-1].last) not in _ENDS:
        return []
    bare = words.at(index) not in ("a", "an", "the") and (
        plain or attribute.endswith(" by") or _is_kept(words, values[-1])
    )
    if not all(_is_told(words, value) or bare for value in values):
        return []
    named = _MEASURES.get(attribute, attribute)
    return [
        Draft(subject.name, named, value.text(reading.text, words), 0, value.last, confidence=0.75) for value in values
    ]


def _is_told(words: Words, value: Value) -> bool:
    return any(is_proper(words.raw[i]) for i in range(value.first, value.last)) and (
        WORD_CLASSES.get(words.lower[value.first], NOUN) != GENERIC
    )


def _is_kept(words: Words, value: Value) -> bool:
    """Whether what is done is said to be a habit: "I do yoga every morning", "we mulch beds now"."""
    return words.at(value.last) in ("now", "every", "these") and value.last - value.first <= 2


def _is_plain(words: Words, value: Value) -> bool:
    return value.last - value.first <= 2 and all(words.raw[i].islower() for i in range(value.first, value.last))


def _owned_thing(reading: Reading, subject: Subject, third: str, index: int) -> list[Draft]:
    """ "Yuki owns the billing service": of the service, by whom it is owned."""
    words = reading.words
    thing = value_at(words, index + 1) if words.at(index) in ("the", "our") else None
    if subject.kind != "name" or thing is None or words.at(thing.last) not in _ENDS or not _is_plain(words, thing):
        return []
    name = thing.text(reading.text, words)
    return [Draft(name, f"{participle(third)} by", subject.name, 0, thing.last, confidence=0.75)]


def thing_verb_at(words: Words, first: int, last: int) -> int:
    """Where the verb of "the cron job runs at 02:00" stands, the noun being [first, last) or holding it; 0 if none."""
    for index in range(first + 1, min(last + 3, len(words))):
        low = words.lower[index]
        follows = words.at(index + 1) in _PLACED_BY or words.written(index + 1)[:1].isdigit()
        if low.endswith("s") and not low.endswith("ss") and is_verb(low) and follows:
            return index
        if index >= last and low not in ("now", "no", "longer", "currently", "still"):
            return 0
    return 0


def participle_at(words: Words, index: int) -> bool:
    """Whether "backed by", "pinned to" stands there: what is done to a thing, and with or by what."""
    low = words.at(index)
    formed = low.endswith("ed") or low in _BUILT
    if words.at(index + 1) == "to" and low in ("used", "supposed", "limited", "related", "married", "opposed"):
        return False
    return formed and words.at(index + 1) in _PLACED_BY and WORD_CLASSES.get(low, NOUN) not in (PREPOSITION, AUXILIARY)


_BUILT: Final = frozenset("built written run led kept sent held bound shown drawn taught sold".split())


def given_up(reading: Reading, index: int) -> tuple[str, int] | None:
    """ "stopped wearing", "gave up drinking", "quit": the third person of what was given up, and where it stands."""
    words = reading.words
    size = 2 if words.lower[index : index + 2] == ["gave", "up"] else 1 if words.at(index) in ("stopped", "quit") else 0
    low = words.at(index + size)
    if not size or not low.endswith("ing") or len(low) < 5:
        return None
    return third_person(low), index + size
