"""Patterns over the words of a sentence, matched on bit masks: linear for any text, whatever the gaps.

A pattern reads ``@OVERRIDE ~6 PRIOR ~4 RULES|memo!``: groups (upper case) and single words, with ``|`` between
alternatives; one after another stand side by side, ``~n`` lets the next come up to n words later. ``@`` wants an
order's place (first in its clause, or after a word such as "please"), ``%`` also that of a roundabout order ("so kind
as to", "that you"), ``^`` the beginning of the sentence. One place with ``!`` is the pattern's sign: a text that
holds none of its words cannot match. After ``&`` order and gaps do not matter: each place must be filled somewhere
in the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from continuum.extraction.disguises import leet_key
from continuum.extraction.instruction_words import GROUPS

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")
_CLAUSE_MARKS: Final = frozenset(',:;.!?()[]{}"“”„«»*-–—>#|/…、。，：；！？「」')
_LEADS: Final = frozenset(
    "please pls kindly on and then must should shall now also always never just simply immediately do dont not or "
    "hereby bitte immer dann sofort und favor siempre y toujours et ensuite sempre e altijd пожалуйста всегда и "
    "请 請 必须 要 第 就".split()
)


_OPENERS: Final = _CLAUSE_MARKS | _LEADS
_ROUNDABOUT: Final = frozenset("to you could can may will would zu vous que de и".split())


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern: words of these groups, at most `gap` words behind the place before."""

    names: tuple[str, ...]
    gap: int
    place: str
    """'' anywhere, or one of the marks of a place."""


class WordMasks:
    """Where in a sentence the words of each group stand, as bits of integers; bit n is word n."""

    __slots__ = ("masks", "places")

    def __init__(self, text: str, names_of: Mapping[str, tuple[str, ...]], *, leet: bool = False) -> None:
        """Read a folded text; with `leet` its words are compared by what their spellings have in common."""
        self.masks: dict[str, int] = {}
        orders = roundabout = 0
        before, bit = ",", 1
        for word in _TOKEN.findall(leet_key(text) if leet else text):
            if not word[0].isalnum():
                before = word if word == "@" or word in _CLAUSE_MARKS else before
                continue
            if before in _OPENERS or word > "\u2e80":
                orders |= bit
            elif before in _ROUNDABOUT:
                roundabout |= bit
            for name in names_of.get(word, ()) if before != "@" else ("URL",):
                self.masks[name] = self.masks.get(name, 0) | bit
            before = word
            bit <<= 1
        self.places = {"": -1, "^": 1, "@": orders, "%": orders | roundabout}


@dataclass(frozen=True, slots=True)
class WordPattern:
    """A compiled pattern; of the groups in `sign` a text has to hold one."""

    elements: tuple[Element, ...]
    sign: tuple[str, ...]
    ordered: bool = True
    """Whether its words have to stand in this order; if not, gaps do not matter."""

    def possible(self, present: AbstractSet[str]) -> bool:
        """Whether each place has a word among the groups that are there; cheaper than a match."""
        return all(not present.isdisjoint(element.names) for element in self.elements)

    def ends(self, words: WordMasks) -> int:
        """The places where a match ends, as bits; 0 for none."""
        if not self.ordered:
            return int(self.possible(words.masks.keys()))
        reached = 0
        for number, element in enumerate(self.elements):
            here = 0
            for name in element.names:
                here |= words.masks.get(name, 0)
            here &= words.places[element.place]
            reached = here if number == 0 else _spread(reached, element.gap) & here
            if not reached:
                return 0
        return reached


def word_pattern(source: str) -> WordPattern:
    """Compile a pattern; its words stand in any order if it begins with ``&``."""
    elements: list[Element] = []
    sign: tuple[str, ...] = ()
    gap = 1
    for part in source.removeprefix("&").split():
        if part.startswith("~"):
            gap = int(part[1:])
            continue
        place = part[0] if part[0] in "^@%" else ""
        names = tuple(part.removeprefix(place).removesuffix("!").split("|"))
        elements.append(Element(names, gap, place))
        if part.endswith("!"):
            sign = names
        gap = 1
    return WordPattern(tuple(elements), sign, not source.startswith("&"))


def names_by_word(patterns: Iterable[WordPattern], *, leet: bool = False) -> dict[str, tuple[str, ...]]:
    """For each word that some pattern asks for, the groups it stands in, and itself if it is asked for by name."""
    names = {name for pattern in patterns for element in pattern.elements for name in element.names}
    found: dict[str, set[str]] = {}
    for name in sorted(names):
        for word in _words_of(name):
            found.setdefault(leet_key(word) if leet else word, set()).add(name)
    return {word: tuple(sorted(of)) for word, of in found.items()}


def _words_of(name: str) -> frozenset[str]:
    return GROUPS[name] if name.isupper() else frozenset({name})


def _spread(places: int, gap: int) -> int:
    """All places that lie 1 to `gap` words behind one of these."""
    reached, width = places << 1, 1
    while width * 2 <= gap:
        reached |= reached << width
        width *= 2
    return reached | reached << (gap - width) if gap > width else reached
