"""After something changed, the present comes first, the rest is left alone, and what is over stays over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.scenario_runs import Outcome, play, share_first
from tests.acceptance.update_scenarios import Scenario, scenarios

SPREAD = {"single": 40, "multi": 20, "negation": 24, "correction": 21, "past": 27, "third": 21, "takeover": 22}
OUTDATED_MAX = 2
"""Statements that leave open what they replace ("we switched to CockroachDB"): nothing is ended by a guess."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return {scenario.title: play(scenario, tmp_path_factory.mktemp("scenario")) for scenario in scenarios()}


def test_there_are_more_than_150_scenarios_of_every_kind() -> None:
    kinds = Counter(scenario.kinds[0] for scenario in scenarios())
    assert kinds == SPREAD
    assert len({scenario.title for scenario in scenarios()}) == 175


def test_the_current_fact_comes_first(outcomes: dict[str, Outcome]) -> None:
    missed = [f"{title}: {words}" for title, outcome in outcomes.items() for words in outcome.missed]
    assert share_first(list(outcomes.values())) >= 0.95, missed


def test_unrelated_facts_stay_current(outcomes: dict[str, Outcome]) -> None:
    assert [f"{title}: {words}" for title, outcome in outcomes.items() for words in outcome.touched] == []


def test_what_is_over_never_comes_back(outcomes: dict[str, Outcome]) -> None:
    assert [f"{title}: {words}" for title, outcome in outcomes.items() for words in outcome.resurrected] == []


def test_what_is_over_is_hardly_ever_shown_as_current(outcomes: dict[str, Outcome]) -> None:
    outdated = [f"{title}: {words}" for title, outcome in outcomes.items() for words in outcome.outdated]
    assert len(outdated) <= OUTDATED_MAX, outdated


def test_a_wrong_expectation_is_noticed(tmp_path: Path) -> None:
    """The suite can fail: a scenario that expects the former city, and forbids the present one, misses."""
    (scenario,) = (each for each in scenarios() if each.title == "a new city")
    (ask,) = scenario.asks
    turned = type(ask)(ask.question, "held", ask.stale, ask.values, ())
    outcome = play(Scenario(scenario.kinds, "turned", scenario.steps, (turned,), (), ()), tmp_path)
    assert outcome.missed
    assert outcome.outdated
