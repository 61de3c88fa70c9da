"""Turns text into terms: one tokenizer for what is learnt and what is asked, so both sides agree on words.

A term is the 32-bit hash of a stem. Words are stemmed by their script, and Latin ones by the language of the text;
scripts without spaces are cut into pairs of characters; identifiers and compounds are kept whole and in parts.
Values below 256 are no terms: one of them, at the end, says what form the message has (`Form`).
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import Stemmer

from continuum.language.detect import DEFAULT_LANGUAGE, detect_latin_language, sample_of
from continuum.language.forms import Form, form_of
from continuum.language.stopwords import STOP_WORDS

TERMS_VERSION = 3
"""Changes whenever the same text may give other terms: what was stored under another version is encoded again."""

_TERM_BYTES = 4
RESERVED = 256
"""Hashes below this are never terms."""

CACHED_WORDS_MAX = 60_000
QUESTIONS_CACHED = 256
"""A recall reads its question's terms several times."""
CACHED_WORD_CHARS_MAX = 48
STEMMED_WORD_CHARS_MAX = 48
_LANGUAGE_CHARS = 2_000

# Marks that stay inside a word: Latin, Cyrillic, Hebrew, Arabic, Indic scripts, Thai to Myanmar, selectors.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b82\u0bbe-\u0bcd\u0c00-\u0c03\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3\ufe00-\ufe0f\u200c\u200d"
)
_ASCII_WORD = re.compile(r"\w+(?:(?:[.\-/'@&]|(?<=\d)[,:](?=\d))\w+)*(?:\+\+|#)?", re.ASCII)
_WORD = re.compile(rf"[\w{_MARKS}]+(?:(?:[.\-/'’@&]|(?<=\d)[,:](?=\d))[\w{_MARKS}]+)*(?:\+\+|#)?")
_SIMPLE = re.compile(r"[a-z]+|[A-Z][a-z]*|[A-Z]+|\d+", re.ASCII)
_PARTS = re.compile(r"[._\-@&+#:/]+")
_CAMEL_INSIDE = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]")
_CAMEL_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U000323af]+"
)
_FOLDED_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\ufe00-\ufe0f\u200c\u200d\u0640]+"
)
_CONTRACTION = re.compile(r"(?:n['’]t|['’](?:s|re|ll|ve|d|m))$")
_HEBREW_PREFIX = "הובלמשכ"
_HEBREW_PREFIXED_MIN = 4
_VERSION = re.compile(r"v?(\d+(?:[.:]\d+)+)", re.ASCII)
_SCRIPTS: tuple[tuple[str, str, str], ...] = (
    ("\u0370", "\u03ff", "greek"),
    ("\u0400", "\u052f", "russian"),
    ("\u0530", "\u058f", "armenian"),
    ("\u0590", "\u05ff", "hebrew"),
    ("\u0600", "\u06ff", "arabic"),
    ("\u0900", "\u097f", "hindi"),
    ("\u0b80", "\u0bff", "tamil"),
    ("\u1f00", "\u1fff", "greek"),
)


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """One word of a question: `hash` is its term, `alternatives` its terms by other languages' stemmers."""

    word: str
    hash: int
    alternatives: tuple[int, ...] = ()


def encode_terms(text: str, skip: Sequence[tuple[int, int]] = ()) -> bytes:
    """The terms of a text in its order, as little-endian uint32, and its `Form` as the last value.

    `skip` are character ranges that are left out; they may overlap and come in any order. Equal in every process;
    time grows linearly with the text.
    """
    text = without_ranges(text, skip) if skip else text
    words = split_words(text)
    sample = sample_of(words)
    table = _table(detect_latin_language(sample)[0])
    return b"".join(map(table.__getitem__, words)) + _FORM_BYTES[form_of(text, sample)]


