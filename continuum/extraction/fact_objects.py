"""What a predicate is about: the values that follow its phrase, by the kind of value that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_holdings import (
    amount_drafts,
    booked_drafts,
    bought_drafts,
    car_drafts,
    having_drafts,
    money_drafts,
    owned_drafts,
    pet_drafts,
    project_drafts,
    school_drafts,
    set_drafts,
    sold_drafts,
)
from continuum.extraction.fact_object_forms import date_at, draft_of, is_name, is_tool
from continuum.extraction.fact_predicates import (
    LIGHT_VERBS,
    NOT_PLAYED,
    NOT_TASTES,
    Predicate,
    is_job,
)
from continuum.extraction.fact_pursuits import (
    club_drafts,
    habit_drafts,
    medicine_drafts,
    placed_drafts,
    title_drafts,
    tool_drafts,
    version_drafts,
)
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at, values_at
from continuum.extraction.fact_words import Words
from continuum.language.word_classes import GENERIC, NOUN, WORD_CLASSES

_ENDS: Final = frozenset({"", ".", ",", "!", ";"})
_LASTING: Final = frozenset({"for", "since", "all"})
_PLANS: Final = frozenset({"plan", "tier", "subscription", "package"})
_PARTICLES: Final = frozenset("out up off over about at to how what when where that on into".split())
_LOOSELY: Final = frozenset(
    "in with and or but because so for at during together since too as while every when around near outside "
    "lately again now anymore any too".split()
)
_MUCH: Final = frozenset({("a", "lot", "of"), ("lots", "of"), ("plenty", "of"), ("a", "bit", "of")})
_NO_EMPLOYERS: Final = frozenset(
    "group club class gym team call meeting workshop community course program programme challenge band discord server "
    "home night noon time times hand once last school church league".split()
)
_NOT_MEALS: Final = frozenset(
    "breakfast lunch dinner food meal meals supper snack snacks healthy healthier well "
    "together too less more out".split()
)


def objects_at(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """A draft for each value that the phrase ending at `after` is given; none if there is no good one."""
    return _READERS[predicate.kind](reading, subject, predicate, after)


def _place(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after)
    if value is None or not is_name(reading, value):
        return []
    if predicate.attribute != "lives in":
        return [] if value.last - value.first > 4 else [draft_of(reading, subject.name, predicate, value)]
    if not is_tool(words, value) and WORD_CLASSES.get(words.lower[value.first], NOUN) != GENERIC:
        return [draft_of(reading, subject.name, predicate, value)]
    if predicate.mode is FactMode.CHANGE and words.at(after - 1) == "to" and subject.kind == "self":
        return [draft_of(reading, subject.name, predicate, value, "uses", 0.8)]
    return []


def _org(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after)
    if value is None or words.lower[value.last - 1] in _NO_EMPLOYERS:
        return []
    if not is_name(reading, value) and (predicate.form != "present" or words.at(after) not in ("a", "an")):
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def _job(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after)
    if value is None:
        return []
    if words.at(after - 1) in ("became", "as") and not is_job(words.lower[value.last - 1]):
        return []
    drafts = [draft_of(reading, subject.name, predicate, value)]
    employer = value_at(words, value.last + 1) if words.at(value.last) in ("at", "for") else None
    if employer is not None and is_name(reading, employer) and words.lower[employer.last - 1] not in _NO_EMPLOYERS:
        drafts.append(draft_of(reading, subject.name, predicate, employer, "works at"))
    return drafts


def _thing(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    values = [value for value in values_at(reading.words, after) if is_name(reading, value)]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def _plays(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    if words.at(after) in ("a", "an", "some"):
        return []
    values = [value for value in values_at(words, after) if words.lower[value.last - 1] not in NOT_PLAYED]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def _studies(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    if words.at(after) in ("the", "a", "an"):
        return []
    values = [value for value in values_at(words, after) if not _is_loose(words, value)]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def _food(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    after = next((after + len(much) for much in _MUCH if tuple(words.lower[after : after + len(much)]) == much), after)
    if words.at(after) in ("the", "a", "an"):
        return []
    values = [value for value in values_at(words, after) if words.lower[value.last - 1] not in _NOT_MEALS]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def _taste(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    if words.at(after) == "the" and not words.written(after + 1)[:1].isupper():
        return []
    if words.at(after) in ("a", "an"):
        return []
    kept = []
    for value in values_at(words, after):
        if _is_loose(words, value) or words.lower[value.last - 1] in NOT_TASTES:
            break
        kept.append(draft_of(reading, subject.name, predicate, value))
    return kept


def _is_loose(words: Words, value: Value, strict: bool = False) -> bool:
    """A verb whose sense lies in what follows: "checking out parks", "being there"; all such if `strict`."""
    low = words.lower[value.first]
    if low in NOT_TASTES or (low in LIGHT_VERBS and value.last - value.first == 1):
        return True
    if not low.endswith("ing") or words.raw[value.first][0].isupper():
        return False
    following = words.at(value.last)
    if strict:
        return following not in (*_ENDS, "but", "over", "rather", "because")
    return following in _PARTICLES or (
        value.last - value.first == 1 and following[:1].isalpha() and following not in _LOOSELY
    )


def _lasting(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "I've lived in Rome for ten years" holds still; without "for" or "since" it may be over."""
    kind = predicate.kind.removeprefix("lasting ")
    drafts = _READERS[kind](reading, subject, predicate, after)
    return [draft for draft in drafts if reading.words.at(draft.last) in _LASTING]


