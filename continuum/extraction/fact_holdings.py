"""What people have: things, animals, relatives, conditions, figures and dates."""

from __future__ import annotations

from typing import Final

from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_object_forms import date_at, draft_of, is_name
from continuum.extraction.fact_predicates import (
    CONDITIONS,
    CONTRACTS,
    COUNTED_RELATIVES,
    OWNED_NOUNS,
    VAGUE_WORK,
    Predicate,
    is_job,
)
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at
from continuum.extraction.fact_words import is_proper
from continuum.language.attributes import PETS, RELATIONS, SLOT_NOUNS, relation_name

_OF: Final = frozenset({"of", "to", "for", "at"})
_VAGUE_DATED: Final = frozenset(
    "look focus trip eye break day call note effect impact time one total average range sum "
    "number mix minimum maximum set list group team".split()
)
_SCHOOLS: Final = frozenset("school university college high academy institute elementary".split())
_COUNTS: Final = frozenset({"two", "three", "four", "five", "2", "3", "4", "5"})


def car_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after) if words.at(after) in ("a", "an") else None
    if value is None or not (is_name(reading, value) or words.lower[value.last - 1] in OWNED_NOUNS):
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def owned_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after) if words.at(after) in ("a", "an", *_COUNTS) else None
    return [] if value is None else [draft_of(reading, subject.name, predicate, value)]


def bought_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    return [d for d in owned_drafts(reading, subject, predicate, after) if d.value.split()[-1].lower() in OWNED_NOUNS]


def sold_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after + 1) if words.at(after) in ("my", "our", "his", "her", "the") else None
    if value is None or words.lower[value.last - 1] not in OWNED_NOUNS:
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def pet_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after) if words.at(after) in ("a", "an", *_COUNTS) else None
    if words.at(after) in ("another", "our", "my"):
        value = value_at(words, after + 1)
    if value is None:
        return []
    head = next((i for i in range(value.first, value.last) if words.lower[i].removesuffix("s") in PETS), None)
    if head is None or (value.last - head > 1 and words.at(head + 1) not in ("named", "called")):
        return []
    kept = Value(value.first, head + 1)
    drafts = [draft_of(reading, subject.name, predicate, kept)]
    if words.at(head + 1) in ("named", "called") and words.lower[head] in PETS:
        named = value_at(words, head + 2)
        if named is not None and words.raw[named.first][0].isupper():
            name = draft_of(reading, f"{subject.name}'s {words.lower[head]}", predicate, named, "name")
            drafts.append(name)
            if words.at(named.last) == "and" and words.at(named.last + 1) in ("a", "an", "another"):
                drafts += pet_drafts(reading, subject, predicate, named.last + 1)
    return drafts


def having_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "I have a dog", "two kids", "asthma", "a deadline of 3 June"; other things one has are not kept."""
    words = reading.words
    value = value_at(words, after)
    if value is not None and words.lower[value.last - 1] in CONDITIONS and words.at(after) != "no":
        return [draft_of(reading, subject.name, predicate, value, "condition")]
    counted = COUNTED_RELATIVES.get(words.at(after + 1))
    if counted and (words.at(after) in _COUNTS or words.at(after).isdigit()):
        return [draft_of(reading, subject.name, predicate, Value(after, after + 2), counted)]
    if value is not None and words.at(after) in ("a", "an") and words.lower[value.last - 1] in OWNED_NOUNS:
        return [draft_of(reading, subject.name, predicate, value, "owns")]
    if value is not None and words.at(after) in ("a", "an") and words.lower[value.last - 1] in CONTRACTS:
        product = Value(value.first, value.last - 1)
        if product.first < product.last and is_proper(words.raw[product.first]):
            return [draft_of(reading, subject.name, predicate, product, "subscribes to")]
    found = set_drafts(reading, subject, predicate, after) or relative_drafts(reading, subject, predicate, after)
    return found or pet_drafts(reading, subject, predicate, after)


def relative_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "I have a friend named Lisa"."""
    words = reading.words
    value = value_at(words, after) if words.at(after) in ("a", "an", "another") else None
    if value is None or words.at(value.last) not in ("named", "called"):
        return []
    if words.lower[value.last - 1] not in RELATIONS and not is_job(words.lower[value.last - 1]):
        return []
    if words.lower[value.last - 1] in PETS:
        return []
    named = value_at(words, value.last + 1)
    if named is None or not words.raw[named.first][0].isupper():
        return []
    owned = f"{subject.name}'s {relation_name(words.raw[value.first : value.last])}"
    return [draft_of(reading, owned, predicate, named, "name")]


