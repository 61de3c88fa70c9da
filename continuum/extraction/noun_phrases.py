"""Terms made of ordinary words: "web framework", "rate limiting", "database migrations".

Nothing here parses. A phrase is a run of words that are not small words, not verbs where they stand, and not
empty nouns; two to four of them make a term, one alone needs a reason.
"""

from __future__ import annotations

from typing import Final

from continuum.extraction.findings import Finding
from continuum.extraction.reading import Words
from continuum.extraction.written_forms import Form
from continuum.language.word_classes import (
    ADJECTIVE,
    CONJUNCTION,
    DETERMINER,
    GENERIC,
    NOUN,
    POSSESSIVE,
    PREPOSITION,
    PRONOUN,
    TASTE,
    TO,
    VERB,
    VERB_OR_NOUN,
    words_of,
)

PHRASE_WORDS_MAX: Final = 3
_SUBJECTS: Final = frozenset(words_of("i we they he she you it who"))
_NOMINAL = frozenset({NOUN, ADJECTIVE, VERB_OR_NOUN, TASTE, VERB})
_OPENERS = frozenset({DETERMINER, POSSESSIVE, PREPOSITION, ADJECTIVE})
_BARE_VERB_AFTER: Final = frozenset(words_of("help helps helped let lets make makes made go come going"))
_ADJECTIVE_ENDS: Final = ("ful", "ous", "less", "ible", "able", "ical")
_NOUNS_IN_ABLE: Final = frozenset(
    words_of("table cable variable vegetable executable timetable deliverable fable stable")
)
_TERM_ENDS: Final = (
    *("tion", "sion", "ment", "ness", "ity", "ism", "ship", "ology", "itis", "osis", "graphy", "ance", "ence"),
    *("tions", "sions", "ments", "ities", "nesses", "metry", "pathy", "emia", "oma", "ectomy"),
)
_REPEATED_LENGTH_MIN: Final = 5
_OBJECT_LENGTH_MIN: Final = 6
_RARE_LENGTH_MIN: Final = 10
_COORDINATED_MAX: Final = 3
_NAMING: Final = frozenset({"named", "called", "nicknamed"})
_REACTIONS: Final = frozenset(words_of("allergic addicted intolerant sensitive"))


def find_phrases(words: Words) -> list[Finding]:
    """Every noun phrase of two or three words, and single nouns that a possessive, a taste or a suffix marks."""
    kinds = words.kinds
    found: list[Finding] = []
    count = len(kinds)
    index = 0
    while index < count:
        if kinds[index] not in _NOMINAL:
            index += 1
            continue
        last = index
        while last + 1 < count and kinds[last + 1] in _NOMINAL and words.joined(last + 1):
            last += 1
        _read_run(words, index, last, found)
        index = last + 1
    return found


def _read_run(words: Words, first: int, last: int, found: list[Finding]) -> None:
    """Cut a run at its verbs; what lies between is a phrase."""
    begin = first
    for index in range(first, last + 1):
        if _is_verb_here(words, index, first, last):
            _add_phrase(words, begin, index - 1, found)
            begin = index + 1
    _add_phrase(words, begin, last, found)


def _is_verb_here(words: Words, index: int, first: int, last: int) -> bool:
    kind = words.kinds[index]
    before = words.kinds[index - 1] if words.joined(index) else PRONOUN
    if kind in (VERB, TASTE):
        if before in (DETERMINER, POSSESSIVE):
            return index == last  # "the pull request", but "those who came" and "the best cooks" say nothing
        return not (words.words[index].endswith("ing") and before == NOUN and index > first) or (
            _object_follows(words, last)
        )
    if kind == VERB_OR_NOUN:
        return _acts(words, index, before, first, last)
    if kind == NOUN and index == first:
        return _is_unknown_verb(words, index, before)
    return kind == NOUN and index > first and before == NOUN and words.words[index].endswith("ed")


