"""Chooses the run of sentences of a message that answers a question best."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from continuum.language.sentences import sentences
from continuum.language.tokens import query_terms, terms_of

PASSAGE_CHARS_MAX = 600
TEXT_CHARS_MAX = 20_000
"""Of a longer text only the beginning is looked at."""

_LENGTH_COST = 1e-4


def best_passage(text: str, query: str | Mapping[int, float], max_chars: int = PASSAGE_CHARS_MAX) -> tuple[int, int]:
    """Where the best passage [start, end) stands, at most `max_chars` long, at least one character if there is one.

    `query` is the question, or its terms with their weights. A text that fits is its own passage. A sentence that
    does not fit is cut between characters, never inside one that is written with combining marks.
    """
    if len(text) <= max_chars:
        return 0, len(text)
    weights = query if not isinstance(query, str) else _weights(query)
    spans = _pieces(text[:TEXT_CHARS_MAX], max_chars)
    held = [weights.keys() & terms for terms in terms_of(text, spans)]
    return _best_run(spans, held, weights, max_chars)


@lru_cache(maxsize=64)
def _weights(question: str) -> dict[int, float]:
    return {term.hash: 1.0 for term in query_terms(question)}


def _best_run(
    spans: list[tuple[int, int]], held: list[set[int]], weights: Mapping[int, float], max_chars: int
) -> tuple[int, int]:
    """The run with the most weight of different terms; the rest of the room is filled with what follows.

    Only runs that begin and end with a sentence that holds a term are tried: any other has a shorter one inside it.
    """
    best, best_score = spans[0], -1.0
    telling = [(start, end, terms) for (start, end), terms in zip(spans, held, strict=True) if terms]
    for first, (start, _, _) in enumerate(telling):
        seen: set[int] = set()
        score = 0.0
        for _, end, terms in telling[first:]:
            if end - start > max_chars:
                break
            score += sum(weights[term] * (0.1 if term in seen else 1.0) for term in terms)
            seen |= terms
            if score - _LENGTH_COST * (end - start) > best_score:
                best, best_score = (start, end), score - _LENGTH_COST * (end - start)
    return _filled(best, spans, max_chars)


def _filled(best: tuple[int, int], spans: list[tuple[int, int]], max_chars: int) -> tuple[int, int]:
    start, end = best
    for following, finish in spans:
        if following >= end and finish - start <= max_chars:
            end = finish
    return start, end


def _pieces(text: str, max_chars: int) -> list[tuple[int, int]]:
    """Sentences, those that are too long cut into pieces."""
    pieces: list[tuple[int, int]] = []
    for start, end in sentences(text):
        _add_pieces(pieces, text, start, end, max_chars)
    return pieces or [(0, _cut(text, 0, max_chars))]


def _add_pieces(pieces: list[tuple[int, int]], text: str, start: int, end: int, max_chars: int) -> None:
    while end - start > max_chars:
        cut = _cut(text, start, start + max_chars)
        pieces.append((start, cut))
        start = cut
    if end > start:
        pieces.append((start, end))


def _cut(text: str, start: int, limit: int) -> int:
    """The last good place up to `limit`: after a space in the second half, else not before a combining mark."""
    space = text.rfind(" ", start + (limit - start) // 2, limit)
    if space > start:
        return space + 1
    cut = min(limit, len(text))
    while cut > start + 1 and cut < len(text) and _joins(text[cut - 1], text[cut]):
        cut -= 1
    return cut if cut > start + 1 else min(limit, len(text))


def _joins(left: str, right: str) -> bool:
    """Whether two characters belong to one that is seen: marks, joiners, selectors, surrogate halves, flags."""
    if unicodedata.combining(right) or right in "\u200d\ufe0e\ufe0f" or left == "\u200d":
        return True
    if "\ud800" <= left <= "\udbff" and "\udc00" <= right <= "\udfff":
        return True
    return "\U0001f1e6" <= right <= "\U0001f1ff" or "\U0001f3fb" <= right <= "\U0001f3ff"
