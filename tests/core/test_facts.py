"""Facts through the memory: what holds comes first, what was is labelled, and hands can put it right."""

from __future__ import annotations

import pytest

from continuum.core.facts_by_hand import FACTS_PER_CALL_MAX, TaughtFact
from continuum.core.memory import ConsciousMemory
from continuum.domain.results import RecalledFact
from continuum.errors import ConflictError, InvalidInputError, NotFoundError
from tests.requirements import requirement

DAY = 86_400.0


def values(facts: tuple[RecalledFact, ...]) -> list[tuple[str, bool]]:
    return [(fact.value, fact.current) for fact in facts]


def test_a_message_that_states_a_fact_gives_it_with_words_source_and_times(memory: ConsciousMemory) -> None:
    text = "Good news! I live in Lisbon now."
    result = memory.learn(text, timestamp=30 * DAY)
    (fact,) = memory.recall("Where do I live?", now=40 * DAY).facts
    assert (fact.subject, fact.attribute, fact.value, fact.polarity) == ("user", "lives in", "Lisbon", True)
    assert text[fact.start : fact.end].startswith("I live in Lisbon")
    assert (fact.message_id, fact.source, fact.origin) == (result.message_ids[0], "user", "user")
    assert fact.valid_from is not None
    assert fact.valid_from.timestamp() == 30 * DAY
    assert [each.value for each in result.facts] == ["Lisbon"]


