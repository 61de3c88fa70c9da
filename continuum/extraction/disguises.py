"""Takes off what words are dressed up in so that a filter does not know them: look-alikes, digits, gaps, encodings."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from continuum.extraction.hidden_text import UNSEEN, decoded_tags

_LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝкмнтвгɑοαειικνρτυχηωβςσ" + "ıłøđʟɪɢɴᴏʀᴇᴀʙᴄᴅꜰʜᴊᴋᴍᴘꜱᴛᴜᴠᴡʏᴢ",
        "aeopcyxijshdqwkmhtbraoaeiikvptuxnwbss" + "ilodlignoreabcdfhjkmpstuvwyz",
        strict=True,
    )
)
_FOLDING: Final = {
    **{ord(mark): None for mark in UNSEEN},
    **dict.fromkeys(range(0x300, 0x370)),
    **{ord(other): letter for other, letter in _LOOK_ALIKES.items()},
    **dict.fromkeys(map(ord, "'’ʼ`´"), None),
}
_OTHER = re.compile(r"[^\x00-\x7f]+")
_LEET: Final = str.maketrans("01345789@$l", "oieastbgasi")
_LEET_MARK = re.compile(r"[!|](?=[^\W_])")
_LEET_WORD = re.compile(r"[a-z][013457@$!|]{1,4}[a-z]|(?<![^\W_])[134@$][a-z]{2}")
_SPACED = re.compile(r"(?<![^\W_])[^\W\d_](?:[\W_]{1,3}[^\W\d_](?![^\W_])){5,}")
_GAP = re.compile(r"[\W_]+")
_LONG_WORD_MIN: Final = 14
_LONG_WORD = re.compile(r"[^\W\d_]{14,}")
_COVERED_SHARE: Final = 0.6
_BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}={0,2}")
_WORD_CHARS_MIN: Final = 3
_SPACED_MIN: Final = 6


def folded(text: str) -> str:
    """A text as its reader hears it: lower case, without accents, invisible characters and apostrophes.

    Letters of other scripts that look Latin become Latin, styled and wide letters plain, tag characters the letters
    that they stand for. The same for a word wherever it stands, so a vocabulary that is folded matches.

    >>> folded("Ign\u200bоre Thé ＲＵＬＥＳ, don't")
    'ignore the rules, dont'
    """
    if not text.isascii():
        text = _OTHER.sub(_folded_run, text)
    return text.lower().replace("'", "").replace("`", "")


def _folded_run(run: re.Match[str]) -> str:
    plain = unicodedata.normalize("NFKD", decoded_tags(run[0]).casefold()).casefold()
    return unicodedata.normalize("NFC", plain.translate(_FOLDING))


def leet_key(word: str) -> str:
    """What a word and its spellings with digits and signs have in common; `text` may be several words.

    >>> leet_key("1gn0r3") == leet_key("ignore")
    True
    """
    return _LEET_MARK.sub("i", word).translate(_LEET)


def is_leet(text: str) -> bool:
    """Whether a folded text holds a word that is spelled with digits or signs."""
    return _LEET_WORD.search(text) is not None


def may_be_disguised(text: str, words: Sequence[str]) -> bool:
    """Whether a folded text of these words may be leet, spaced, run together or encoded; cheap, and seldom wrong."""
    if max(map(len, words), default=0) >= _LONG_WORD_MIN or b"\x01" * _SPACED_MIN in bytes(map(len, words)):
        return True
    mixed = not "".join(words).isalpha() or "@" in text or "$" in text
    return mixed and is_leet(text)


class WordCutter:
    """Sets the words of a vocabulary apart again that stand s p a c e d or runtogether."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._words = frozenset(word for word in vocabulary if _WORD_CHARS_MIN <= len(word) < _LONG_WORD_MIN)
        sizes: dict[str, set[int]] = {}
        for word in self._words:
            sizes.setdefault(word[:_WORD_CHARS_MIN], set()).add(len(word))
        self._sizes = {head: tuple(sorted(of, reverse=True)) for head, of in sizes.items()}

    def pulled_together(self, text: str) -> str:
        """A folded text with our words set apart; what stands between them in a row of letters is left out."""
        text = _SPACED.sub(lambda run: " ".join(self._parts(_GAP.sub("", run[0]))), text)
        return _LONG_WORD.sub(lambda word: self._taken_apart(word[0]), text)

    def _taken_apart(self, word: str) -> str:
        parts = self._parts(word)
        return " ".join(parts) if len(parts) > 1 and sum(map(len, parts)) >= _COVERED_SHARE * len(word) else word

    def _parts(self, word: str) -> list[str]:
        """Words of the vocabulary, longest first, from left to right."""
        parts, at = [], 0
        while at <= len(word) - _WORD_CHARS_MIN:
            for size in self._sizes.get(word[at : at + _WORD_CHARS_MIN], ()):
                if word[at : at + size] in self._words:
                    parts.append(word[at : at + size])
                    at += size
                    break
            else:
                at += 1
        return parts


def is_pulled(text: str) -> bool:
    """Whether a folded text has a row of single letters or a word of unusual length."""
    return _LONG_WORD.search(text) is not None or _SPACED.search(text) is not None


def decoded_texts(text: str) -> Iterator[tuple[int, int, str]]:
    """What stands in base64 in a text, with its place, if it is words."""
    for match in _BASE64.finditer(text):
        try:
            plain = base64.b64decode(match[0].rstrip("=") + "=" * (-len(match[0].rstrip("=")) % 4)).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if plain.replace("\n", " ").isprintable() and " " in plain:
            yield *match.span(), plain
