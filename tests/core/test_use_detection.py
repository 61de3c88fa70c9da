"""Use that an answer plainly shows is counted where the settings ask for it, and only then."""

from __future__ import annotations

import pytest

from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.use_detection import LastRecall, plainly_used
from tests.requirements import requirement

SHOWN = LastRecall(
    "id",
    "Where should we eat?",
    (
        ("thai", "I am allergic to peanuts and love Thai curry."),
        ("oven", "The oven of the second kitchen broke in March."),
        ("paris", "Paris."),
        ("where", "Where should we eat?"),
    ),
)
REPEATED = [
    ("You love Thai curry, so try the new place; but tell them of the peanuts you are allergic to.", ["thai"]),
    ("Since the oven of your second kitchen broke in March, better go out.", ["oven"]),
    ("Given your peanut allergy: you're allergic to peanuts and like curry, Thai is risky.", ["thai"]),
]
NOT_REPEATED = [
    "",
    "There is a nice Italian place around the corner.",
    "Let us eat somewhere else.",
    "Paris has many restaurants.",
    "A Thai place would be one option.",
    "In March many places are closed.",
    "Where should we eat? I do not know.",
]


@pytest.mark.parametrize(("answer", "used"), REPEATED)
def test_an_answer_that_repeats_a_memory_has_used_it(answer: str, used: list[str]) -> None:
    assert plainly_used(SHOWN, answer) == used


@pytest.mark.parametrize("answer", NOT_REPEATED)
def test_an_answer_that_shares_a_word_or_none_has_not(answer: str) -> None:
    assert plainly_used(SHOWN, answer) == []


def talk(memory: ConsciousMemory) -> int:
    """Ask, answer by a memory, and give how many feedbacks the log then holds."""
    memory.learn("I am allergic to peanuts and love Thai curry.")
    memory.recall("What food do I love?")
    memory.learn("What food do I love?", "You love Thai curry, but you are allergic to peanuts.")
    memory.learn("Thanks", "You love Thai curry, but you are allergic to peanuts.")
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        return sum(len(page) for page in work.log.pages(kind="feedback"))


@requirement("use:detected")
def test_detection_is_off_unless_asked_for_and_counts_a_recall_once() -> None:
    with ConsciousMemory("t", ":memory:") as memory:
        assert talk(memory) == 0
    with ConsciousMemory("t", config=MemoryConfig(db_path=":memory:", detect_use=True)) as memory:  # type: ignore[arg-type]  # a path in text form
        assert talk(memory) == 1
