"""Facts of a message: what its speaker states of themselves, of their people, and of the things they work with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from continuum.domain.clock import Micros
from continuum.domain.facts import USER_SUBJECT, ExtractedFact, FactMode
from continuum.domain.records import ROLES, Span
from continuum.extraction.fact_changes import change_facts, end_facts
from continuum.extraction.fact_clauses import ELLIPTIC_WORDS, SENTENCE_OPENERS, person_facts, succession_facts
from continuum.extraction.fact_corrections import Marker, correction_facts, marker_of
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_predicates import is_job
from continuum.extraction.fact_screening import Screen, opens_clause, screen_of
from continuum.extraction.fact_subjects import (
    OWN_WORDS,
    PERSON_PRONOUNS,
    SELF_WORDS,
    Subject,
    introduced_group,
    introduced_name,
    name_subject,
    relation_after_name,
    relation_between,
    relation_subject,
    self_subject,
)
from continuum.extraction.fact_things import pronoun_facts, thing_facts
from continuum.extraction.fact_times import times_of
from continuum.extraction.fact_values import value_at, values_at
from continuum.extraction.fact_words import Words, words_in
from continuum.language.attributes import RELATIONS, is_single
from continuum.language.sentences import sentences

FACTS_MAX: Final = 16
"""Facts kept of one message, the first ones."""

SENTENCES_MAX: Final = 512
"""Sentences of a message that are read; a longer text is a document, not speech."""

# "Ida reports to Frank", "The nightly backup goes to Glacier": a verb of the third person and what it leads to.
_DOING = re.compile(
    r"(?<!\S)[A-Z][\w'-]* (?:[a-z][\w-]* ){0,3}?[a-z]+s "
    r"(?:to|with|at|in|on|by|from|via|for|after|the|our|now|[A-Z\d])"
)
_LABEL_MAX: Final = 40
"""Characters in which the label of a field ends: "Default branch: main"."""
_CALLERS: Final = frozenset({"people", "everyone", "everybody", "friends"})
# What some statement holds: most sentences are left after this one look.
_HINT = re.compile(
    r"(?<![^\W_])(?:i|im|ive|we|my|our|call|correction|oops|not|scratch|is|are|runs?|lives|works|moved|changed|likes|"
    r"loves|prefers|speaks|plays|drives|uses|studies|joined|switched|got|has|became|born|hates|eats|drinks|owns|quit|"
    r"sold|bought|turned|started|stopped|comes|he's|she's|it's|sells|offers|knows|leads|listens|opens|closes|smokes|"
    r"takes|reads|manages|subscribes|doesn't|longer|postponed|rescheduled|pushed|leaves|departs|arrives|supports)(?![^\W_])"
)


class FactExtractor:
    """Finds what a message states: subject, attribute, value, and whether it is so, changed, ended or was wrong.

    Only people state facts: role ``user``, or a message whose speaker has a name of their own. Questions, "if",
    wishes, plans, others' words, quotations, code and jokes state nothing; when unsure, nothing is found.
    Pure, deterministic, linear; at most 16 facts a message, the first ones. `said_at` is in microseconds.

    >>> FactExtractor().find("I live in Lisbon.", 0, role="user", speaker=None, said_at=0)[0].value
    'Lisbon'
    """

    def find(
        self,
        text: str,
        message: int,
        *,
        role: str,
        speaker: str | None,
        said_at: Micros,
        sentence_spans: Sequence[tuple[int, int]] | None = None,
    ) -> tuple[ExtractedFact, ...]:
        """The facts of message `message`; `sentence_spans` are its sentences, if somebody has them already."""
        named = speaker.strip() if speaker else ""
        if named.lower() in ROLES:
            named = ""
        if role != "user" and not named:
            return ()
        plain = text.lower().replace("’", "'")
        if _HINT.search(plain) is None and ": " not in plain and _DOING.search(text) is None:
            return ()
        spans = (sentences(text) if sentence_spans is None else sentence_spans)[:SENTENCES_MAX]
        return _facts(text, spans, message, named or USER_SUBJECT, said_at)


def _facts(
    text: str, spans: Sequence[tuple[int, int]], message: int, speaker: str, said_at: Micros
) -> tuple[ExtractedFact, ...]:
    screen = screen_of(text)
    casual = text.islower() or " i " in text or text.startswith("i ")
    found: list[ExtractedFact] = []
    seen: set[tuple[str, str, str, FactMode]] = set()
    before: Words | None = None
    corrects = False
    for start, end in spans:
        if len(found) >= FACTS_MAX:
            break
        if screen.hides(start) or not (corrects or _may_state(text[start:end])):
            before = None
            continue
        words = words_in(text, start, end)
        person = _person_of(text, before, speaker) if before and not PERSON_PRONOUNS.isdisjoint(words.lower) else None
        reading = Reading(text, words, speaker, person, casual)
        marker = marker_of(words)
        drafts = _sentence_drafts(reading, screen, marker, corrects)
        for fact in (_fact(reading, draft, message, said_at) for draft in drafts):
            stated = fact.subject, fact.attribute, fact.value, fact.mode
            if stated not in seen:
                seen.add(stated)
                found.append(fact)
        before = words
        # "I misspoke. The port is 5434.": marks alone make the next sentence the correction.
        corrects = marker.strong and marker.after >= len(words)
    return tuple(found[:FACTS_MAX])


def _may_state(sentence: str) -> bool:
    if ": " in sentence[:_LABEL_MAX] or _DOING.match(sentence):
        return True
    return _HINT.search(sentence.lower().replace("’", "'")) is not None


def _person_of(text: str, words: Words, speaker: str) -> str | None:
    """Whom the sentence before spoke of, if its clauses have one person as their subject."""
    people: set[str] = set()
    for index, low in enumerate(words.lower):
        if low in PERSON_PRONOUNS:
            return None
        if not opens_clause(words, index):
            continue
        if low in OWN_WORDS:
            found = relation_subject(text, words, index, speaker)
        else:
            found = (
                name_subject(text, words, index) if words.raw[index][0].isupper() and low not in SELF_WORDS else None
            )
        if found and not found.possessive and words.at(found.after).isalpha():
            people.add(found.name)
    return people.pop() if len(people) == 1 else None


def _sentence_drafts(reading: Reading, screen: Screen, marker: Marker, corrects: bool) -> list[Draft]:
    words = reading.words
    limit = screen.stated_until(words)
    drafts: list[Draft] = []
    index = 0
    while index < limit:
        if not opens_clause(words, index) or screen.hides(words.start[index]):
            index += 1
            continue
        here = [d for d in _clause(reading, index) if d.last <= limit]
        drafts += here
        index = max(index + 1, max((d.last for d in here), default=0))
    if corrects or marker.strong:
        drafts = [replace(d, mode=FactMode.CORRECTION) if d.mode is FactMode.STATE else d for d in drafts]
    if not drafts and limit == len(words):
        drafts = correction_facts(reading, Marker(0, True, True) if corrects else marker)
    kept = [draft for draft in drafts if not screen.doubts(words, draft.first)]
    return kept + _introduced(reading, screen)


def _introduced(reading: Reading, screen: Screen) -> list[Draft]:
    """Names given in passing, in questions too: "can my sister Ana come?" says what her name is."""
    words, text = reading.words, reading.text
    drafts: list[Draft] = []
    for index, low in enumerate(words.lower):
        if low in OWN_WORDS and not screen.hides(words.start[index]):
            named = introduced_name(text, words, index)
            if named:
                relation, first, last = named
                name = text[words.start[first] : words.end[last - 1]].removesuffix("'s").removesuffix("’s")
                drafts.append(Draft(f"{reading.speaker}'s {relation}", "name", name, index, last))
                drafts += _aged(reading, name, index, last)
            elif group := introduced_group(words, index):
                drafts += _members(reading, index, group)
            elif after := relation_after_name(words, index):
                name = text[words.start[after[2]] : words.end[after[3] - 1]]
                drafts.append(Draft(f"{reading.speaker}'s {after[0]}", "name", name, after[2], after[1]))
    return drafts


def _members(reading: Reading, index: int, group: int) -> list[Draft]:
    """ "my kids, Ana, Leo and Max": `group` is the word after "kids"."""
    words, text = reading.words, reading.text
    values = values_at(words, group + (words.at(group) == ","))
    if len(values) < 2 or not all(words.raw[i][0].isupper() for v in values for i in range(v.first, v.last)):
        return []
    subject = f"{reading.speaker}'s {relation_between(words, index + 1, group)}"
    return [Draft(subject, "name", value.text(text, words), index, value.last) for value in values]


def _aged(reading: Reading, name: str, first: int, index: int) -> list[Draft]:
    """ "my father Joseph, 80, ..." and "my friend Brooke, who's 58"."""
    words = reading.words
    if words.at(index) != ",":
        return []
    index += 1
    if words.at(index) == "who's":
        index += 1
    elif words.at(index) == "who" and words.at(index + 1) == "is":
        index += 2
    number = words.at(index)
    if (
        not number.isdigit()
        or not 0 < int(number[:4]) < 120
        or words.at(index + 1) not in ("", ",", ".", "and", "years")
    ):
        return []
    return [Draft(name, "age", number, first, index + 1)]


def _clause(reading: Reading, index: int) -> list[Draft]:
    """The facts of the clause that begins there; the first word tells which reader may know it."""
    words = reading.words
    low = words.lower[index]
    if low == "instead" and words.at(index + 1) == "of":
        return _instead(reading, index)
    if low == "it" and index > 2:
        return pronoun_facts(reading, index)
    if low in ("his", "her", "its", "their") and words.lower[index + 1 : index + 3] == ["name", "is"]:
        return _name_of(reading, index)
    if low in SELF_WORDS:
        subject = self_subject(reading.speaker, index)
        return (
            change_facts(reading, subject, index)
            or person_facts(reading, subject, index)
            or end_facts(reading, subject, index)
        )
    if low in OWN_WORDS:
        relative = relation_subject(reading.text, words, index, reading.speaker)
        if relative is None:
            return thing_facts(reading, index)
        if relative.possessive:
            return thing_facts(reading, index, relative)
        facts = person_facts(reading, relative, index)
        return facts if facts or relative.kind == "name" else thing_facts(reading, index)
    if low in PERSON_PRONOUNS:
        who = reading.person or ""
        facts = person_facts(reading, self_subject(who, index)._replace(kind="relation"), index)
        return [draft for draft in facts if draft.subject]
    if low in _CALLERS and words.at(index + 1) in ("call", "calls"):
        index += 1
        low = "call"
    if low == "call" and words.at(index + 1) == "me":
        return _called(reading, index)
    if low == "the":
        return thing_facts(reading, index)
    if words.raw[index][0].isupper() and (subject_named := name_subject(reading.text, words, index)):
        if subject_named.possessive:
            return thing_facts(reading, index, subject_named)
        return (
            change_facts(reading, subject_named, index)
            or succession_facts(reading, subject_named, index)
            or person_facts(reading, subject_named, index)
            or end_facts(reading, subject_named, index)
            or thing_facts(reading, index)
        )
    if low in ELLIPTIC_WORDS and (index == 0 or words.lower[index - 1] in SENTENCE_OPENERS):
        return person_facts(reading, Subject(reading.speaker, index, "self"), index)
    return thing_facts(reading, index) if index == 0 else []


def _instead(reading: Reading, index: int) -> list[Draft]:
    """ "Instead of Sentry we now use Honeybadger": what the clause says replaces what stands before it."""
    words = reading.words
    old = value_at(words, index + 2)
    start = old.last + (words.at(old.last) == ",") if old else 0
    if old is None or words.at(start) not in SELF_WORDS:
        return []
    drafts = _clause(reading, start)
    if len(drafts) != 1 or drafts[0].mode is FactMode.END:
        return []
    return [replace(drafts[0], first=index, mode=FactMode.CHANGE, replaces=old.text(reading.text, words))]


def _name_of(reading: Reading, index: int) -> list[Draft]:
    """ "we got a new landlord, his name is Pratt": the name of whom the same sentence has spoken of."""
    words = reading.words
    value = value_at(words, index + 3)
    if value is None or not words.raw[value.first][0].isupper():
        return []
    for first in range(index - 2, -1, -1):
        if words.lower[first] in ("a", "an", "my", "our"):
            start = first + (words.lower[first + 1] == "new") + 1
            relation = words.at(start)
            if not (relation in RELATIONS or is_job(relation)) or start >= index:
                return []
            mode = FactMode.CHANGE if words.lower[first + 1] == "new" else FactMode.STATE
            name = value.text(reading.text, words)
            return [Draft(f"{reading.speaker}'s {relation}", "name", name, index, value.last, mode)]
    return []


def _called(reading: Reading, index: int) -> list[Draft]:
    """ "call me Jo", "call me by my middle name"."""
    words, text = reading.words, reading.text
    if words.lower[index + 2 : index + 4] == ["by", "my"]:
        value = value_at(words, index + 4) or None
        after = words.lower[index + 4 : index + 6]
        if after in (["middle", "name"], ["first", "name"], ["last", "name"], ["full", "name"]):
            shown = text[words.start[index + 4] : words.end[index + 5]]
            return [Draft(reading.speaker, "called", shown, index, index + 6, confidence=0.95)]
        if value is None:
            return []
    value = value_at(words, index + 2)
    if value is None or not words.raw[value.first][0].isupper() or value.last - value.first > 3:
        return []
    return [Draft(reading.speaker, "called", value.text(text, words), index, value.last, confidence=0.95)]


def _fact(reading: Reading, draft: Draft, message: int, said_at: Micros) -> ExtractedFact:
    start, end, valid_from, valid_to = times_of(reading, draft, said_at)
    return ExtractedFact(
        draft.subject,
        draft.attribute,
        draft.value,
        Span(message, start, end),
        draft.mode,
        draft.polarity,
        bool(draft.attribute) and is_single(draft.attribute, draft.subject),
        draft.replaces,
        draft.confidence,
        valid_from,
        valid_to,
    )
