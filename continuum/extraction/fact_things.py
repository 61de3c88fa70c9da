"""Facts of things and of open attributes: "the staging database is on port 5433", "my favourite editor is Helix"."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from continuum.domain.facts import FactMode
from continuum.extraction.fact_drafts import Draft, Reading
from continuum.extraction.fact_nouns import COPULAS, DOING, HOURS, MOVES, Noun, noun_at
from continuum.extraction.fact_object_forms import date_at, is_name, is_version
from continuum.extraction.fact_open_verbs import participle_at, thing_verb_at, verb_drafts
from continuum.extraction.fact_predicates import PLACED, is_job
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_values import Value, value_at, values_at
from continuum.extraction.fact_words import Words, is_proper
from continuum.language.attributes import ROLES_HELD, SLOT_NOUNS, canonical_name

_WAYS: Final = frozenset("up down over back".split())
_SKIPPED: Final = frozenset({"now", "currently", "still", "actually", "officially", "just", "already", "set"})
_PER: Final = frozenset({"per", "to"})
_PLACES: Final = frozenset({"on", "at", "in"})
NAMED_KINDS: Final = SLOT_NOUNS | frozenset("language framework database editor browser provider".split())
_VAGUE_HEADS: Final = frozenset(
    "problem thing issue question idea point reason best part weather goal key rest result truth fact trick way answer "
    "food kids view dream plan hope wish favourite favorite most way thought guess mind heart life day week weekend "
    "time times message comment error output code example difference one ones other others people everyone bottom "
    "line case stuff latter former first second third last next following above below only main work job experience "
    "moment world future past friend friends family photo picture image kind type sort".split()
)
_MOVED: Final = frozenset("moved changed pushed rescheduled postponed raised increased lowered reduced set cut".split())
_SITES: Final = frozenset(
    "office headquarters hq studio shop store warehouse factory lab clinic flat apartment house school company gym "
    "servers".split()
)
_OFFICES: Final = frozenset({"office", "headquarters", "hq", "studio"})
_SECRETS: Final = frozenset({"password", "passphrase", "pin", "passcode"})
_PLAIN_VALUED: Final = frozenset(
    "language framework database editor browser provider colour color theme engine platform branch currency ide shell "
    "dish meal drink book movie film song band genre sport game hobby animal season food cuisine subject artist author "
    "singer show series dessert snack flower fruit vegetable team club game genre instrument place".split()
)
# What a team has one of: "the port" needs no owner, but "the height" is that of something named before.
_SHARED_HEADS: Final = (SLOT_NOUNS | ROLES_HELD | {"room", "code"}) - frozenset(
    "address phone number email height weight name nickname surname age birthday anniversary size rate price fee key "
    "id username handle salary capacity intake dose dosage distance wage model brand color colour font tempo".split()
)


# Compounds that are a field, though their head alone says nothing.
_COMPOUNDS: Final = frozenset({"blood type", "door code", "access code", "gate code", "entry code", "zip code"})


def thing_facts(reading: Reading, first: int, owned_by: Subject | None = None) -> list[Draft]:
    """The facts of a clause that begins with a noun phrase at `first`, or with "Tom's", "my dog's" (`owned_by`)."""
    noun = noun_at(reading, first, owned_by)
    if noun is None:
        return []
    words = reading.words
    if noun.head in _VAGUE_HEADS and noun.name.lower() not in _COMPOUNDS:
        # A "cron job" is a thing of its own, a "job" is what one does.
        return _verb_of_thing(reading, noun, first) if noun.head == "job" and " " in noun.name else []
    if words.at(noun.after) == ":":
        return _field(reading, noun, first)
    verb = words.at(noun.after)
    if verb in COPULAS:
        return _being(reading, noun, first)
    if verb == "uses":
        return _slot(reading, noun, first, noun.after + 1, FactMode.STATE, True, attribute="uses")
    if verb in ("run", "runs", "listens", "listen") and words.at(noun.after + 1) == "on":
        if words.at(noun.after + 2) == "port":
            return _placed(reading, noun, first, noun.after + 1, _mode_after(words, noun.after + 4), True)
        return _slot(reading, noun, first, noun.after + 2, FactMode.STATE, True, attribute=f"{verb} on")
    if found := _doing(reading, noun, first):
        return found
    if verb in ("has", "have", "was", "were", "got") and words.at(noun.after + 1) in MOVES | _MOVED:
        noun = noun._replace(after=noun.after + 1)
        verb = words.at(noun.after)
    if verb in MOVES | _MOVED and words.at(noun.after + 1 + (words.at(noun.after + 1) in _WAYS)) in ("to", "from"):
        return _moved(reading, noun, first)
    return _verb_of_thing(reading, noun, first)


def _verb_of_thing(reading: Reading, noun: Noun, first: int) -> list[Draft]:
    """ "the cron job runs at 02:00", "our search now indexes into Meili": a verb that no table knows."""
    words = reading.words
    if not noun.determiner or not noun.begin:
        return []
    index = thing_verb_at(words, noun.begin, noun.after)
    if not index:
        return []
    last = min(noun.after, index)
    while last > noun.begin and words.lower[last - 1] in ("now", "no", "longer", "currently", "still"):
        last -= 1
    name = reading.text[words.start[noun.begin] : words.end[last - 1]]
    drafts = verb_drafts(reading, Subject(name, index, "thing"), index, ended=False)
    before = words.lower[noun.begin : index]
    mode = FactMode.END if "longer" in before else FactMode.CHANGE if "now" in before else FactMode.STATE
    return [
        replace(d, first=first, mode=_mode_after(words, d.last) if mode is FactMode.STATE else mode) for d in drafts
    ]


def _field(reading: Reading, noun: Noun, first: int) -> list[Draft]:
    """ "Default branch: main" as a line of its own."""
    words, name = reading.words, noun.name
    value = date_at(words, noun.after + 1) or value_at(words, noun.after + 1, _PER)
    if value is None or first or noun.owner or noun.head not in SLOT_NOUNS or words.at(value.last) not in ("", "."):
        return []
    named = name if words.raw[0].isupper() else name[0].lower() + name[1:]
    return [_draft(reading, noun._replace(name=named), first, value, FactMode.STATE, True, "")]


def pronoun_facts(reading: Reading, index: int) -> list[Draft]:
    """ "we rewrote our backend, it's written in Go now": `index` is at "it", which is the thing named before it."""
    words = reading.words
    if words.at(index + 1) not in COPULAS:
        return []
    for first in range(index - 2, max(-1, index - 12), -1):
        if words.lower[first] in ("our", "the", "my"):
            noun = noun_at(reading, first, None)
            if noun is None or noun.after > index or noun.head in _VAGUE_HEADS:
                return []
            drafts = _being(reading, noun._replace(after=index + 1), index)
            news = [draft for draft in drafts if draft.mode is FactMode.CHANGE or words.lower[index - 1] == "now"]
            return [draft for draft in news if draft.attribute not in ("name", noun.name)]
    return []


def renamed_facts(reading: Reading, first: int, index: int) -> list[Draft]:
    """ "we renamed the repo to kestrel": `index` is at the article."""
    words = reading.words
    noun = noun_at(reading, index, None) if words.at(index) in ("the", "our", "my") else None
    if noun is None or words.at(noun.after) not in ("to", "as"):
        return []
    return [
        replace(draft, first=first)
        for draft in _slot(reading, noun, first, noun.after + 1, FactMode.CHANGE, True, attribute="name")
    ]


def _doing(reading: Reading, noun: Noun, first: int) -> list[Draft]:
    """ "the web server runs Debian 12", "the pool opens at 7 am", "the bakery no longer sells croissants"."""
    words, index = reading.words, noun.after
    mode, polarity = FactMode.STATE, True
    if words.lower[index : index + 2] == ["no", "longer"]:
        mode, index = FactMode.END, index + 2
    elif words.at(index) in ("doesn't", "don't"):
        polarity, index = False, index + 1
    elif words.at(index) == "now":
        mode, index = FactMode.CHANGE, index + 1
    verb = words.at(index)
    if verb in ("has", "have") and noun.determiner and words.at(index + 1).isdigit():
        return _counted(reading, noun, first, index + 1, mode)
    if verb in HOURS and words.at(index + 1) == "at":
        return _timed(reading, noun, first, index + 2, f"{verb} at", mode)
    switched = verb in ("switched", "migrated") and noun.head not in SLOT_NOUNS
    if switched and words.at(index + 1) == "to" and date_at(words, index + 2) is None:
        return _slot(reading, noun, first, index + 2, FactMode.CHANGE, True, attribute="uses")
    value = value_at(words, index + 1)
    if verb not in DOING or value is None or noun.owner or not noun.determiner:
        return []
    if verb in ("has", "have") and (words.at(index + 1) not in ("a", "an") or noun.head not in _SITES):
        return []
    if verb in ("run", "runs") and not is_version(words, value):
        return []
    if words.at(value.last) not in ("", ".", "!", "now", "anymore", "any", "and"):
        return []
    if mode is FactMode.STATE and polarity:
        mode = _mode_after(words, value.last)
    elif not polarity and _mode_after(words, value.last) is FactMode.END:
        mode, polarity = FactMode.END, True
    return [_draft(reading, noun, first, value, mode, polarity, DOING[verb])]


def _counted(reading: Reading, noun: Noun, first: int, index: int, mode: FactMode) -> list[Draft]:
    """ "the cluster has 3 nodes": the count of them."""
    words = reading.words
    counted = value_at(words, index)
    if counted is None or counted.last - index not in (2, 3) or not words.lower[counted.last - 1].endswith("s"):
        return []
    if not all(words.lower[i].isalpha() for i in range(index + 1, counted.last)):
        return []
    mode = _mode_after(words, counted.last) if mode is FactMode.STATE else mode
    noun_counted = reading.text[words.start[index + 1] : words.end[counted.last - 1]]
    return [_draft(reading, noun, first, counted, mode, True, f"{noun_counted} count")]


def _mode_after(words: Words, index: int) -> FactMode:
    low = words.at(index)
    return FactMode.CHANGE if low == "now" else FactMode.END if low in ("anymore", "any") else FactMode.STATE


def _timed(reading: Reading, noun: Noun, first: int, index: int, attribute: str, mode: FactMode) -> list[Draft]:
    words = reading.words
    if not words.written(index)[:1].isdigit():
        return []
    last = index + 2 if words.at(index + 1) in ("am", "pm", "o'clock") else index + 1
    mode = _mode_after(words, last) if mode is FactMode.STATE else mode
    return [_draft(reading, noun, first, Value(index, last), mode, True, attribute)]


def _being(reading: Reading, noun: Noun, first: int) -> list[Draft]:
    words = reading.words
    index, polarity, mode = noun.after + 1, words.at(noun.after) in ("is", "are"), FactMode.STATE
    while words.at(index) in _SKIPPED or words.at(index) in ("not", "no"):
        if words.at(index) == "now":
            mode = FactMode.CHANGE
        if words.at(index) == "not":
            polarity = False
        if words.at(index) == "no":
            if words.at(index + 1) != "longer":
                return []
            mode = FactMode.END
            index += 1
        index += 1
    low = words.at(index)
    if low in ("called", "named") and noun.determiner:
        return _slot(reading, noun, first, index + 1, mode, polarity, attribute="name")
    if f"{low},{words.at(index + 1)}" in PLACED:
        return _slot(reading, noun, first, index + 2, mode, polarity, attribute=f"{low} {words.at(index + 1)}")
    if participle_at(words, index) and (noun.determiner or noun.owner or (first == 0 and " " not in noun.name)):
        value = value_at(words, index + 2)
        if value is None or not any(is_proper(words.raw[i]) for i in range(value.first, value.last)):
            return []
        stated = f"{low} {words.at(index + 1)}"
        mode = _mode_after(words, value.last) if mode is FactMode.STATE else mode
        return [_draft(reading, noun, first, value, mode, polarity, stated)]
    if low in _PLACES:
        return _placed(reading, noun, first, index, mode, polarity)
    if not polarity and mode is FactMode.STATE and (found := _not_but(reading, noun, first, index)):
        return found
    return _slot(reading, noun, first, index, mode, polarity)


def _not_but(reading: Reading, noun: Noun, first: int, index: int) -> list[Draft]:
    """ "the meeting room is not Saturn but Jupiter": the right value, and the wrong one."""
    words = reading.words
    wrong = value_at(words, index)
    if wrong is None:
        return []
    join = wrong.last + (words.at(wrong.last) == ",")
    if words.at(join) != "but" and words.lower[join : join + 2] != ["it", "is"]:
        return []
    right = _slot(reading, noun, first, join + (1 if words.at(join) == "but" else 2), FactMode.CORRECTION, True)
    return [replace(draft, replaces=wrong.text(reading.text, words)) for draft in right]


def _placed(reading: Reading, noun: Noun, first: int, index: int, mode: FactMode, polarity: bool) -> list[Draft]:
    """ "is on port 5433" names the attribute; "is on Friday 9 May" is when the thing itself is."""
    words = reading.words
    named = words.at(index + 1)
    if named in SLOT_NOUNS and words.written(index + 2)[:1].isdigit():
        return _slot(reading, noun, first, index + 2, mode, polarity, attribute=named)
    date = date_at(words, index + 1)
    if date is None and noun.head in _SITES and (noun.determiner in ("my", "our") or noun.head in _OFFICES):
        place = value_at(words, index + 1)
        if place is None or not words.raw[place.first][0].isupper():
            return []
        return [_draft(reading, noun, first, place, mode, polarity, "")]
    if date is None or not (noun.determiner or noun.owner or (first == 0 and words.at(index) == "at")):
        return []
    mode = _mode_after(words, date.last) if mode is FactMode.STATE else mode
    return [_draft(reading, noun, first, date, mode, polarity, "")]


def _slot(
    reading: Reading, noun: Noun, first: int, index: int, mode: FactMode, polarity: bool, attribute: str = ""
) -> list[Draft]:
    if listed := _listed(reading, noun, first, index, polarity and not attribute and mode is FactMode.STATE):
        return listed
    value = date_at(reading.words, index) or value_at(reading.words, index, _PER)
    if value is None or not _is_slot_value(reading, noun, index, value, attribute):
        return []
    if mode is FactMode.STATE and reading.words.at(value.last) == "now":
        mode = FactMode.CHANGE
    return [_draft(reading, noun, first, value, mode, polarity, attribute)]


def _listed(reading: Reading, noun: Noun, first: int, index: int, stated: bool) -> list[Draft]:
    """ "my hobbies are climbing and pottery", "our linters are Ruff and ESLint": each value of a plural noun."""
    words = reading.words
    if not stated or words.at(noun.after) != "are" or noun.determiner not in ("my", "our") or index != noun.after + 1:
        return []
    values = values_at(words, index)
    if len(values) < 2 or not noun.head.endswith("s") or words.at(values[-1].last) not in ("", ".", "!"):
        return []
    return [_draft(reading, noun, first, value, FactMode.STATE, True, "") for value in values]


def _is_slot_value(reading: Reading, noun: Noun, index: int, value: Value, attribute: str) -> bool:
    """Only what can stand in a field: a name, a figure, or a plain noun where nouns are what is asked for."""
    words = reading.words
    if noun.owner[:1].isdigit():
        return False
    bare = not noun.determiner and not noun.owner and noun.head not in SLOT_NOUNS
    if not attribute and date_at(words, index) == value:
        return not bare or is_proper(words.raw[0])
    if bare and not attribute:
        return False
    proper = any(is_proper(words.raw[i]) for i in range(value.first, value.last))
    if words.at(value.last) in ("'", '"', "`") or (value.last < len(words) and words.at(value.last)[0] == "("):
        return proper
    if proper and noun.head in SLOT_NOUNS and " " in noun.name and _has_digit(words, value):
        return True  # "the invoice number is 4411"
    if proper:
        return (
            attribute != ""
            or noun.determiner != "the"
            or noun.owner != ""
            or noun.head in _SHARED_HEADS
            or is_job(noun.head)
        )
    if noun.head in ROLES_HELD:
        return words.at(index) in ("a", "an", "the")
    plain = words.lower[value.last - 1]
    if noun.head in _SECRETS and value.last - value.first == 1 and value.first == index:
        return words.at(value.last) in ("", ".", "!") and bool(noun.owner)
    usual = not plain.endswith(("ed", "ing")) or "favo" in noun.name.lower()
    if attribute == "name":
        return is_name(reading, value) or (value.first == index and value.last - value.first == 1)
    return usual and not attribute and ("favo" in noun.name.lower() or noun.head in _PLAIN_VALUED)


def _has_digit(words: Words, value: Value) -> bool:
    return any(character.isdigit() for i in range(value.first, value.last) for character in words.raw[i])


def _draft(
    reading: Reading, noun: Noun, first: int, value: Value, mode: FactMode, polarity: bool, attribute: str
) -> Draft:
    """The slot: (owner, noun) if the noun is the attribute, (noun, attribute) if the clause names one."""
    subject, name = noun.owner or reading.speaker, canonical_name(noun.name)
    if attribute:
        subject = f"{noun.owner}'s {noun.name}" if noun.owner else noun.name
        name = attribute
    known = noun.head in SLOT_NOUNS or noun.head in ROLES_HELD or "favo" in name.lower()
    return Draft(
        subject,
        name,
        value.text(reading.text, reading.words),
        first,
        value.last,
        mode,
        polarity,
        confidence=0.9 if known or attribute else 0.8,
    )


def _moved(reading: Reading, noun: Noun, first: int) -> list[Draft]:
    """ "the deadline moved to 3 June", "the port changed from 5432 to 5433"."""
    words = reading.words
    old, index = None, noun.after + 1
    if words.at(index) in _WAYS:
        index += 1
    if words.at(index) == "from":
        old = date_at(words, index + 1) or value_at(words, index + 1)
        if old is None or words.at(old.last) != "to":
            return []
        index = old.last
    drafts = _slot(reading, noun, first, index + 1, FactMode.CHANGE, True)
    return [replace(draft, replaces=old.text(reading.text, words)) if old else draft for draft in drafts]


def set_facts(reading: Reading, first: int, index: int) -> list[Draft]:
    """ "we changed the port from 5432 to 5433", "we moved the deadline to 3 June": `index` is at the article."""
    if reading.words.at(index) not in ("the", "our", "my"):
        return []
    noun = noun_at(reading, index, None)
    if noun is None or noun.head in _VAGUE_HEADS or reading.words.at(noun.after) not in ("to", "from"):
        return []
    return [replace(draft, first=first) for draft in _moved(reading, noun._replace(after=noun.after - 1), first)]
