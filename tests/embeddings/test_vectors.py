"""Unit vectors stay unit vectors, and the best few are the best few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from continuum.embeddings.vectors import batches, checked, cosine, from_bytes, normalise, to_bytes, top_k, well_formed
from continuum.errors import EmbeddingError

numbers = st.floats(min_value=-1e200, max_value=1e200)


@given(arrays(np.float64, (3, 5), elements=numbers))
def test_rows_have_length_one_or_zero(rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    lengths = np.linalg.norm(normalise(rows), axis=1)
    zero = ~rows.any(axis=1)
    np.testing.assert_allclose(lengths, np.where(zero, 0.0, 1.0), atol=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_number_is_refused(bad: float) -> None:
    with pytest.raises(EmbeddingError, match="NaN or infinity"):
        normalise([[1.0, bad]])


# Numbers so small that a factor lets them vanish have no direction to keep.
sizeable = st.floats(-1e3, 1e3).map(lambda number: number if abs(number) > 1e-100 else 0.0)


@given(arrays(np.float64, 6, elements=sizeable), st.floats(0.1, 100.0))
def test_cosine_is_of_directions_and_bounded(
    vector: np.ndarray[tuple[int], np.dtype[np.float64]], factor: float
) -> None:
    likeness = cosine(vector.tolist(), (vector * factor).tolist())
    assert -1.0 <= likeness <= 1.0
    assert likeness == pytest.approx(1.0 if vector.any() else 0.0, abs=1e-5)


@given(st.lists(st.integers(-5, 5), max_size=40), st.integers(-1, 45))
def test_the_best_few_are_a_sorts_and_ties_keep_their_order(scores: list[int], k: int) -> None:
    expected = sorted(range(len(scores)), key=lambda position: -scores[position])[: max(k, 0)]
    assert top_k(np.array(scores, dtype=np.float32), k).tolist() == expected


@given(arrays(np.float32, 7, elements=st.floats(-1.0, 1.0, width=32)))
def test_bytes_round_trip(vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    assert from_bytes(to_bytes(vector), 7).tobytes() == vector.tobytes()


def test_bytes_of_another_width_are_refused() -> None:
    with pytest.raises(EmbeddingError, match="28 bytes, not 32"):
        from_bytes(to_bytes([0.0] * 7), 8)


@pytest.mark.parametrize(
    "rows", [[[1.0]], [[1.0, 2.0], [1.0, 2.0]], [1.0, 2.0], [["a", "b"]], [[1.0], [1.0, 2.0]], None]
)
def test_an_answer_of_another_shape_is_refused(rows: object) -> None:
    with pytest.raises(EmbeddingError):
        checked(rows, 1, 2, "model")  # type: ignore[arg-type]  # the point


def test_batches_keep_order_and_size() -> None:
    assert [list(some) for some in batches(range(5), 2)] == [[0, 1], [2, 3], [4]]


@given(st.text(alphabet=st.characters(), max_size=20))
def test_well_formed_text_can_leave_python(text: str) -> None:
    assert well_formed(text).encode("utf-8").decode("utf-8") == well_formed(text)


def test_lone_surrogates_are_replaced_one_for_one() -> None:
    assert well_formed("a\ud800b") == "a?b"
