"""Facts that replace others in one clause: "from Jenkins to GitHub Actions", "Jenkins with GitHub Actions"."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_object_forms import is_name, is_tool
from continuum.extraction.fact_predicates import CONTRACTS
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_things import NAMED_KINDS, renamed_facts, set_facts
from continuum.extraction.fact_values import Value, value_at
from continuum.extraction.fact_words import Words

_SWITCHES: Final = frozenset(
    "moved switched migrated changed transitioned relocated upgraded downgraded converted".split()
)
_REPLACES: Final = frozenset({"replaced", "swapped", "exchanged", "traded", "dropped", "ditched", "abandoned"})
_SETTINGS: Final = frozenset(
    "changed moved updated increased raised extended lowered reduced bumped pushed switched upgraded".split()
)
_ENDINGS: Final = frozenset({"left", "sold", "cancelled", "canceled", "quit", "dropped", "ditched"})
_PASSED_OVER: Final = frozenset({"have", "has", "just", "finally", "recently", "now", "also", "already", "all", "both"})


def change_facts(reading: Reading, subject: Subject, first: int) -> list[Draft]:
    """The facts of "`subject` moved from A to B", "replaced A with B", "changed the port from A to B"."""
    words, index = reading.words, subject.after
    while words.at(index) in _PASSED_OVER:
        index += 1
    verb = words.at(index)
    if verb in _SWITCHES and words.at(index + 1) == "from":
        return _switch(reading, subject, first, index, verb, ("to",))
    if verb in _SWITCHES and (moved := _moved_thing(reading, subject, first, index + 1)):
        return moved
    if verb == "renamed":
        return renamed_facts(reading, first, index + 1)
    if verb in _REPLACES and (
        found := _switch(reading, subject, first, index - 1, verb, ("with", "by", "for", "in favour of", "in favor of"))
    ):
        return found
    if verb == "left":
        return _switch(reading, subject, first, index - 1, verb, ("for",))
    return set_facts(reading, first, index + 1) if verb in _SETTINGS and subject.kind == "self" else []


def _switch(
    reading: Reading, subject: Subject, first: int, index: int, verb: str, joins: tuple[str, ...]
) -> list[Draft]:
    words, text = reading.words, reading.text
    old = value_at(words, index + 2 + (words.at(index + 2) in ("my", "our")))
    position = old.last if old else 0
    if words.at(position) in ("over", "in", "out") and words.at(position + 1) in joins:
        position += 1
    joined = next((len(j.split()) for j in joins if words.lower[position : position + len(j.split())] == j.split()), 0)
    new = value_at(words, position + joined) if old and joined else None
    if old is None or new is None:
        return []
    attribute = _attribute(reading, subject, verb, old, new)
    if not attribute and verb not in _REPLACES:
        return []
    # Without an attribute, it is that of the former value, if anything is known of that.
    return [
        Draft(
            subject.name,
            attribute,
            new.text(text, words),
            first,
            new.last,
            FactMode.CHANGE,
            replaces=old.text(text, words),
            confidence=0.8,
        )
    ]


def _moved_thing(reading: Reading, subject: Subject, first: int, index: int) -> list[Draft]:
    """ "we moved billing from MySQL to Postgres": what is used for it."""
    words, text = reading.words, reading.text
    thing = value_at(words, index)
    if thing is None or subject.kind != "self" or words.at(thing.last) != "from":
        return []
    old = value_at(words, thing.last + 1)
    new = value_at(words, old.last + 1) if old and words.at(old.last) == "to" else None
    if old is None or new is None or not (is_name(reading, old) and is_name(reading, new)):
        return []
    if any(w.isdigit() for value in (old, new) for w in words.lower[value.first : value.last]):
        return []
    attribute = f"uses for {thing.text(text, words)}"
    former = old.text(text, words)
    moved = Draft(subject.name, attribute, new.text(text, words), first, new.last, FactMode.CHANGE, replaces=former)
    if words.at(index) != "the":
        return [moved]
    # Where it is kept, if that is known: only what has the former value changes.
    if words.lower[thing.last - 1] in NAMED_KINDS:
        return [replace(moved, attribute=thing.text(text, words), replaces="")]
    return [moved, replace(moved, subject=thing.text(text, words), attribute="")]


def end_facts(reading: Reading, subject: Subject, first: int) -> list[Draft]:
    """ "I left SAP", "sold my Volvo", "cancelled my Mubi subscription": ends the slot that has this value, if any."""
    words, text, index = reading.words, reading.text, subject.after
    while words.at(index) in _PASSED_OVER:
        index += 1
    if words.lower[index : index + 3] == ["got", "rid", "of"]:
        index += 2
    elif words.at(index) in ("unsubscribed", "withdrew", "disconnected") and words.at(index + 1) == "from":
        index += 1
    elif words.at(index) in ("moved", "migrated", "switched") and words.at(index + 1) in ("off", "away"):
        index += 1 + (words.at(index + 2) in ("from", "of"))
    elif words.lower[index : index + 2] == ["gave", "up"]:
        index += 1
    elif words.at(index) not in _ENDINGS:
        return []
    owned = words.at(index + 1) in ("my", "our", "the")
    value = value_at(words, index + 1 + owned)
    if value is None or words.at(value.last) in ("for", "to", "of", "with", "on", "at", "in", "and", "or"):
        return []
    last = value.last
    if last - value.first > 1 and words.lower[last - 1] in CONTRACTS:
        last -= 1
    elif not owned and not is_name(reading, value):
        return []
    if words.at(index) == "left" and owned and not any(words.raw[i][0].isupper() for i in range(value.first, last)):
        return []
    ended = Value(value.first, last).text(text, words)
    return [Draft(subject.name, "", ended, first, value.last, FactMode.END, confidence=0.7)]


def _attribute(reading: Reading, subject: Subject, verb: str, old: Value, new: Value) -> str:
    """A place if one person moved between names that are no tools; else what is used."""
    words: Words = reading.words
    named = is_name(reading, old) and is_name(reading, new)
    if verb == "left":
        return "works at" if named else ""
    if verb in ("moved", "relocated"):
        if not named:
            return ""
        plural = words.at(subject.after - 1) == "we" and verb == "moved"
        return "uses" if plural or is_tool(words, old) or is_tool(words, new) else "lives in"
    return "uses" if named or verb == "switched" else ""
