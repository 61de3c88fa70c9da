"""Finds the name somebody meant when it was misspelt: one edit for short words, two for long ones.

Words lie in buckets by what a few edits rarely all change: the first two letters, the last two, or the first and
the last one. A word is compared with its three buckets only, at the lengths an edit can reach.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator

from rapidfuzz import process
from rapidfuzz.distance import OSA

WORD_CHARS_MIN = 4
WORD_CHARS_MAX = 64
LONG_WORD_CHARS = 8
"""From this length on, two edits are forgiven instead of one."""
NAMES_PER_WORD_MAX = 8

_WORD = re.compile(r"\w+")


class NameMatcher:
    """Names by their words. Adding is cheap; a name added twice counts once."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, ...]] = {}
        self._buckets: defaultdict[tuple[str, int], list[str]] = defaultdict(list)

    def __len__(self) -> int:
        """How many different words the names have."""
        return len(self._names)

    def add(self, names: Iterable[str]) -> None:
        """Add names; words shorter than four letters are never matched."""
        for name in names:
            for word in _words(name):
                self._add_word(word, name)

    def _add_word(self, word: str, name: str) -> None:
        known = self._names.get(word)
        if known is None:
            self._names[word] = (name,)
            for key in _keys(word):
                self._buckets[key, len(word)].append(word)
        elif name not in known and len(known) < NAMES_PER_WORD_MAX:
            self._names[word] = (*known, name)

    def closest(self, word: str, limit: int = 3) -> list[tuple[str, float]]:
        """Names with a word near this one, best first, each with its similarity in (0, 1]; equal ones in name order."""
        wanted = next(iter(_words(word)), "")
        if not wanted:
            return []
        best: dict[str, float] = {}
        for found, edits in self._near(wanted):
            similarity = 1.0 - edits / max(len(found), len(wanted))
            for name in self._names[found]:
                best[name] = max(best.get(name, 0.0), similarity)
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[: max(limit, 0)]

    def _near(self, word: str) -> Iterator[tuple[str, int]]:
        edits = 2 if len(word) >= LONG_WORD_CHARS else 1
        for key in _keys(word):
            for length in range(len(word) - edits, len(word) + edits + 1):
                bucket = self._buckets.get((key, length))
                if bucket:
                    hits = process.extract(word, bucket, scorer=OSA.distance, score_cutoff=edits, limit=None)
                    yield from ((found, int(distance)) for found, distance, _ in hits)


def _words(name: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", name).casefold()
    for word in _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter))):
        if WORD_CHARS_MIN <= len(word) <= WORD_CHARS_MAX and not word.isdigit():
            yield word


def _keys(word: str) -> tuple[str, str, str]:
    return f"{word[:2]}*", f"*{word[-2:]}", f"{word[0]}*{word[-1]}"