@lru_cache(maxsize=QUESTIONS_CACHED)
def query_terms(text: str) -> tuple[QueryTerm, ...]:
    """The distinct terms of a question in its order, with other languages' stems while its language is unsure."""
    words = split_words(text)
    language, sure = detect_latin_language(sample_of(words))
    table = _table(language)
    found: dict[int, QueryTerm] = {}
    for word in words:
        for value in _hashes(table[word]):
            if value not in found:
                found[value] = QueryTerm(word, value, () if sure else _alternatives(word, value))
    return tuple(found.values())


def _alternatives(word: str, known: int) -> tuple[int, ...]:
    if word.isdigit() or len(word) > STEMMED_WORD_CHARS_MAX:
        return ()
    others = {value for language in _TABLE_LANGUAGES for value in _hashes(_table(language)[word])}
    return tuple(sorted(others - {known}))


def terms_of(text: str, spans: Sequence[tuple[int, int]]) -> list[set[int]]:
    """The different terms of each span of a text, all in the language of its beginning."""
    table = _table(detect_latin_language(sample_of(split_words(text[:_LANGUAGE_CHARS])))[0])
    return [set(_hashes(b"".join(map(table.__getitem__, split_words(text[start:end]))))) for start, end in spans]


def term_hash(stem: str) -> int:
    """The 32-bit value that stands for a stem; never below `RESERVED`."""
    value = crc32(stem.encode("utf-8", "surrogatepass"))
    return value if value >= RESERVED else value + RESERVED


def tag(name: str, value: str) -> int:
    """The 32-bit value that stands for ``name=value`` in filters."""
    return crc32(f"{name}\x1f{value}".encode("utf-8", "surrogatepass"))


def marked(terms: bytes, form: Form) -> bytes:
    """What `encode_terms` gave, with one more bit in its form, which is its last value."""
    last = int.from_bytes(terms[-_TERM_BYTES:], "little") | form.value
    return terms[:-_TERM_BYTES] + last.to_bytes(_TERM_BYTES, "little")


