"""What must not be read as a statement: questions, conditions, others' words, quotations, code, jokes."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from continuum.extraction.fact_words import Words

_HIDDEN = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{0,400}`|\"[^\"\n]{1,600}\"|“[^”\n]{1,600}”|«[^»\n]{1,600}»"
    r"|(?:^|\n)[ \t]{0,8}(?:>|\||#|[-*+•][ \t]|\d{1,3}[.)][ \t])[^\n]*|\[[^\]\n]{1,400}\]",
    re.DOTALL,
)
_SUSPECTS = re.compile(r"[`\"“«>|#\[*•+-]|\d[.)]")
_JOKE = re.compile(
    r"\b(?:just kidding|jk|kidding|joking|just a joke|pretend|hypothetically|role-?play|/s)\b", re.IGNORECASE
)
_OPENING_SIGNS: Final = frozenset({",", ";", ":", ".", "!", "-", "–", "—", "(", "?", "*", "_", "~", "…", ")"})
_OPENING_WORDS: Final = frozenset(
    "and but so because cause 'cause since although though also well yes yeah yep no now btw actually anyway oh hey hi "
    "ok okay however currently plus as while whereas hello sorry correction recently today still fyi luckily sadly "
    "considering given fortunately unfortunately finally nowadays lately basically honestly "
    "personally please mostly wow too haha".split()
)
_TIME_WORDS: Final = frozenset(
    "since in last this two three four five a few years year months month weeks week ago back on of the early late "
    "days these "
    "january february march april may june july august september october november december yesterday summer winter "
    "spring autumn fall recently past weekend night now from until to".split()
)
# What only announces that something is so: "please note that my e-mail is ...", "turns out I like it".
_ANNOUNCED: Final = frozenset(
    {("please", "note", "that"), ("keep", "in", "mind", "that"), ("in", "mind", "that"), ("turns", "out", "that")}
    | {("note", "that"), ("it", "turns", "out")}
)
_CONDITIONS: Final = frozenset(
    "if unless whether suppose supposing imagine imagining wish wishing hope hoping hopefully wonder wondering maybe "
    "perhaps might once pretend say assume assuming should would when whenever until before".split()
)
_REPORTING: Final = frozenset(
    "said says told tells claims claimed asked asks wrote writes thinks thought believes believed insisted insists "
    "promised argued argues heard mentioned according suggested jokes joked reads goes dreamed dreamt quote".split()
)
_ASKING: Final = frozenset(
    "can could would will do does did is are was were what how why which who where when should have has any am may "
    "shall isn't aren't don't doesn't didn't won't whose if".split()
)
_CLAUSE_SIGNS: Final = frozenset({",", ";", ":", "-", "–", "—", ".", "and", "but", "so", "(", "!"})


@dataclass(frozen=True, slots=True)
class Screen:
    """The places of one text in which nothing is stated."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def hides(self, position: int) -> bool:
        """Whether a character lies in code, a quotation, a list or a table."""
        place = bisect_right(self.starts, position) - 1
        return place >= 0 and position < self.ends[place]

    def stated_until(self, words: Words) -> int:
        """How many words of a sentence come before its question, all if it asks nothing."""
        if not words.raw or (words.raw[-1] not in "?？" and "?" not in words.lower):
            return len(words)
        end = words.lower.index("?") if "?" in words.lower else len(words)
        for index in range(end - 1, 0, -1):
            if words.lower[index] in _ASKING and words.lower[index - 1] in _CLAUSE_SIGNS:
                return index if words.lower[0] not in _ASKING else 0
        return 0

    def doubts(self, words: Words, first: int) -> bool:
        """Whether something before the clause makes it a condition, a wish or somebody else's words."""
        before = words.lower[:first]
        return not (_CONDITIONS.isdisjoint(before) and _REPORTING.isdisjoint(before))


def screen_of(text: str) -> Screen:
    """Find them in one pass. Linear."""
    if _SUSPECTS.search(text) is None and "oking" not in text and "idding" not in text:
        return _NOTHING
    if _JOKE.search(text):
        return Screen((0,), (len(text),))
    spans = [match.span() for match in _HIDDEN.finditer(text)]
    return Screen(tuple(start for start, _ in spans), tuple(end for _, end in spans))


_NOTHING: Final = Screen((), ())


def opens_clause(words: Words, index: int) -> bool:
    """Whether a clause may begin at this word: at a sentence's beginning, after a sign or a linking word."""
    if index == 0:
        return True
    before = words.lower[index - 1]
    if before in _OPENING_SIGNS or before in _OPENING_WORDS:
        return True
    if before in ("that", "out") and tuple(words.lower[max(0, index - 3) : index]) in _ANNOUNCED:
        return True
    if before == "out" and tuple(words.lower[max(0, index - 2) : index]) == ("turns", "out"):
        return True
    if index > 6:
        return False
    return all(word in _TIME_WORDS or word.isdigit() for word in words.lower[:index])
