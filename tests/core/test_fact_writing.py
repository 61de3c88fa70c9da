"""How what is said finds its slot: by a former value, by the opposite, by the purpose, by what was said last."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from continuum.core.memory import ConsciousMemory
from tests.conftest import MemoryFactory


def _learn(memory: ConsciousMemory, *texts: str) -> None:
    for day, text in enumerate(texts, start=1):
        memory.learn(text, timestamp=f"2026-01-{day:02}")


def _held(memory: ConsciousMemory) -> list[tuple[str, str]]:
    return sorted((fact.attribute, fact.value) for fact in memory.facts() if fact.current and fact.polarity)


@pytest.mark.parametrize(
    ("said", "held"),
    [
        (("I work at Pinecone Media.", "I own a canoe.", "I left Pinecone Media."), [("owns", "canoe")]),
        (("I own a Volvo.", "I sold my Volvo."), []),
        (
            ("I love crosswords.", "I love jazz.", "I hate crosswords now."),
            [("dislikes", "crosswords"), ("likes", "jazz")],
        ),
        (("I hate okra.", "I like okra now."), [("likes", "okra")]),
        (("We use Mandrill for newsletters.", "We stopped using Mandrill."), []),
        (("We use Zoom for meetings.", "We use Jitsi instead of Zoom."), [("uses for meetings", "Jitsi")]),
        (("I drink coffee.", "I drink wine.", "I swapped coffee for tea."), [("drinks", "tea"), ("drinks", "wine")]),
        (("My dog's name is Rolf.", "Wait, no, my dog's name is Ralf."), [("name", "Ralf")]),
        (("My colleague's name is Ayla Demir.", "My colleague's name is now Ayla Kaya."), [("name", "Ayla Kaya")]),
        (("My boyfriend is Leo.", "He's no longer my boyfriend."), []),
        (("I was born in Leeds.", "I left Leeds."), [("born in", "Leeds")]),
        (("I swapped coffee for tea.",), []),
        (("I left Pinecone Media.",), []),
    ],
)
def test_a_statement_ends_what_it_is_about_and_nothing_else(
    memory_for: MemoryFactory, said: Sequence[str], held: Sequence[tuple[str, str]]
) -> None:
    memory = memory_for("alice")
    _learn(memory, *said)
    assert _held(memory) == list(held)
    memory.rebuild()
    assert _held(memory) == list(held)


def test_a_tool_with_two_purposes_is_replaced_for_the_one_that_is_named(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, "We use MySQL for billing.", "We use MySQL for shops.", "We moved billing from MySQL to Postgres.")
    assert _held(memory) == [("uses for billing", "Postgres"), ("uses for shops", "MySQL")]


def test_forgetting_what_ended_a_fact_lets_it_go_on(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    _learn(memory, "I work at Pinecone Media.")
    (left,) = memory.learn("I left Pinecone Media.", timestamp="2026-02-01").message_ids
    assert _held(memory) == []
    memory.forget(left, reason="said in error")
    assert _held(memory) == [("works at", "Pinecone Media")]


def test_another_tenants_values_are_never_taken_over(memory_for: MemoryFactory) -> None:
    alice, bob = memory_for("alice"), memory_for("bob")
    _learn(alice, "I work at Pinecone Media.")
    _learn(bob, "I left Pinecone Media.")
    assert _held(alice) == [("works at", "Pinecone Media")]
    assert bob.facts() == []
