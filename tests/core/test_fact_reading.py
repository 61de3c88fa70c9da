"""Which facts recall shows first: what the question names, what it asks of the past, and all that in a crowd."""

from __future__ import annotations

from continuum.core.fact_reading import CROWDED_MIN
from continuum.core.memory import ConsciousMemory
from tests.conftest import MemoryFactory

ASKED_AT = "2026-11-01"


def _learn(memory: ConsciousMemory, *texts: str) -> None:
    for month, text in enumerate(texts, start=1):
        memory.learn(text, timestamp=f"2026-{month:02}-01")


def _first(memory: ConsciousMemory, question: str) -> tuple[str, str, bool]:
    fact = memory.recall(question, now=ASKED_AT).facts[0]
    return fact.attribute, fact.value, fact.current and fact.polarity


def test_the_value_that_a_question_names_comes_first_though_it_is_over(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, "I like jazz.", "I like techno.", "I don't like techno anymore.")
    assert _first(memory, "Do I still like techno?") == ("likes", "techno", False)
    assert _first(memory, "Do I like jazz?") == ("likes", "jazz", True)


def test_originally_asks_for_the_oldest_value_and_before_for_the_last(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, *(f"My favourite framework is {name}." for name in ("Ember", "Svelte", "Solid")))
    assert _first(memory, "What was my favourite framework originally?")[1] == "Ember"
    assert _first(memory, "What was my favourite framework before?")[1] == "Svelte"
    assert _first(memory, "What is my favourite framework?") == ("favourite framework", "Solid", True)


def test_the_attribute_that_is_asked_for_comes_before_one_that_memories_state(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, "My name is Elizabeth Moore.", "Call me Liz.", "Please call me Beth.")
    assert _first(memory, "What should you call me?") == ("called", "Beth", True)


def test_in_a_crowd_of_facts_those_of_the_subject_are_found(memory_for: MemoryFactory) -> None:
    """More facts of the attribute than are looked at without a subject."""
    memory = memory_for("alice")
    crowd = range(3 * CROWDED_MIN)
    memory.learn_facts(
        {"subject": f"Person{n}", "attribute": "works at", "value": f"Firm {n}", "valid_from": "2026-01-01"}
        for n in crowd
    )
    _learn(memory, "I work at Brightwater.", "I now work at Cobalt Labs.")
    assert _first(memory, "Where do I work?") == ("works at", "Cobalt Labs", True)
    assert _first(memory, f"Where does Person{2 * CROWDED_MIN} work?")[1] == f"Firm {2 * CROWDED_MIN}"


def test_current_only_leaves_the_past_out_even_when_it_is_asked_for(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, "I live in Berlin.", "I moved to Lisbon.", "I moved to Porto.")
    for question in ("Where did I live before Porto?", "Where did I live in January 2026?", "Where have I ever lived?"):
        assert len(memory.recall(question, now=ASKED_AT).facts) > 1, question
        shown = memory.recall(question, now=ASKED_AT, current_only=True).facts
        assert [(fact.value, fact.current) for fact in shown] == [("Porto", True)], question
