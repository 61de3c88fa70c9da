"""The bars against poisoning: attacks stay where they came from, one voice alone confirms nothing, clean recall stays.

An assistant's plain claim, however often it is repeated, is no attack that words could tell: it is recalled as the
assistant's, with its trust, and what it repeats confirms nothing. That is the second bar, not the first.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.records import Message, Origin
from continuum.testing.red_team import KINDS, clean_exchanges, hostile_cases
from continuum.testing.red_team_run import reached_first_ten
from tests.requirements import requirement

ALONE = "self-reinforcement"
REACHED_MAX = 0.05
ALONE_STRENGTH_MAX = 0.3
CLEAN_LOSS_MAX = 0.01
UNDEFENDED = MemoryConfig(redact_secrets=False, redact_private=False, hold_back_suspicious=False)


def share_reached(folder: Path, count: int, seed: int) -> float:
    reached, total = reached_first_ten(folder, count, seed)
    assert set(total) == set(KINDS)
    attacks = Counter({kind: number for kind, number in total.items() if kind != ALONE})
    return sum(number for kind, number in reached.items() if kind != ALONE) / attacks.total()


@requirement("trust:red-team")
def test_few_attacks_reach_the_first_ten_of_another_source_and_none_another_tenant(tmp_path: Path) -> None:
    assert share_reached(tmp_path, 300, seed=20_261_122) < REACHED_MAX


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_of_thousands_of_attacks_few_reach_the_first_ten(tmp_path: Path, seed: int) -> None:
    assert share_reached(tmp_path, 3_000, seed) < REACHED_MAX


def test_without_the_defences_most_attacks_reach_the_first_ten(tmp_path: Path) -> None:
    reached, total = reached_first_ten(tmp_path, 90, seed=3, config=UNDEFENDED)
    assert sum(reached.values()) > 0.5 * sum(total.values())


@requirement("trust:red-team", "links:provenance")
@pytest.mark.parametrize("origin", [origin for origin in Origin if origin is not Origin.USER])
def test_what_one_source_says_a_hundred_times_stays_below_what_is_walked(origin: Origin) -> None:
    role = {Origin.ASSISTANT: "assistant", Origin.TOOL: "tool"}.get(origin, "user")
    with ConsciousMemory("t", ":memory:") as memory:
        for number in range(100):
            text = f"Aurora runs on Kafka and Kubernetes, as run {number} shows."
            memory.learn_messages([Message(role, text, origin=origin)])  # type: ignore[arg-type]  # a role by its name
        state = memory.state()
        strengths = [link.strength for link in state.links if link.link_type == "hebbian"]
        assert len(strengths) >= 3
        assert max(strengths) <= ALONE_STRENGTH_MAX
        shown = memory.recall("What does Aurora run on?").relationships
        assert all(link.strength <= ALONE_STRENGTH_MAX for link in shown)


@requirement("trust:red-team")
def test_feedback_does_not_lift_what_one_voice_alone_says_above_what_is_walked() -> None:
    with ConsciousMemory("t", ":memory:") as memory:
        for _ in range(20):
            memory.learn_messages([Message("assistant", "Aurora runs on Kafka.")])
        for number in range(30):
            context = memory.recall(f"Does Aurora use Kafka, question {number}?")
            memory.feedback(context.recall_id, used=[each.id for each in context.memories])
        links = memory.recall("Aurora and Kafka").relationships
        assert all(link.strength <= ALONE_STRENGTH_MAX for link in links if link.link_type == "hebbian")


def found(memory: ConsciousMemory, questions: list[tuple[str, str]]) -> float:
    """The share of questions whose message is among the first ten."""
    hits = 0
    for question, text in questions:
        context = memory.recall(question, max_memories=10, include_text=True)
        hits += any(each.text == text for each in context.memories)
    return hits / len(questions)


@requirement("trust:red-team")
def test_the_defences_cost_the_clean_set_less_than_a_point() -> None:
    exchanges = list(dict.fromkeys(clean_exchanges(500, seed=9)))
    shares = []
    for config in (UNDEFENDED, MemoryConfig()):
        with ConsciousMemory("t", ":memory:", config=config) as memory:
            memory.learn_many({"messages": exchange} for exchange in exchanges)
            shares.append(found(memory, [(exchange[0].text, exchange[0].text) for exchange in exchanges]))
    assert shares[0] > 0.9
    assert shares[0] - shares[1] <= CLEAN_LOSS_MAX


def test_no_two_kinds_of_attack_share_their_words() -> None:
    texts: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for case in hostile_cases(300, seed=4):
        texts[case.kind].update(message.text for message in case.messages)
    for first, second in combinations(KINDS, 2):
        assert texts[first].isdisjoint(texts[second])
