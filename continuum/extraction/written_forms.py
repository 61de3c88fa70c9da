"""Names that their writing gives away: quoted terms, addresses, identifiers of code, versions, acronyms."""

from __future__ import annotations

import re
from typing import Final


class Form:
    """How a token is written. Values start above the word classes, so that one list can hold both.

    Plain numbers, for they are compared for each word: members of an Enum hash in Python code.
    """

    TITLE: Final = 20
    """Capitalised inside a sentence: Alice."""
    INITIAL_TITLE: Final = 21
    """Capitalised where every word would be."""
    ACRONYM: Final = 22
    MIXED: Final = 23
    """Capitals inside: FastAPI, gRPC, iPhone, GPT-4, C++."""
    CODE: Final = 24
    NUMBER: Final = 25
    ADDRESS: Final = 26
    OPAQUE: Final = 27
    """Not to be read as a word, and no name either."""


NAME_FORMS: Final = frozenset({Form.TITLE, Form.INITIAL_TITLE, Form.ACRONYM, Form.MIXED})

QUOTED = re.compile(
    r"\"([^\"\n]{1,80})\"|“([^”\n]{1,80})”|«([^»\n]{1,80})»|„([^“”\n]{1,80})[“”]|‘([^’\n]{1,80})’(?!\w)"
    r"|`([^`\n]{1,80})`|(?<!\w)'([^'\n]{1,80})'(?!\w)|「([^」\n]{1,40})」|『([^』\n]{1,40})』|《([^》\n]{1,40})》"
)
QUOTE_MARKS: Final = re.compile("[\"“«„‘`'「『《]")

_EMAIL = re.compile(r"[\w.+-]+@\w[\w-]*\.\w[\w.-]*\Z")
_VERSION = re.compile(r"v?\d+(?:\.\d+)+(?:[-+]?\w+)?\Z|v\d+\Z")
_QUANTITY = re.compile(
    r"\d[\d.,]*(?:st|nd|rd|th|s|ms|am|pm|h|hr|hrs|min|mins|sec|kg|g|mg|ml|l|km|m|cm|mm|x|k|%)?\Z", re.I
)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]\Z")
_SNAKE = re.compile(r"_*[^\W_]+(?:_+[^\W_]+)+_*\Z|__[^\W_]+__\Z")
_SPLIT_SENTENCE = re.compile(r"[^\W\d_]*[a-z][a-z]\.[A-Z][a-z]+\Z")
_LOWER_PAIR = re.compile(r"[a-z]+/[a-z]+\Z")
_PLURAL_ACRONYM = re.compile(r"[A-Z]{2,6}s\Z")


def form_of(word: str, lead: str) -> int:
    """The form of a token that is not one plain lower-case or capitalised word.

    `lead` is the character before it ("@", "#", "$", "-", "/" or anything).
    """
    if lead in "@#$-" and word.replace("-", "").replace("_", "").isalnum():
        return Form.NUMBER if word.isdigit() else Form.CODE
    if _QUANTITY.match(word):
        return Form.NUMBER
    for mark, decide in (("@", _at), ("/", _slash), (".", _dot)):
        if mark in word:
            return decide(word, lead)
    if "_" in word:
        return Form.CODE if _SNAKE.match(word) else Form.OPAQUE
    if "'" in word or "’" in word:
        return Form.OPAQUE
    return _letters(word)


def _at(word: str, lead: str) -> int:
    return Form.ADDRESS if _EMAIL.match(word) else Form.OPAQUE


def _slash(word: str, lead: str) -> int:
    if lead in "/~." or word.count("/") > 1 or "." in word.rpartition("/")[2]:
        return Form.OPAQUE if word.replace("/", "").isdigit() else Form.CODE
    if _LOWER_PAIR.match(word) or word.replace("/", "").isdigit():
        return Form.OPAQUE
    return Form.CODE


def _dot(word: str, lead: str) -> int:
    if _VERSION.match(word):
        return Form.NUMBER
    if _INITIALS.match(word):
        return Form.ACRONYM if word.isupper() else Form.OPAQUE
    return Form.OPAQUE if _SPLIT_SENTENCE.match(word) else Form.CODE


def _letters(word: str) -> int:
    if word.isupper() or _PLURAL_ACRONYM.match(word):
        return Form.ACRONYM if len(word) > 1 and any(map(str.isalpha, word)) else Form.OPAQUE
    if any(map(str.isupper, word[1:])) or word[-1] in "+#":
        return Form.MIXED
    if word[0].isupper():
        return Form.TITLE
    return Form.MIXED if any(map(str.isdigit, word)) and word[0].isalpha() else Form.OPAQUE
