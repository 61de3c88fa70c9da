"""The forms of verbs that name attributes: what is stated and what is asked meet in one form of one verb."""

from __future__ import annotations

from typing import Final

from continuum.language.word_classes import TASTE, VERB, VERB_OR_NOUN, WORD_CLASSES

_VERBS: Final = frozenset({VERB, VERB_OR_NOUN, TASTE})
_PARTICIPLES: Final = {
    "run": "run", "lead": "led", "write": "written", "build": "built", "keep": "kept", "teach": "taught", "do": "done",
    "make": "made", "send": "sent", "hold": "held", "drive": "driven", "pay": "paid", "sell": "sold", "take": "taken",
}  # fmt: skip
_IRREGULAR: Final = {"have": "has", "be": "is", "do": "does", "go": "goes"}


def is_verb(low: str) -> bool:
    """Whether a lower-case word is a form of a listed verb, which may be a noun too."""
    return WORD_CLASSES.get(low) in _VERBS


def is_past(low: str) -> bool:
    """Whether a lower-case word is a listed past form, as "went" and "deployed" are."""
    return WORD_CLASSES.get(low) == VERB and not (is_verb(third_person(low)) or low in _IRREGULAR)


def third_person(low: str) -> str:
    """The form after "she" of a verb in its plain form, in "-ing", or in that form already.

    >>> third_person("bank"), third_person("using"), third_person("tries"), third_person("pass")
    ('banks', 'uses', 'tries', 'passes')
    """
    plain = _plain_of_gerund(low) if low.endswith("ing") and len(low) > 4 and not is_verb(low + "s") else low
    if plain in _IRREGULAR:
        return _IRREGULAR[plain]
    if plain.endswith("s") and not plain.endswith("ss") and not is_verb(plain + "es"):
        return plain
    if plain.endswith("y") and plain[-2:-1] not in "aeou":
        return plain[:-1] + "ies"
    return plain + ("es" if plain.endswith(("s", "x", "ch", "sh", "o", "zz")) else "s")


def participle(low: str) -> str:
    """The form after "is" of a verb in its plain form or its third person: "owns" is "owned"."""
    plain = _plain_of_third(low)
    if plain in _PARTICIPLES:
        return _PARTICIPLES[plain]
    if plain.endswith("e"):
        return plain + "d"
    if plain.endswith("y") and plain[-2:-1] not in "aeou":
        return plain[:-1] + "ied"
    return plain + "ed"


def _plain_of_third(low: str) -> str:
    if not low.endswith("s") or low.endswith("ss"):
        return low
    if low.endswith("ies"):
        return low[:-3] + "y"
    return low[:-2] if low.endswith(("sses", "xes", "ches", "shes", "oes")) else low[:-1]


def _plain_of_gerund(low: str) -> str:
    stem = low[:-3]
    if is_verb(stem):
        return stem
    if is_verb(stem + "e"):
        return stem + "e"
    if stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    return stem + "e" if stem[-1] in "cguvz" else stem
