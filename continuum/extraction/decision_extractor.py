"""Decisions of a text: what its speaker resolved to do, or not to do."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from continuum.domain.records import ExtractedDecision, Role, Span
from continuum.errors import InvalidInputError
from continuum.language.sentences import sentences

DECISIONS_MAX: Final = 16
"""Decisions kept of one text, the first ones."""

_DOING = (
    "creating|building|implementing|adding|switching|moving|migrating|adopting|dropping|replacing|removing|"
    "rewriting|deploying|launching|planning|starting|stopping|cancelling|canceling|quitting|leaving|buying|selling"
)
# Two steps: where a cue may begin is cheap to find, and the whole cue is tried at those places only.
_ANCHOR = re.compile(r"(?<![^\W_])(?:i|we|let|my|our|the|going|from|decided|it|decision|creating|building)(?=[ ':])")
_CUE = re.compile(
    rf"""
    (?:i|we)(?:
        (?:'ll|[ ]will|[ ]won't|[ ]shall|(?:'m|'re|[ ]am|[ ]are)[ ](?:not[ ])?going[ ]to)
      | (?:'ve|[ ]have)?[ ](?:(?:now|finally|already|just|both|all)[ ])?
        (?:decided|opted|resolved|agreed|settled|chosen|chose|picked|went[ ]with)
      | (?:'m|'re|[ ]am|[ ]are)[ ](?:not[ ]|now[ ])?(?:{_DOING})
    )[ ]
  | let(?:'s|[ ]us)[ ](?:not[ ])?(?:go[ ]with|go[ ]for|use|switch|stick|move|adopt|keep|drop|start|stop)[ ]
  | (?:my|our|the)[ ](?:plan|decision|choice|intention)[ ]is[ ]
  | (?:going[ ]forward|from[ ]now[ ]on),?[ ](?:i|we)[ ]
  | (?:decided[ ]on|it[ ](?:is|was)[ ]decided|decision:)[ ]
  | (?:(?<=[.!:;\n][ ])|(?<=\n)|\A|(?<=[-*][ ]))
    (?:creating|building)[ ](?!(?:is|was|are|were|has|had|can|will|would|code)\b)
    """,
    re.VERBOSE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|unless|whether|suppose|supposing|imagine|what if|in case|wish|hope|wonder)\b", re.I
)
_REPORTED = re.compile(
    r"\b(?!(?:i|we)\b)[\w'-]+ (?:said|says|told|tells|claims|claimed|asks|asked|wrote|writes|thinks|believes|warns|"
    r"warned|insists|insisted|hopes|promised|argued|argues)\b|\baccording to\b",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"(?:i|we)(?:'ll| will| shall) (?:be (?:honest|happy|glad|able|fine|late|there|back|sure|frank)|see|bet|admit|say|"
    r"have to|need to|let you know|never (?:know|forget)|always (?:love|remember)|miss|assume|guess|grant)\b",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?:[\s,;:.!?。！\-–—\"'”’)*_]|\b(?:and|but|so|because|then|ok|okay|deal)(?=[\s?]*\Z))++\Z", re.IGNORECASE
)
_OPENING_QUOTES: Final = ("“", "«", "‘", "「", "『")
_CLOSING_QUOTES: Final = ("”", "»", "’", "」", "』")
_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_TAG_QUESTION = re.compile(r", (?:ok|okay|right|deal|alright|all right)\?\Z")
_CUES_MAX: Final = 128
_LOOK_BACK: Final = 240
"""Characters before a cue that can make it a question of others' words or of "if"."""


class DecisionExtractor:
    """Finds the clauses in which the speaker decides: "I will ...", "we decided to ...", "let's go with ...".

    Questions, "if" clauses, others' words and quotations are no decisions; one not to do something is, and keeps
    its negation. Lengths count characters: shorter clauses say nothing, longer ones are cut between words.
    At most 16 for one text. Linear; pure.

    >>> [found.text for found in DecisionExtractor().extract("Thanks. We decided to use Redis.", "user")]
    ['We decided to use Redis']
    """

    def __init__(self, min_length: int = 10, max_length: int = 200) -> None:
        if not 1 <= min_length <= max_length:
            raise InvalidInputError("min_length", f"{min_length} is not between 1 and max_length ({max_length})")
        self._min_length = min_length
        self._max_length = max_length

    def extract(self, text: str, role: Role) -> list[ExtractedDecision]:
        """The decisions of a text that stands alone."""
        return list(self.find(text, role, 0))

    def find(
        self, text: str, role: Role, message: int, spans: list[tuple[int, int]] | None = None
    ) -> tuple[ExtractedDecision, ...]:
        """The decisions of message `message`; `spans` are its sentences, if somebody has them already."""
        plain = _plain(text)
        cues = _cues(plain)
        if not cues:
            return ()
        spans = sentences(text) if spans is None else spans
        starts = [start for start, _ in spans]
        found: list[ExtractedDecision] = []
        for number, cue in enumerate(cues):
            if len(found) == DECISIONS_MAX:
                break
            sentence = spans[max(0, bisect_right(starts, cue) - 1)]
            following = cues[number + 1] if number + 1 < len(cues) else len(text)
            decision = self._decision(text, plain, cue, min(following, sentence[1]), sentence)
            if decision is not None:
                context = text[slice(*self._context(sentence, decision))]
                found.append(ExtractedDecision(text[slice(*decision)], context, Span(message, *decision), role))
        return tuple(found)

    def _decision(
        self, text: str, plain: str, cue: int, limit: int, sentence: tuple[int, int]
    ) -> tuple[int, int] | None:
        if limit - cue < self._min_length or _is_question(plain, sentence) or not _is_own(plain, sentence[0], cue):
            return None
        end = min(limit, cue + self._max_length)
        if end < limit:
            blank = text.rfind(" ", cue, end)
            end = blank if blank > cue else end
        tail = _TRAILING.search(text, max(cue, end - 24), end)
        end = tail.start() if tail else end
        return (cue, end) if end - cue >= self._min_length else None

    def _context(self, sentence: tuple[int, int], decision: tuple[int, int]) -> tuple[int, int]:
        """The sentence, or where it is longer than three decisions may be, its part around this one."""
        room = self._max_length
        return max(sentence[0], decision[0] - room), min(sentence[1], decision[1] + room)


def _is_question(plain: str, sentence: tuple[int, int]) -> bool:
    if plain[sentence[1] - 1] not in "?？":
        return False
    return not _TAG_QUESTION.search(plain, max(sentence[0], sentence[1] - 12), sentence[1])


def _plain(text: str) -> str:
    """The text in lower case with plain apostrophes, every character where it was."""
    plain = text.replace("’", "'")
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain.translate(_ASCII_LOWER)


def _cues(plain: str) -> list[int]:
    """Where decisions begin; cues inside another cue are that one."""
    cues: list[int] = []
    passed = 0
    for anchor in _ANCHOR.finditer(plain):
        if len(cues) == _CUES_MAX:
            break
        match = _CUE.match(plain, anchor.start()) if anchor.start() >= passed else None
        if match:
            cues.append(match.start())
            passed = match.end() - 1
    return cues


def _is_own(plain: str, sentence_start: int, cue: int) -> bool:
    if _IDLE.match(plain, cue):
        return False
    before = plain[max(sentence_start, cue - _LOOK_BACK) : cue]
    if not before:
        return True
    return not (_HYPOTHETICAL.search(before) or _REPORTED.search(before) or _is_quoted(before))


def _is_quoted(before: str) -> bool:
    if before.count('"') % 2:
        return True
    opened = sum(before.count(mark) for mark in _OPENING_QUOTES)
    return opened > sum(before.count(mark) for mark in _CLOSING_QUOTES)
