"""The fold of the log: rebuild gives the same state, learners' order does not matter, indexes follow the log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum.core import index_store
from continuum.core.answering import strip_time
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.ids import tenant_id
from continuum.domain.records import Message
from continuum.storage.base import Row
from tests.requirements import requirement

SENTENCES = [
    "Aurora runs on Kubernetes and Kafka",
    "We decided to use PostgreSQL for Aurora",
    "My cat Minka sleeps on the web framework book",
    "Kafka is a log, and Kubernetes restarts it",
    "I will move the billing service to PostgreSQL",
    "Doctor Winterbottom likes Minka",
    "Yes.",
    "Let's go with Kafka; Prometheus watches Kafka",
]
exchanges = st.lists(
    st.tuples(st.sampled_from(["user", "assistant", "tool"]), st.sampled_from(SENTENCES)), min_size=1, max_size=4
)


def derived(manager: TenantManager, tenant: str) -> dict[str, list[Row]]:
    """All derived rows of a tenant, in a canonical order."""
    memory = manager.get_tenant(tenant)
    with manager.engine.unit(memory.tenant_id, write=False) as work:
        return work.export_derived()


@requirement("log:rebuild")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversation=st.lists(exchanges, min_size=1, max_size=6), by_hand=st.booleans())
def test_a_rebuild_gives_the_same_state(
    tmp_path_factory: pytest.TempPathFactory, conversation: list[list[tuple[str, str]]], by_hand: bool
) -> None:
    with TenantManager(tmp_path_factory.mktemp("rebuild") / "m.db") as manager:
        memory = manager.get_tenant("t")
        for number, said in enumerate(conversation):
            memory.learn_messages([Message(role, text) for role, text in said], session_id=f"s{number % 2}")  # type: ignore[arg-type]  # roles are texts here
            if by_hand:
                memory.link_entities("Aurora", "Minka", "annoys", 0.4)
        before, stats = derived(manager, "t"), memory.get_stats()
        answer = memory.recall("Which log does Aurora use?", now=10.0, explain=True)
        memory.rebuild()
        assert derived(manager, "t") == before
        counts = {name: value for name, value in memory.get_stats().items() if name != "log_position"}
        assert counts == {name: value for name, value in stats.items() if name != "log_position"}
        assert strip_time(memory.recall("Which log does Aurora use?", now=10.0, explain=True)) == strip_time(answer)


def _strengths(manager: TenantManager) -> set[tuple[frozenset[str], float, int]]:
    """Every link of tenant t by the keys of its ends, with its strength and how often it was met."""
    with manager.engine.unit(tenant_id("t"), write=False) as work:
        keys = {entity.id: entity.key for entity in work.entities.list(limit=1_000)}
        return {
            (frozenset((keys[link.concept_a], keys[link.concept_b])), link.strength, link.co_occurrences)
            for link in work.links.between(keys)
        }


@requirement("links:order-independent")
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_learners_does_not_matter_to_strengths(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    said = data.draw(st.lists(exchanges, min_size=2, max_size=5))
    shuffled = data.draw(st.permutations(said))
    strengths = []
    for order in (said, shuffled):
        with TenantManager(tmp_path_factory.mktemp("order") / "m.db") as manager:
            memory = manager.get_tenant("t")
            for messages in order:
                memory.learn_messages([Message(role, text) for role, text in messages])  # type: ignore[arg-type]  # as above
            strengths.append(_strengths(manager))
    assert strengths[0] == strengths[1]


@requirement("links:provenance", "links:cap")
def test_what_only_the_assistant_says_stays_below_the_links_that_are_walked(memory: ConsciousMemory) -> None:
    for _ in range(100):
        memory.learn("", "Aurora depends on Kafka")
    strength = memory.recall("Aurora Kafka").relationships[0].strength
    assert strength == pytest.approx(0.29)
    assert all(concept.depth == 0 for concept in memory.recall("Aurora", max_memories=0).concepts)
    memory.learn("Aurora depends on Kafka")
    assert memory.recall("Aurora Kafka").relationships[0].strength > 0.9


@requirement("provenance:spans")
def test_everything_derived_leads_back_to_words(manager: TenantManager) -> None:
    memory = manager.get_tenant("t")
    text = "We decided to use PostgreSQL for Aurora. PostgreSQL is a database."
    memory.learn(text)
    with manager.engine.unit(memory.tenant_id, write=False) as work:
        mentions = work.mentions.of_messages([1])
        names = {e.id: {e.name.lower(), *(alias.lower() for alias in e.aliases)} for e in work.entities.list()}
        decision = work.decisions.recent(1)[0]
    assert len(mentions) >= 3
    for mention in mentions:
        assert text[mention.start : mention.end].lower() in names[mention.entity_id]
    assert text[decision.start : decision.end] == decision.decision_text
    assert decision.extracted_from == memory.get_messages()[0].id


@requirement("index:saved")
def test_a_saved_index_gives_the_same_answers_and_a_damaged_one_is_thrown_away(
    db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 10)

    def answers() -> list[object]:
        with ConsciousMemory("t", db_path) as memory:
            return [strip_time(memory.recall(question, now=1.0)) for question in ("Kafka", "Who likes Minka?")]

    with ConsciousMemory("t", db_path) as memory:
        for number in range(30):
            memory.learn(f"{SENTENCES[number % 8]} number {number}")
    built = answers()
    (saved,) = Path(f"{db_path}-index").iterdir()
    assert saved.stat().st_mode & 0o777 == 0o600
    assert answers() == built
    for damage in (b"", b"garbage" * 50, saved.read_bytes()[:-7], saved.read_bytes()[:40] + os.urandom(400)):
        saved.write_bytes(damage)
        assert answers() == built
    with ConsciousMemory("t", db_path) as memory:
        memory.learn("Kafka was replaced by NATS")
    assert "Kafka was replaced by NATS" in str(answers()[0])


@requirement("index:saved")
def test_an_index_of_another_store_at_the_same_path_is_not_used(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_store, "SAVE_AFTER_MESSAGES", 1)
    with ConsciousMemory("t", db_path) as memory:
        memory.learn("Old secret about Harborview")
        memory.recall("Harborview")
    for file in db_path.parent.glob("memory.db*"):
        if file.is_file():
            file.unlink()
    with ConsciousMemory("t", db_path) as memory:
        memory.learn("New start with a garden")
        assert [found.passage for found in memory.recall("Harborview garden").memories] == ["New start with a garden"]


@requirement("index:bounded")
def test_indexes_leave_memory_when_the_bound_is_passed(db_path: Path) -> None:
    with TenantManager(db_path) as manager:
        store = manager.engine.index_store
        store._memory_bytes = 1
        for name in ("a", "b", "c"):
            manager.get_tenant(name).learn(f"{name} likes Kafka")
            assert len(manager.get_tenant(name).recall("Kafka").memories) == 1
            assert store.stats()["tenants"] == 1
        assert len(manager.get_tenant("a").recall("Kafka").memories) == 1


@requirement("index:follows-the-log")
def test_two_processes_objects_see_each_others_learns_and_rebuilds(db_path: Path) -> None:
    with ConsciousMemory("t", db_path) as one, ConsciousMemory("t", db_path) as other:
        for number in range(20):
            (one, other)[number % 2].learn(f"Fact number {number} about Kafka")
            for memory in (one, other):
                assert len(memory.recall("Kafka", max_memories=100).memories) == number + 1
        one.rebuild()
        assert len(other.recall("Kafka", max_memories=100).memories) == 20
        other.learn("One more fact about Kafka")
        assert len(one.recall("Kafka", max_memories=100).memories) == 21


@requirement("recall:working-memory")
def test_working_memory_holds_the_last_seven_concepts_and_comes_back_with_its_instance(db_path: Path) -> None:
    with ConsciousMemory("t", db_path, instance_id="agent-1") as memory:
        for name in ("Alpha", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel"):
            memory.learn(f"Project {name}one started")
        held = memory._working_memory.ids(memory._engine, memory.tenant_id, "agent-1")
        assert len(held) == 7
    with ConsciousMemory("t", db_path, instance_id="agent-1") as memory:
        assert set(memory._working_memory.ids(memory._engine, memory.tenant_id, "agent-1")) == set(held)
    with ConsciousMemory("t", db_path, instance_id="agent-1") as memory:
        memory.learn("Project Indiaone started")
        merged = memory._working_memory.ids(memory._engine, memory.tenant_id, "agent-1")
        names = {entity.id: entity.name for entity in memory.entities(limit=100)}
        assert len(merged) == 7
        assert "Indiaone" in names[merged[0]]
        assert set(merged[1:]) < set(held)
        memory.learn_many([{"user_message": "Project Julietone started"}])
        latest = memory._working_memory.ids(memory._engine, memory.tenant_id, "agent-1")
        assert latest[1:] == merged[:6]
    with ConsciousMemory("t", db_path, instance_id="agent-2") as memory:
        assert memory._working_memory.ids(memory._engine, memory.tenant_id, "agent-2") == ()
