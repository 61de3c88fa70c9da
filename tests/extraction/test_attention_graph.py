"""Which concepts are joined, on whose word, and how many at most."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.records import ExtractedConcept, Origin, Span
from continuum.extraction.attention_graph import (
    ALL_PAIRS_MAX,
    COMPONENTS_MAX,
    COMPOUNDS_MAX,
    LINKED_MAX,
    PAIRS_MAX,
    TRUST_ORDER,
    combined,
    compounds,
    pairs,
    reinforce,
)
from tests.requirements import requirement

unit_interval = st.floats(min_value=0.0, max_value=1.0)


def _concept(key: str, *places: tuple[int, int]) -> ExtractedConcept:
    return ExtractedConcept(key, key, "concept", tuple(Span(n, start, start + 1) for n, start in places))


def _row(count: int) -> list[ExtractedConcept]:
    return [_concept(f"k{number:02}", (0, number * 2)) for number in range(count)]


@requirement("graph:pairs")
@pytest.mark.parametrize("count", [0, 1, 2, ALL_PAIRS_MAX])
def test_up_to_eight_concepts_are_all_joined(count: int) -> None:
    found = pairs(_row(count), [Origin.USER])
    assert [(pair.a, pair.b) for pair in found] == list(combinations([c.key for c in _row(count)], 2))


@pytest.mark.parametrize("count", [ALL_PAIRS_MAX + 1, LINKED_MAX, LINKED_MAX + 1, 64])
def test_beyond_eight_neighbours_are_joined_and_no_more_than_the_limit(count: int) -> None:
    found = pairs(_row(count), [Origin.USER])
    keys = [concept.key for concept in _row(count)[:LINKED_MAX]]
    assert len(found) == min(PAIRS_MAX, len(keys) * (len(keys) - 1) // 2)
    assert set(pairwise(keys)) <= {(pair.a, pair.b) for pair in found}
    assert {pair.a for pair in found} | {pair.b for pair in found} == set(keys)


def test_keys_of_a_pair_are_in_order_whatever_comes_first() -> None:
    (pair,) = pairs([_concept("zebra", (0, 0)), _concept("ant", (0, 9))], [Origin.USER])
    assert (pair.a, pair.b) == ("ant", "zebra")


@pytest.mark.parametrize(
    ("a_places", "b_places", "origin"),
    [
        ([(0, 0)], [(0, 5)], Origin.USER),
        ([(1, 0)], [(1, 5)], Origin.ASSISTANT),
        ([(0, 0)], [(1, 5)], Origin.ASSISTANT),
        ([(0, 0), (1, 0)], [(0, 5), (1, 5)], Origin.USER),
        ([(0, 0)], [(2, 0)], Origin.TOOL),
        ([(1, 0)], [(2, 0), (3, 0)], Origin.TOOL),
        ([(1, 0)], [(3, 0)], Origin.FEDERATION),
    ],
)
def test_a_pair_has_the_least_trusted_origin_that_is_needed(
    a_places: list[tuple[int, int]], b_places: list[tuple[int, int]], origin: Origin
) -> None:
    origins = [Origin.USER, Origin.ASSISTANT, Origin.TOOL, Origin.FEDERATION]
    (pair,) = pairs([_concept("a", *a_places), _concept("b", *b_places)], origins)
    assert pair.origin is origin


def test_every_origin_has_its_rank() -> None:
    assert set(TRUST_ORDER) == set(Origin)


@given(st.permutations(range(ALL_PAIRS_MAX)), st.lists(st.sampled_from(list(Origin)), min_size=8, max_size=8))
def test_the_order_of_messages_does_not_matter_up_to_eight(order: list[int], origins: list[Origin]) -> None:
    straight = pairs([_concept(f"k{n}", (n, 0)) for n in range(ALL_PAIRS_MAX)], origins)
    place = {number: position for position, number in enumerate(order)}
    moved = [_concept(f"k{n}", (place[n], 0)) for n in order]
    assert pairs(moved, [origins[n] for n in order]) == straight


@given(strength=unit_interval, rate=unit_interval)
def test_reinforcing_never_weakens_and_never_passes_one(strength: float, rate: float) -> None:
    assert strength <= reinforce(strength, rate) <= 1.0


@given(a=unit_interval, b=unit_interval)
def test_two_reasons_are_never_weaker_than_one_and_never_pass_one(a: float, b: float) -> None:
    both = combined(a, b)
    assert max(a, b) - 1e-12 <= both <= 1.0
    assert both == pytest.approx(combined(b, a))


def test_concepts_of_one_sentence_are_a_compound() -> None:
    concepts = [_concept("c", (0, 3)), _concept("a", (0, 0)), _concept("b", (1, 0)), _concept("d", (0, 20))]
    (compound,) = compounds(concepts, [[(0, 10), (12, 30)], [(0, 5)]])
    assert (compound.components, compound.span) == (("a", "c"), Span(0, 0, 10))


def test_a_sentence_gives_its_most_telling_four() -> None:
    concepts = [_concept(key, (0, place)) for key, place in zip("edcba", range(5), strict=True)]
    (compound,) = compounds(concepts, [[(0, 10)]])
    assert compound.components == ("b", "c", "d", "e")
    assert len(compound.components) == COMPONENTS_MAX


@pytest.mark.parametrize("sentence_count", [COMPOUNDS_MAX, COMPOUNDS_MAX + 1])
def test_compounds_of_one_exchange_are_bounded(sentence_count: int) -> None:
    subject = _concept("subject", *[(0, number * 10) for number in range(sentence_count)])
    others = [_concept(f"k{number}", (0, number * 10 + 5)) for number in range(sentence_count)]
    spans = [(number * 10, number * 10 + 9) for number in range(sentence_count)]
    assert len(compounds([subject, *others], [spans])) == COMPOUNDS_MAX


def test_the_same_compound_in_two_sentences_is_one() -> None:
    concepts = [_concept("a", (0, 0), (0, 10)), _concept("b", (0, 3), (0, 13))]
    assert len(compounds(concepts, [[(0, 9), (10, 19)]])) == 1
