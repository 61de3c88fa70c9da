"""Facts of people: what a clause says of the speaker, a relative or a named person with a known verb or state."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_objects import objects_at
from continuum.extraction.fact_open_verbs import HABIT, given_up, verb_drafts
from continuum.extraction.fact_predicates import (
    FANS,
    FIRST_WORDS,
    PERFECT,
    PHRASE_WORDS_MAX,
    PREDICATES,
    Predicate,
    is_job,
)
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at
from continuum.extraction.fact_words import Words
from continuum.language.attributes import ONE_AT_A_TIME, ROLES_HELD

_PASSED_OVER: Final = frozenset(
    "now just also currently still really usually always actually recently finally mostly both all absolutely totally "
    "primarily already officially mainly generally personally honestly definitely truly typically normally do does "
    "did even presently nowadays originally simply only exclusively regularly often eventually newly once lately "
    "either".split()
)
ELLIPTIC_WORDS: Final = frozenset(
    "moved switched joined just finally recently started stopped quit got bought sold".split()
)
"""Beginnings of sentences that leave "I" out: "Moved to Porto last week"."""

SENTENCE_OPENERS: Final = frozenset({"well", "so", "yes", "yeah", "update", "oh", "btw", ",", ":"})
_NEGATIONS: Final = frozenset(
    {"not", "never", "don't", "doesn't", "dont", "doesnt", "isn't", "aren't", "isnt", "ain't"}
)
_NOT_FOOD: Final = frozenset({"can't", "cannot", "cant"})
_BE: Final = frozenset({"am", "are", "is", "isn't", "aren't", "isnt", "ain't"})
_NUMBER_AFTER_AGE: Final = frozenset({"", ".", ",", "!", "and", "now", "years", "year", "today", "last", "this", "but"})


class _Verb:
    """What stands between the subject and the verb."""

    __slots__ = ("be", "have", "index", "negated", "no_longer", "now", "used_to")

    def __init__(self, words: Words, index: int) -> None:
        self.be = self.have = self.negated = self.no_longer = self.now = self.used_to = False
        while index < len(words):
            low = words.lower[index]
            if low == "no" and words.at(index + 1) == "longer":
                self.no_longer = True
                index += 1
            elif low == "used" and words.at(index + 1) == "to":
                self.used_to = True
                index += 1
            elif low in _NEGATIONS or (low in _NOT_FOOD and words.at(index + 1) in ("eat", "drink")):
                self.negated = True
                self.be = self.be or low in _BE
            elif low in _BE or (low == "be" and self.used_to):
                self.be = True
            elif low == "can" and words.at(index + 1) in ("speak", "play"):
                pass
            elif low in ("have", "has") and _is_perfect(words, index + 1):
                self.have = True
            elif low == "been" and self.have:
                self.be, self.have = True, False
            elif low not in _PASSED_OVER:
                break
            self.now = self.now or low == "now"
            index += 1
        self.index = index


def _is_perfect(words: Words, index: int) -> bool:
    while words.at(index) in _PASSED_OVER:
        index += 1
    found = _phrase(words, index, perfect=True)
    return (found is not None and found[0].form in ("past", "was", "perfect")) or words.at(index) in ("been", "never")


def _phrase(words: Words, index: int, perfect: bool = False) -> tuple[Predicate, int] | None:
    """The longest known phrase that begins there, and where it ends."""
    if words.at(index) not in FIRST_WORDS:
        return None
    for length in range(PHRASE_WORDS_MAX, 0, -1):
        phrase = " ".join(words.lower[index : index + length])
        found = (PERFECT.get(phrase) if perfect else None) or PREDICATES.get(phrase)
        if found is not None:
            return found, min(index + length, len(words))
    return None


def person_facts(reading: Reading, subject: Subject, first: int) -> list[Draft]:
    """The facts of the clause whose subject begins at `first`."""
    words = reading.words
    verb = _Verb(words, subject.after)
    if ended := _given_up(reading, subject, verb, first):
        return ended
    found = _phrase(words, verb.index, verb.have)
    if found is None:
        return _being(reading, subject, verb, first) if verb.be else _open(reading, subject, verb, first)
    predicate, after = found
    if not _form_fits(predicate, verb) or not _person_fits(subject, words, verb):
        if verb.be and predicate.form != "be":
            return _being(reading, subject, verb, first)
        return []
    if subject.after == first and predicate.form != "past":
        return []  # without "I", only what happened is certain to be the speaker's
    drafts = objects_at(reading, subject, predicate, after)
    if not drafts and predicate.form == "present":
        return _open(reading, subject, verb, first)
    anymore = _says_anymore(words, after)
    stated = [_as_stated(words, draft, predicate, verb, anymore, first) for draft in drafts]
    return stated + _joined(reading, subject, stated, verb, first)


def succession_facts(reading: Reading, subject: Subject, first: int) -> list[Draft]:
    """ "Henrik took over as our designer": who holds a role now."""
    words, index = reading.words, subject.after
    while words.at(index) in ("has", "have", *_PASSED_OVER):
        index += 1
    if words.lower[index : index + 3] != ["took", "over", "as"] and words.lower[index : index + 3] != [
        "taken",
        "over",
        "as",
    ]:
        return []
    index += 3
    held = value_at(words, index + 1) if words.at(index) in ("our", "my", "the") else None
    if held is None or subject.kind != "name" or words.at(held.last) == "of":
        return []
    role = held.text(reading.text, words)
    if _is_role(words, index + 1):
        return [Draft(reading.speaker, role, subject.name, first, held.last, FactMode.CHANGE)]
    owned = f"{reading.speaker}'s {role}"
    return [Draft(owned, "name", subject.name, first, held.last, FactMode.CHANGE)] if _names_job(words, held) else []


def _open(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "I bank with Monzo", "we no longer support Python 3.8": a verb that no table knows."""
    words = reading.words
    if verb.be or verb.have or subject.after == first or not _person_fits(subject, words, verb):
        return []
    anymore = _says_anymore(words, verb.index)
    kind = "self" if verb.negated or verb.used_to else subject.kind  # "Ana doesn't bank": the plain form
    ended = verb.no_longer or (verb.negated and anymore)
    drafts = verb_drafts(reading, subject._replace(kind=kind), verb.index, ended)
    return [_as_stated(words, draft, HABIT, verb, anymore, first) for draft in drafts]


