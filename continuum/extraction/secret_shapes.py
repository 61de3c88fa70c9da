"""How a kind of secret is described: a name, signs, and a search that gives spans."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
Check = Callable[[re.Match[str]], Span | None]


@dataclass(frozen=True, slots=True)
class SecretKind:
    """One kind: `find` gives the spans of its secrets in a text.

    A text is searched if one of `signs`, lower-case literals, stands in its lower case, or `sign_shape` in the text.
    """

    name: str
    signs: tuple[str, ...]
    find: Callable[[str], Iterator[Span]]
    sign_shape: re.Pattern[str] | None = None


def whole(match: re.Match[str]) -> Span:
    """The span of the group `secret`, or of the match if it has no such group."""
    return match.span("secret") if "secret" in match.re.groupindex else match.span()


def by_pattern(
    name: str, signs: str | re.Pattern[str], pattern: str, check: Check = whole, *, anchor: str | None = None
) -> SecretKind:
    """A kind found by a pattern (ASCII, verbose) whose matches `check` accepts.

    `signs` are parted by spaces, or are the pattern of a sign that has no letters of its own. With an `anchor`, a
    lower-case pattern of how matches begin, letter case is ignored; searching for it alone is several times faster.
    """
    compiled = re.compile(pattern, re.ASCII | re.VERBOSE | (re.IGNORECASE if anchor else 0))
    begin = re.compile(anchor, re.ASCII) if anchor else None

    def search(text: str, lowered: str, at: int) -> re.Match[str] | None:
        # Lower case may have more characters than the text had; then positions differ, and the slow way is right.
        if begin is None or len(lowered) != len(text):
            return compiled.search(text, at)
        for start in begin.finditer(lowered, at):
            if match := compiled.match(text, start.start()):
                return match
        return None

    def find(text: str) -> Iterator[Span]:
        lowered, at = text.lower() if begin else text, 0
        while match := search(text, lowered, at):
            span = check(match)
            if span is not None:
                yield span
            # A refused match may hide a good one that begins inside it.
            at = match.start() + 1 if span is None else max(span[1], match.start() + 1)

    if isinstance(signs, str):
        return SecretKind(name, tuple(signs.split()), find)
    return SecretKind(name, (), find, signs)