@requirement("facts:current")
def test_the_current_fact_stands_first_and_what_it_replaced_is_labelled(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn("I moved to Lisbon", timestamp=20 * DAY)
    context = memory.recall("Where do I live?", now=30 * DAY)
    assert values(context.facts) == [("Lisbon", True), ("Berlin", False)]
    assert context.facts[1].label == "until 1970-01-21; then: Lisbon"
    assert context.context_string.index("Lisbon") < context.context_string.index("Berlin")
    assert [memory.outdated for memory in context.memories] == ["", "until 1970-01-21; then: Lisbon"]


@requirement("facts:current")
def test_only_what_is_current_is_shown_on_request(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn("I moved to Lisbon", timestamp=20 * DAY)
    context = memory.recall("Where do I live?", now=30 * DAY, current_only=True)
    assert values(context.facts) == [("Lisbon", True)]
    assert "Berlin" not in context.context_string


@requirement("time:as-of")
def test_as_of_answers_with_what_was_true_then(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn("I moved to Lisbon", timestamp=20 * DAY)
    context = memory.recall("Where do I live?", as_of=10 * DAY)
    assert values(context.facts) == [("Berlin", True)]
    assert [found.passage for found in context.memories] == ["I live in Berlin"]


@requirement("facts:by-hand")
def test_a_retracted_fact_never_held_and_what_it_replaced_goes_on(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn("I moved to Lisbon", timestamp=20 * DAY)
    wrong = memory.recall("Where do I live?").facts[0]
    assert memory.retract(wrong.id, "a slip of the tongue").status == "retracted"
    assert values(memory.recall("Where do I live?").facts) == [("Berlin", True)]
    assert [f.status for f in memory.facts() if f.value == "Lisbon"] == ["retracted"]


@requirement("facts:by-hand")
def test_a_revised_message_teaches_its_new_words_and_keeps_the_old_in_history(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Berlin", timestamp=1 * DAY)
    before = memory.recall("Where do I live?").facts[0]
    moment = memory.get_messages()[0].recorded_at / 1e6
    revised = memory.revise(learned.message_ids[0], "I live in Bern")
    assert revised.text == "I live in Bern"
    assert values(memory.recall("Where do I live?").facts) == [("Bern", True)]
    assert memory.recall("Berlin").memories == ()
    then = memory.recall("Where do I live?", known_at=moment)
    assert values(then.facts) == [("Berlin", True)]
    assert then.facts[0].id == before.id
    assert then.memories[0].passage == "I live in Berlin"


@requirement("facts:by-hand")
def test_supersedes_marks_a_message_and_its_facts(memory: ConsciousMemory) -> None:
    old = memory.learn("The meeting room has the number 12", timestamp=1 * DAY)
    new = memory.learn("We meet in the garden", timestamp=2 * DAY, supersedes=old.message_ids[0])
    context = memory.recall("Where is the meeting room?", now=3 * DAY)
    labels = {found.id: found.outdated for found in context.memories}
    assert labels[old.message_ids[0]] == "superseded 1970-01-03"
    memory.forget(new.message_ids[0], reason="said by mistake")
    context = memory.recall("Where is the meeting room?", now=3 * DAY)
    assert [found.outdated for found in context.memories] == [""]


def test_superseding_what_is_not_there_keeps_nothing(memory: ConsciousMemory) -> None:
    with pytest.raises(NotFoundError, match="supersedes"):
        memory.learn("I live in Bern", supersedes=["nothing"])
    assert memory.get_messages() == []


@requirement("facts:by-hand")
def test_taught_facts_follow_the_same_rules(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn_facts([{"subject": "user", "attribute": "lives in", "value": "Oslo", "valid_from": 5 * DAY}])
    assert values(memory.recall("Where do I live?").facts) == [("Oslo", True), ("Berlin", False)]


@requirement("facts:conflicts")
def test_a_less_trusted_source_never_supersedes_and_is_shown_as_a_conflict(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    memory.learn_facts([TaughtFact("user", "lives in", "Oslo")], origin="external", source="a model")
    (conflict,) = memory.conflicts()
    assert {(fact.value, fact.source) for fact in conflict.facts} == {("Berlin", "user"), ("Oslo", "a model")}
    assert memory.recall("Where do I live?").facts[0].value in ("Berlin", "Oslo")
    assert {"Berlin"} == {fact.value for fact in memory.facts() if fact.status == "current"}


@requirement("facts:conflicts")
def test_two_people_who_plainly_disagree_are_both_shown(memory: ConsciousMemory) -> None:
    memory.learn("The staging database is on port 4711", speaker="Ann", timestamp=1 * DAY)
    memory.learn("The staging database is on port 4712", speaker="Bob", timestamp=2 * DAY)
    (conflict,) = memory.conflicts()
    assert [(fact.value, fact.source, fact.status) for fact in conflict.facts] == [
        ("4712", "Bob", "disputed"),
        ("4711", "Ann", "disputed"),
    ]
    memory.learn("The staging database is on port 4712", speaker="Ann", timestamp=3 * DAY)
    assert memory.conflicts() == []
    assert values(memory.recall("What port is the staging database on?").facts) == [("4712", True), ("4711", False)]


@pytest.mark.parametrize(
    ("fact", "field"),
    [
        ({"subject": "user", "attribute": "lives in"}, r"facts\[0\].value: is missing"),
        ({"subject": "s" * 10_240, "attribute": "a", "value": "v"}, r"facts\[0\].subject"),
        ({"subject": "?!", "attribute": "a", "value": "v"}, r"facts\[0\].subject: holds no word"),
        ({"subject": "s", "attribute": "a", "value": "v", "valid_from": "2026-02-30"}, r"facts\[0\].valid_from"),
        ({"subject": "s", "attribute": "a", "value": "v", "mode": "maybe"}, r"facts\[0\].mode"),
        ({"subject": "s", "attribute": "a", "value": "v", "confidence": 0}, r"facts\[0\].confidence"),
        ({"subject": "s", "attribute": "a", "value": "v", "valid_from": 2.0, "valid_to": 1.0}, "later than valid_from"),
        ({"subject": "s", "attribute": "a", "value": "v", "colour": "red"}, r"facts\[0\].colour: is not known"),
        ("I live in Bern", r"facts\[0\]: must be a TaughtFact"),
    ],
)
def test_a_bad_fact_is_refused_by_its_place_and_field(memory: ConsciousMemory, fact: object, field: str) -> None:
    with pytest.raises(InvalidInputError, match=field):
        memory.learn_facts([fact])  # type: ignore[list-item]  # that is the test
    assert memory.facts() == []


def test_too_many_facts_at_once_are_refused_and_as_many_as_allowed_are_not(memory: ConsciousMemory) -> None:
    many = [TaughtFact("list", "holds", f"item {number}", single=False) for number in range(FACTS_PER_CALL_MAX + 1)]
    with pytest.raises(InvalidInputError, match="more than 400"):
        memory.learn_facts(many)
    assert len(memory.learn_facts(many[:-1])) == FACTS_PER_CALL_MAX


def test_a_slot_with_a_thousand_values_keeps_them_all_and_one_is_current(memory: ConsciousMemory) -> None:
    for start in range(0, 1_000, 250):
        taught = [
            TaughtFact("build", "number", str(number), single=True, mode="change", valid_from=float(number + 1))
            for number in range(start, start + 250)
        ]
        memory.learn_facts(taught)
    assert [fact.value for fact in memory.facts("build", limit=2_000, current_only=True)] == ["999"]
    assert len(memory.facts("build", limit=2_000)) == 1_000
    assert memory.recall("What is the build number?").facts[0].value == "999"


def test_an_unknown_fact_and_another_tenants_look_the_same(memory: ConsciousMemory) -> None:
    other = ConsciousMemory("other", engine=memory._engine)
    other.learn("I live in Oslo")
    foreign = other.facts()[0].id
    for fact_id in (foreign, "A" * 16):
        with pytest.raises(NotFoundError, match="is no fact of this tenant"):
            memory.retract(fact_id, "why not")
    for message_id in (other.get_messages()[0].id, "unknown"):
        with pytest.raises(NotFoundError, match="is no message of this tenant"):
            memory.revise(message_id, "I live in Bern")


def test_facts_keep_to_their_scope(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", user_id="ann")
    memory.learn("I live in Oslo", user_id="bob")
    assert values(memory.recall("Where do I live?", user_id="ann").facts) == [("Berlin", True)]
    assert values(memory.recall("Where do I live?", user_id="bob").facts) == [("Oslo", True)]


@requirement("recall:witnesses")
def test_near_duplicates_are_one_memory_with_witnesses(memory: ConsciousMemory) -> None:
    first = memory.learn("I love espresso", timestamp=1 * DAY)
    second = memory.learn("espresso is what I love", timestamp=2 * DAY)
    memory.learn("I don't love espresso at night", timestamp=3 * DAY)
    found = memory.recall("espresso").memories
    joined = next(each for each in found if each.witness_count)
    assert {joined.id, *joined.witnesses} == {first.message_ids[0], second.message_ids[0]}
    assert len(found) == 2
    assert memory.get_stats()["messages"] == 3


def test_a_store_of_an_older_version_says_so_and_a_rebuild_cures_it(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin")
    with memory._engine.unit(memory.tenant_id, write=True) as work:
        work.tenants.derived_by(1)
    assert [part.part for part in memory.recall("Where do I live?").degraded] == ["facts"]
    with pytest.raises(ConflictError, match="rebuild"):
        memory.learn_facts([TaughtFact("user", "lives in", "Bern")])
    memory.rebuild()
    assert memory.recall("Where do I live?").degraded == ()


@requirement("facts:conflicts")
def test_a_less_trusted_value_never_stands_before_the_trusted_one(memory: ConsciousMemory) -> None:
    memory.learn_facts([TaughtFact("billing database", "port", "6000", valid_from=10 * DAY)])
    taught = TaughtFact("billing database", "port", "7000", valid_from=20 * DAY)
    memory.learn_facts([taught], origin="tool", source="a scan")
    facts = memory.recall("Which port is the billing database on?", now=30 * DAY).facts
    assert [(fact.value, fact.status) for fact in facts] == [("6000", "current"), ("7000", "disputed")]


@requirement("time:as-of")
def test_as_of_shows_no_message_that_was_said_later(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=2 * DAY)
    memory.learn("I moved to Lisbon", timestamp=4 * DAY)
    memory.learn("No, I meant Porto", timestamp=6 * DAY)
    context = memory.recall("Where do I live?", as_of=5 * DAY)
    assert {found.passage for found in context.memories} == {"I live in Berlin", "I moved to Lisbon"}
    assert context.facts[0].value == "Porto"  # what is known now of that day


@requirement("time:known-at")
def test_facts_can_be_listed_as_they_were_known(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Berlin", timestamp=2 * DAY)
    then = memory.get_messages()[0].recorded_at / 1e6
    memory.revise(learned.message_ids[0], "I like jazz")
    assert [fact.value for fact in memory.facts(known_at=then)] == ["Berlin"]
    assert [fact.value for fact in memory.facts()] == ["jazz"]


def test_a_fact_whose_message_has_come_to_its_end_is_not_shown(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=2 * DAY, expires_at=3 * DAY)
    assert memory.recall("Where do I live?", now=4 * DAY).facts == ()


@requirement("facts:conflicts")
def test_a_less_trusted_end_is_a_disputed_denial(memory: ConsciousMemory) -> None:
    memory.learn("I live in Oslo")
    memory.learn_facts([TaughtFact("user", "lives in", "Oslo", mode="end")], origin="tool", source="a scan")
    shown = [(fact.value, fact.polarity, fact.status) for fact in memory.recall("Where do I live?").facts]
    assert shown == [("Oslo", True, "current"), ("Oslo", False, "disputed")]


@requirement("trust:redaction")
def test_a_secret_that_is_taught_as_a_fact_is_not_stored(memory: ConsciousMemory) -> None:
    memory.learn_facts([{"subject": "router", "attribute": "password", "value": "Tr0ub4dor-and-3"}])
    assert [fact.value for fact in memory.facts()] == ["[redacted:password]"]
