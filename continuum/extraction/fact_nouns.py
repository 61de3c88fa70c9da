"""Noun phrases as slots: whose a thing is, what it is called, and where the clause goes on."""

from __future__ import annotations

from typing import Final, NamedTuple

from continuum.extraction.fact_drafts import Reading
from continuum.extraction.fact_subjects import Subject
from continuum.extraction.fact_words import Words, is_proper
from continuum.language.attributes import SLOT_NOUNS
from continuum.language.word_classes import ADJECTIVE, GENERIC, NOUN, VERB, VERB_OR_NOUN, WORD_CLASSES

_NOUN_WORDS_MAX: Final = 6
COPULAS: Final = frozenset({"is", "are", "isn't", "aren't"})
MOVES: Final = frozenset(
    "moved changed switched grew rose dropped went slipped increased decreased improved fell gone risen fallen "
    "shifted".split()
)
_NOUNS: Final = frozenset({NOUN, VERB_OR_NOUN, ADJECTIVE, VERB, GENERIC})
_TECHNICAL: Final = frozenset("ip port url host hostname version endpoint password timeout".split())
_UNITS: Final = (("rate", "limit"), ("password", "policy"), ("phone", "number"), ("email", "address"), ("time", "zone"))
DOING: Final = {
    "sells": "sells", "sell": "sells", "offers": "offers", "offer": "offers", "has": "has", "have": "has",
    "run": "runs", "runs": "runs",
}  # fmt: skip
HOURS: Final = frozenset("opens open closes close starts start begins begin ends end leaves departs arrives".split())


class Noun(NamedTuple):
    """A noun phrase as a slot: whose it is ('' for nobody's), its words, and the word after it."""

    owner: str
    name: str
    head: str
    after: int
    determiner: str
    begin: int = 0
    """Its first word, 0 if an owner stands before it."""


def noun_at(reading: Reading, first: int, owned_by: Subject | None) -> Noun | None:
    """The noun phrase that begins at `first`, or that `owned_by` owns; None where there is none."""
    words, text = reading.words, reading.text
    determiner = words.at(first) if words.at(first) in ("my", "our", "the") else ""
    begin = owned_by.after if owned_by else first + 1 if determiner else first
    owner = owned_by.name if owned_by else ""
    position, of = begin, 0
    while position < len(words) and position - begin < _NOUN_WORDS_MAX:
        low = words.lower[position]
        if low in ("of", "for") and position > begin and not of:
            of = position
        elif low == "the" and of == position - 1:
            pass
        elif low.endswith("'s") and not of and not owner and position > begin - 1:
            owner = text[words.start[begin] : words.end[position] - 2]
            begin = position + 1
        elif _ends_noun(low, position > begin) and words.at(position - 1) not in ("favourite", "favorite"):
            break
        position += 1
    last = of or position
    if last <= begin or (of and position <= of + 1):
        return None
    if of:
        start = of + 2 if words.at(of + 1) == "the" else of + 1
        if start >= position or words.at(start) in ("me", "us"):
            return None
        owner = text[words.start[start] : words.end[position - 1]]
    name = text[words.start[begin] : words.end[last - 1]]
    whole = 0 if owner else begin
    return _split(Noun(owner, name, words.lower[last - 1], position, determiner, whole), words, begin, last, text)


def _ends_noun(low: str, inside: bool) -> bool:
    if low in COPULAS or low in MOVES or (inside and (low in ("uses", "listens") or low in DOING or low in HOURS)):
        return True
    return not low[0].isalnum() or WORD_CLASSES.get(low, NOUN) not in _NOUNS


def _split(noun: Noun, words: Words, begin: int, last: int, text: str) -> Noun:
    """ "the staging database port" is the port of the staging database; "my phone number" is one attribute."""
    if noun.owner or noun.head not in SLOT_NOUNS or words.lower[begin] in ("favourite", "favorite"):
        return noun
    size = 2 if tuple(words.lower[last - 2 : last]) in _UNITS else 1
    before = last - size - begin
    if before == 1 and size == 1 and noun.head in _TECHNICAL and words.lower[begin] not in ("new", "old", "current"):
        before = 2
    elif noun.determiner == "my":
        return noun
    if before >= 2 or (before == 1 and is_proper(words.raw[begin])):
        cut = last - size
        return noun._replace(
            owner=text[words.start[begin] : words.end[cut - 1]], name=text[words.start[cut] : words.end[last - 1]]
        )
    return noun
