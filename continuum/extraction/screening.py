"""Finds what in a stored text is meant to steer a model that reads it: orders, claims of authority, hidden text.

The grammar decides, not a list of sentences: who is addressed, what is ordered, on which condition, about what. The
same words weigh differently in the user's own voice, where orders about oneself are a wish, and from a tool, a page
or an import, where an order to the assistant has no business. Pure; a filter, not a proof: what it misses is still
rendered as quoted data, and what it holds back is still stored.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from continuum.domain.records import Origin
from continuum.extraction.disguises import WordCutter, decoded_texts, folded, is_leet, is_pulled, may_be_disguised
from continuum.extraction.hidden_text import hidden_bodies, hidden_signs, may_hide
from continuum.extraction.instruction_rules import RULES, InstructionRule
from continuum.extraction.instruction_words import spaced_out
from continuum.extraction.role_markup import SIGN_WORDS, frame_signs
from continuum.extraction.word_patterns import WordMasks, names_by_word
from continuum.language.sentences import sentences

SUSPICION_THRESHOLD: Final = 0.5
"""The score from which a message is held back. One for all origins: the weights differ by origin, not the bar."""
SPAN_SCORE: Final = 0.4
"""The score of a few sentences together from which they count as instruction-like."""
REASONS: Final = frozenset(
    "override role-markup trigger privilege exfiltration tool-call memory-command redirection hidden-text "
    "active-markup ansi addressed concealment demonstration disguised".split()
)

_VOICES: Final = {Origin.USER: 0, Origin.ASSISTANT: 1}
_ELSEWHERE: Final = 2
_WINDOW: Final = 3
"""So many sentences in a row are judged together: weak signs farther apart have nothing to do with each other."""
_UNIT_WORDS_MIN: Final = 4
_REST_OF_PARAGRAPH: Final = frozenset({"override", "role-markup", "hidden-text"})
"""What follows these is what they are there for, whatever it looks like."""
_HIDDEN_ORDER: Final = 0.55
_DISGUISE: Final = 0.3
_UNIT_CHARS_MAX: Final = 1_500
_OVERLAP_CHARS: Final = 250
"""Longer sentences are cut, with so much in both parts."""
_BODIES_MAX: Final = 20
_SAME_SIGN_MAX: Final = 4
_PATTERNS: Final = [p for rule in RULES for p in (rule.pattern, *rule.unless)]
_NAMES: Final = names_by_word(_PATTERNS)
_LEET_NAMES: Final = names_by_word(_PATTERNS, leet=True)
_CUTTER: Final = WordCutter(_NAMES)
_BY_SIGN: Final[dict[str, tuple[int, ...]]] = {
    name: tuple(number for number, rule in enumerate(RULES) if name in rule.pattern.sign)
    for name in {name for rule in RULES for name in rule.pattern.sign}
}
"""The rules for which a text must have a word of a group."""
_SIGNS: Final = frozenset(word for word, names in _NAMES.items() if not _BY_SIGN.keys().isdisjoint(names)) | SIGN_WORDS
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Screening:
    """How much a text reads like an order to a model: 0 not at all, 1 surely.

    `reasons` are sorted names out of `REASONS`; `spans` the sentences [start, end) that say so, sorted, disjoint,
    and with what follows them in their paragraph where an order to drop all others opens it.
    """

    score: float
    reasons: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


_HARMLESS: Final = Screening(0.0, (), ())


@dataclass(slots=True)
class _Unit:
    """A sentence, or some very short ones; what was found in it, by what found it."""

    start: int
    end: int
    signs: dict[tuple[str, int], float]


def screen(text: str, origin: Origin) -> Screening:
    """Judge a text by where it comes from. Linear in the text; some microseconds if no word of it matters.

    The score is that of the worst few sentences in a row, so a long text is no worse than its parts.
    """
    voice = _VOICES.get(origin, _ELSEWHERE)
    if not _worth_reading(text, voice):
        return _HARMLESS
    units = [_Unit(start, end, {}) for start, end in _units(text)]
    if not units:
        return _HARMLESS
    for unit in units:
        unit.signs.update(_signs_of(text[unit.start : unit.end], voice))
    _add_hidden(text, units)
    return _judged(text, units)


def _worth_reading(text: str, voice: int) -> bool:
    """Whether the text has the words of any rule, or a mark without which nothing else can be found in it."""
    plain = spaced_out(folded(text))
    words = _WORD.findall(plain)
    if may_be_disguised(plain, words):
        return True
    if not _SIGNS.isdisjoint(words):
        if not SIGN_WORDS.isdisjoint(words):
            return True
        present = {name for word in words for name in _NAMES.get(word, ())}
        if any(rule.weights[voice] and rule.pattern.possible(present) for _, rule in _candidates(present)):
            return True
    return may_hide(text)


def _candidates(present: Iterable[str]) -> list[tuple[int, InstructionRule]]:
    """The rules that have their sign among the groups that are there, in order."""
    return [(number, RULES[number]) for number in sorted({n for name in present for n in _BY_SIGN.get(name, ())})]


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Sentences; those of fewer than four words go with the next, so that stops cannot take an order apart."""
    start: int | None = None
    words = end = 0
    for first, end in sentences(text):
        start = first if start is None else start
        words += sum(len(word) > 1 for word in text[first:end].split())
        if words >= _UNIT_WORDS_MIN:
            yield from _pieces(start, end)
            start, words = None, 0
    if start is not None:
        yield from _pieces(start, end)


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _UNIT_CHARS_MAX:
        yield start, start + _UNIT_CHARS_MAX
        start += _UNIT_CHARS_MAX - _OVERLAP_CHARS
    yield start, end


