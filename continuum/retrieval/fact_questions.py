"""Which facts a question asks for: attributes, subjects, values and the time, from its words alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from continuum.domain.clock import EARLIEST_MICROS, Micros
from continuum.domain.facts import USER_SUBJECT, AskedTime, FactQuestion
from continuum.language.attributes import RELATIONS, attributes_asked, fact_key, relation_name
from continuum.language.time import time_windows
from continuum.language.word_classes import ADJECTIVE, GENERIC, NOUN, VERB_OR_NOUN, WORD_CLASSES
from continuum.retrieval.fact_question_verbs import open_attributes

ATTRIBUTES_MAX: Final = 8
SUBJECTS_MAX: Final = 8
VALUES_MAX: Final = 4
QUESTION_CHARACTERS_MAX: Final = 240
"""Longer texts are exchanges, not questions: they ask for no slot."""

QUERY_WORDS_MAX: Final = 5
"""Words of a text without a question word that is still read as a query: "staging database port"."""

_WORD = re.compile(r"\w(?:[\w'+#@&:/.-]*[\w+#])?")
_ASKING: Final = frozenset(
    "what what's whats where where's who who's when when's which whose how do does did am is are was were have has had "
    "can could should tell remind".split()
)
_YES_NO: Final = frozenset("do does did am is are was were have has can could should".split())
_FIRST: Final = frozenset({"i", "me", "my", "mine", "we", "us", "our", "i'm", "i've", "we're", "we've", "myself"})
_DETERMINERS: Final = frozenset({"the", "my", "our", "next"})
_OWN: Final = frozenset({"my", "our"})
_BEFORE: Final = frozenset("previous previously former formerly earlier old past prior until replaced".split())
_AT_FIRST: Final = frozenset({"originally", "initially"})
_EVER: Final = frozenset("ever history all always been far".split())

# verb or state: the attributes it asks for
_VERBS_TABLE: Final = """
collect collects collecting: hobby
live living lives lived reside based located stay: lives in, from, address
move moved moving relocate relocated: lives in
work working works worked employed: works at, job, employer
job occupation profession living: job, works at
eat eats eating ate: eats, diet, allergic to
drink drinks drinking drank: drinks
like likes liked love loves enjoy enjoys: likes, dislikes, prefers
hate hates dislike dislikes: dislikes, likes
prefer prefers preferred: prefers, likes
use uses using used: uses
switch switched migrate migrated: uses
speak speaks speaking spoke: speaks
play plays playing played: plays
study studies studying studied major: studies, school
graduate graduated: graduated from, school
drive drives driving drove: drives, owns
own owns have has owned: owns, pet, has, children, subscribes to
allergic: allergic to
married engaged divorced single: marital status, spouse
dating: partner
vegan vegetarian pescatarian: diet, eats
call called named: called, name, nickname
born: born in, birthday
from: from, lives in, born in
old: age
joined hired quit: works at
bed bedtime: goes to bed at
wake wakes: wakes up at
leave leaves depart departs: leaves at, departs at
arrive arrives: arrives at
start starts begin begins: starts at, begins at
end ends: ends at
deployed deploy: deployed on, deployed to, deploys with, deploys on, deploys to, hosted on, run on, runs on
hosted host: hosted on, hosts on, hosted by, run on, runs on
monitor monitored: monitors with, monitored with
build builds: builds with, built with
store stored: stored in, stores on, stored on
run runs running: runs, runs on, run on, hosted on
smoke smokes vape jog knit ski surf sew hike swim meditate crochet: practises
learn learning: studies, practises
read reading reads: reads
know knows: knows
lead leads manage manages: leads
subscribe subscribes subscribed: subscribes to
take takes taking: takes
sell sells selling: sells
offer offers: offers
member belong: member of
opens open: opens at, opening time
closes close: closes at, closing time
written built: written in, built with, built in
"""
_ALSO_NOUNS: Final = frozenset(
    "build builds store monitor start starts end ends lead leads leave read take offer offers smoke ski surf hike swim "
    "open close manage".split()
)
"""Verbs of the table that are nouns as often: verbs only in a question that has "do"."""
_DO: Final = frozenset({"do", "does", "did"})
_LIGHT: Final = frozenset(
    "favourite favorite s best now still currently current today these days please exactly again right most like "
    "used old previous former new kind sort type call thing things much many long often year "
    "month week day time".split()
)


def _verbs() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for row in _VERBS_TABLE.strip().splitlines():
        verbs, attributes = row.split(": ")
        keys = tuple(fact_key(attribute) for attribute in attributes.split(", "))
        table.update(dict.fromkeys(verbs.split(), keys))
    return table


_PARTNERS: Final = {
    **dict.fromkeys(("wife", "husband", "spouse"), ("name", "spouse")),
    **dict.fromkeys(("girlfriend", "boyfriend", "partner"), ("name", "partner")),
}
_BY_VERB: Final = _verbs()
_USES: Final = fact_key("uses")
_USER: Final = fact_key(USER_SUBJECT)


class _Phrase(NamedTuple):
    """A run of nouns: [first, last) of the words; `named` if it is written with a capital."""

    first: int
    last: int
    named: bool


def fact_question(text: str, now: Micros, speakers: Collection[str] = ()) -> FactQuestion | None:
    """The slots that a question, or a short query such as "my editor", may ask for; None if it asks for none.

    `speakers` are the names of those whom "I" and "my" may mean. At most 8 attributes and 8 subjects, the likeliest
    first. Texts of more than 240 characters ask for nothing. "originally" asks for what was ``before`` all, with the
    earliest moment as `start`. Pure, linear.

    >>> fact_question("Where do I live?", 0).attributes[0]
    'livesin'
    """
    if len(text) > QUESTION_CHARACTERS_MAX:
        return None
    plain = text.replace("’", "'")
    raw = _WORD.findall(plain)
    words = [word.lower() for word in raw]
    if not words or not (len(words) <= QUERY_WORDS_MAX or "?" in plain or words[0] in _ASKING):
        return None
    phrases = list(_phrases(raw, words))
    attributes = _attributes(words, phrases)
    if not attributes:
        return None
    time, before_value, start, end = _time(plain, raw, words, now)
    values = _values(words, phrases)
    subjects = _subjects(words, phrases, speakers, before_value)
    return FactQuestion(attributes, subjects, values, time, before_value, start, end)


def _phrases(raw: list[str], words: list[str]) -> Iterator[_Phrase]:
    first = 0
    for index, word in enumerate((*words, "")):
        if word and index > first and words[index - 1] in ("favourite", "favorite"):
            continue
        possessive = word.endswith("'s")
        named_event = index and word.endswith("ing") and words[index - 1] in _DETERMINERS
        if word and (
            named_event or _is_noun(words, word) or (raw[index][0].isupper() and index > 0 and word not in _FIRST)
        ):
            if not possessive:
                continue
            index += 1
        if index > first:
            yield _Phrase(first, index, any(w[0].isupper() for w in raw[max(first, 1) : index]))
        first = index if possessive and index > first else index + 1


def _is_verb(words: list[str], word: str) -> bool:
    return word in _BY_VERB and (word not in _ALSO_NOUNS or not _DO.isdisjoint(words))


def _is_noun(words: list[str], word: str) -> bool:
    if word.removesuffix("'s") in RELATIONS:
        return True
    kind = WORD_CLASSES.get(word.removesuffix("'s"), NOUN)
    if kind in (NOUN, VERB_OR_NOUN, GENERIC):
        return not _is_verb(words, word) and word not in _ASKING
    return kind == ADJECTIVE and word in ("favourite", "favorite", "second", "first", "main", "big")


def _key(words: list[str], first: int, last: int) -> str:
    return fact_key(" ".join(words[first:last]))


def _attributes(words: list[str], phrases: list[_Phrase]) -> tuple[str, ...]:
    """What verbs ask for, then what nouns do; "the port" before "database" in "what port is the database on"."""
    found: dict[str, None] = {}
    verbs = [_BY_VERB[word] for word in words if _is_verb(words, word) and not _is_helper(words, word)]
    uses = any(_USES in keys for keys in verbs)
    for phrase in phrases:
        if words[phrase.first] in ("favourite", "favorite"):
            found[_key(words, phrase.first, phrase.last)] = None
        if uses and phrase.first and words[phrase.first - 1] == "for":
            found[fact_key(f"uses for {' '.join(words[phrase.first : phrase.last])}")] = None
    for keys in verbs:
        found.update(dict.fromkeys(keys))
    if uses or "like" in words or "best" in words:
        _add_used_nouns(found, words, phrases, uses)
    opened = open_attributes(words)
    found.update(dict.fromkeys(opened))
    for phrase in phrases:
        if words[phrase.last - 1] not in RELATIONS or phrase.last - phrase.first > 1:
            _add_noun(found, words, phrase)
    if words[0].startswith("who"):
        for phrase in phrases:
            if phrase.first and words[phrase.first - 1] in _OWN:
                found.update(dict.fromkeys(_PARTNERS.get(words[phrase.last - 1], ("name",))))
    if not found and words[-1] == "do" and words[0] == "what":
        found.update(dict.fromkeys(_BY_VERB["job"]))
    if not found and any(words[p.last - 1].removesuffix("'s") in RELATIONS for p in phrases):
        found[fact_key("name")] = None
    return tuple(found)[:ATTRIBUTES_MAX]


def _is_helper(words: list[str], word: str) -> bool:
    """ "have" and "used" that only help another verb."""
    if word in ("have", "has"):
        return _DO.isdisjoint(words)
    return word in ("use", "used") and "to" in words[words.index(word) : words.index(word) + 2]


def _add_used_nouns(found: dict[str, None], words: list[str], phrases: list[_Phrase], uses: bool) -> None:
    """ "which editor do I like best" may be answered by a favourite, "what CI do we use" by what is used for it."""
    for phrase in phrases:
        if words[phrase.last - 1] in _LIGHT:
            continue
        key = _key(words, phrase.first, phrase.last)
        found[fact_key("favourite") + key if not uses else "usesfor" + key] = None


def _add_noun(found: dict[str, None], words: list[str], phrase: _Phrase) -> None:
    head = words[phrase.last - 1].removesuffix("'s")
    if (head in _LIGHT and head != "name") or (phrase.named and not words[phrase.last - 1].islower()):
        return
    whole = _key(words, phrase.first, phrase.last)
    if phrase.last - phrase.first > 1 and words[phrase.first] not in ("favourite", "favorite"):
        found.update(dict.fromkeys(attributes_asked(" ".join(words[phrase.first : phrase.last]))))
    found.update(dict.fromkeys((*attributes_asked(head), whole)) if whole else {})


def _subjects(
    words: list[str], phrases: list[_Phrase], speakers: Collection[str], before_value: str
) -> tuple[str, ...]:
    """Named people and things first; the speaker where "I", "my" or "our" stands, or where a thing has no owner."""
    selves = (_USER, *(key for key in map(fact_key, speakers) if key != _USER))
    found: dict[str, None] = {}
    for phrase in phrases:
        relation = _relation(words, phrase)
        if relation:
            found.update(dict.fromkeys(fact_key(f"{owner}'s {relation}") for owner in ("user", *speakers)))
            if relation in _PARTNERS:
                found.update(dict.fromkeys(selves))
            return tuple(found)[:SUBJECTS_MAX]
    if words[0].startswith("who"):
        for phrase in phrases:
            if phrase.first and words[phrase.first - 1] in _OWN:
                found[fact_key(f"user's {words[phrase.last - 1]}")] = None
    first_person = any(word in _FIRST for word in words)
    for phrase in phrases:
        key = _key(words, phrase.first, phrase.last)
        if phrase.named and key != before_value and not (first_person and phrase.last == len(words)):
            found[key] = None
        elif not first_person or words[phrase.first - 1 : phrase.first] == ["the"]:
            found[key] = None
            if phrase.last - phrase.first > 1:
                found[_key(words, phrase.first, phrase.last - 1)] = None
    named = (_key(words, p.first, p.last) for p in phrases if p.named)
    if first_person or not any(key != before_value for key in named):
        found.update(dict.fromkeys(selves))
    return tuple(found)[:SUBJECTS_MAX]


def _relation(words: list[str], phrase: _Phrase) -> str:
    """ "wife" of "my wife", "older brother" of "my older brother's"."""
    for index in range(phrase.first, phrase.last):
        if words[index].removesuffix("'s") in RELATIONS:
            start = index
            while start and words[start - 1] not in _OWN and index - start < 3:
                start -= 1
            owned = start > 0 and words[start - 1] in _OWN
            return relation_name([*words[start:index], words[index].removesuffix("'s")]) if owned else ""
    return ""


def _values(words: list[str], phrases: list[_Phrase]) -> tuple[str, ...]:
    """What a yes-or-no question names: "meat" of "do I still eat meat?"."""
    if words[0] not in _YES_NO:
        return ()
    keys = (_key(words, p.first, p.last) for p in phrases if words[p.last - 1] not in _LIGHT)
    return tuple(dict.fromkeys(key for key in keys if key))[:VALUES_MAX]


def _time(
    plain: str, raw: list[str], words: list[str], now: Micros
) -> tuple[AskedTime, str, Micros | None, Micros | None]:
    if "before" in words:
        index = words.index("before") + 1
        named = [w for w in raw[index : index + 3] if w[0].isupper() or w[0].isdigit()]
        windows = time_windows(plain, now)
        if windows and named:
            return "at", "", windows[0].start, windows[0].end
        shown = " ".join(raw[index : index + 4]) if index < len(raw) and raw[index].lower() not in _FIRST else ""
        return "before", fact_key(shown) if shown else "", None, None
    if not _AT_FIRST.isdisjoint(words):
        return "before", "", EARLIEST_MICROS, None
    if not _BEFORE.isdisjoint(words) and not (words[0] == "how" and "old" in words):
        return "before", "", None, None
    if ("use" in words or "used" in words) and any(f"{w} to" in plain.lower() for w in ("use", "used")):
        return "before", "", None, None
    for window in time_windows(plain, now):
        if window.end <= now or "was" in words or "did" in words:
            return "at", "", window.start, window.end
    if not _EVER.isdisjoint(words) or (words[0] in ("where", "who", "what", "which") and _is_perfect(words)):
        return "ever", "", None, None
    return "now", "", None, None


def _is_perfect(words: list[str]) -> bool:
    return "have" in words[1:4] and "do" not in words and "does" not in words