def set_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "a budget of $500", "my deadline to 3 June": a noun of one or two words and a figure or a date."""
    words = reading.words
    if words.at(after) not in ("a", "an", "my", "our", "the"):
        return []
    last = after + 1
    while (
        last < after + 5
        and words.written(last)[:1].isalpha()
        and words.at(last) not in _OF
        and words.at(last) not in ("on", "with")
    ):
        last += 1
    if last == after + 1 or words.lower[last - 1] in _VAGUE_DATED:
        return []
    noun = reading.text[words.start[after + 1] : words.end[last - 1]]
    if words.at(last) == "with" and (other := value_at(words, last + 1)):
        last = other.last
    if words.at(last) == "on" and words.at(after - 1) in ("have", "has"):
        dated = date_at(words, last + 1)
        return [draft_of(reading, subject.name, predicate, dated, noun)] if dated else []
    held = words.at(last) == "of" and words.at(after - 1) in ("have", "has")
    if words.at(last) not in _OF or not (held or words.lower[last - 1] in SLOT_NOUNS):
        return []
    value = date_at(words, last + 1) or value_at(words, last + 1, frozenset({"per"}))
    if value is None or not any(c.isdigit() for i in range(value.first, value.last) for c in words.raw[i]):
        return []
    return [draft_of(reading, subject.name, predicate, value, noun)]


def drug_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """A medicine: written as a name, or with its dose."""
    words = reading.words
    if not words.written(after)[:1].isalnum() or words.at(after) in ("a", "an", "the"):
        return []
    value = value_at(words, after, frozenset({"mg"}))
    if value is None or not any(is_proper(words.raw[i]) for i in range(value.first, value.last)):
        return []
    dosed = any("mg" in words.lower[i] for i in range(value.first, min(value.last + 2, len(words))))
    return [draft_of(reading, subject.name, predicate, value)] if dosed else []


def money_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    while words.at(after) in ("about", "around", "roughly", "approximately"):
        after += 1
    if words.written(after)[:1] not in ("$", "€", "£") or words.at(after + 1) == "from":
        return []
    value = value_at(words, after, frozenset({"a", "per"}))
    return [] if value is None else [draft_of(reading, subject.name, predicate, value)]


def amount_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    if not reading.words.written(after)[:1].isdigit():
        return []
    value = value_at(reading.words, after)
    return [] if value is None else [draft_of(reading, subject.name, predicate, value)]


def booked_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "I've booked my flight for 9 May": the date of the thing."""
    words = reading.words
    value = value_at(words, after + 1) if words.at(after) in ("my", "our", "a", "an", "the") else None
    if value is None or words.at(value.last) not in ("for", "on", "to"):
        return []
    date = date_at(words, value.last + 1)
    noun = value.text(reading.text, words)
    return [draft_of(reading, subject.name, predicate, date, noun)] if date else []


def project_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after + 1 if words.at(after) in ("my", "our") else after)
    if value is None or words.lower[value.first].endswith("ing") or words.at(after) not in ("a", "an", "my", "our"):
        return []
    if value.last - value.first == 1 or words.lower[value.first] in VAGUE_WORK:
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def school_drafts(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    value = value_at(reading.words, after)
    if value is None or not is_name(reading, value):
        return []
    named = {reading.words.lower[i] for i in range(value.first, value.last)}
    return [] if named.isdisjoint(_SCHOOLS) else [draft_of(reading, subject.name, predicate, value)]
