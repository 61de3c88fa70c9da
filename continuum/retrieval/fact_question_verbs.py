"""Verbs of questions that no table knows: "who do I bank with?", "what is the queue backed by?"."""

from __future__ import annotations

from typing import Final

from continuum.language.attributes import fact_key
from continuum.language.verb_forms import is_verb, participle, third_person
from continuum.language.word_classes import ADVERB, DETERMINER, NOUN, POSSESSIVE, WORD_CLASSES

_DO: Final = frozenset({"do", "does", "did"})
_BE: Final = frozenset({"is", "are", "was", "were", "what's", "where's"})
_PREPOSITIONS: Final = frozenset(
    {"with", "at", "in", "on", "by", "from", "through", "via", "to", "for", "under", "after"}
)
_PRONOUNS: Final = frozenset({"i", "we", "you", "he", "she", "they", "it"})
_LAST: Final = frozenset("now currently nowadays today anymore these days again still before please exactly".split())
_BY_WORD: Final = {
    "where": ("in", "on", "at", "to"),
    "when": ("at", "on", "after", "in"),
    "how": ("by", "with", "on"),
    "who": ("with", "for"),
}
_DONE_BY_WORD: Final = {
    "where": ("in", "on", "at", "to"),
    "when": ("at", "on", "for"),
    "how": ("with", "by", "via"),
    "who": ("by", "to"),
}
_PARTICIPLES: Final = frozenset("built written run led kept sent held bound shown drawn taught sold".split())


def open_attributes(words: list[str]) -> tuple[str, ...]:
    """The keys of the attributes that the verb of a question would have if it was stated with it, likeliest first."""
    if words[:2] == ["how", "many"]:
        return (fact_key(" ".join((*_counted(words), "count"))),)
    if words[:2] == ["how", "long"] and not (_DO & set(words)):
        return (fact_key("duration"),)
    named = _done(words) or _passive(words) or _doer(words)
    return tuple(fact_key(name) for name in named)


def _counted(words: list[str]) -> list[str]:
    end = next((i for i, word in enumerate(words) if word in _DO | _BE | {"have", "has"}), len(words))
    return words[2:end]


def _done(words: list[str]) -> list[str]:
    """ "where do we track bugs": "tracks bugs" with the prepositions of places."""
    start = next((index + 1 for index, word in enumerate(words) if word in _DO), 0)
    verb = _verb_after(words, start) if start else 0
    if not verb:
        return []
    if words[0] == "what" and words[verb] == "do":
        return []  # "what does my sister do" asks for her job
    rest = _without_time(words[verb + 1 :])
    third = third_person(words[verb])
    if rest and rest[0] in _PREPOSITIONS:
        return [f"{third} {rest[0]}"]
    if rest and rest[-1] in _PREPOSITIONS:
        return [" ".join((third, *_plain(rest[:-1]), rest[-1]))]
    prepositions = _BY_WORD.get(words[0], ())
    return [" ".join((third, *_plain(rest), each)) for each in prepositions] or [third]


def _verb_after(words: list[str], start: int) -> int:
    """The verb after "do" and its subject, which is a pronoun or a noun phrase; 0 if there is none."""
    index = start + 1
    if words[start : start + 1] and words[start] not in _PRONOUNS:
        index += WORD_CLASSES.get(words[start], NOUN) in (POSSESSIVE, DETERMINER)
        while index < len(words) - 1 and not is_verb(words[index]) and words[index + 1] not in _PREPOSITIONS:
            index += 1
    while index < len(words) and (WORD_CLASSES.get(words[index], NOUN) == ADVERB or words[index] in _LAST):
        index += 1
    if words[index : index + 2] == ["use", "to"]:
        index += 2
    return index if index < len(words) and words[index].isalpha() else 0


def _without_time(words: list[str]) -> list[str]:
    if "before" in words:
        words = words[: words.index("before")]
    while words and words[-1] in _LAST:
        words = words[:-1]
    return words


def _plain(words: list[str]) -> list[str]:
    return words[1:] if words and WORD_CLASSES.get(words[0], NOUN) in (POSSESSIVE, DETERMINER) else words


def _passive(words: list[str]) -> list[str]:
    """ "what is the queue backed by", "where is the secret kept": the participle with its preposition."""
    if not any(word in _BE for word in words[:3]):
        return []
    for index in range(len(words) - 1, 1, -1):
        if words[index].endswith("ed") or words[index] in _PARTICIPLES:
            following = words[index + 1] if index + 1 < len(words) else ""
            if following in _PREPOSITIONS:
                return [f"{words[index]} {following}"]
            return [f"{words[index]} {each}" for each in _DONE_BY_WORD.get(words[0], ())]
    return []


def _doer(words: list[str]) -> list[str]:
    """ "who owns the billing service": by whom it is owned."""
    if len(words) < 3 or words[0] != "who" or not words[1].endswith("s") or not is_verb(words[1]):
        return []
    return [f"{participle(words[1])} by"]