def _acts(words: Words, index: int, before: int, first: int, last: int) -> bool:
    """Whether a word that can be both is the verb here: "migrations run", "we plan", but "a plan", "web design"."""
    if before in _OPENERS:
        return False
    previous = words.words[index - 1] if index > 0 else ""
    if before in (VERB, TASTE):
        return previous in _BARE_VERB_AFTER
    if before >= Form.TITLE:  # "LGBTQ support group", but "Alice plans"
        return words.words[index].endswith(("s", "ed"))
    if before == NOUN and index > first:
        if index < last and words.words[index].endswith(("s", "ed")):
            return words.kinds[index + 1] != VERB
        return (previous[-1] == "s" and previous[-2:] != "ss") or (index == last and _object_follows(words, last))
    return before != VERB_OR_NOUN or index == first


def _is_unknown_verb(words: Words, index: int, before: int) -> bool:
    if not words.joined(index):
        return False
    word = words.words[index]
    if before == PRONOUN:
        return words.words[index - 1].lower() in _SUBJECTS
    return before >= Form.TITLE and word.endswith(("s", "ed"))


def _object_follows(words: Words, last: int) -> bool:
    following = last + 1
    return (
        following < len(words.kinds)
        and words.joined(following)
        and (
            words.kinds[following] in (DETERMINER, POSSESSIVE, PRONOUN)
            or words.kinds[following] in (Form.TITLE, Form.MIXED)
        )
    )


def _add_phrase(words: Words, begin: int, end: int, found: list[Finding]) -> None:
    while begin <= end and words.kinds[begin] == ADJECTIVE:
        begin += 1
    while end >= begin and not _can_be_head(words, end):
        end -= 1
    if end < begin:
        return
    if end == begin:
        _add_single(words, begin, found)
        return
    begin = max(begin, end - PHRASE_WORDS_MAX + 1)
    found.append(Finding(words.starts[begin], words.ends[end], 2.5))


def _can_be_head(words: Words, index: int) -> bool:
    kind, word = words.kinds[index], words.words[index].lower()
    if kind in (ADJECTIVE, GENERIC) or len(word) < 2:
        return False
    if word.endswith("ed"):
        return len(word) < 5 or word.endswith("eed")
    return not word.endswith(_ADJECTIVE_ENDS) or word in _NOUNS_IN_ABLE


def _add_single(words: Words, index: int, found: list[Finding]) -> None:
    word = words.words[index].lower()
    if words.kinds[index] in (VERB, TASTE) or len(word) < 3:
        return
    if words.joined(index) and words.words[index - 1] in _NAMING:
        found.append(Finding(words.starts[index], words.ends[index], 3.0))
        return
    if word.endswith(_TERM_ENDS) and words.kinds[index] == NOUN and len(word) > 5:
        found.append(Finding(words.starts[index], words.ends[index], 1.5))
    elif _is_marked(words, index) or _is_object(words, index) or _is_repeated(words, index) or _is_rare(words, index):
        found.append(Finding(words.starts[index], words.ends[index], 1.0))


def _is_marked(words: Words, index: int) -> bool:
    """ "my cat", "I love sushi", "I use redis and postgres", "allergic to peanuts"."""
    for _ in range(_COORDINATED_MAX):
        while index > 0 and words.joined(index) and words.kinds[index - 1] == ADJECTIVE:
            index -= 1
        if not words.joined(index):
            return False
        before = words.kinds[index - 1]
        if before in (POSSESSIVE, TASTE) or (before == DETERMINER and words.kinds[index - 2 : index - 1] == [TASTE]):
            return True
        if before == TO:
            return index > 1 and words.words[index - 2].lower() in _REACTIONS
        if before != CONJUNCTION or index < 2 or words.kinds[index - 2] != NOUN:
            return False
        index -= 2
    return False


def _is_object(words: Words, index: int) -> bool:
    """What is done something to: "takes metformin", "planted lavender"."""
    if words.kinds[index] != NOUN or len(words.words[index]) < _OBJECT_LENGTH_MIN or not words.joined(index):
        return False
    verb = words.kinds[index - 1]
    return verb == VERB or (verb == VERB_OR_NOUN and words.words[index - 1].endswith("ed"))


def _is_rare(words: Words, index: int) -> bool:
    """A long word is seldom an empty one."""
    return words.kinds[index] == NOUN and len(words.words[index]) >= _RARE_LENGTH_MIN


def _is_repeated(words: Words, index: int) -> bool:
    word = words.words[index]
    return len(word) >= _REPEATED_LENGTH_MIN and words.kinds[index] == NOUN and words.repeats(word)
