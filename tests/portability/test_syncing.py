"""Two stores of one memory tell the same after a sync, whatever happened on either, in whatever order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum import ConsciousMemory
from continuum.core.facts_by_hand import TaughtFact
from continuum.errors import InvalidInputError, StorageError
from continuum.portability import export_memory, import_memory
from continuum.portability.syncing import (
    Mark,
    StoreSide,
    SyncResult,
    Taken,
    mark_from_text,
    mark_to_text,
    sync_memories,
)
from tests.portability.told import told
from tests.requirements import requirement

CITIES = st.sampled_from(["Lisbon", "Porto", "Berlin"])
TOOLS = st.sampled_from(["Helix", "Emacs", "Redis"])
PROJECTS = st.sampled_from(["Aurora", "Borealis"])
TEXTS = st.one_of(
    st.builds("I live in {}.".format, CITIES),
    st.builds("I moved to {}.".format, CITIES),
    st.builds("No, I meant {}.".format, CITIES),
    st.builds("My favourite editor is {}.".format, TOOLS),
    st.builds("I no longer like {}.".format, TOOLS),
    st.builds("I like {}.".format, TOOLS),
    st.builds("We decided to use {} for {}.".format, TOOLS, PROJECTS),
    st.builds("Ines said that {} uses {} and PostgreSQL.".format, PROJECTS, TOOLS),
    st.builds("The database of {} is on port {}.".format, PROJECTS, st.sampled_from([5432, 6000])),
)
SIDES = st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("learn"), SIDES, TEXTS),
    st.tuples(st.just("learn"), SIDES, TEXTS),
    st.tuples(st.just("forget"), SIDES, st.integers(0, 30)),
    st.tuples(st.just("revise"), SIDES, TEXTS),
    st.tuples(st.just("sync"), SIDES, st.none()),
)


@contextmanager
def pair() -> Iterator[tuple[ConsciousMemory, ConsciousMemory]]:
    with ConsciousMemory("acme", ":memory:") as here, ConsciousMemory("acme", ":memory:") as there:
        yield here, there


def synced(here: ConsciousMemory, there: ConsciousMemory, mark: Mark | None = None) -> SyncResult:
    return sync_memories(StoreSide(here), StoreSide(there), mark)


def ids(memory: ConsciousMemory) -> list[str]:
    return sorted(message.id for message in memory.state().messages)


@requirement("sync:same-state")
@settings(max_examples=40, deadline=None)
@given(st.lists(STEPS, min_size=2, max_size=16))
def test_both_sides_tell_the_same_whatever_was_learnt_revised_and_forgotten_on_either(
    steps: list[tuple[str, int, str | int | None]],
) -> None:
    with pair() as sides:
        mark = None
        for what, side, given_ in steps:
            memory = sides[side]
            if what == "learn":
                memory.learn(str(given_), session_id=f"session-of-{side}")
            elif what == "forget" and (known := ids(memory)):
                assert isinstance(given_, int)
                memory.forget(known[given_ % len(known)])
            elif what == "revise" and (known := ids(memory)):
                memory.revise(known[-1], str(given_))
            elif what == "sync":
                mark = synced(*sides, mark).mark
        mark = synced(*sides, mark).mark
        assert told(sides[0]) == told(sides[1])
        again = synced(*sides, mark)
        assert (again.pulled.messages, again.pushed.messages) == (0, 0)
        assert (again.pulled.forgotten, again.pushed.forgotten) == (0, 0)


@requirement("sync:same-state")
def test_what_was_made_by_hand_goes_to_the_other_side_too() -> None:
    with pair() as (here, there):
        here.learn("Kafka is used by Aurora.")
        mark = synced(here, there).mark
        here.merge_concepts("Kafka", "Aurora")
        there.create_entity("Borealis", description="the new website")
        here.learn_facts([TaughtFact("Ines", "lives in", "Porto")])
        slip = there.learn_facts([TaughtFact("Tomas", "lives in", "Rome")])
        there.retract(slip[0].id, "a slip")
        synced(here, there, mark)
        assert told(here) == told(there)
        assert {fact.value for fact in there.facts("Ines")} == {"Porto"}


@requirement("sync:forgotten")
def test_what_was_forgotten_on_one_side_is_forgotten_on_the_other_and_never_comes_back() -> None:
    with pair() as (here, there):
        learnt = here.learn("My secret project is Nightfall.")
        mark = synced(here, there).mark
        there.revise(learnt.message_ids[0], "My secret project is called Nightfall.")
        here.forget(learnt.message_ids[0])
        done = synced(here, there, mark)
        assert done.pushed.forgotten == 1
        assert there.recall("Nightfall").memories == ()
        for known in (done.mark, None):
            again = synced(here, there, known)
            assert (again.pulled.messages, again.pushed.messages) == (0, 0)
        assert told(here) == told(there)
        assert there.receipts()[0].kind == "elsewhere"


@requirement("sync:resumable")
def test_a_sync_that_broke_off_goes_on_and_one_without_a_mark_changes_nothing() -> None:
    class Broken(StoreSide):
        def take(self, path: Path) -> Taken:
            raise StorageError("the disk is full")

    with pair() as (here, there):
        here.learn("I live in Lisbon.")
        there.learn("My cat is called Minka.")
        with pytest.raises(StorageError):
            sync_memories(StoreSide(here), Broken(there))
        assert here.recall("Minka").memories
        done = synced(here, there)
        assert (done.pulled.messages, done.pushed.messages) == (0, 1)
        assert told(here) == told(there)
        assert not synced(here, there, done.mark).began_anew
        assert synced(here, there).pushed.entries == 0


@requirement("sync:resumable")
def test_a_store_that_was_restored_from_a_copy_gets_back_what_it_lacks(tmp_path: Path) -> None:
    with pair() as (here, there), ConsciousMemory("acme", ":memory:") as restored:
        here.learn("I live in Lisbon.")
        there.learn("My cat is called Minka.")
        mark = synced(here, there).mark
        export_memory(here, tmp_path / "copy.jsonl")
        there.learn("I like jazz.")
        mark = synced(here, there, mark).mark
        import_memory(restored, tmp_path / "copy.jsonl")
        for lost in (mark, replace(mark, here=1)):
            assert synced(restored, there, lost).began_anew
        assert told(restored) == told(there)


@requirement("sync:same-state")
def test_three_stores_that_meet_in_a_row_end_alike() -> None:
    with pair() as (first, second), ConsciousMemory("acme", ":memory:") as third:
        third.learn("I live in Berlin.", session_id="3")
        first.learn("I live in Lisbon.", session_id="1")
        second.learn("I moved to Porto.", session_id="2")
        for one, other in ((first, second), (second, third), (third, first), (first, second)):
            synced(one, other)
        assert told(first) == told(second) == told(third)
        assert first.recall("Where do I live?").facts[0].value == "Porto"


def test_what_is_learnt_while_a_sync_runs_goes_with_the_next_one() -> None:
    class Busy(StoreSide):
        def take(self, path: Path) -> Taken:
            done = super().take(path)
            there.learn("Said in between.")
            return replace(done, position=done.position + 1)

    with pair() as (here, there):
        here.learn("I live in Lisbon.")
        done = sync_memories(StoreSide(here), Busy(there))
        assert synced(here, there, done.mark).pulled.messages == 1
        assert told(here) == told(there)


def test_a_mark_is_kept_as_text_and_any_other_text_is_none() -> None:
    mark = Mark(3, "a", 5, "b")
    assert mark_from_text(mark_to_text(mark)) == mark
    for text in ("", "{}", "[]", '{"here": [1], "there": [1, ""]}', '{"here": [-1, ""], "there": [1, ""]}'):
        with pytest.raises(InvalidInputError):
            mark_from_text(text)
