"""What a text holds that a reader does not see but a model or a terminal does: found by its characters and markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

ZERO_WIDTH: Final = "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff\u034f\u180e\u115f\u1160\u3164\uffa0"
_UNSEEN = (
    *((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x200B, 0x200F)),
    *((0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFFF9, 0xFFFB), (0xE0000, 0xE01EF)),
)
UNSEEN: Final = frozenset(chr(code) for first, last in _UNSEEN for code in range(first, last + 1)) | set(ZERO_WIDTH)
"""Characters without a shape of their own; line ends and tabs are not among them."""


class Sign(NamedTuple):
    """Something that was found at [start, end) of a text, what it is, and how sure it is to be meant badly."""

    start: int
    end: int
    reason: str
    weight: float


_CHARACTERS: Final = (
    ("hidden-text", 0.8, re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0001\U000e0020-\U000e007e]+")),
    ("hidden-text", 0.7, re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{3,}")),
    ("hidden-text", 0.7, re.compile(f"[{ZERO_WIDTH}]{{4,}}")),
    ("hidden-text", 0.25, re.compile(f"(?<=[a-zA-Z])[{ZERO_WIDTH}]{{1,3}}(?=[a-zA-Z])")),
    ("hidden-text", 0.6, re.compile("[\u202d\u202e]")),
)
_ANY_CHARACTER = re.compile(f"[{ZERO_WIDTH}\u202d\u202e\ufe00-\ufe0f\U000e0001-\U000e01ef]")
_ANSI: Final = (
    ("ansi", 0.6, re.compile(r"(?:\x1b\[|\x9b)(?:[\d;]{0,20};)?8m|(?:\x1b\]|\x9d)(?:52|50|0|2);|\x1bP|\x90")),
    ("ansi", 0.5, re.compile(r"(?:\x1b\[|\x9b)[\d;?]{0,20}[A-FHJSTfnsu]|\x08{3}")),
    ("ansi", 0.1, re.compile(r"(?:\x1b\[|\x9b)[\d;?]{0,20}[mKGhl]|(?:\x1b\]|\x9d)8;")),
)
_CARRIES = (
    r"[?&](?:[a-z_]{0,12}(?:data|secret|history|chat|conversation|memory|memories|token|password|leak|exfil|payload|"
    r"creds|stolen|dump)[a-z_]{0,12}=|[a-z_]{1,20}=[^&\s)\"'<>]{0,40}(?:[{\[$]|%7b|<|\.\.\.|[A-Z]{3,20}_[A-Z]{3,20}))"
)
_DATA_LINK = re.compile(_CARRIES)
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,300}\]\(\s{0,3}<?((?:https?:)?//[^\s)]{0,600})", re.IGNORECASE)
_SCRIPT_LINK = re.compile(
    r"(?:\]\(|\b(?:href|src|action|formaction)\s{0,3}=\s{0,3}[\"']?)[\s\x00-\x1f]{0,3}"
    r"(?:j\s?a\s?v\s?a\s?s\s?c\s?r\s?i\s?p\s?t\s?:(?!\s?(?:void|;|[\"')]))|vbscript:|data:text/html)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?:!--|/?[a-zA-Z][^<>]{0,600}>)")
_HANDLER = re.compile(
    r"\bon(?:error|load|toggle|focus)\s{0,3}=[^>]{0,300}?(?:document\.cookie|localstorage|eval\(|atob\(|sendbeacon)",
    re.IGNORECASE,
)
_HIDING_STYLE = re.compile(
    r"display\s{0,2}:\s{0,2}none|visibility\s{0,2}:\s{0,2}hidden|font-size\s{0,2}:\s{0,2}0|opacity\s{0,2}:\s{0,2}0(?![.\d])"
    r"|(?<![-\w])color\s{0,2}[:=]\s{0,2}[\"']?(?:#fff(?:fff)?\b|white\b|transparent\b|rgba\([^)]{0,20},\s?0\))"
    r"|(?:left|top|text-indent)\s{0,2}:\s{0,2}-\d{4}|\shidden(?=[\s>=])",
    re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x08\x1b\x90\x9b\x9d]")
_BODY_MAX: Final = 2_000
_FINDS_MAX: Final = 100
"""A text with so many is what it is."""


def hidden_signs(text: str) -> Iterator[Sign]:
    """Characters, escapes and links that act behind the reader's back, wherever they stand. Linear in the text."""
    if not text.isascii() and _ANY_CHARACTER.search(text):
        yield from _found(_CHARACTERS, text)
    if not text.isprintable() and _CONTROL.search(text):
        yield from _found(_ANSI, text)
    if "](" in text or "=" in text:
        for match in _SCRIPT_LINK.finditer(text):
            yield Sign(*match.span(), "active-markup", 0.6)
    if "![" in text:
        for match in _IMAGE.finditer(text):
            if carries_data(match[1]):
                yield Sign(*match.span(), "active-markup", 0.65)
    if "<" in text:
        yield from _tag_signs(text)


def carries_data(url: str) -> bool:
    """Whether a link's query has room for what a model knows: a placeholder, or a name such as `history`."""
    return _DATA_LINK.search(url) is not None


def may_hide(text: str) -> bool:
    """Whether a text has any of the characters or marks of which a hidden sign is made; cheap."""
    if "<" in text or "](" in text or "script" in text:
        return True
    if not text.isprintable() and _CONTROL.search(text):
        return True
    return not text.isascii() and _ANY_CHARACTER.search(text) is not None


def hidden_bodies(text: str) -> Iterator[tuple[int, int, str]]:
    """What stands in HTML comments and in elements that are styled not to be seen, with its places."""
    if "<" not in text:
        return
    read = 0
    for tag in _TAG.finditer(text):
        comment = tag[0] == "<!--"
        if tag.start() >= read and (comment or _HIDING_STYLE.search(tag[0])):
            limit = min(len(text), tag.end() + _BODY_MAX)
            end = text.find("-->" if comment else "<", tag.end(), limit)
            read = end if end >= 0 else limit
            yield tag.end(), read, text[tag.end() : read]


def decoded_tags(text: str) -> str:
    """A text in which tag characters have become the letters that a model reads in them."""
    return text.translate(_TAG_LETTERS)


_TAG_LETTERS: Final = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}


def _found(kinds: tuple[tuple[str, float, re.Pattern[str]], ...], text: str) -> Iterator[Sign]:
    for reason, weight, pattern in kinds:
        for match in islice(pattern.finditer(text), _FINDS_MAX):
            yield Sign(*match.span(), reason, weight)


def _tag_signs(text: str) -> Iterator[Sign]:
    for tag in _TAG.finditer(text):
        if "=" in tag[0] and (_HANDLER.search(tag[0]) or (tag[0][:4].lower() == "<img" and carries_data(tag[0]))):
            yield Sign(*tag.span(), "active-markup", 0.6)
