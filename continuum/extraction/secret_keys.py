"""Private keys as blocks of text: whole, or cut off before their last line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Final

from continuum.extraction.secret_shapes import SecretKind, Span

_RUN: Final = re.compile(r"[A-Za-z0-9+/]{20}")
_GLUE: Final = r"(?:\s|\\{1,2}[nrt]|[>|\"',#*])*+"
_BODY: Final = re.compile(
    rf"""(?:{_GLUE}(?:[A-Z][A-Za-z\-]{{2,30}}:[ ][^\n\\]{{1,200}}|[A-Za-z0-9+/]{{16,}}+={{0,2}}))++
    (?:(?:\s|\\{{1,2}}[nr])++[A-Za-z0-9+/=]{{1,76}}(?=\s*+(?:[\n\\"'`]|\Z)))?+""",
    re.VERBOSE | re.ASCII,
)


def _blocks_of(what: str) -> Callable[[str], Iterator[Span]]:
    mark = re.compile(rf"-{{4,5}}\ ?(?P<edge>BEGIN|END)\ {what}\ ?-{{4,5}}")

    def find(text: str) -> Iterator[Span]:
        marks = list(mark.finditer(text))
        for match, after in zip_longest(marks, marks[1:]):
            if match is not None and match["edge"] == "BEGIN":
                yield from _block(text, match, after if after is not None and after["edge"] == "END" else None)

    return find


def _block(text: str, begin: re.Match[str], end: re.Match[str] | None) -> Iterator[Span]:
    """The block if characters of a key follow its first line: prose about such lines is no key."""
    if end is not None:
        if _RUN.search(text, begin.end(), end.start()):
            yield begin.start(), end.end()
        return
    body = _BODY.match(text, begin.end())
    if body is not None and _RUN.search(text, begin.end(), body.end()):
        yield begin.start(), body.end()


_PEM: Final = r"(?:[A-Z0-9]{1,20}\ ){0,3}PRIVATE\ KEY"
_PGP: Final = r"PGP\ PRIVATE\ KEY\ BLOCK"

KEY_BLOCK_KINDS: Final = (
    SecretKind("pgp-private-key", ("pgp private key block",), _blocks_of(_PGP)),
    SecretKind("private-key", ("private key",), _blocks_of(_PEM)),
)
