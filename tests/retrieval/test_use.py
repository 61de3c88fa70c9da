"""Strength from use: what was used for words like these stands higher, hubs do not flood, disuse fades."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.retrieval.index_view import IndexView
from continuum.retrieval.use import MESSAGES_PER_CUE_MAX, Ties, UseSettings, cues_of, use_scores
from tests.retrieval.conversations import message, view_of

DAY = 86_400_000_000
SETTINGS = UseSettings(rate=0.1, half_life=60 * DAY)


@pytest.fixture
def ties() -> Ties[int]:
    return Ties(SETTINGS)


@pytest.fixture
def view() -> IndexView:
    return view_of(*(message(seq, f"the {word} is old") for seq, word in enumerate(("violin", "piano", "drum"), 1)))


def scores(view: IndexView, ties: Ties[int], text: str, now: int = 0) -> dict[int, float]:
    found = use_scores(view, cues_of(view, text), ties, now)
    return {} if found is None else dict(zip(found[0].tolist(), found[1].tolist(), strict=True))


def use(view: IndexView, ties: Ties[int], text: str, seq: int, times: int = 1, at: int = 0) -> None:
    for _ in range(times):
        for cue in cues_of(view, text):
            ties.used(cue, seq, at)


def test_each_use_gains_a_share_of_what_is_left(ties: Ties[int]) -> None:
    for number in range(1, 100):
        ties.used(7, 1, 0)
        assert ties.strength(7, 1, 0) == pytest.approx(1 - 0.9**number)


def test_half_of_a_strength_is_gone_after_each_half_life(ties: Ties[int]) -> None:
    ties.used(7, 1, 0)
    for lives in range(5):
        assert ties.strength(7, 1, lives * 60 * DAY) == pytest.approx(0.1 / 2**lives)


def test_what_is_ignored_loses_what_it_had_gained_and_never_falls_below_zero(ties: Ties[int]) -> None:
    ties.ignored(7, 1, 0)
    assert 7 not in ties.forward
    ties.used(7, 1, 0)
    for _ in range(200):
        ties.ignored(7, 1, 0)
    assert 0 < ties.strength(7, 1, 0) < 1e-9


def test_a_use_in_the_past_of_a_tie_fades_nothing(ties: Ties[int]) -> None:
    ties.used(7, 1, 100 * DAY)
    assert ties.strength(7, 1, 0) == pytest.approx(0.1)


def test_only_what_was_used_for_words_like_these_scores(view: IndexView, ties: Ties[int]) -> None:
    use(view, ties, "who plays the violin?", 2)
    assert list(scores(view, ties, "whose violin?")) == [2]
    assert scores(view, ties, "whose drum?") == {}


def test_more_uses_score_higher_and_the_same_question_nears_one(view: IndexView, ties: Ties[int]) -> None:
    found = []
    for _ in range(60):
        use(view, ties, "violin strings", 2)
        found.append(scores(view, ties, "violin strings")[2])
    assert found == sorted(found)
    assert found[0] == pytest.approx(math.sqrt(0.1))
    assert found[-1] > 0.99


def test_a_message_used_for_everything_scores_less_than_one_used_for_this(view: IndexView, ties: Ties[int]) -> None:
    for topic in ("violin", "piano", "drum", "flute", "harp", "organ", "horn", "lute"):
        use(view, ties, f"the {topic}", 1, times=20)
    use(view, ties, "the violin", 2, times=20)
    found = scores(view, ties, "the violin")
    assert found[2] > 2 * found[1]


def test_a_word_that_leads_everywhere_counts_less_than_one_that_leads_here(view: IndexView, ties: Ties[int]) -> None:
    for seq in range(10, 40):
        use(view, ties, "orchestra", seq)
    use(view, ties, "orchestra bassoon", 1)
    use(view, ties, "orchestra", 2)
    found = scores(view, ties, "bassoon in the orchestra")
    assert found[1] > 2 * found[2]


def test_of_a_word_that_leads_to_thousands_the_strongest_are_looked_at(view: IndexView, ties: Ties[int]) -> None:
    for seq in range(1, 1_000):
        use(view, ties, "orchestra", seq)
    use(view, ties, "orchestra", 77, times=5)
    found = scores(view, ties, "orchestra")
    assert len(found) == MESSAGES_PER_CUE_MAX
    assert max(found, key=lambda seq: found[seq]) == 77


def test_names_of_speakers_are_no_cues() -> None:
    view = view_of(message(1, "hello", speaker="Nadia"))
    assert cues_of(view, "Nadia") == ()
    assert len(cues_of(view, "Nadia and her violin")) == 1


@given(st.lists(st.tuples(st.integers(300, 310), st.integers(1, 5), st.booleans(), st.integers(0, 9)), max_size=40))
def test_scores_lie_between_0_and_1_and_both_ends_tell_the_same(events: list[tuple[int, int, bool, int]]) -> None:
    ties: Ties[int] = Ties(SETTINGS)
    shared: Ties[int] = Ties(SETTINGS, shared=True)
    for cue, seq, used, day in sorted(events, key=lambda event: event[3]):
        for each in (ties, shared):
            (each.used if used else each.ignored)(cue, seq, day * DAY)
    assert ties.forward == shared.forward
    assert {(a, b): tie for a, led in ties.forward.items() for b, tie in led.items()} == {
        (a, b): tie for b, led in ties.backward.items() for a, tie in led.items()
    }
    view = view_of(message(1, "violin"))
    found = use_scores(view, range(300, 311), ties, 10 * DAY)
    if found is not None:
        assert np.all((found[1] >= 0.0) & (found[1] <= 1.0))
