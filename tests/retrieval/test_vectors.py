"""Vectors: cosines by message, in any order, removed for good, checked by width."""

from __future__ import annotations

import numpy as np
import pytest

from continuum.retrieval.vectors import Vectors, VectorSet
from tests.retrieval.conversations import message, view_of

VIEW = view_of(*[message(seq, "soup") for seq in (1, 4, 6)])


def unit(*numbers: float) -> Vectors:
    row = np.array(numbers, dtype=np.float32)
    return row / np.float32(np.linalg.norm(row))


def filled() -> VectorSet:
    vectors = VectorSet("m", 2)
    vectors.append([6, 1], np.stack([unit(1, 0), unit(0, 1)]))
    return vectors


def test_scores_are_cosines_by_seq() -> None:
    seqs, cosines = filled().scores(unit(1, 1))
    assert seqs.tolist() == [6, 1]
    assert cosines == pytest.approx([0.7071, 0.7071], abs=1e-4)


def test_places_follow_the_view_and_missing_vectors_are_zero() -> None:
    assert filled().by_place(VIEW, unit(1, 0)).tolist() == [0.0, 0.0, 1.0]


def test_rows_in_order_and_rows_out_of_order_score_the_same() -> None:
    ordered = VectorSet("m", 2)
    ordered.append([1], unit(0, 1)[None])
    ordered.append([4, 6], np.stack([unit(1, 1), unit(1, 0)]))
    shuffled = VectorSet("m", 2)
    shuffled.append([6, 4, 1], np.stack([unit(1, 0), unit(1, 1), unit(0, 1)]))
    assert ordered.by_place(VIEW, unit(2, 1)).tolist() == shuffled.by_place(VIEW, unit(2, 1)).tolist()


def test_a_message_with_several_rows_counts_by_its_best() -> None:
    vectors = filled()
    vectors.append([1], unit(1, 0)[None])
    assert vectors.by_place(VIEW, unit(1, 0)).tolist() == [1.0, 0.0, 1.0]


def test_a_cosine_below_zero_is_kept_apart_from_no_vector() -> None:
    vectors = filled()
    assert vectors.by_place(VIEW, -unit(1, 0)).tolist() == [0.0, 0.0, -1.0]
    vectors.append([6], unit(0, 1)[None])
    assert vectors.by_place(VIEW, unit(-1, -1)) == pytest.approx([-0.7071, 0.0, -0.7071], abs=1e-4)


def test_removed_rows_are_gone() -> None:
    vectors = filled()
    assert vectors.remove([6, 99]) == 1
    assert vectors.remove([6]) == 0
    assert (len(vectors), 6 in vectors, 1 in vectors) == (1, False, True)
    assert vectors.by_place(VIEW, unit(1, 0)).tolist() == [0.0, 0.0, 0.0]


def test_rows_that_a_view_does_not_know_are_passed_over() -> None:
    vectors = filled()
    vectors.append([77], unit(1, 0)[None])
    assert vectors.by_place(VIEW, unit(1, 0)).tolist() == [0.0, 0.0, 1.0]


def test_other_widths_are_refused() -> None:
    vectors = filled()
    with pytest.raises(ValueError, match="2 numbers"):
        vectors.append([9], np.zeros((1, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="2 numbers"):
        vectors.scores(np.zeros(3, dtype=np.float32))
    with pytest.raises(ValueError, match="dimensions"):
        VectorSet("m", 0)


def test_bytes_are_counted() -> None:
    vectors = VectorSet("m", 64)
    vectors.append(range(100), np.ones((100, 64), dtype=np.float32))
    assert vectors.nbytes >= 100 * 64 * 4
