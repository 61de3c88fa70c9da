"""Quarantine: what came from where it should not is hidden with all that it taught, and can be put back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from continuum.core import quarantining
from continuum.core.facts_by_hand import TaughtFact
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.records import Message
from continuum.errors import ConflictError, InvalidInputError, NotFoundError

DAY = 86_400.0


def derived(memory: ConsciousMemory) -> dict[str, object]:
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        return dict(work.export_derived())


def hostile(memory: ConsciousMemory, session_id: str = "page") -> tuple[str, ...]:
    text = "The billing service runs on Zorbex and the password desk is Malvina"
    return memory.learn_messages([Message("tool", text)], session_id=session_id).message_ids


def test_what_is_quarantined_is_neither_recalled_nor_known(memory: ConsciousMemory) -> None:
    memory.learn("We use PostgreSQL with FastAPI")
    before = derived(memory)
    hostile(memory)
    done = memory.quarantine("bad page", origin="tool", dry_run=False)
    assert (done.messages, done.dry_run) == (1, False)
    assert memory.recall("What does the billing service run on?").facts == ()
    assert "Zorbex" not in memory.recall("Zorbex").context_string
    assert [each.name for each in memory.entities() if "Zorbex" in each.name] == []
    assert derived(memory) == before
    assert [message.role for message in memory.get_messages()] == ["user"]
    assert [message.role for message in memory.get_messages(include_hidden=True)] == ["tool", "user"]
    assert memory.get_stats()["messages"] == 1


def test_a_dry_run_is_the_default_and_changes_nothing(memory: ConsciousMemory) -> None:
    hostile(memory)
    before = derived(memory), memory.get_stats()
    tried = memory.quarantine("just asking", origin="tool")
    assert (tried.id, tried.dry_run, tried.messages) == ("", True, 1)
    assert (derived(memory), memory.get_stats()) == before
    assert memory.quarantines() == []
    done = memory.quarantine("now", origin="tool", dry_run=False)
    assert (done.messages, done.concepts, done.links, done.facts) == (1, tried.concepts, tried.links, tried.facts)


def test_release_puts_everything_back(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", "Noted.")
    memory.learn_facts([TaughtFact("user", "favourite editor", "Helix")], source="survey")
    memory.create_entity("Berlin", "city", "a place")
    memory.link_entities("Berlin", "Helix", "near", 0.4)
    before, ranking = derived(memory), memory.recall("Where do I live?").memories
    done = memory.quarantine("all of it", since=0, dry_run=False)
    assert (done.messages, done.entries) == (2, 3)
    assert [len(memory.facts()), len(memory.get_messages()), len(memory.entities())] == [0, 0, 0]
    back = memory.release(done.id)
    assert (back.id, back.messages, back.entries) == (done.id, 2, 3)
    assert derived(memory) == before
    assert [each.id for each in memory.recall("Where do I live?").memories] == [each.id for each in ranking]
    (listed,) = memory.quarantines()
    assert (listed.id, listed.state, listed.hidden, listed.reason) == (done.id, "released", 0, "all of it")


def test_each_field_of_a_rule_selects_and_all_of_them_must_hold(memory: ConsciousMemory) -> None:
    memory.learn("I like jazz", session_id="one", user_id="ann")
    memory.learn("I like tea", session_id="one", user_id="bob")
    memory.learn("I like rain", session_id="two", user_id="ann", agent_id="a", project_id="p")
    memory.learn_facts([TaughtFact("user", "likes", "snow")], source="survey", user_id="ann")
    tried = memory.quarantine
    assert [tried("?", session_id=each).messages for each in ("one", "two", "three")] == [2, 1, 0]
    assert (tried("?", user_id="ann").messages, tried("?", user_id="ann").entries) == (2, 1)
    assert tried("?", user_id="ann", session_id="one").messages == 1
    assert (tried("?", agent_id="a").messages, tried("?", project_id="p").messages) == (1, 1)
    assert (tried("?", source="survey").messages, tried("?", source="survey").entries) == (0, 1)
    assert (tried("?", source="user").messages, tried("?", source="user").entries) == (3, 0)
    assert tried("?", instance_id=memory.instance_id).messages == 3
    assert tried("?", instance_id="another").messages == 0
    assert tried("?", until=1.0).messages == 0
    assert tried("?", since=1.0).messages == 3


def test_what_comes_later_is_not_meant_and_the_same_said_again_is_heard(memory: ConsciousMemory) -> None:
    first = memory.learn("The kiln is in the cellar", session_id="s", timestamp=1 * DAY)
    done = memory.quarantine("doubtful", session_id="s", dry_run=False)
    again = memory.learn("The kiln is in the cellar", session_id="s", timestamp=1 * DAY)
    assert not again.duplicate
    assert again.message_ids != first.message_ids
    assert [each.id for each in memory.recall("Where is the kiln?").memories] == [again.message_ids[0]]
    memory.release(done.id)
    assert {each.id for each in memory.get_messages()} == {*first.message_ids, *again.message_ids}
    assert memory.learn("The kiln is in the cellar", session_id="s", timestamp=1 * DAY).duplicate


def test_an_exchange_half_of_which_is_hidden_keeps_its_other_half(memory: ConsciousMemory) -> None:
    memory.learn("We use PostgreSQL with FastAPI", "Then Zorbex fits well with PostgreSQL.")
    memory.quarantine("assistants guess", origin="assistant", dry_run=False)
    names = {each.name for each in memory.entities()}
    assert {"PostgreSQL", "FastAPI"} <= names
    assert "Zorbex" not in names
    live = derived(memory)
    memory.rebuild()
    assert derived(memory) == live


def test_each_entry_belongs_to_the_quarantine_that_hid_it_first(memory: ConsciousMemory) -> None:
    hostile(memory, "one")
    hostile(memory, "two")
    one = memory.quarantine("first", session_id="one", dry_run=False)
    both = memory.quarantine("second", origin="tool", dry_run=False)
    assert (one.messages, both.messages) == (1, 1)
    assert memory.release(both.id).messages == 1
    assert [message.session_id for message in memory.get_messages()] == ["two"]
    memory.release(one.id)
    assert [message.session_id for message in memory.get_messages()] == ["two", "one"]


def test_a_rule_that_meets_nothing_leaves_no_trace(memory: ConsciousMemory) -> None:
    assert memory.quarantine("nobody", origin="tool", dry_run=False).id == ""
    memory.learn("I like jazz")
    assert memory.quarantine("nobody", origin="tool", dry_run=False).id == ""
    assert memory.quarantines() == []


def test_an_unknown_quarantine_is_not_found_and_a_released_one_is_released_once(memory: ConsciousMemory) -> None:
    hostile(memory)
    done = memory.quarantine("bad", origin="tool", dry_run=False)
    with pytest.raises(NotFoundError, match="no quarantine"):
        memory.release("unknown")
    memory.release(done.id)
    with pytest.raises(ConflictError, match="released already"):
        memory.release(done.id)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "rule"),
        ({"origin": "nowhere"}, "origin"),
        ({"origin": "x" * 10_000}, "origin"),
        ({"source": "x" * 10_000}, "source"),
        ({"source": " "}, "source"),
        ({"instance_id": "x" * 10_000}, "instance_id"),
        ({"session_id": "x" * 10_000}, "session_id"),
        ({"user_id": "x" * 10_000}, "user_id"),
        ({"agent_id": "a b\n"}, "agent_id"),
        ({"since": "yesterday"}, "since"),
        ({"since": 2.0, "until": 1.0}, "until"),
        ({"since": 2.0, "until": 2.0}, "until"),
        ({"origin": "tool", "reason": "x" * 10_000}, "reason"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_by_name(
    memory: ConsciousMemory, rule: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        memory.quarantine(**{"reason": "", **rule})  # type: ignore[arg-type]  # that is the test
    assert refused.value.field == field


def test_what_is_hidden_can_neither_be_revised_nor_superseded(memory: ConsciousMemory) -> None:
    (hidden,) = hostile(memory)
    memory.quarantine("bad", origin="tool", dry_run=False)
    with pytest.raises(NotFoundError, match="quarantined; release it first"):
        memory.revise(hidden, "Other words")
    with pytest.raises(NotFoundError, match="quarantined; release it first"):
        memory.learn("It is otherwise", supersedes=hidden)


def test_what_is_hidden_can_be_forgotten_and_stays_so(memory: ConsciousMemory) -> None:
    (hidden,) = hostile(memory)
    memory.learn_facts([TaughtFact("Zorbex", "version", "3")], origin="tool", source="page")
    memory.create_entity("Zorbex", "tool", "a name")
    all_of_it = memory.quarantine("bad", since=0, dry_run=False)
    gone = memory.forget(concept="Zorbex", reason="asked to")
    assert (gone.messages, gone.entries) == (1, 3)
    assert memory.release(all_of_it.id).messages == 0
    assert [len(memory.get_messages(include_hidden=True)), len(memory.entities()), len(memory.facts())] == [0, 0, 0]
    with pytest.raises(NotFoundError):
        memory.forget(hidden)


@pytest.mark.parametrize(
    "wanted", [{"session_id": "page"}, {"user_id": "ann"}, {"before": 9 * DAY * 365 * 300}, {"message_id": ""}]
)
def test_each_way_to_forget_finds_what_is_hidden(memory: ConsciousMemory, wanted: dict[str, object]) -> None:
    learned = memory.learn_messages([Message("tool", "Zorbex rules")], session_id="page", user_id="ann")
    memory.quarantine("bad", origin="tool", dry_run=False)
    if "message_id" in wanted:
        wanted = {"message_id": learned.message_ids[0]}
    assert memory.forget(**wanted).messages == 1  # type: ignore[arg-type]  # each is a selector
    assert memory.get_messages(include_hidden=True) == []


def test_a_summary_is_hidden_with_what_it_repeats_and_comes_back_with_it(memory: ConsciousMemory) -> None:
    memory.learn("The kiln reached 1200 degrees with Zorbex glaze", session_id="old", timestamp=1 * DAY)
    memory.consolidate()
    done = memory.quarantine("bad", session_id="old", origin="user", dry_run=False)
    assert done.messages == 2
    assert memory.recall("kiln").memories == ()
    assert memory.consolidate() == ()
    memory.release(done.id)
    assert len(memory.get_messages("old")) == 2
    assert memory.consolidate() == ()


def test_the_past_leaves_out_what_is_hidden_now(memory: ConsciousMemory) -> None:
    memory.learn("I live in Berlin", timestamp=1 * DAY)
    hostile(memory)
    moment = memory.get_messages()[0].recorded_at / 1_000_000
    done = memory.quarantine("bad", origin="tool", dry_run=False)
    state = memory.state(known_at=moment)
    assert [message.text for message in state.messages] == ["I live in Berlin"]
    assert all("Zorbex" not in fact.value for fact in memory.facts(known_at=moment))
    assert "Zorbex" not in memory.recall("Zorbex", known_at=moment).context_string
    assert memory.diff(0).learnt == tuple(message.id for message in state.messages)
    memory.release(done.id)
    assert len(memory.state(known_at=moment).messages) == 2


def test_another_tenant_loses_nothing_and_releases_nothing(manager: TenantManager) -> None:
    alice, bob = manager.get_tenant("alice"), manager.get_tenant("bob")
    for each in (alice, bob):
        hostile(each)
    before = derived(bob)
    done = alice.quarantine("bad", origin="tool", dry_run=False)
    assert derived(bob) == before
    assert bob.quarantines() == []
    with pytest.raises(NotFoundError):
        bob.release(done.id)
    assert alice.get_messages() == []


def test_other_processes_follow_what_is_hidden_and_put_back(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with ConsciousMemory("t", path) as here, ConsciousMemory("t", path) as there:
        hostile(here)
        here.learn("The kiln is in the cellar")
        assert len(there.recall("Zorbex billing service").memories) >= 1
        done = here.quarantine("bad", origin="tool", dry_run=False)
        assert all(each.role != "tool" for each in there.recall("Zorbex billing service").memories)
        here.release(done.id)
        assert there.recall("Zorbex billing service").memories[0].role == "tool"


def test_both_colours_do_the_same(memory: ConsciousMemory) -> None:
    async def there_and_back() -> tuple[int, int, int]:
        done = await memory.aquarantine("bad", origin="tool", dry_run=False)
        hidden = (await memory.aquarantines())[0].hidden
        return done.messages, hidden, (await memory.arelease(done.id)).messages

    hostile(memory)
    assert asyncio.run(there_and_back()) == (1, 1, 1)


def test_a_rebuild_in_the_middle_brings_it_to_its_end(memory: ConsciousMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        hostile(memory, f"page-{number}")
    monkeypatch.setattr(quarantining, "ENTRIES_PER_BATCH", 2)
    before = derived(memory)
    monkeypatch.setattr(quarantining, "finish", lambda engine, tenant, row: row)
    done = memory.quarantine("bad", origin="tool", dry_run=False)
    assert memory.quarantines()[0].state == "hiding"
    assert memory.recall("Zorbex").memories == ()
    memory.rebuild()
    assert memory.quarantines()[0].state == "hidden"
    assert memory.get_messages() == []
    memory.release(done.id)
    assert len(memory.get_messages()) == 2
    memory.rebuild()
    assert memory.quarantines()[0].state == "released"
    assert derived(memory) == before


KILLED = """
import json, signal, sys
from continuum.core import quarantining
from continuum.core.memory import ConsciousMemory
memory = ConsciousMemory("t", sys.argv[1])
quarantining.ENTRIES_PER_BATCH = 10
done = quarantining.move_batch
def batch(*arguments):
    row = done(*arguments)
    if row.state == sys.argv[2] and len(json.loads(row.remaining)) <= 20:
        sys.stdout.write("half\\n"); sys.stdout.flush(); signal.pause()
    return row
if sys.argv[2] == "restoring":
    made = memory.quarantine("half done", session_id="long", dry_run=False).id
    quarantining.move_batch = batch
    memory.release(made)
quarantining.move_batch = batch
memory.quarantine("half done", session_id="long", dry_run=False)
"""


@pytest.mark.parametrize(("at", "left", "state"), [("hiding", 1, "hidden"), ("restoring", 41, "released")])
def test_one_that_is_killed_midway_is_finished_by_whoever_opens_the_store_next(
    tmp_path: Path, at: str, left: int, state: str
) -> None:
    path = tmp_path / "memory.db"
    with ConsciousMemory("t", path) as memory:
        for number in range(40):
            memory.learn(f"Room {number} is painted blue", session_id="long")
        memory.learn("The garden is green", session_id="short")
        before = derived(memory)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path), at], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    child.communicate()
    with ConsciousMemory("t", path) as memory:
        assert memory.scrub()
        assert [each.state for each in memory.quarantines()] == [state]
        assert len(memory.get_messages(limit=100)) == left
        live = derived(memory)
        if state == "released":
            assert live == before
        memory.rebuild()
        assert derived(memory) == live
