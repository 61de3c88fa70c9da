"""Numbers that pay or name a person: payment cards, bank accounts, social security numbers."""

from __future__ import annotations

import re
from typing import Final

from continuum.extraction.secret_checksums import IBAN_LENGTHS, is_card_number, is_iban
from continuum.extraction.secret_shapes import Span, by_pattern

_GAPS: Final = re.compile(r"[ \-\u00a0]")
_EIGHT_DIGITS: Final = re.compile(r"[0-9](?:[ \-\u00a0]?[0-9]){7}")
_KNOWN_NOT_GIVEN: Final = {"078051120", "219099999"}
"""Printed in advertisements: numbers of nobody."""


def _card(match: re.Match[str]) -> Span | None:
    """Three digits after sixteen belong to the number, or are the code from the card's back."""
    ends = (match.end(),) if match["more"] is None else (match.end(), match.start("more"))
    for end in ends:
        if is_card_number(_GAPS.sub("", match.string[match.start() : end])):
            return match.start(), end
    return None


def _iban(match: re.Match[str]) -> Span | None:
    """The account is as long as its country says; words in capitals may follow it."""
    length, start = IBAN_LENGTHS.get(match[0][:2], 0), match.start()
    for end in range(start + 1, match.end() + 1):
        account = match.string[start:end].replace(" ", "")
        if len(account) == length:
            after = match.string[end : end + 1]
            return (start, end) if is_iban(account) and not after.isalnum() else None
    return None


def _ssn(match: re.Match[str]) -> Span | None:
    area, group, serial = match["area"], match["group"], match["serial"]
    impossible = area in ("000", "666") or area >= "900" or group == "00" or serial == "0000"
    return None if impossible or area + group + serial in _KNOWN_NOT_GIVEN else match.span("secret")


# The first character stands before each look behind, so that searching runs at the speed of one character class.
NUMBER_KINDS: Final = (
    by_pattern(
        "payment-card",
        _EIGHT_DIGITS,
        r"""
        [2-6](?<![\w.+\-/].)(?:\d{11,18}
          | \d{3}(?P<gap>[\ \-\u00a0])\d{4}(?P=gap)\d{4}(?P=gap)\d{4}(?P<more>(?P=gap)\d{3}(?!\d))?
          | \d{3}(?P<slit>[\ \-\u00a0])\d{6}(?P=slit)\d{4,5})(?![\w]|[.]\d)
        """,
        _card,
    ),
    by_pattern("iban", _EIGHT_DIGITS, r"[A-Z](?<![A-Za-z0-9].)[A-Z]\d\d(?:\ ?[A-Z0-9]){11,30}+", _iban),
    by_pattern(
        "us-ssn",
        _EIGHT_DIGITS,
        r"(?P<secret>(?P<area>\d(?<![\w\-.].)\d\d)-(?P<group>\d\d)-(?P<serial>\d{4}))(?![\w\-]|\.\d)",
        _ssn,
    ),
    by_pattern(
        "us-ssn",
        "ssn social",
        r"(?:\bssn|social\ security(?:\ number)?)[\"']?(?:\ (?:is|number)|\ ?[#:=]){0,2}\ ?[\"']?"
        r"(?P<secret>(?P<area>\d{3})\ ?(?P<group>\d\d)\ ?(?P<serial>\d{4}))(?![\w\-]|\.\d)",
        _ssn,
        anchor="ssn|social security",
    ),
)
