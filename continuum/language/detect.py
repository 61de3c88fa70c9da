"""Which language a text in Latin letters is in, told by its function words; other scripts speak for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from continuum.language.stopwords import STOP_WORDS

DEFAULT_LANGUAGE = "english"
_LATIN = tuple(name for name in STOP_WORDS if name not in ("english", "russian", "greek", "arabic", "hebrew", "hindi"))
_ENGLISH = STOP_WORDS[DEFAULT_LANGUAGE]
SAMPLE_WORDS = 256


def sample_of(words: Sequence[str]) -> frozenset[str]:
    """The different words of a text's beginning, in lower case, cut at apostrophes."""
    return frozenset(" ".join(words[:SAMPLE_WORDS]).lower().replace("’", " ").replace("'", " ").split())


def detect_latin_language(sample: AbstractSet[str]) -> tuple[str, bool]:
    """The language that a sample of words is in, and whether there is reason to be sure of it.

    English wins ties and short texts.

    >>> detect_latin_language(frozenset("wo ist der schlüssel für das haus".split()))
    ('german', True)
    """
    english = len(sample & _ENGLISH)
    if english * 5 >= len(sample) and english >= 2:
        return DEFAULT_LANGUAGE, True
    return _best_of_all(sample, english)


def _best_of_all(words: AbstractSet[str], english: int) -> tuple[str, bool]:
    best, most = DEFAULT_LANGUAGE, english
    for name in _LATIN:
        found = len(words & STOP_WORDS[name])
        if found > most:
            best, most = name, found
    if most < 2:
        return DEFAULT_LANGUAGE, False
    return best, True
