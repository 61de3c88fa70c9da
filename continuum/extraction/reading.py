"""One pass over a text: its words, where they stand, and what kind of word each is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from continuum.extraction.written_forms import Form, form_of
from continuum.language.word_classes import (
    ADJECTIVE,
    ADVERB,
    FOREIGN_WORDS,
    GENERIC,
    NOUN,
    WORD_CLASSES,
    is_function_word,
    words_of,
)

WORD_LENGTH_MAX: Final = 100

# Alternatives do not overlap and every run is possessive, so that no text can make the reader go back.
_TEMPLATE = (
    r"((?:https?://|www\.)[^\s<>\"'`)\]}}]++)"
    r"|(```[^\n`]*+)"
    r"|([{word}]++(?:[-.'’/@&+][{word}]++)*+[+#]{{0,2}})"
)
_ASCII_WORD = re.compile(_TEMPLATE.format(word=r"\w"))
# Combining marks are no \w; without them accents in NFD and Indic vowels would cut words.
_ANY_WORD = re.compile(_TEMPLATE.format(word=r"\w\u0300-\u036f\u0900-\u109f\u0e00-\u0eff"))

_ACRONYMS_LIKE_WORDS: Final = frozenset({"US", "IT", "VS"})
_NOT_INITIAL_AFTER: Final = frozenset(words_of("mr mrs ms dr prof st mt jr sr vs no fig approx"))
_LY_NOUNS: Final = frozenset(
    words_of("family assembly supply reply anomaly jelly belly butterfly monopoly lily rally ally bully fly italy july")
)
_SENTENCE_MARKS = re.compile(r"[.!?…:\n\"“«`(*>•-]")


@dataclass(slots=True)
class Words:
    """The words of one text as parallel lists; `kinds` holds word classes and forms."""

    text: str
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def repeats(self, word: str) -> bool:
        """Whether the text has this very word more than once."""
        if not self._counts:
            for each in self.words:
                self._counts[each] = self._counts.get(each, 0) + 1
        return self._counts.get(word, 0) > 1

    def joined(self, index: int) -> bool:
        """Whether one blank, and nothing else, stands between this word and the one before."""
        return (
            0 < index < len(self.starts)
            and self.starts[index] - self.ends[index - 1] == 1
            and self.text[self.ends[index - 1]] == " "
        )


def read_words(text: str) -> Words:
    """Read the words of `text`; addresses and fenced code are marked as such. Linear."""
    result = Words(text)
    starts, ends, words, kinds = result.starts, result.ends, result.words, result.kinds
    classes = WORD_CLASSES
    previous_end = 0
    in_code = False
    for match in (_ASCII_WORD if text.isascii() else _ANY_WORD).finditer(text):
        group = match.lastindex
        start, end = match.span()
        word = match.group()
        if group == 3 and word.islower() and word.isalpha():
            kind = classes.get(word, NOUN)
            if start - previous_end != 1 and start and text[start - 1] in "@#$-":
                kind = form_of(word, text[start - 1]) if text[start - 2 : start] != " -" else Form.OPAQUE
            elif kind == NOUN and word.endswith("ly") and word not in _LY_NOUNS:
                kind = ADVERB
        elif group == 3:
            kind = _kind(word, text, start, previous_end)
        elif group == 1:
            kind = Form.ADDRESS
        else:
            in_code = not in_code
            kind = Form.OPAQUE
        if in_code and kind != Form.CODE and kind != Form.MIXED:
            kind = Form.OPAQUE
        starts.append(start)
        ends.append(end)
        words.append(word)
        kinds.append(kind)
        previous_end = end
    return result


def _kind(word: str, text: str, start: int, previous_end: int) -> int:
    if len(word) > WORD_LENGTH_MAX:
        return Form.OPAQUE
    lead = text[start - 1] if start else " "
    if lead in "@#$" or text[max(0, start - 2) : start] == "--":
        return form_of(word, lead)
    lower = word.lower().replace("’", "'")
    known = WORD_CLASSES.get(lower)
    if known is not None and (is_function_word(lower) or known == GENERIC):
        if word in _ACRONYMS_LIKE_WORDS:
            return Form.ACRONYM
        foreign_name = lower in FOREIGN_WORDS and word[0].isupper()
        return Form.TITLE if foreign_name and not _starts_sentence(text, start, previous_end) else known
    plain = lower[:-2] if lower.endswith("'s") else lower
    if plain.isalpha() and word[0].isupper() and word[1 : len(plain)].islower():
        return _capitalised(known, text, start, previous_end)
    if plain != lower and plain.isalpha() and not word[0].isupper():
        return Form.OPAQUE
    if "-" in word and word.replace("-", "").isalpha():
        return _hyphenated(word, text, start, previous_end)
    if plain != lower:
        word = word[:-2]
    return form_of(word, lead)


def _capitalised(known: int | None, text: str, start: int, previous_end: int) -> int:
    if not _starts_sentence(text, start, previous_end):
        return Form.TITLE
    return Form.INITIAL_TITLE if known is None else known


def _hyphenated(word: str, text: str, start: int, previous_end: int) -> int:
    if word.islower():
        return ADJECTIVE if word.endswith(("-term", "-known", "-based", "-like")) else NOUN
    if any(map(str.isupper, word.replace("-", "")[1:])):
        return Form.MIXED
    return Form.INITIAL_TITLE if _starts_sentence(text, start, previous_end) else Form.TITLE


def _starts_sentence(text: str, start: int, previous_end: int) -> bool:
    if previous_end == 0:
        return True
    gap = text[previous_end:start]
    if gap == " " or not _SENTENCE_MARKS.search(gap):
        return False
    if gap[0] != "." or gap == ".":
        return True
    before = text[max(0, previous_end - 8) : previous_end]
    last = before.rpartition(" ")[2]
    return not (len(last) == 1 and last.isupper()) and last.lower() not in _NOT_INITIAL_AFTER
