"""Which concepts of an exchange are joined, on whose word, and how the strength of a join grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from continuum.domain.records import ConceptPair, ExtractedCompound, ExtractedConcept, Origin, Span

LINKED_MAX: Final = 12
"""Concepts of one exchange that are joined: the most telling ones."""
ALL_PAIRS_MAX: Final = 8
"""Up to so many, everything is joined with everything; beyond, each with its neighbours."""
PAIRS_MAX: Final = 32
COMPOUNDS_MAX: Final = 8
COMPONENTS_MAX: Final = 4

TRUST_ORDER: Final = (
    Origin.USER,
    Origin.ASSISTANT,
    Origin.IMPORT,
    Origin.TOOL,
    Origin.EXTERNAL,
    Origin.FEDERATION,
)
"""From the most to the least trusted."""
_RANK: Final[Mapping[Origin, int]] = {origin: rank for rank, origin in enumerate(TRUST_ORDER)}


def reinforce(strength: float, rate: float) -> float:
    """Move a link's strength towards 1 by a share of the distance left.

    Both lie in [0, 1], and so does the result; repeating never overshoots. Order does not matter, so
    concurrent learners agree.

    >>> reinforce(0.5, rate=0.1)
    0.55
    """
    return strength + rate * (1.0 - strength)


def combined(a: float, b: float) -> float:
    """The strength of two independent reasons to join: 1 - (1-a)(1-b), in [0, 1] if both are.

    >>> combined(0.5, 0.5)
    0.75
    """
    return 1.0 - (1.0 - a) * (1.0 - b)


def pairs(concepts: Sequence[ExtractedConcept], origins: Sequence[Origin]) -> tuple[ConceptPair, ...]:
    """Join the first 12 concepts (the caller puts the most telling first), at most 32 pairs, sorted by key.

    `origins[i]` is the origin of message i. Up to eight concepts every pair exists, whatever the order of the
    messages; beyond, those that stand closest. The origin of a pair is the least trusted one that is needed:
    of each concept the most trusted utterance counts, of the two the less trusted.
    """
    linked = concepts[:LINKED_MAX]
    ranks = [_RANK[origin] for origin in origins]
    rank = {concept.key: min([ranks[span.message] for span in concept.spans]) for concept in linked}
    if len(linked) <= ALL_PAIRS_MAX:
        chosen = list(combinations(rank, 2))
    else:
        order = [concept.key for concept in sorted(linked, key=_first_place)]
        near = [(b - a, a, b) for a, b in combinations(range(len(order)), 2)]
        chosen = [(order[a], order[b]) for _, a, b in sorted(near)[:PAIRS_MAX]]
    ordered = sorted((a, b) if a < b else (b, a) for a, b in chosen)
    return tuple(ConceptPair(a, b, TRUST_ORDER[max(rank[a], rank[b])]) for a, b in ordered)


def _first_place(concept: ExtractedConcept) -> tuple[int, int]:
    return concept.spans[0].message, concept.spans[0].start


def compounds(
    concepts: Sequence[ExtractedConcept], sentence_spans: Sequence[Sequence[tuple[int, int]]]
) -> tuple[ExtractedCompound, ...]:
    """Sets of two to four linked concepts that share a sentence, at most 8, in the order of the text.

    `sentence_spans[i]` holds the sentences of message i. A sentence with more concepts gives its most telling four.
    """
    found: dict[tuple[str, ...], ExtractedCompound] = {}
    linked = [(concept.key, concept.spans) for concept in concepts[:LINKED_MAX]]
    places = sorted((span.message, span.start, rank) for rank, (_, spans) in enumerate(linked) for span in spans)
    position = 0
    for message, spans in enumerate(sentence_spans):
        for start, end in spans:
            ranks: set[int] = set()
            while position < len(places) and places[position][:2] < (message, end):
                ranks.add(places[position][2])
                position += 1
            if len(ranks) < 2:
                continue
            keys = tuple(sorted(linked[rank][0] for rank in sorted(ranks)[:COMPONENTS_MAX]))
            found.setdefault(keys, ExtractedCompound(keys, Span(message, start, end)))
            if len(found) == COMPOUNDS_MAX:
                return tuple(found.values())
    return tuple(found.values())