def _given_up(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "I stopped wearing contact lenses", "she quit volunteering at the zoo": as the verb alone would state it."""
    found = given_up(reading, verb.index)
    words = reading.words
    told = _phrase(words, verb.index)
    if found is None or verb.negated or verb.be or (told and told[0].kind != "activity"):
        return []
    third, index = found
    phrase, after = f"{third} {words.at(index + 1)}", index + 2
    predicate = PREDICATES.get(phrase)
    if predicate is None:
        predicate, after = PREDICATES.get(third), index + 1
    if predicate is None or predicate.kind == "habit":
        predicate = None
    drafts = objects_at(reading, subject, predicate, after) if predicate else []
    drafts = drafts or verb_drafts(reading, subject, index, ended=True, given_up=third)
    return [replace(draft, first=first, mode=FactMode.END, polarity=True) for draft in drafts]


def _joined(reading: Reading, subject: Subject, stated: list[Draft], verb: _Verb, first: int) -> list[Draft]:
    """What the same subject does besides: "I live in Porto and work at SAP", "I'm 46 and earning $4,000"."""
    words = reading.words
    if not stated or verb.negated or verb.used_to or verb.no_longer:
        return []
    index = max(draft.last for draft in stated)
    while words.at(index) in (",", "and", "but") and index < len(words):
        index += 1
    if words.at(index - 1) == ",":
        return []
    found = _phrase(words, index)
    if found is None or index == max(draft.last for draft in stated):
        return []
    predicate, after = found
    if predicate.form != ("be" if verb.be else "present") or predicate.kind == "word":
        return []
    drafts = objects_at(reading, subject, predicate, after)
    return [_as_stated(words, draft, predicate, verb, False, first) for draft in drafts]


def _form_fits(predicate: Predicate, verb: _Verb) -> bool:
    if predicate.form == "be":
        return verb.be
    if predicate.form == "present":
        return not verb.be and not verb.have
    if predicate.form == "perfect":
        return verb.have and not verb.negated
    if predicate.form == "was":
        return not (verb.be or verb.negated or verb.used_to or verb.have)
    return not (verb.be or verb.negated or verb.used_to or verb.no_longer)


def _person_fits(subject: Subject, words: Words, verb: _Verb) -> bool:
    """A name takes a verb of the third person: "Cats love fish" is about no Cats."""
    if subject.kind != "name" or verb.be or verb.negated or verb.used_to:
        return True
    low = words.at(verb.index)
    return low.endswith(("s", "ed", "t")) or low in ("became", "quit", "bought", "sold", "got")


def _as_stated(words: Words, draft: Draft, predicate: Predicate, verb: _Verb, anymore: bool, first: int) -> Draft:
    mode, polarity, over = draft.mode, draft.polarity, predicate.form == "was"
    if verb.no_longer or (verb.negated and anymore):
        mode = FactMode.END
    elif verb.negated:
        polarity = not polarity
    elif verb.used_to:
        over = True
    elif mode is FactMode.STATE and (verb.now or words.at(draft.last) == "now"):
        mode = FactMode.CHANGE
    return replace(draft, first=first, mode=mode, polarity=polarity, over=over)


def _says_anymore(words: Words, index: int) -> bool:
    for position in range(index, min(index + 10, len(words))):
        low = words.lower[position]
        if low == "anymore" or (low == "any" and words.at(position + 1) == "more"):
            return True
        if low in (".", "!", ";"):
            break
    return False


def _being(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "I'm 41", "I'm a nurse", "my wife is Ana", "Tom is our CTO"."""
    words, index = reading.words, verb.index
    if words.at(index).isdigit():
        return _age(reading, subject, verb, first)
    held = subject.kind == "name" and words.at(index) in ("our", "the", "my") and _is_role(words, index + 1)
    if held and (found := _role(reading, subject, verb, first)):
        return found
    if subject.kind == "name" and words.at(index) in ("our", "my") and words.at(index + 1) in ("favorite", "favourite"):
        return _favourite(reading, subject, verb, first)
    if words.at(index) in ("a", "an"):
        return _job(reading, subject, verb, first)
    if words.at(index) == "the" and _is_role(words, index + 1):
        return _position(reading, subject, verb, first)
    if verb.no_longer and words.at(index) in ("my", "our") and words.at(index + 1) in ONE_AT_A_TIME:
        return _no_longer_mine(reading, subject, index, first)
    return _named(reading, subject, verb, first)


def _age(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    words, index = reading.words, verb.index
    number = words.lower[index]
    if not 1 <= len(number) <= 3 or words.at(index + 1) not in _NUMBER_AFTER_AGE or verb.negated or verb.used_to:
        return []
    if words.at(index + 1) in ("years", "year") and words.at(index + 2) not in ("old", "of"):
        return []
    aged = [Draft(subject.name, "age", number, first, index + 1)]
    return aged + _joined(reading, subject, aged, verb, first)


def _role(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    words, index = reading.words, verb.index
    if verb.negated or verb.used_to:
        return []
    mode = FactMode.END if verb.no_longer else FactMode.STATE
    held = value_at(words, index + 1)
    assert held is not None  # what is a role is a value
    owner, last = reading.speaker, held.last
    if words.at(last) == "of" and (value := value_at(words, last + 1)):
        owner, last = value.text(reading.text, words), value.last
    elif words.at(index) == "the" and (
        "of" in words.lower[held.first : last] or words.at(last) not in ("", ".", "!", "now", ",")
    ):
        return []
    if mode is FactMode.STATE and (verb.now or words.at(last) == "now"):
        mode = FactMode.CHANGE
    role = reading.text[words.start[held.first] : words.end[held.last - 1]]
    return [Draft(owner, role, subject.name, first, last, mode)]


def _is_role(words: Words, index: int) -> bool:
    """ "CTO", "lead developer", "head": a role of an organisation begins there, alone or with one noun more."""
    held = value_at(words, index)
    if held is None or held.last - held.first > 3:
        return False
    return words.lower[held.first] in ROLES_HELD or words.lower[held.last - 1] in ROLES_HELD


def _favourite(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "Helix is my favourite editor"."""
    value = value_at(reading.words, verb.index + 1)
    if value is None or value.last - value.first < 2 or verb.negated or verb.no_longer or verb.used_to:
        return []
    attribute = value.text(reading.text, reading.words)
    return [Draft(reading.speaker, attribute, subject.name, first, value.last)]


def _job(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    words = reading.words
    value = value_at(words, verb.index)
    state = PREDICATES.get(words.at(verb.index + 1))
    if value and state and state.attribute == "diet" and value.last - value.first == 1:
        drafts = objects_at(reading, subject, state, value.last)
        anymore = _says_anymore(words, value.last)
        return [_as_stated(words, draft, state, verb, anymore, first) for draft in drafts]
    if value is not None and words.lower[value.last - 1] in FANS:
        return _fan(reading, subject, verb, first, value)
    if value is not None and (aged := _years_old(words, value)) and not verb.used_to and not verb.negated:
        age = Draft(subject.name, "age", aged, first, value.first + 1)
        held = Value(value.first + 1, value.last)
        return [age, *_held(reading, subject, first, held)]
    if value is None or not _names_job(words, value) or value.last - value.first > 4:
        return []
    mode = FactMode.END if verb.no_longer else FactMode.STATE
    return [
        Draft(
            subject.name,
            "job",
            value.text(reading.text, words),
            first,
            value.last,
            mode,
            polarity=not verb.negated,
            over=verb.used_to,
        )
    ]


def _names_job(words: Words, value: Value) -> bool:
    """ "nurse", and a role with what it is the role of: "team lead"."""
    low = words.lower[value.last - 1]
    return is_job(low) or (low in ROLES_HELD and value.last - value.first > 1)


def _position(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "Ana is the head of product": what she is of something is her job."""
    words = reading.words
    value = value_at(words, verb.index)
    if value is None or "of" not in words.lower[value.first : value.last] or verb.used_to:
        return []
    mode = FactMode.END if verb.no_longer else FactMode.STATE
    job = value.text(reading.text, words)
    return [Draft(subject.name, "job", job, first, value.last, mode, polarity=not verb.negated)]


def _no_longer_mine(reading: Reading, subject: Subject, index: int, first: int) -> list[Draft]:
    """ "Leo is no longer my boyfriend", "he's no longer my boyfriend": whoever it was."""
    who = subject.name if subject.kind == "name" else ""
    relation = f"{reading.speaker}'s {reading.words.lower[index + 1]}"
    return [Draft(relation, "name", who, first, index + 2, FactMode.END)]


def _held(reading: Reading, subject: Subject, first: int, value: Value) -> list[Draft]:
    if value.last == value.first or not is_job(reading.words.lower[value.last - 1]):
        return []
    return [Draft(subject.name, "job", value.text(reading.text, reading.words), first, value.last)]


def _years_old(words: Words, value: Value) -> str:
    """ "64" of "64-year-old paramedic"."""
    number, _, rest = words.lower[value.first].partition("-")
    return number if rest in ("year-old", "years-old") and number.isdigit() else ""


def _fan(reading: Reading, subject: Subject, verb: _Verb, first: int, value: Value) -> list[Draft]:
    """ "I'm a huge jazz fan" likes jazz."""
    words = reading.words
    start = value.first
    while words.at(start) in ("huge", "big", "total", "massive", "real", "true", "avid", "complete"):
        start += 1
    if start >= value.last - 1 or verb.no_longer:
        return []
    liked = Value(start, value.last - 1).text(reading.text, words)
    return [Draft(subject.name, "likes", liked, first, value.last, polarity=not verb.negated, over=verb.used_to)]


def _named(reading: Reading, subject: Subject, verb: _Verb, first: int) -> list[Draft]:
    """ "My wife is Ana."; "I'm Craig, a ..." and "Hi, I'm Craig.": a bare name after "I'm" alone may be anything."""
    words, index = reading.words, verb.index
    if verb.negated or verb.no_longer or verb.used_to or (subject.kind == "self" and index != subject.after + 1):
        return []
    value = value_at(words, index)
    if value is None or value.first != index or value.last - value.first > 3:
        return []
    if not all(words.raw[i][0].isupper() and len(words.raw[i]) > 1 for i in range(index, value.last)):
        return []
    following = words.at(value.last)
    if subject.kind == "relation" and following not in ("", ".", ",", "!", "and", "now"):
        return []
    if subject.kind == "name" or (subject.kind == "self" and not _introduced(words, first, value.last - 1)):
        return []
    mode = FactMode.CHANGE if verb.now or following == "now" else FactMode.STATE
    named = Draft(subject.name, "name", value.text(reading.text, words), first, value.last, mode)
    return [named, *_apposed(reading, subject, first, value.last)]


def _apposed(reading: Reading, subject: Subject, first: int, index: int) -> list[Draft]:
    """ "I'm Jo, a 40-year-old nurse": what follows the name says what they are."""
    words = reading.words
    if words.at(index) != "," or words.at(index + 1) not in ("a", "an"):
        return []
    value = value_at(words, index + 2)
    if value is None:
        return []
    aged = _years_old(words, value)
    ages = [Draft(subject.name, "age", aged, first, value.first + 1)] if aged else []
    return ages + _held(reading, subject, first, Value(value.first + bool(aged), value.last))


def _introduced(words: Words, first: int, index: int) -> bool:
    if words.at(index + 1) == "," and words.at(index + 2) in ("a", "an", "the", "your"):
        return True
    return first > 0 and words.lower[0] in ("hi", "hello", "hey") and words.at(index + 1) in ("", ".", ",", "!", "and")
