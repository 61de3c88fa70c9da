"""The words of a sentence with their places, contractions opened: what facts are read from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

WORDS_MAX: Final = 96
"""Words of a sentence that are read; a longer one is a list or data, and its beginning is enough."""

_WORD = re.compile(
    r"(?<!\w)(?:Dr|Mr|Mrs|Ms|Prof|St)\.(?=[ ][A-Z])|[$€£]?\w(?:(?:[\w'’ʼ+#/@&:%.-]|,(?=\d{3}(?!\d)))*[\w+#%])?|[^\w\s]"
)
_PLAIN_QUOTES: Final = str.maketrans("’ʼ", "''")
_OPENED: Final = {
    "i'm": ("i", "am"),
    "im": ("i", "am"),
    "i've": ("i", "have"),
    "ive": ("i", "have"),
    "we're": ("we", "are"),
    "we've": ("we", "have"),
    "he's": ("he", "is"),
    "she's": ("she", "is"),
    "it's": ("it", "is"),
    "that's": ("that", "is"),
    "they're": ("they", "are"),
    "they've": ("they", "have"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The words and signs of one sentence: as written, in lower case, and where they stand in the whole text."""

    raw: list[str]
    lower: list[str]
    start: list[int]
    end: list[int]

    def __len__(self) -> int:
        return len(self.raw)

    def at(self, index: int) -> str:
        """The lower-case word there, '' past the end."""
        return self.lower[index] if index < len(self.lower) else ""

    def written(self, index: int) -> str:
        return self.raw[index] if index < len(self.raw) else ""


def words_in(text: str, start: int, end: int) -> Words:
    """The words of text[start:end]; "I'm" is two words at one place. Linear."""
    raw: list[str] = []
    lower: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _WORD.finditer(text, start, end):
        word = match.group()
        low = word.lower()
        if "’" in low or "ʼ" in low:
            low = low.translate(_PLAIN_QUOTES)
        opened = _OPENED.get(low)
        if opened:
            raw += opened
            lower += opened
            starts += (match.start(), match.start())
            ends += (match.end(), match.end())
        else:
            raw.append(word)
            lower.append(low)
            starts.append(match.start())
            ends.append(match.end())
        if len(raw) >= WORDS_MAX:
            break
    return Words(raw, lower, starts, ends)


def is_proper(word: str) -> bool:
    """Whether a word is written as a name, a figure or an address: "iPhone", "5433", "v2", "jo@example.org"."""
    return any(character.isupper() or character.isdigit() or character in "@/_." for character in word)
