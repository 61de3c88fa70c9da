"""Imports into memories that hold something: nothing twice, nothing back that was forgotten, nothing of others."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from continuum.core.memory import ConsciousMemory
from continuum.core.retention import RetentionPolicy
from continuum.core.tenants import TenantManager
from continuum.domain.results import RecalledFact
from continuum.errors import InvalidInputError, NotFoundError
from continuum.portability import ImportResult, import_memory
from tests.conftest import MemoryFactory
from tests.portability.states import exported, state
from tests.requirements import requirement


def take(memory: ConsciousMemory, file: str, **how: Any) -> ImportResult:  # Any: options of the import
    return import_memory(memory, io.StringIO(file), **how)


def ids(memory: ConsciousMemory) -> list[str]:
    return [message.id for message in memory.get_messages(limit=1_000)][::-1]


def homes(memory: ConsciousMemory) -> list[tuple[str, str]]:
    return sorted((fact.value, fact.status) for fact in memory.facts("user", "lives in"))


def lived(memory: ConsciousMemory) -> ConsciousMemory:
    """A memory in which everything has happened that points from one entry to another."""
    memory.learn("I live in Berlin", "Noted.", session_id="a", timestamp="2026-01-01T00:00:00Z")
    old = memory.learn("My favourite editor is Helix", session_id="a")
    memory.learn("Kafka feeds the staging database", session_id="b")
    memory.learn_facts([{"subject": "user", "attribute": "shoe size", "value": "43"}])
    (taught,) = [fact for fact in memory.facts() if fact.value == "43"]
    memory.retract(taught.id, "a slip of the pen")
    memory.create_entity("Aurora", "project", "the billing project")
    memory.link_entities("Aurora", "Kafka", "uses", 0.7)
    memory.merge_concepts("staging database", "Kafka")
    _, renamed = memory.rename_concept("Aurora", "Borealis")
    memory.undo(renamed)
    memory.revise(old.message_ids[0], "My favourite editor is Vim")
    memory.learn("I moved to Lisbon", session_id="b", supersedes=old.message_ids[0])
    return memory


def derived_by_name(memory: ConsciousMemory) -> dict[str, object]:
    """What a memory teaches, apart from ids and positions."""
    names = {entity.id: entity.name for entity in memory.entities(limit=1_000)}
    facts: list[RecalledFact] = memory.facts(limit=1_000)
    found = memory.state()
    return {
        "entities": sorted((e.name, e.entity_type, e.occurrences) for e in memory.entities(limit=1_000)),
        "links": sorted(
            (sorted((names[x.concept_a], names[x.concept_b])), x.link_type, x.strength) for x in found.links
        ),
        "facts": sorted((f.subject, f.attribute, f.value, f.status, f.witnesses) for f in facts),
        "messages": [(m.id, m.text, m.session_id, m.timestamp, m.origin) for m in found.messages],
    }


@requirement("portability:into-others")
def test_a_memory_that_holds_other_things_gets_the_entries_behind_its_own(memory_for: MemoryFactory) -> None:
    there, here = lived(memory_for("there")), memory_for("here")
    here.learn("Something of my own about Prometheus", session_id="own")
    file = exported(there)
    done = take(here, file)
    assert (done.messages, done.duplicates, done.tombstoned) == (5, 0, 0)
    assert ids(here)[1:] == ids(there)
    moments = [message.recorded_at for message in here.get_messages(limit=100)][::-1]
    assert moments == sorted(moments)
    here.forget(session_id="own")
    assert derived_by_name(here) == derived_by_name(there)


@requirement("portability:idempotent")
def test_importing_the_same_file_twice_changes_nothing(memory_for: MemoryFactory) -> None:
    there, here = lived(memory_for("there")), memory_for("here")
    here.learn("Something of my own about Prometheus")
    file = exported(there)
    take(here, file)
    once = state(here)
    again = take(here, file)
    assert (again.entries, again.messages) == (0, 0)
    assert again.duplicates == there.get_stats()["log_position"]
    assert state(here) == once


@requirement("portability:idempotent")
def test_an_older_copy_catches_up_with_a_newer_export_entry_by_entry(memory_for: MemoryFactory) -> None:
    there, copy = lived(memory_for("alice")), memory_for("copy")
    take(copy, exported(there))
    before = there.get_stats()["log_position"]
    there.revise(ids(there)[0], "I live in Hamburg")
    there.learn("We moved from Jenkins to GitHub Actions")
    newer = take(copy, exported(there))
    assert (newer.entries, newer.duplicates) == (2, before)
    assert derived_by_name(copy) == derived_by_name(there)


@requirement("portability:resume")
def test_an_export_goes_on_behind_a_position(manager: TenantManager, tmp_path_factory: pytest.TempPathFactory) -> None:
    there = lived(manager.get_tenant("alice"))
    first = exported(there)
    position = there.get_stats()["log_position"]
    there.revise(ids(there)[0], "I live in Hamburg")
    there.learn("We moved from Jenkins to GitHub Actions")
    rest = exported(there, after_seq=position)
    assert len(rest.splitlines()) < len(first.splitlines())
    with TenantManager(tmp_path_factory.mktemp("other") / "m.db") as elsewhere:
        here = elsewhere.get_tenant("alice")
        with pytest.raises(InvalidInputError, match=f"line 1: .*position {position}"):
            take(here, rest)
        take(here, first)
        take(here, rest)
        assert state(here) == state(there)


@requirement("portability:tombstones")
def test_what_was_forgotten_does_not_come_back(memory_for: MemoryFactory) -> None:
    memory = memory_for("alice")
    memory.learn("My doctor is called Winterbottom")
    memory.learn("I live in Lisbon")
    file = exported(memory)
    memory.forget(ids(memory)[0])
    after = state(memory)
    done = take(memory, file)
    assert (done.entries, done.duplicates, done.left_out) == (0, 2, 0)
    assert state(memory) == after
    other = memory_for("other")
    other.learn("Something of my own")
    take(other, exported(memory))
    done = take(other, file)
    assert (done.messages, done.tombstoned) == (0, 1)
    assert "Winterbottom" not in str(state(other))


@requirement("portability:secret")
def test_a_secret_serves_its_own_tenant_only(memory_for: MemoryFactory) -> None:
    there, copy = lived(memory_for("there")), memory_for("copy")
    take(copy, exported(there))
    assert state(copy)["secret"] != state(there)["secret"]
    assert derived_by_name(copy) == derived_by_name(there)
    assert "secret" not in json.loads(exported(there, include_secret=False).splitlines()[0])
    with pytest.raises(NotFoundError):
        copy.retract(there.facts()[0].id, "another tenant's id")


@requirement("portability:into-others")
def test_rules_and_receipts_of_another_log_stay_with_it(memory_for: MemoryFactory) -> None:
    there, here = memory_for("there"), memory_for("here")
    there.learn("I live in Lisbon")
    there.learn("I like jazz")
    there.forget(ids(there)[0])
    there.set_retention(RetentionPolicy(message_days=1))
    here.learn("Something of my own")
    done = take(here, exported(there))
    assert here.retention() == RetentionPolicy()
    assert here.receipts() == []
    assert (done.messages, done.left_out) == (1, 3)


@requirement("portability:into-others")
def test_a_message_that_was_learnt_here_by_itself_is_not_taken_again(memory_for: MemoryFactory) -> None:
    there, here = memory_for("there"), memory_for("here")
    for memory in (there, here):
        memory.learn("I live in Berlin", session_id="a", timestamp="2026-01-01T00:00:00Z")
    there.learn("I moved to Lisbon", supersedes=ids(there)[0])
    done = take(here, exported(there))
    assert (done.messages, done.duplicates) == (1, 1)
    assert homes(here) == homes(there)


@requirement("portability:same-state")
def test_earlier_wordings_that_were_dropped_stay_dropped(memory_for: MemoryFactory, manager: TenantManager) -> None:
    there = memory_for("alice")
    first = there.learn("I live in Berlin").message_ids[0]
    there.revise(first, "I live in Hamburg")
    there.revise(first, "I live in Lisbon")
    with manager.engine.unit(there.tenant_id, write=True) as work:
        work.history.prune(2)
        work.facts.prune(2)
    copy = memory_for("copy")
    take(copy, exported(there))
    assert "Berlin" not in str(state(copy))
    assert copy.get_messages()[0].text == "I live in Lisbon"
    with manager.engine.unit(copy.tenant_id, write=False) as work:
        assert [(each.since_seq, each.text) for each in work.history.wordings([1])] == [(2, "I live in Hamburg")]
