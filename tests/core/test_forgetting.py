"""Forgetting: exactly what was named goes, with all that only it taught; receipts, ends, summaries, merges."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from continuum.core import erasing
from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.memory import ConsciousMemory
from continuum.core.retention import RetentionPolicy
from continuum.core.selecting import Selector
from continuum.errors import ConflictError, InvalidInputError, NotFoundError
from tests.requirements import requirement

DAY = 86_400.0


def test_a_forgotten_message_leaves_nothing_that_only_it_taught(memory: ConsciousMemory) -> None:
    memory.learn("We use PostgreSQL with FastAPI")
    gone = memory.learn("Doctor Alvarez prescribed ibuprofen to me")
    result = memory.forget(gone.message_ids[0], reason="private")
    assert (result.messages, result.dry_run) == (1, False)
    assert memory.recall("What did Alvarez prescribe?").memories == ()
    assert {entity.name for entity in memory.entities("concept")} <= {"PostgreSQL", "FastAPI"}


def test_a_dry_run_says_what_would_go_and_keeps_it(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Berlin")
    tried = memory.forget(learned.message_ids[0], reason="just asking", dry_run=True)
    assert (tried.messages, tried.facts, tried.receipt) == (1, 1, None)
    assert memory.receipts() == []
    assert memory.recall("Where do I live?").facts[0].value == "Berlin"
    assert memory.forget(learned.message_ids[0]).facts == tried.facts


def test_each_kind_of_thing_can_be_forgotten(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", session_id="one", timestamp=1 * DAY)
    memory.learn("We use Jenkins for CI", session_id="two", timestamp=2 * DAY, user_id="ann")
    memory.learn("The staging database is on port 5433", session_id="three", timestamp=3 * DAY)
    memory.learn("My favourite editor is Helix", session_id="four", timestamp=4 * DAY)
    memory.learn("I like jazz", session_id="five", timestamp=5 * DAY)
    assert memory.forget(session_id="one").messages == 1
    assert memory.forget(user_id="ann").messages == 1
    assert memory.forget(concept="staging database").messages == 1
    editor = next(fact for fact in memory.facts() if fact.value == "Helix")
    assert memory.forget(fact_id=editor.id).messages == 1
    assert memory.forget(before=6 * DAY).messages == 1
    stats = memory.get_stats()
    assert [stats[name] for name in ("messages", "sessions", "attention_links", "entities")] == [0, 0, 0, 0]
    assert memory.facts() == []
    assert [receipt.kind for receipt in memory.receipts()] == ["session", "scope", "concept", "fact", "before"]


@pytest.mark.parametrize("named", [{}, {"concept": "x", "session_id": "y"}, {"before": "2026-13-01"}])
def test_exactly_one_thing_is_named(memory: ConsciousMemory, named: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        memory.forget(**named)  # type: ignore[arg-type]  # that is the test


def test_another_tenants_things_look_unknown(memory: ConsciousMemory) -> None:
    other = ConsciousMemory("other", engine=memory._engine)
    learned = other.learn("Minka is my cat", session_id="cats")
    memory.learn("I have no pets")
    for named in ({"message_id": learned.message_ids[0]}, {"concept": "Minka"}, {"session_id": "cats"}):
        with pytest.raises(NotFoundError, match="of this tenant"):
            memory.forget(**named)  # type: ignore[arg-type]  # one of the parts
    assert other.recall("Minka").memories


@requirement("forget:receipts")
def test_receipts_are_chained_and_say_nothing_of_what_was_said(memory: ConsciousMemory) -> None:
    for text in ("The password is swordfish", "The vault is behind the mirror"):
        memory.forget(memory.learn(text).message_ids[0], reason="secret")
    first, second = memory.receipts()
    assert second.previous_hash == first.hash
    assert "swordfish" not in repr((first, second))
    assert memory.verify_receipts().sound
    assert not memory.verify_receipts(head="0" * 63 + "1").sound


def test_a_message_that_was_forgotten_may_be_said_again(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Berlin", timestamp=1 * DAY, idempotency_key="k")
    memory.forget(learned.message_ids[0])
    again = memory.learn("I live in Berlin", timestamp=1 * DAY, idempotency_key="k")
    assert not again.duplicate
    assert memory.recall("Where do I live?").facts[0].value == "Berlin"


KILLED = """
import os, signal, sys
from continuum.core import erasing
from continuum.core.memory import ConsciousMemory
memory = ConsciousMemory("t", sys.argv[1])
erasing.MESSAGES_PER_BATCH = 10
done = erasing.erase_batch
def batch(*arguments):
    row = done(*arguments)
    if row.state == "running" and len(__import__("json").loads(row.remaining)["seqs"]) <= 20:
        sys.stdout.write("half\\n"); sys.stdout.flush(); signal.pause()
    return row
