"""Secrets and private spans leave a text before anything is stored; what kind stood there stays in their place.

`[redacted:KIND]` stands where a secret was. A placeholder that is already in a text is nobody's secret and is left
alone, so that redacting twice is redacting once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from continuum.errors import InvalidInputError, shown
from continuum.extraction.secret_kinds import KINDS
from continuum.extraction.secret_shapes import SecretKind

SECRET_KINDS: Final[tuple[str, ...]] = tuple(sorted({kind.name for kind in KINDS}))
PRIVATE: Final = "private"
_PLACEHOLDER: Final = re.compile(r"(\[redacted:[a-z0-9-]{1,40}\])")
_TAG: Final = re.compile(r"<\s*+(?P<close>/\s*+)?private\s*+>", re.IGNORECASE)
_PASSES_MAX: Final = 4
_RARE_MARKS: Final = "_-:/>"


@dataclass(frozen=True, slots=True)
class Redaction:
    """One placeholder: its kind, and the characters [start, end) of the redacted text where it stands."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets, and what was taken out of it, in order."""

    text: str
    redactions: tuple[Redaction, ...] = ()


class _Found(NamedTuple):
    start: int
    end: int
    kind: str


class _Piece(NamedTuple):
    """Part of a text: shown as it is, or as the placeholder of `kind`."""

    text: str
    kind: str | None = None


class Redactor:
    """Takes secrets of the given kinds out of texts, all kinds by default, and private spans unless told not to.

    Raises InvalidInputError for an unknown kind. Immutable after that; threads may share it.
    """

    def __init__(self, kinds: frozenset[str] | None = None, private: bool = True) -> None:
        for name in sorted(kinds or ()):
            _check_name(name)
        self._kinds = [kind for kind in KINDS if kinds is None or kind.name in kinds]
        self._places_by_sign = _places_by_sign(self._kinds)
        self._places_by_shape = _places_by_shape(self._kinds)
        self._private = private

    def redact(self, text: str) -> Redacted:
        """The text with a placeholder for each secret; the very same object where there is none.

        Of overlapping secrets the longest names the kind, and the characters of all of them go. Time is linear in
        the length. Redacting the result again changes nothing and reports nothing.
        """
        hidden = _private_spans(text) if self._private and "<" in text else []
        pieces = [part for piece in _cut(text, hidden) for part in self._without_secrets(piece)]
        return _joined(pieces) if any(piece.kind for piece in pieces) else Redacted(text)

    def _without_secrets(self, piece: _Piece) -> Iterator[_Piece]:
        if piece.kind is not None:
            yield piece
            return
        # Placeholders part a text: what stands on either side is read by itself, now and every later time.
        for place, part in enumerate(_PLACEHOLDER.split(piece.text) if "[redacted:" in piece.text else [piece.text]):
            if place % 2:
                yield _Piece(part)
            else:
                yield from self._settled(part)

    def _settled(self, text: str, turn: int = 1) -> Iterator[_Piece]:
        """Cut secrets out until the rest shows none: some can be seen only when what touched them is gone.

        A rest that shows new ones after the last turn was made to; all of it goes.
        """
        found = self._find(text)
        if not found:
            yield _Piece(text)
        elif turn > _PASSES_MAX:
            yield _Piece(text, found[0].kind)
        else:
            for piece in _cut(text, _outermost(found)):
                if piece.kind is None:
                    yield from self._settled(piece.text, turn + 1)
                else:
                    yield piece

    def _find(self, text: str) -> list[_Found]:
        lowered = text.lower()
        places: set[int] = set()
        for lead, signs in self._places_by_sign:
            if lead in lowered:
                for sign, those in signs:
                    if sign in lowered:
                        places.update(those)
        for shape, those in self._places_by_shape:
            if shape.search(text):
                places.update(those)
        return [
            _Found(start, end, self._kinds[place].name)
            for place in sorted(places)
            for start, end in self._kinds[place].find(text)
        ]


def _places_by_sign(kinds: list[SecretKind]) -> list[tuple[str, list[tuple[str, list[int]]]]]:
    """Each sign once, with the places of the kinds that it is a sign of, under a mark that talk seldom has."""
    by_lead: dict[str, list[tuple[str, list[int]]]] = {}
    for sign in sorted({sign for kind in kinds for sign in kind.signs}):
        lead = next((mark for mark in _RARE_MARKS if mark in sign), "")
        by_lead.setdefault(lead, []).append((sign, [at for at, kind in enumerate(kinds) if sign in kind.signs]))
    return list(by_lead.items())


def _places_by_shape(kinds: list[SecretKind]) -> list[tuple[re.Pattern[str], list[int]]]:
    shapes = dict.fromkeys(kind.sign_shape for kind in kinds if kind.sign_shape is not None)
    return [(shape, [place for place, kind in enumerate(kinds) if kind.sign_shape is shape]) for shape in shapes]


def _check_name(name: str) -> None:
    if name not in SECRET_KINDS:
        near = difflib.get_close_matches(name, SECRET_KINDS, n=1, cutoff=0.0)[0]
        raise InvalidInputError("kinds", f"{shown(name)} is not a kind of secret; the nearest is {near!r}")


def _private_spans(text: str) -> list[_Found]:
    """From each outermost opening tag to its closing one, or to the end; a closing tag alone is only a word."""
    spans, depth, start = [], 0, 0
    for tag in _TAG.finditer(text):
        if tag["close"] is None:
            start = start if depth else tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                spans.append(_Found(start, tag.end(), PRIVATE))
    return [*spans, _Found(start, len(text), PRIVATE)] if depth else spans


def _outermost(found: Iterable[_Found]) -> list[_Found]:
    """Spans that overlap become one, of the longest one's kind, the first of the table's where two are equal."""
    merged: list[_Found] = []
    longest = 0
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        length = span.end - span.start
        if not merged or span.start >= merged[-1].end:
            merged.append(span)
            longest = length
        else:
            before = merged[-1]
            kind, longest = (span.kind, length) if length > longest else (before.kind, longest)
            merged[-1] = _Found(before.start, max(before.end, span.end), kind)
    return merged


def _cut(text: str, spans: Iterable[_Found]) -> list[_Piece]:
    pieces, done = [], 0
    for span in spans:
        pieces += [_Piece(text[done : span.start]), _Piece(text[span.start : span.end], span.kind)]
        done = span.end
    return [*pieces, _Piece(text[done:])]


def _joined(pieces: Iterable[_Piece]) -> Redacted:
    parts: list[str] = []
    redactions: list[Redaction] = []
    at = 0
    for piece in pieces:
        part = piece.text if piece.kind is None else f"[redacted:{piece.kind}]"
        if piece.kind is not None:
            redactions.append(Redaction(piece.kind, at, at + len(part)))
        parts.append(part)
        at += len(part)
    return Redacted("".join(parts), tuple(redactions))


def without_placeholders(text: str) -> str:
    """The text with blanks for its placeholders, every other character where it was: they name no thing."""
    if "[redacted:" not in text:
        return text
    return _PLACEHOLDER.sub(lambda match: " " * len(match[0]), text)
