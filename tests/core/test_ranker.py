"""A tenant's own weights: they follow what is used, and rank only where they are measured to be better."""

from __future__ import annotations

import random
from dataclasses import fields

import pytest

from continuum.core.ranker import TESTS_MIN, Ranker
from continuum.retrieval.query import DEFAULT_WEIGHTS


def feedback(chance: random.Random, telling: str, other: str) -> tuple[list[dict[str, float]], list[bool]]:
    """Ten memories of which the one with the highest `telling` signal is used, while `other` says nothing."""
    shown = [{telling: chance.random(), other: chance.random()} for _ in range(10)]
    best = max(range(10), key=lambda place: shown[place][telling])
    return shown, [place == best for place in range(10)]


def taught(count: int, telling: str = "opening", other: str = "session", seed: int = 1) -> Ranker:
    chance = random.Random(seed)
    ranker = Ranker()
    for number in range(count):
        ranker.learn(*feedback(chance, telling, other), (number,))
    return ranker


def test_weights_follow_what_is_used_and_come_into_force() -> None:
    ranker = taught(300)
    report = ranker.report()
    assert report.in_force
    assert report.hit_rate > report.default_hit_rate + 0.1
    assert report.gain > report.margin
    assert ranker.weights().opening > 2 * DEFAULT_WEIGHTS.opening
    assert ranker.weights().session < DEFAULT_WEIGHTS.session


def test_before_enough_feedback_the_default_ranks() -> None:
    ranker = taught(TESTS_MIN - 1)
    assert not ranker.in_force
    assert ranker.weights() == DEFAULT_WEIGHTS
    assert ranker.learnt() != DEFAULT_WEIGHTS


def test_one_question_told_a_thousand_times_has_tested_one() -> None:
    chance, ranker = random.Random(1), Ranker()
    for _ in range(1_000):
        ranker.learn(*feedback(chance, "opening", "session"), (7, 8))
    assert ranker.report().gain > ranker.report().margin
    assert not ranker.in_force


def test_feedback_by_chance_does_not_come_into_force() -> None:
    chance = random.Random(5)
    in_force = 0
    for _ in range(20):
        ranker = Ranker()
        for number in range(200):
            shown = [{"text": chance.random(), "session": chance.random()} for _ in range(10)]
            used = [False] * 10
            used[chance.randrange(10)] = True
            ranker.learn(shown, used, (number,))
        in_force += ranker.in_force
    assert in_force <= 3


def test_what_says_nothing_about_order_changes_nothing() -> None:
    ranker = Ranker()
    ranker.learn([{"text": 1.0}, {"text": 0.5}], [True, True])
    ranker.learn([{"text": 1.0}, {"text": 0.5}], [False, False])
    ranker.learn([], [])
    assert ranker.report().feedbacks == 0
    assert ranker.learnt() == DEFAULT_WEIGHTS


@pytest.mark.parametrize("seed", range(3))
def test_no_weight_runs_away_and_signals_that_are_off_stay_off(seed: int) -> None:
    ranker = taught(3_000, seed=seed)
    for each in fields(DEFAULT_WEIGHTS):
        default, learnt = getattr(DEFAULT_WEIGHTS, each.name), getattr(ranker.learnt(), each.name)
        assert abs(learnt - default) <= max(0.3, abs(default)) + 1e-6
        assert learnt == 0.0 or default != 0.0


def test_the_same_feedback_in_the_same_order_gives_the_same_weights() -> None:
    assert taught(100).report() == taught(100).report()