erasing.erase_batch = batch
memory.forget(session_id="long", reason="half done")
"""


@requirement("forget:resume")
def test_a_half_finished_erasure_is_finished_by_whoever_opens_the_store_next(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with ConsciousMemory("t", path) as memory:
        for number in range(40):
            memory.learn(f"Room {number} is painted blue", session_id="long")
        memory.learn("The garden is green", session_id="short")
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    child.communicate()
    with ConsciousMemory("t", path) as memory:
        assert memory.scrub()
        assert [message.text for message in memory.get_messages()] == ["The garden is green"]
        (receipt,) = memory.receipts()
        assert receipt.messages == 40
        assert receipt.scrubbed_at is not None


@requirement("forget:scrub")
def test_once_the_receipt_says_scrubbed_no_file_holds_a_word(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with ConsciousMemory("t", path) as memory:
        for number in range(60):
            memory.learn(f"Note {number}: Xylophonia Quartzheim keeps the zebra ledger", "Understood.")
            memory.learn(f"Note {number}: the weather is mild", "Indeed.")
        memory.recall("Who keeps the ledger?")
        memory.forget(concept="Xylophonia Quartzheim", reason="asked to")
        assert memory.scrub()
        assert all(receipt.scrubbed_at for receipt in memory.receipts())
        for file in tmp_path.rglob("*"):
            if file.is_file():
                held = file.read_bytes().lower()
                assert b"xylophonia" not in held, file
                assert b"quartzheim" not in held, file


@requirement("forget:retention")
def test_a_message_past_its_end_is_not_shown_and_goes_with_the_sweep(memory: ConsciousMemory) -> None:
    memory.learn("The door code is 1234 today", expires_at=2.0, timestamp=1.0)
    memory.learn("The door is blue")
    assert [found.passage for found in memory.recall("door").memories] == ["The door is blue"]
    assert memory.sweep().expired == 1
    assert len(memory.get_messages()) == 1


@requirement("forget:retention")
def test_retention_forgets_old_messages_and_says_what_days_it_takes(memory: ConsciousMemory) -> None:
    memory.learn("Said long ago", timestamp=1.0)
    memory.learn("Said just now")
    assert memory.retention() == RetentionPolicy()
    memory.set_retention(RetentionPolicy(message_days=30))
    assert memory.sweep().expired == 1
    for days in (0, -1, True, 1.5):
        with pytest.raises(InvalidInputError, match="message_days"):
            memory.set_retention(RetentionPolicy(message_days=days))  # type: ignore[arg-type]  # that is the test


@requirement("forget:retention")
def test_a_session_is_summed_up_in_its_own_words_and_its_facts_outlive_it(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin and I work on the billing service", "Nice.", session_id="old", timestamp=1 * DAY)
    memory.learn("We decided to move the billing service to Fly.io", "Good.", session_id="old", timestamp=2 * DAY)
    (done,) = memory.consolidate(keep_originals=False)
    assert (done.session_id, done.messages, done.originals_kept) == ("old", 4, False)
    (summary,) = memory.get_messages()
    assert summary.role == "system"
    assert "We decided to move the billing service to Fly.io" in summary.text
    assert memory.recall("Where do I live?").facts[0].value == "Berlin"
    assert memory.consolidate() == ()


@requirement("concepts:merge")
def test_merged_concepts_are_one_until_the_merge_is_undone(memory: ConsciousMemory) -> None:
    memory.learn("Postgres feeds the billing service")
    memory.learn("PostgreSQL feeds the reporting service")
    before = {entity.name for entity in memory.entities("tool")} | {e.name for e in memory.entities("concept")}
    merged, seq = memory.merge_concepts("Postgres", "PostgreSQL")
    assert (merged.name, merged.occurrences) == ("PostgreSQL", 2)
    assert "Postgres" in merged.aliases
    named = [concept.name for concept in memory.recall("Postgres").concepts if concept.depth == 0]
    assert named == ["PostgreSQL"]
    memory.undo(seq)
    assert {e.name for e in memory.entities("tool")} | {e.name for e in memory.entities("concept")} == before
    with pytest.raises(NotFoundError):
        memory.undo(seq)


@requirement("concepts:merge")
def test_a_renamed_concept_is_found_under_both_names(memory: ConsciousMemory) -> None:
    memory.learn("Project Falcon ships in May")
    memory.learn("We use Jenkins")
    renamed, seq = memory.rename_concept("Project Falcon", "Project Eagle")
    assert (renamed.name, renamed.aliases) == ("Project Eagle", ("Project Falcon",))
    for name in ("Project Falcon", "Project Eagle"):
        assert memory.recall(name).concepts[0].name == "Project Eagle"
    with pytest.raises(ConflictError, match="merge"):
        memory.rename_concept("Project Eagle", "Jenkins")
    with pytest.raises(NotFoundError):
        memory.merge_concepts("nothing at all", "Jenkins")
    with pytest.raises(InvalidInputError, match="one concept"):
        memory.merge_concepts("Project Falcon", "Project Eagle")
    memory.undo(seq)
    assert memory.recall("Project Falcon").concepts[0].name == "Project Falcon"


@requirement("time:timeline")
def test_a_concepts_life_and_what_changed_between_two_moments(memory: ConsciousMemory) -> None:
    memory.learn("Alice works at Siemens", timestamp=1 * DAY)
    start = memory.get_messages()[0].recorded_at / 1e6
    memory.learn("Alice works at Bosch", timestamp=9 * DAY)
    gone = memory.learn("Nothing to see here", timestamp=10 * DAY)
    memory.forget(gone.message_ids[0])
    kinds = [(event.kind, event.text) for event in memory.timeline("Alice")]
    assert ("first mentioned", "Alice works at Siemens") in kinds
    assert ("fact replaced", "Alice works at: Siemens") in kinds
    diff = memory.diff(start)
    assert [(change.change, change.after.value) for change in diff.facts if change.after] == [
        ("superseded", "Siemens"),
        ("learnt", "Bosch"),
    ]
    assert (diff.erased, diff.superseded, len(diff.learnt)) == (1, 1, 1)
    with pytest.raises(NotFoundError):
        memory.timeline("nobody")
    with pytest.raises(InvalidInputError, match="until"):
        memory.diff(2.0, 1.0)


@requirement("forget:retention")
def test_what_was_retracted_or_replaced_does_not_come_back_with_a_summary(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", session_id="old", timestamp=1 * DAY)
    memory.learn("My favourite editor is Vim", session_id="old", timestamp=2 * DAY)
    memory.learn("My favourite editor is Helix", session_id="new", timestamp=3 * DAY)
    memory.retract(next(fact.id for fact in memory.facts() if fact.value == "Berlin"), "a mistake")
    memory.consolidate(before=3 * DAY, keep_originals=False)
    assert [fact.value for fact in memory.facts(current_only=True)] == ["Helix"]
    assert memory.recall("Where do I live?").facts == ()


@requirement("forget:erase")
def test_a_summary_goes_with_what_it_repeats(memory: ConsciousMemory) -> None:
    memory.learn("The weather in Bergen was mild", session_id="old", timestamp=1 * DAY)
    secret = memory.learn("Doctor Alvarez prescribed ibuprofen to me", session_id="old", timestamp=2 * DAY)
    memory.consolidate(before=3 * DAY)
    memory.forget(secret.message_ids[0], reason="private")
    assert [message.text for message in memory.get_messages()] == ["The weather in Bergen was mild"]
    assert len(memory.consolidate(before=3 * DAY)) == 1


@requirement("forget:erase")
def test_facts_that_outlived_their_session_go_when_it_is_forgotten(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", session_id="old", timestamp=1 * DAY)
    memory.consolidate(keep_originals=False)
    memory.forget(session_id="old", reason="all of it")
    assert memory.facts() == []
    assert memory.get_messages() == []


@requirement("forget:erase")
def test_a_former_wording_is_found_by_the_concept_it_named(memory: ConsciousMemory) -> None:
    learned = memory.learn("We hired Kassandra Quint")
    memory.revise(learned.message_ids[0], "We hired somebody")
    memory.forget(concept="Kassandra Quint", reason="asked to")
    assert memory.get_messages() == []


@requirement("forget:erase")
def test_what_was_only_taught_can_be_forgotten_by_name(memory: ConsciousMemory) -> None:
    memory.learn("The sky is grey")
    memory.learn_facts([{"subject": "Kassandra Quint", "attribute": "salary", "value": "90000"}])
    memory.forget(concept="Kassandra Quint", reason="asked to")
    assert memory.facts() == []


@requirement("forget:erase")
def test_a_former_wording_is_taken_only_by_a_name_of_its_own(memory: ConsciousMemory) -> None:
    learned = memory.learn("I was going to buy a mango")
    memory.revise(learned.message_ids[0], "I was about to buy fruit")
    memory.learn("We write it in Go")
    memory.forget(concept="Go", reason="asked to")
    assert [message.text for message in memory.get_messages()] == ["I was about to buy fruit"]


@requirement("forget:erase")
def test_a_summary_stays_when_something_later_is_forgotten(memory: ConsciousMemory) -> None:
    memory.learn("The weather in Bergen was mild", session_id="old", timestamp=1 * DAY)
    memory.consolidate(keep_originals=False)
    later = memory.learn("Nothing else happened", session_id="old", timestamp=2 * DAY)
    memory.forget(later.message_ids[0])
    assert len(memory.get_messages()) == 1


@requirement("forget:erase")
def test_closed_statements_of_a_taught_fact_go_with_it(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Lisbon")
    memory.learn_facts([{"subject": "user", "attribute": "lives in", "value": "Zanzibar", "replaces": "Lisbon"}])
    memory.revise(learned.message_ids[0], "I live in Bern")
    taught = next(fact for fact in memory.facts() if fact.value == "Zanzibar")
    memory.forget(fact_id=taught.id)
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        assert work.facts.every_statement_at([3]) == []


@requirement("forget:receipts")
def test_erasures_that_overlap_are_chained_in_the_order_in_which_they_end(
    memory: ConsciousMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "MESSAGES_PER_BATCH", 1)
    memory.learn("Room one", "is blue", session_id="long")
    other = memory.learn("Room two is red")
    engine, tenant = memory._engine, memory.tenant_id
    with engine.unit(tenant, write=True) as work:
        begun = erasing.begin(engine, work, Selector("session", session_id="long"), "slow")
        assert begun is not None
        erasing.erase_batch(engine, work, begun)
    memory.forget(other.message_ids[0], reason="quick")
    assert erasing.finish_begun(engine, tenant) == 1
    erasing.finish(engine, tenant, begun)  # whoever began it goes on with what it knew
    assert [(receipt.reason, receipt.messages) for receipt in memory.receipts()] == [("quick", 1), ("slow", 2)]
    assert memory.verify_receipts().sound


@requirement("forget:erase")
def test_the_reason_of_a_retraction_goes_with_what_it_retracted(memory: ConsciousMemory) -> None:
    learned = memory.learn("I live in Berlin")
    memory.retract(memory.facts()[0].id, "I never lived in Berlin, it was Bonn")
    memory.forget(learned.message_ids[0])
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        assert "Bonn" not in repr(work.log.read(0, 100))


def test_the_async_colour_does_the_same(memory: ConsciousMemory) -> None:
    async def session() -> None:
        other = AsyncConsciousMemory(memory=memory)
        learned = await other.learn("I live in Berlin")
        assert [fact.value for fact in await other.facts()] == ["Berlin"]
        assert (await other.forget(learned.message_ids[0], reason="x")).messages == 1
        assert await other.facts() == []
        assert await memory.afacts() == []

    asyncio.run(session())
