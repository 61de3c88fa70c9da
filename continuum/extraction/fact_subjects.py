"""Of whom or what a clause speaks: the speaker, a relative, a named person."""

from __future__ import annotations

from typing import Final, NamedTuple

from continuum.extraction.fact_predicates import is_job
from continuum.extraction.fact_words import Words
from continuum.language.attributes import GROUPS, RELATION_ADJECTIVES, RELATIONS, ROLES_HELD, relation_name
from continuum.language.word_classes import GENERIC, NOUN, WORD_CLASSES

SELF_WORDS: Final = frozenset({"i", "we"})
OWN_WORDS: Final = frozenset({"my", "our"})
PERSON_PRONOUNS: Final = frozenset({"he", "she", "they"})
NAME_WORDS_MAX: Final = 3
# Capitalised beginnings of sentences that are no names.
_NO_NAMES: Final = frozenset(
    "hey hi hello thanks thank god lord wow yeah yep nope congrats everyone people kids children life love nature "
    "music art yoga family friends work home nobody somebody dear mr mrs ms today tomorrow yesterday sorry "
    "correction note update fyi btw ps sure great glad happy good haha lol dude man guys folks team mom dad".split()
)


class Subject(NamedTuple):
    """`after` is the word that follows; `possessive` that the subject ended in "'s" and owns what follows."""

    name: str
    after: int
    kind: str
    """``self``, ``relation`` or ``name``."""
    possessive: bool = False


def self_subject(speaker: str, index: int) -> Subject:
    return Subject(speaker, index + 1, "self")


def relation_subject(text: str, words: Words, index: int, owner: str) -> Subject | None:
    """ "my wife", "our older dog", "my sister Ana": whose facts are their own; `index` is at "my" or "our"."""
    position = _relation_at(words, index + 1)
    low = words.at(position)
    possessive = low.endswith("'s")
    bare = low[:-2] if possessive else low
    if not _is_relation(bare) and bare not in GROUPS:
        return None
    if bare in ROLES_HELD - RELATIONS and words.at(position + 1) in ("is", "was"):
        return None  # "our CTO is ..." says who holds the role
    name = f"{owner}'s {relation_between(words, index + 1, position + 1)}"
    if possessive:
        return Subject(name, position + 1, "relation", possessive=True)
    comma = words.at(position + 1) == ","
    named = name_subject(text, words, position + (2 if comma else 1), strict=False)
    if named is None:
        return Subject(name, position + 1, "relation")
    if comma:
        return (
            Subject(name, position + 1, "relation")
            if words.at(named.after) != ","
            else named._replace(after=named.after + 1)
        )
    return named


def introduced_name(text: str, words: Words, index: int) -> tuple[str, int, int] | None:
    """ "my sister Ana" and "my sister, Ana," name her wherever they stand.

    The relation, and the first and last word of the name; `index` is at "my" or "our".
    """
    subject = relation_subject(text, words, index, "")
    if subject is None or subject.kind != "name":
        return None
    last = subject.after - 1 if words.lower[subject.after - 1] == "," else subject.after
    first = last - len(subject.name.split())
    relation, last_relation = index + 1, _relation_at(words, index + 1)
    if not _is_relation(words.lower[last_relation]):
        return None
    return relation_between(words, relation, last_relation + 1), first, last


def relation_after_name(words: Words, index: int) -> tuple[str, int, int, int] | None:
    """ "Ana, my sister, ..." and "Ana is my sister": (relation, its end, first and last word of the name)."""
    sign = words.at(index - 1) if index > 1 else ""
    last = index - 1
    first = last
    while (
        first > 0
        and last - first < NAME_WORDS_MAX
        and words.raw[first - 1][0].isupper()
        and _may_name(words.lower[first - 1])
    ):
        first -= 1
    if sign not in (",", "is") or first == last or (first == 0 and words.lower[0] in _NO_NAMES):
        return None
    end = _relation_at(words, index + 1)
    if words.at(end) in ROLES_HELD or not _is_relation(words.at(end)):
        return None
    if words.at(end + 1) not in ("", ",", ".", "!", ";", ")", "who", "and"):
        return None
    return relation_between(words, index + 1, end + 1), end + 1, first, last


def relation_between(words: Words, first: int, last: int) -> str:
    """The name of the relation that these words give."""
    return relation_name([*words.raw[first : last - 1], words.lower[last - 1].removesuffix("'s")])


def introduced_group(words: Words, index: int) -> int:
    """The word after "my kids" and other relatives spoken of together, 0 if `index` begins none."""
    position = _relation_at(words, index + 1)
    return position + 1 if words.at(position) in GROUPS | {"friends", "colleagues"} else 0


def _relation_at(words: Words, index: int) -> int:
    """Past "older" and the like, and past at most two words that say what kind: "my physical therapist"."""
    while words.at(index) in RELATION_ADJECTIVES:
        index += 1
    for position in range(index, min(index + 3, len(words))):
        bare = words.lower[position].removesuffix("'s")
        if _is_relation(bare) or bare in GROUPS:
            return position
        if WORD_CLASSES.get(bare, NOUN) != NOUN or not bare.isalpha():
            break
    return index


def _is_relation(low: str) -> bool:
    return low in RELATIONS or is_job(low)


def name_subject(text: str, words: Words, index: int, strict: bool = True) -> Subject | None:
    """A run of capitalised words that is no beginning of a common word; "Tom's" is possessive."""
    position = index
    possessive = False
    while position < len(words) and position - index < NAME_WORDS_MAX and not possessive:
        raw, low = words.raw[position], words.lower[position]
        bare = low.removesuffix("'s")
        if not raw[0].isupper() or not _may_name(bare):
            break
        possessive = low.endswith("'s")
        position += 1
    if position == index or (strict and words.lower[index].removesuffix("'s") in _NO_NAMES):
        return None
    end = words.end[position - 1] - (2 if possessive else 0)
    return Subject(text[words.start[index] : end], position, "name", possessive)


def _may_name(low: str) -> bool:
    return len(low) > 1 and low not in _NO_NAMES and WORD_CLASSES.get(low, NOUN) in (NOUN, GENERIC) and low.isalpha()
