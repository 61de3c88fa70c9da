"""The best passage holds the answer, fits, and is cut where a reader would cut."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.retrieval.passages import best_passage

FILLER = "The weather stayed grey for most of the week. "


def test_a_text_that_fits_is_its_own_passage() -> None:
    assert best_passage("We bought a piano.", "piano", 600) == (0, 18)
    assert best_passage("", "piano") == (0, 0)


def test_the_sentence_with_the_words_is_inside() -> None:
    text = FILLER * 20 + "We keep the spare key under the blue pot. " + FILLER * 20
    start, end = best_passage(text, "Where is the spare key?", 200)
    assert "spare key under the blue pot." in text[start:end]
    assert end - start <= 200


def test_two_neighbouring_sentences_beat_one() -> None:
    text = FILLER * 8 + "The key is new. " + FILLER * 8 + "We moved the key. The pot is blue. " + FILLER * 8
    start, end = best_passage(text, "key pot", 120)
    assert "We moved the key. The pot is blue." in text[start:end]


def test_weights_decide_between_words() -> None:
    from continuum.language.tokens import term_hash

    text = FILLER * 4 + "A piano stood there. " + FILLER * 8 + "A lamp stood there. " + FILLER * 4
    start, end = best_passage(text, {term_hash("piano"): 1.0, term_hash("lamp"): 3.0}, 60)
    assert "lamp" in text[start:end]


@given(
    st.text(alphabet=st.sampled_from("ab .?!\n\u0301\u200d👩🇩🇪\ud83d\ude00é我"), max_size=400),
    st.text(max_size=20),
    st.integers(1, 80),
)
def test_any_text_gives_a_passage_inside_it_that_fits(text: str, question: str, limit: int) -> None:
    start, end = best_passage(text, question, limit)
    assert 0 <= start <= end <= len(text)
    assert end - start <= limit
    assert end > start or not text


@pytest.mark.parametrize("unit", ["e\u0301", "👩\u200d👧", "\ud83d\ude00"])
def test_a_character_with_its_marks_is_not_cut(unit: str) -> None:
    text = "x" + unit * 300
    _, end = best_passage(text, "x", 100)
    assert (end - 1) % len(unit) == 0


def test_time_grows_linearly() -> None:
    def seconds(count: int) -> float:
        text = FILLER * count
        runs = []
        for _ in range(5):
            start = time.thread_time()
            best_passage(text, "weather week piano")
            runs.append(time.thread_time() - start)
        return min(runs)

    assert seconds(400) < 12 * seconds(100) + 0.002
