"""A rebuild folds the present anew; what was known before a message was worded anew stays known."""

from __future__ import annotations

from continuum.core.memory import ConsciousMemory
from continuum.domain.facts import Statement
from tests.requirements import requirement


def stated(memory: ConsciousMemory) -> list[Statement]:
    """All that was ever stated, closed statements too."""
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        return work.facts.every_statement_at(range(1, 100))


@requirement("time:known-at", "log:rebuild")
def test_what_followed_from_former_words_is_known_after_a_rebuild(memory: ConsciousMemory) -> None:
    first = memory.learn("I live in Berlin")
    memory.learn("no, I meant Porto")
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(first.message_ids[0], "My favourite editor is Helix")
    known, before = memory.facts(known_at=then), stated(memory)
    assert {fact.value for fact in known} == {"Berlin", "Porto"}
    memory.rebuild()
    assert memory.facts(known_at=then) == known
    assert stated(memory) == before


@requirement("time:known-at", "log:rebuild")
def test_what_only_new_words_gave_a_meaning_is_not_known_earlier_after_a_rebuild(memory: ConsciousMemory) -> None:
    first = memory.learn("Hello there")
    memory.learn("no, I meant Porto")
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(first.message_ids[0], "I live in Berlin")
    assert {fact.value for fact in memory.facts()} == {"Berlin", "Porto"}
    memory.rebuild()
    assert memory.facts(known_at=then) == []
    assert {fact.value for fact in memory.facts()} == {"Berlin", "Porto"}


@requirement("time:known-at", "forget:erase")
def test_what_is_stated_again_after_a_forgetting_counts_since_when_it_did(memory: ConsciousMemory) -> None:
    texts = ("I live in Rome", "I live in Lisbon", "I live in Berlin", "no, I meant Porto")
    ids = [memory.learn(text).message_ids[0] for text in texts]
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(ids[2], "Hello there")
    memory.forget(ids[1])
    before = stated(memory)
    assert {fact.value: fact.witnesses for fact in memory.facts(known_at=then)}["Porto"] == 1
    memory.rebuild()
    assert stated(memory) == before


@requirement("forget:erase")
def test_closed_statements_that_took_words_from_a_message_go_with_it(memory: ConsciousMemory) -> None:
    first = memory.learn("I live in Zanzibar")
    memory.learn("no, I meant Porto")
    memory.revise(first.message_ids[0], "I live in Rome")
    assert any(each.replaces == "Zanzibar" for each in stated(memory))
    memory.forget(first.message_ids[0])
    assert "Zanzibar" not in repr(stated(memory))


@requirement("forget:erase")
def test_closed_statements_that_took_words_from_a_taught_fact_go_with_it_alone(memory: ConsciousMemory) -> None:
    first = memory.learn("Hello there")
    taught = [("Kassandra", "Berlin"), ("Bob", "Oslo")]
    memory.learn_facts([{"subject": each, "attribute": "lives in", "value": value} for each, value in taught])
    memory.learn("I meant Porto, not Berlin")
    memory.learn("I meant Rome, not Oslo")
    memory.revise(first.message_ids[0], "I like jazz")
    assert _closed_subjects(memory) == {"Kassandra", "Bob"}
    memory.forget(concept="Kassandra")
    assert _closed_subjects(memory) == {"Bob"}


def _closed_subjects(memory: ConsciousMemory) -> set[str]:
    return {each.subject for each in stated(memory) if each.until_seq is not None}


@requirement("log:rebuild")
def test_what_new_words_state_reaches_those_who_waited_for_it(memory: ConsciousMemory) -> None:
    first = memory.learn("The weather is fine today.", session_id="a").message_ids[0]
    memory.learn("We no longer use Redis.", session_id="b")
    memory.revise(first, "We use Redis for caching.")
    before = {(fact.value, fact.status) for fact in memory.facts()}
    memory.rebuild()
    assert {(fact.value, fact.status) for fact in memory.facts()} == before
    assert ("Redis", "ended") in before