def _chosen(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """What was picked, with its name or among others: "chose Postgres", "chose the train over the car"."""
    words = reading.words
    value = value_at(words, after)
    if value is None or words.lower[value.first].endswith("ing"):
        return []
    if words.at(value.last) in ("and", "or") and words.at(value.last + 1) not in ("i", "we", "my", "it"):
        return []
    if not is_name(reading, value) and words.at(value.last) not in ("over", "instead", "rather"):
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def _activity(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    if reading.words.at(after)[:1].isalpha() and reading.words.at(after) not in _LASTING | _LOOSELY:
        return []
    return [draft_of(reading, subject.name, predicate, Value(after - 1, after))]


def _prefers(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after + 1 if words.at(after) == "using" else after)
    if value is None or words.at(after) in ("the", "if", "to") or _is_loose(words, value, strict=True):
        return []
    drafts = [draft_of(reading, subject.name, predicate, value)]
    versus = words.at(value.last) == "over" or (words.at(value.last) == "to" and words.at(value.last + 2) in _ENDS)
    joined = value.last + versus
    if words.at(value.last) == "rather" and words.at(value.last + 1) == "than":
        joined = value.last + 2
    other = value_at(words, joined) if joined > value.last else None
    if other is not None:
        lesser = predicate._replace(polarity=False)
        drafts.append(draft_of(reading, subject.name, lesser, other))
    return drafts


def _used(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    values = values_at(words, after)
    if (predicate.form != "present" and words.at(after - 2) != "been") or subject.kind == "name":
        values = [value for value in values if is_name(reading, value)]
    values = [value for value in values if words.lower[value.first] not in ("following", "same", "above", "current")]
    if len(values) == 1 and (old := _instead_of(words, values[0].last)):
        drafted = draft_of(reading, subject.name, predicate, values[0])
        former = old.text(reading.text, words)
        return [replace(drafted, last=old.last, replaces=former, mode=FactMode.CHANGE)] if predicate.polarity else []
    if len(values) == 1 and words.at(values[0].last) == "for":
        purpose = value_at(words, values[0].last + 1)
        if purpose is not None and not _is_part(words, purpose):
            named = f"uses for {purpose.text(reading.text, words)}"
            drafted = draft_of(reading, subject.name, predicate, values[0], named)
            more = _used(reading, subject, predicate, purpose.last + 1) if _is_pair(words, purpose.last) else []
            return [replace(drafted, last=purpose.last), *more]
    if len(values) == 1 and words.at(values[0].last) == "as" and words.at(values[0].last + 1) in ("my", "our", "the"):
        purpose = value_at(words, values[0].last + 2)
        if purpose is not None:
            drafted = draft_of(reading, subject.name, predicate, values[0], purpose.text(reading.text, words))
            return [replace(drafted, last=purpose.last)]
    return [draft_of(reading, subject.name, predicate, value) for value in values]


def _instead_of(words: Words, index: int) -> Value | None:
    """What is not used any more: "instead of Zoom", "in place of Zoom"."""
    if words.at(index) == "instead" and words.at(index + 1) == "of":
        return value_at(words, index + 2)
    if words.lower[index : index + 3] == ["in", "place", "of"]:
        return value_at(words, index + 3)
    return None


def _is_part(words: Words, purpose: Value) -> bool:
    """A purpose that begins with a verb, or that goes on, is not the whole of it."""
    if words.at(purpose.last) in ("and", "or", "of"):
        return words.at(purpose.last) != "and" or not _is_pair(words, purpose.last)
    return words.lower[purpose.first].endswith("ing") and (
        purpose.last - purpose.first > 1 or words.at(purpose.last) not in _ENDS
    )


def _is_pair(words: Words, index: int) -> bool:
    """Whether "and" leads to another tool with another purpose: "Vim for code and Obsidian for notes"."""
    other = value_at(words, index + 1) if words.at(index) == "and" else None
    return other is not None and words.at(other.last) == "for"


def _age(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    number = words.at(after)
    if not number.isdigit() or not 1 <= int(number[:4]) <= 120 or len(number) > 3:
        return []
    if words.at(after + 1) in ("degrees", "percent", "%", "of", "pages", "minutes", "times"):
        return []
    return [draft_of(reading, subject.name, predicate, Value(after, after + 1))]


def _word(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    if reading.words.at(after) in ("in", "with", "on", "food", "life") or "-" in reading.words.at(after - 1):
        return []
    return [draft_of(reading, subject.name, predicate, Value(after - 1, after))]


def _plan(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    """ "on the Pro plan", "upgraded to the Enterprise tier"."""
    words = reading.words
    value = value_at(words, after)
    if versions := version_drafts(reading, subject, predicate, after):
        return versions
    if value is None or value.last - value.first < 2 or words.lower[value.last - 1] not in _PLANS:
        if predicate.mode is FactMode.CHANGE and words.at(after - 1) == "the":
            return _used(reading, subject, predicate._replace(attribute="uses"), after)
        return []
    named = draft_of(reading, subject.name, predicate, Value(value.first, value.last - 1))
    return [replace(named, last=value.last)]


def _name(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, after)
    if value is None or not is_name(reading, value) or value.last - value.first > 3:
        return []
    return [draft_of(reading, subject.name, predicate, value)]


def _date(reading: Reading, subject: Subject, predicate: Predicate, after: int) -> list[Draft]:
    value = date_at(reading.words, after)
    return [] if value is None else [draft_of(reading, subject.name, predicate, value)]


_READERS: Final[dict[str, Callable[[Reading, Subject, Predicate, int], list[Draft]]]] = {
    "place": _place,
    "org": _org,
    "job": _job,
    "thing": _thing,
    "plays": _plays,
    "studies": _studies,
    "car": car_drafts,
    "owned": owned_drafts,
    "bought": bought_drafts,
    "sold": sold_drafts,
    "pet": pet_drafts,
    "having": having_drafts,
    "set": set_drafts,
    "drug": medicine_drafts,
    "version": version_drafts,
    "placed": placed_drafts,
    "habit": habit_drafts,
    "club": club_drafts,
    "tool": tool_drafts,
    "title": title_drafts,
    "money": money_drafts,
    "school": school_drafts,
    "project": project_drafts,
    "food": _food,
    "taste": _taste,
    "prefers": _prefers,
    "used": _used,
    "age": _age,
    "word": _word,
    "name": _name,
    "amount": amount_drafts,
    "chosen": _chosen,
    "plan": _plan,
    "booked": booked_drafts,
    "activity": _activity,
    "lasting activity": _lasting,
    "lasting place": _lasting,
    "lasting org": _lasting,
    "lasting plays": _lasting,
    "date": _date,
    "allergy": _food,
}