def encode_tags(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The tags of a message as little-endian uint32, sorted, each once."""
    return _packed(sorted({tag(name, value) for name, value in pairs}))


def without_ranges(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    """The text without some character ranges, each replaced by a space."""
    kept: list[str] = []
    position = 0
    for start, end in sorted(ranges):
        if end > position:
            kept.append(text[position : max(start, position)])
            position = end
    kept.append(text[position:])
    return " ".join(kept)


def split_words(text: str) -> list[str]:
    """The words as they are written, compounds and identifiers in one piece."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    return _WORD.findall(unicodedata.normalize("NFKC", text))


def _packed(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def _hashes(packed: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(packed) // 4}I", packed)


_FORM_BYTES = [value.to_bytes(4, "little") for value in range(RESERVED)]


class _WordTable(dict[str, bytes]):
    """The packed terms of each word of one language, filled as words are met; bounded by starting afresh."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, word: str) -> bytes:
        packed = _packed(term_hash(stem) for stem in _stems(word, self._language))
        if len(word) <= CACHED_WORD_CHARS_MAX:
            if len(self) >= CACHED_WORDS_MAX:
                self.clear()
            self[word] = packed
        return packed


_TABLES: dict[str, _WordTable] = {}
_TABLE_LANGUAGES = ("english", "german", "french", "spanish", "italian", "portuguese", "dutch", "swedish", "finnish")


def _table(language: str) -> _WordTable:
    table = _TABLES.get(language)
    if table is None:
        table = _TABLES.setdefault(language, _WordTable(language))
    return table


def _stems(word: str, language: str) -> list[str]:
    if _SIMPLE.fullmatch(word):
        return _stem(word.lower(), language)
    if "'" in word or "’" in word:
        return _apostrophe(word, language)
    if _UNSPACED.search(word):
        return _unspaced(word, language)
    if "/" in word:
        return _path(word, language)
    return _compound(word, language)


def _path(word: str, language: str) -> list[str]:
    stems = [word.casefold()]
    for segment in word.split("/"):
        stems += _stems(segment, language)
    return stems


def _apostrophe(word: str, language: str) -> list[str]:
    base = _CONTRACTION.sub("", word.replace("’", "'"))
    if "'" not in base:
        return _stems(base, language) if base else []
    parts = base.split("'")
    stems = [stem for part in parts if len(part) > 1 for stem in _stems(part, language)]
    if len(parts) == 2 and len(parts[0]) == 1:  # O'Brien, d'Artagnan
        stems.append("".join(parts).casefold())
    return stems


def _unspaced(word: str, language: str) -> list[str]:
    stems: list[str] = []
    position = 0
    for run in _UNSPACED.finditer(word):
        stems += _between(word[position : run.start()], language)
        stems += _pairs(run.group())
        position = run.end()
    return stems + _between(word[position:], language)


def _between(part: str, language: str) -> list[str]:
    """The stems of what stands beside an unspaced script, without the mark that joined the two (`src/` of `src/中`)."""
    word = part.strip("./-'’@&,:")
    return _stems(word, language) if word else []


def _pairs(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _compound(word: str, language: str) -> list[str]:
    if word[0].isdigit() and word.replace(",", "").isdigit():
        return [word.replace(",", "")]
    version = _VERSION.fullmatch(word)
    if version:  # a part of 3.11 or of 10:30 says nothing
        return [version[1]]
    pieces = [piece for piece in _PARTS.split(word) if piece]
    parts = [part for piece in pieces for part in _camel(piece)]
    if len(parts) == 1 and parts[0] == word:
        return _stem(word.casefold(), language)
    joined = word.casefold() if "." in word or word[-1] in "+#" else "".join(pieces).casefold()
    stems = [stem for part in parts if len(part) > 1 or part.isdigit() for stem in _stem(part.casefold(), language)]
    whole = _stem(joined, language) if joined.isalpha() else [joined]
    return whole + [stem for stem in stems if stem not in whole]


def _camel(piece: str) -> list[str]:
    return _CAMEL_PARTS.findall(piece) if _CAMEL_INSIDE.search(piece) else [piece]


def _stem(word: str, language: str) -> list[str]:
    """The stems of one folded word: none for a function word, two where a prefix may be an article."""
    if not word.isascii():
        return _stem_beyond_ascii(word, language)
    if word in STOP_WORDS.get(language, ()):
        return []
    if len(word) > STEMMED_WORD_CHARS_MAX or word.isdigit():
        return [word]
    return [_stemmer(language)(word)]


def _stem_beyond_ascii(word: str, language: str) -> list[str]:
    script = _script(word[0])
    language = script or language
    plain = _FOLDED_MARKS.sub("", word) if script in ("hebrew", "arabic", "russian") else word
    stops = STOP_WORDS.get(language, ())
    if plain in stops or _unaccented(plain) in stops or not plain:
        return []
    if len(plain) > STEMMED_WORD_CHARS_MAX:
        return [_unaccented(plain)]
    if language == "hebrew":
        return [plain, plain[1:]] if len(plain) >= _HEBREW_PREFIXED_MIN and plain[0] in _HEBREW_PREFIX else [plain]
    return [_unaccented(_stemmer(language)(plain))]


def _unaccented(word: str) -> str:
    """Without the marks of Latin, Greek and Cyrillic letters, which people leave out when they type."""
    if word.isascii() or _script(word[0]) in ("hindi", "tamil", "arabic"):
        return word
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]+", "", unicodedata.normalize("NFD", word)))


def _script(letter: str) -> str | None:
    for first, last, language in _SCRIPTS:
        if first <= letter <= last:
            return language
    return None


_STEMMERS: dict[str, Callable[[str], str]] = {}


def _stemmer(language: str) -> Callable[[str], str]:
    found = _STEMMERS.get(language)
    if found is None:
        found = _STEMMERS.setdefault(language, _new_stemmer(language))
    return found


def _new_stemmer(language: str) -> Callable[[str], str]:
    name = language if language in _SNOWBALL else DEFAULT_LANGUAGE
    # Without Snowball's own cache: the table above keeps whole words, and no state is shared between threads.
    stemmer = Stemmer.Stemmer(name, 0)
    stem: Callable[[str], str] = stemmer.stemWord
    return stem


_SNOWBALL = frozenset(Stemmer.algorithms())
