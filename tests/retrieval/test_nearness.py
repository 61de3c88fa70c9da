"""Nearness: bounded, in the order of the cosines, the same for models whose cosines all lie higher."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.retrieval.nearness import nearness

cosines = st.lists(st.floats(-1, 1, width=32), max_size=30).map(lambda values: np.array(values, dtype=np.float64))


@given(cosines)
def test_it_is_bounded_and_keeps_the_order_of_the_cosines(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    near = nearness(values).at(np.arange(len(values) + 1))
    assert near.min() >= -0.5
    assert near.max() <= 1.0
    assert near[-1] == 0.0
    known = np.flatnonzero(values)
    in_order = near[known[np.argsort(values[known], kind="stable")]]
    assert (np.diff(in_order) >= 0.0).all()


def test_no_vector_counts_as_the_average() -> None:
    values = np.array([0.0, 0.1, 0.3, 0.6])
    assert nearness(values).at(np.arange(4)).tolist()[0] == 0.0
    assert nearness(values).at(np.array([3]))[0] > 0.5


def test_a_model_whose_cosines_all_lie_higher_ranks_by_the_same_distances() -> None:
    values = np.random.default_rng(1).normal(0.1, 0.1, 20_000)
    places = np.arange(20_000)
    low, high = nearness(values).at(places), nearness(values / 4 + 0.7).at(places)
    assert high == pytest.approx(low, abs=0.03)


def test_among_few_messages_a_high_cosine_still_counts_in_full() -> None:
    assert nearness(np.array([0.9])).at(np.array([0]))[0] == 1.0
    assert nearness(np.array([0.05, 0.04])).at(np.array([0]))[0] < 0.0
