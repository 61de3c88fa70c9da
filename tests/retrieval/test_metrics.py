"""Measures of rankings, by hand-computed cases."""

from __future__ import annotations

import pytest

from continuum.retrieval.metrics import (
    all_at_k,
    any_at_k,
    distinct_sessions,
    frac_at_k,
    mrr,
    ndcg_at_10,
    paired_bootstrap,
)

RANKING = ["c", "a", "d", "b"]


def test_shares_of_the_first_k() -> None:
    assert frac_at_k(RANKING, ["a", "b"], 2) == 0.5
    assert frac_at_k(RANKING, ["a", "b"], 4) == 1.0
    assert any_at_k(RANKING, ["a", "b"], 1) == 0.0
    assert any_at_k(RANKING, ["a", "b"], 2) == 1.0
    assert all_at_k(RANKING, ["a", "b"], 3) == 0.0
    assert all_at_k(RANKING, ["a", "b"], 4) == 1.0


def test_reciprocal_rank_and_discounted_gain() -> None:
    assert mrr(RANKING, ["b", "a"]) == 0.5
    assert mrr(RANKING, ["x"]) == 0.0
    assert ndcg_at_10(["a", "x"], ["a"]) == 1.0
    assert ndcg_at_10(["x", "a"], ["a"]) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg_at_10(["a", "x", "b"], ["a", "b"]) == pytest.approx((1 + 0.5) / (1 + 0.6309), abs=1e-4)


def test_sessions_stand_at_their_first_place() -> None:
    assert distinct_sessions(["s2", "s1", "s2", "s3"]) == ["s2", "s1", "s3"]


def test_a_question_without_gold_is_refused() -> None:
    with pytest.raises(ValueError, match="gold"):
        frac_at_k(RANKING, [], 5)


def test_a_difference_on_every_question_is_clear_and_noise_is_not() -> None:
    gain = paired_bootstrap([0.6] * 50, [0.5] * 50)
    assert gain.clear
    assert gain.mean == pytest.approx(0.1)
    noise = paired_bootstrap([0.0, 1.0] * 25, [1.0, 0.0] * 25)
    assert not noise.clear
    assert noise.low <= noise.mean <= noise.high
    assert paired_bootstrap([0.0, 1.0], [1.0, 0.5]) == paired_bootstrap([0.0, 1.0], [1.0, 0.5])


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        paired_bootstrap([1.0], [])
