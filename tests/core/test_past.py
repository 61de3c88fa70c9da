"""Memory as it was: what is shown beside a message is what it named in the words that it had then."""

from __future__ import annotations

from continuum.core.memory import ConsciousMemory
from tests.requirements import requirement


@requirement("time:known-at")
def test_the_concepts_beside_a_memory_are_those_of_the_words_it_had_then(memory: ConsciousMemory) -> None:
    memory.learn("The harbour office uses PostgreSQL and FastAPI")
    learned = memory.learn("Minka sleeps at the harbour with Kubernetes")
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(learned.message_ids[0], "The harbour runs on PostgreSQL now")
    asked = "What happens at the harbour?"
    known = memory.recall(asked, known_at=then)
    assert "Minka sleeps at the harbour with Kubernetes" in [found.passage for found in known.memories]
    named = {concept.name for concept in known.concepts}
    assert {"Minka", "Kubernetes", "PostgreSQL"} <= named
    now = {concept.name for concept in memory.recall(asked).concepts}
    assert not {"Minka", "Kubernetes"} & now


@requirement("time:known-at")
def test_a_concept_that_only_the_new_words_name_is_not_shown_beside_the_old_ones(memory: ConsciousMemory) -> None:
    memory.learn("The weather station uses PostgreSQL", timestamp="2001-01-01")
    learned = memory.learn("The harbour is quiet")
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(learned.message_ids[0], "The harbour runs on PostgreSQL")
    known = memory.recall("What about the harbour?", known_at=then, since="2002-01-01")
    assert [found.passage for found in known.memories] == ["The harbour is quiet"]
    assert "PostgreSQL" not in {concept.name for concept in known.concepts}
    now = memory.recall("What about the harbour?", since="2002-01-01")
    assert "PostgreSQL" in {concept.name for concept in now.concepts}