def _signs_of(sentence: str, voice: int) -> dict[tuple[str, int], float]:
    """What speaks against a sentence, with its weight: by its words, and by what they are once undisguised."""
    plain = spaced_out(folded(sentence))
    signs = _rule_signs(WordMasks(plain, _NAMES), voice)
    for number, (reason, weights) in enumerate(frame_signs(sentence, plain)):
        if weights[voice]:
            signs[reason, -1 - number] = weights[voice]
    for masks in _undisguised(plain):
        more = _rule_signs(masks, voice)
        if _combined(more.values()) > max(_combined(signs.values()), SPAN_SCORE):
            signs.update(more)
            signs["disguised", 0] = _DISGUISE
    return signs


def _undisguised(plain: str) -> Iterator[WordMasks]:
    if is_leet(plain):
        yield WordMasks(plain, _LEET_NAMES, leet=True)
    if is_pulled(plain):
        yield WordMasks(_CUTTER.pulled_together(plain), _NAMES)


def _rule_signs(words: WordMasks, voice: int) -> dict[tuple[str, int], float]:
    signs: dict[tuple[str, int], float] = {}
    for number, rule in _candidates(words.masks):
        if not rule.weights[voice] or not rule.pattern.ends(words):
            continue
        if not any(pattern.ends(words) for pattern in rule.unless):
            signs[rule.reason, number] = rule.weights[voice]
    return signs


def _add_hidden(text: str, units: Sequence[_Unit]) -> None:
    """Add what hides in characters, markup and encodings to the sentences in which it stands."""
    starts = [unit.start for unit in units]
    for sign in hidden_signs(text):
        unit = units[max(0, bisect_right(starts, sign.start) - 1)]
        for number in range(-100, _SAME_SIGN_MAX - 100):
            if (sign.reason, number) not in unit.signs:
                unit.signs[sign.reason, number] = sign.weight
                break
    bodies = [*hidden_bodies(text), *decoded_texts(text)]
    if len(bodies) > _BODIES_MAX:
        bodies = [(bodies[0][0], bodies[-1][1], "\n".join(body for _, _, body in bodies))]
    for start, end, body in bodies:
        if _combined(_signs_of(body, _ELSEWHERE).values()) >= SPAN_SCORE:
            first = max(0, bisect_right(starts, start) - 1)
            for unit in units[first : max(first + 1, bisect_left(starts, end))]:
                unit.signs["hidden-text", -50] = _HIDDEN_ORDER


def _combined(weights: Iterable[float]) -> float:
    """What is left of the doubt that each weight takes its share of, as 1 less that."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1.0 - weight
    return 1.0 - doubt


def _judged(text: str, units: Sequence[_Unit]) -> Screening:
    best = 0.0
    named: set[str] = set()
    marked: set[int] = set()
    for first in range(len(units)):
        window = units[first : first + _WINDOW]
        signs = {key: weight for unit in window for key, weight in unit.signs.items()}
        score = _combined(signs.values())
        best = max(best, score)
        if score >= SPAN_SCORE:
            named.update(reason for reason, _ in signs)
            marked.update(first + at for at, unit in enumerate(window) if unit.signs)
    return Screening(round(best, 6), tuple(sorted(named)), _spans(text, units, sorted(marked)))


def _spans(text: str, units: Sequence[_Unit], marked: Sequence[int]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for number in marked:
        start, end = units[number].start, units[number].end
        if any(reason in _REST_OF_PARAGRAPH for reason, _ in units[number].signs):
            gap = text.find("\n\n", end)
            end = len(text.rstrip()) if gap < 0 else gap
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)
