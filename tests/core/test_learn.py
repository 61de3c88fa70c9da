"""What a learn keeps, answers and refuses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from continuum.core.memory import ConsciousMemory
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.tenants import TenantManager
from continuum.domain.records import Message, Origin
from continuum.errors import ConflictError, InvalidInputError
from tests.requirements import requirement


@requirement("learn:result", "compat:learning-result")
def test_learn_answers_with_counts_ids_and_position(memory: ConsciousMemory) -> None:
    result = memory.learn("I prefer FastAPI over Django for web projects", "We decided to use FastAPI.")
    assert result.tenant_id == "alice"
    assert result.concepts_extracted >= 2
    assert "FastAPI" in result.concepts
    assert result.decisions_detected == 1
    assert result.links_created >= 1
    assert len(result.message_ids) == 2
    assert result.seq == 2
    assert not result.duplicate


@requirement("learn:text")
def test_learn_takes_one_text_alone(memory: ConsciousMemory) -> None:
    assert len(memory.learn("My cat is called Minka").message_ids) == 1
    assert [message.text for message in memory.get_messages()] == ["My cat is called Minka"]


@requirement("learn:messages")
def test_messages_keep_role_speaker_time_origin_and_metadata(memory: ConsciousMemory) -> None:
    at = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    memory.learn_messages(
        [
            Message("user", "Hello Bob", "Alice", at, metadata={"channel": "mail"}),
            Message("tool", "42 rows", origin=Origin.TOOL),
        ],
        session_id="s1",
        user_id="u1",
        metadata={"shared": True},
    )
    tool, user = memory.get_messages()
    assert (user.role, user.speaker, user.timestamp) == ("user", "Alice", 1_709_285_400_000_000)
    assert json.loads(user.metadata) == {"channel": "mail"}
    assert (tool.role, tool.origin, json.loads(tool.metadata)) == ("tool", Origin.TOOL, {"shared": True})
    assert (user.session_id, user.scope.user_id, user.message_number, tool.message_number) == ("s1", "u1", 1, 2)
    assert user.exchange_id == tool.exchange_id


@requirement("learn:verbatim")
@pytest.mark.parametrize(
    "text",
    [
        "שלום עולם \u202e reversed \u202c end",
        "e" + "\u0301" * 1_000,
        "👩‍👩‍👧‍👦 family 🏳️‍🌈",
        "Café Cafe\u0301",
        '"; DROP TABLE entities; -- NEAR/3 AND* OR ^ {a b}:c',
        "line one\r\nline two\ttab \x07 bell \x1b[31m red",
        "漢字かな交じり文 한국어 ไทย हिन्दी",
        "x" * 200_000,
    ],
)
def test_text_is_stored_as_it_came(memory: ConsciousMemory, text: str) -> None:
    memory.learn(text)
    assert memory.get_messages()[0].text == text
    memory.recall(text[:5_000])


Call = Callable[[ConsciousMemory], object]
HUGE = [5, pytest.param(10**5_000, id="huge")]
"""Numbers; the second has more digits than Python writes out."""


@requirement("learn:bad-input")
@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda m: m.learn(""), "messages"),
        (lambda m: m.learn("  \n", "\t"), "messages"),
        (lambda m: m.learn("x" * 10_000_000), "messages[0].text"),
        (lambda m: m.learn("nul \0 inside"), "messages[0].text"),
        (lambda m: m.learn("lone \ud800 surrogate"), "messages[0].text"),
        (lambda m: m.learn(b"bytes"), "messages[0].text"),
        (lambda m: m.learn("hi", metadata={"x": object()}), "metadata.x"),
        (lambda m: m.learn("hi", metadata={"x": float("nan")}), "metadata.x"),
        (lambda m: m.learn("hi", metadata={1: "x"}), "metadata"),
        (lambda m: m.learn("hi", metadata=["x"]), "metadata"),
        (lambda m: m.learn("hi", metadata={"x": "y" * 70_000}), "metadata"),
        (lambda m: m.learn("hi", metadata={"x": "\ud800"}), "metadata"),
        (lambda m: m.learn("hi", timestamp="yesterday"), "messages[0].timestamp"),
        (lambda m: m.learn("hi", timestamp=float("inf")), "messages[0].timestamp"),
        (lambda m: m.learn("hi", timestamp=1e18), "messages[0].timestamp"),
        (lambda m: m.learn("hi", session_id=""), "session_id"),
        (lambda m: m.learn("hi", session_id="s" * 300), "session_id"),
        (lambda m: m.learn("hi", speaker=" "), "messages[0].speaker"),
        (lambda m: m.learn("hi", user_id="has space"), "user_id"),
        (lambda m: m.learn("hi", idempotency_key=""), "idempotency_key"),
        (lambda m: m.learn_messages([]), "messages"),
        (lambda m: m.learn_messages([Message("owner", "hi")]), "messages[0].role"),  # type: ignore[arg-type]
        (lambda m: m.learn_messages([Message("assistant", "hi", origin=Origin.USER)]), "messages[0].origin"),
        (lambda m: m.learn_messages([Message("user", "hi")] * 1_001), "messages"),
        (lambda m: m.learn_messages(None), "messages"),
        (lambda m: m.learn_messages("ab"), "messages"),
        (lambda m: m.learn_messages([Message([], "hi")]), "messages[0].role"),  # type: ignore[arg-type]
        (lambda m: m.learn_messages([Message("user", "hi", origin=5)]), "messages[0].origin"),  # type: ignore[arg-type]
        (lambda m: m.learn("hi", timestamp=1e305), "messages[0].timestamp"),
        (lambda m: m.learn("hi", timestamp=10**5_000), "messages[0].timestamp"),
        (lambda m: m.learn("hi", metadata={"a": 10**5_000}), "metadata.a"),
        (lambda m: m.learn("hi", metadata={10**5_000: 1}), "metadata"),
        (lambda m: m.learn("hi", metadata={f"k{n}": n for n in range(65)}), "metadata"),
        (lambda m: m.learn("hi", user_id=10**5_000), "user_id"),
        (lambda m: m.learn_many(None), "exchanges"),
        (lambda m: m.learn_many([5]), "exchanges[0].messages"),
        (lambda m: m.learn_many([Message("user", "hi")]), "exchanges[0].messages"),
        (lambda m: m.learn_many([{"messages": None}]), "exchanges[0].messages"),
        (lambda m: m.learn_many([{"messages": [{"role": "user", "text": "hi", 5: 1}]}]), "exchanges[0].messages[0].5"),
        (lambda m: m.learn_many([{5: 1, "user_message": "hi"}]), "exchanges[0].5"),
        (lambda m: m.learn_many([], batch_size=10**5_000), "batch_size"),
        (lambda m: m.get_messages("\ud800"), "session_id"),
        (lambda m: m.get_messages(role=""), "role"),
        (lambda m: m.get_messages(role=[]), "role"),
        (lambda m: m.get_messages(before_seq="x"), "before_seq"),
        (lambda m: m.get_messages(before_seq=10**30), "before_seq"),
        (lambda m: m.get_messages(start_time=10**400), "start_time"),
        (lambda m: m.entities(query=5), "query"),
        (lambda m: m.entities(query="\ud800"), "query"),
        (lambda m: m.entities(entity_type="a b"), "entity_type"),
        (lambda m: m.link_entities("a", "b", "knows", 10**5_000), "strength"),
    ],
)
def test_bad_input_is_refused_by_field_and_nothing_is_kept(memory: ConsciousMemory, call: Call, field: str) -> None:
    memory.learn("kept before")
    with pytest.raises(InvalidInputError) as caught:
        call(memory)
    assert caught.value.field == field
    assert len(memory.get_messages()) == 1
    assert memory.learn("kept after").seq == 2


@requirement("learn:messages")
def test_messages_may_come_from_a_generator(memory: ConsciousMemory) -> None:
    result = memory.learn_messages(Message("user", f"Fact {number}") for number in range(3))
    assert len(result.message_ids) == 3


@requirement("learn:bad-input")
def test_limits_hold_at_the_limit_and_one_past_it(memory: ConsciousMemory) -> None:
    limit = memory.config.max_text_bytes
    memory.learn("a" * limit)
    with pytest.raises(InvalidInputError, match=f"has {limit + 1} bytes of UTF-8; the limit is {limit}"):
        memory.learn("a" * (limit + 1))
    nested: object = "leaf"
    for _ in range(16):
        nested = {"n": nested}
    memory.learn("deep", metadata=nested)  # type: ignore[arg-type]  # it is a mapping by now
    with pytest.raises(InvalidInputError, match="nested deeper than 16"):
        memory.learn("deeper", metadata={"n": nested})


@requirement("names:tenant-and-instance")
@pytest.mark.parametrize(
    "name",
    [
        "",
        "has space",
        "a/b",
        "../up",
        "ü",
        "x" * 129,
        "a\n",
        "'; DROP TABLE x",
        [],
        5,
        pytest.param(10**5_000, id="huge"),
    ],
)
def test_names_outside_the_rule_are_refused(manager: TenantManager, name: str) -> None:
    for opened in (
        lambda: ConsciousMemory(name, engine=manager.engine),
        lambda: ConsciousMemory("t", engine=manager.engine, instance_id=name),
        lambda: MemoryQueryEngine(tenant=name, engine=manager.engine),
        lambda: manager.get_tenant(name),
    ):
        with pytest.raises(InvalidInputError):
            opened()


@requirement("names:tenant-and-instance")
def test_the_longest_name_with_every_allowed_character_works(memory_for: Callable[[str], ConsciousMemory]) -> None:
    name = "AZaz09._:@-".ljust(128, "x")
    assert memory_for(name).learn("hello there").tenant_id == name


@requirement("learn:same-again")
def test_the_same_message_again_is_not_stored_twice(memory: ConsciousMemory) -> None:
    first = memory.learn("I live in Porto", timestamp="2026-03-01T10:00:00Z", session_id="s")
    again = memory.learn("I live in Porto", timestamp="2026-03-01T10:00:00Z", session_id="s")
    assert again.duplicate
    assert again.message_ids == first.message_ids
    assert len(memory.get_messages()) == 1


@requirement("learn:same-again")
def test_the_same_message_twice_in_one_exchange_is_stored_once(memory: ConsciousMemory) -> None:
    said = Message("user", "Yes.", timestamp="2026-01-01")
    first = memory.learn_messages([said, Message("assistant", "Good."), said])
    assert len(first.message_ids) == 2
    again = memory.learn_messages([said, said])
    assert again.duplicate
    assert again.message_ids == first.message_ids[:1]
    assert sorted(message.text for message in memory.get_messages()) == ["Good.", "Yes."]


@requirement("learn:same-again")
def test_saying_yes_twice_is_two_events(memory: ConsciousMemory) -> None:
    assert not memory.learn("Yes.").duplicate
    assert not memory.learn("Yes.").duplicate
    assert len(memory.get_messages()) == 2


@requirement("learn:same-again")
def test_an_overlapping_import_stores_only_what_is_new(memory: ConsciousMemory) -> None:
    said = [Message("user", f"Line {number} about Lisbon", timestamp=1_000.0 + number) for number in range(3)]
    memory.learn_messages(said[:2], session_id="s")
    result = memory.learn_messages(said, session_id="s")
    assert len(result.message_ids) == 1
    assert sorted(message.text for message in memory.get_messages()) == [message.text for message in said]


@requirement("learn:idempotency")
def test_an_idempotency_key_gives_the_first_answer_again(memory: ConsciousMemory) -> None:
    first = memory.learn("We chose Helix", idempotency_key="k1")
    again = memory.learn("We chose Helix", idempotency_key="k1")
    assert again.message_ids == first.message_ids
    assert again.duplicate
    with pytest.raises(ConflictError, match="use a new key"):
        memory.learn("We chose Vim", idempotency_key="k1")
    assert len(memory.get_messages()) == 1


@requirement("learn:idempotency", "learn:same-again")
def test_a_key_is_kept_when_its_messages_were_known_already(memory: ConsciousMemory) -> None:
    first = memory.learn("I live in Porto", timestamp=1.0, session_id="s")
    again = memory.learn("I live in Porto", timestamp=1.0, session_id="s", idempotency_key="k")
    assert again.duplicate
    assert again.exchange_id == first.exchange_id == memory.get_messages()[0].exchange_id
    third = memory.learn("I live in Porto", timestamp=1.0, session_id="s", idempotency_key="k")
    assert replace(third, learn_time_ms=0.0) == replace(again, learn_time_ms=0.0)
    with pytest.raises(ConflictError):
        memory.learn("I live in Lisbon", timestamp=2.0, session_id="s", idempotency_key="k")


@requirement("learn:idempotency", "learn:same-again")
def test_a_key_holds_for_the_words_as_given_when_some_were_known_already(memory: ConsciousMemory) -> None:
    said = [Message("user", f"Line {number} about Lisbon", timestamp=1_000.0 + number) for number in range(3)]
    memory.learn_messages(said[:2], session_id="s")
    first = memory.learn_messages(said, session_id="s", idempotency_key="k")
    again = memory.learn_messages(said, session_id="s", idempotency_key="k")
    assert again.duplicate
    assert again.message_ids == first.message_ids
    with pytest.raises(ConflictError):
        memory.learn_messages(said[2:], session_id="s", idempotency_key="k")


@requirement("learn:idempotency")
def test_a_key_holds_over_a_restart_when_no_session_was_named(db_path: Path) -> None:
    answers = []
    for _ in range(2):
        with ConsciousMemory("t", db_path) as memory:
            answers.append(memory.learn("We chose Helix", idempotency_key="k"))
    assert answers[1].duplicate
    assert answers[1].message_ids == answers[0].message_ids
    with ConsciousMemory("t", db_path) as memory:
        for other in ({"session_id": "s"}, {"timestamp": 0.0}):
            with pytest.raises(ConflictError):
                memory.learn("We chose Helix", idempotency_key="k", **other)


@requirement("learn:idempotency", "learn:bulk")
def test_keys_of_callers_and_jobs_are_kept_apart(memory: ConsciousMemory) -> None:
    memory.learn("By hand", idempotency_key="job:x")
    assert memory.learn_many([{"user_message": "From a file"}], job="x").messages == 1
    assert memory.learn("By hand", idempotency_key="job:x").duplicate


@requirement("learn:idempotency")
def test_fifty_callers_with_one_key_have_one_effect(memory: ConsciousMemory) -> None:
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(memory.learn("Once only", idempotency_key="same")))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.message_ids for result in results}) == 1
    assert sum(not result.duplicate for result in results) == 1


@requirement("learn:threads")
def test_no_learn_of_many_threads_is_lost(memory: ConsciousMemory) -> None:
    def learn(worker: int) -> None:
        for number in range(25):
            memory.learn(f"Worker {worker} finished task {number} on Project Nimbus", session_id="shared")

    threads = [threading.Thread(target=learn, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = memory.get_messages(limit=1_000)
    assert sorted(message.message_number for message in messages) == list(range(1, 201))
    assert sorted(message.seq for message in messages) == list(range(1, 201))
    assert len({message.text for message in messages}) == 200


@requirement("learn:bulk")
def test_learn_many_reports_progress_and_goes_on_where_it_stopped(manager: TenantManager) -> None:
    memory = manager.get_tenant("bulk")
    exchanges = [{"user_message": f"Fact {number} about Lisbon", "session_id": "s"} for number in range(25)]
    seen = []

    def stop_after_two(progress: object) -> None:
        seen.append(progress)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.learn_many(exchanges, batch_size=10, job="import", progress=stop_after_two)
    result = memory.learn_many(exchanges, batch_size=10, job="import")
    assert (result.skipped, result.exchanges, result.messages) == (20, 5, 5)
    assert len(memory.get_messages(limit=100)) == 25


@requirement("learn:bulk", "learn:threads")
def test_threads_that_share_a_job_learn_each_exchange_once(manager: TenantManager) -> None:
    memory = manager.get_tenant("bulk")
    exchanges = [{"user_message": f"Fact {number} about Lisbon"} for number in range(60)]
    together, results = threading.Barrier(3), []

    def learn() -> None:
        def begin_together() -> Iterator[dict[str, str]]:
            together.wait(30)
            yield from exchanges

        results.append(memory.learn_many(begin_together(), batch_size=7, job="import"))

    threads = [threading.Thread(target=learn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(m.text for m in memory.get_messages(limit=1_000)) == sorted(e["user_message"] for e in exchanges)
    assert sum(result.messages for result in results) == 60
    assert all(result.skipped + result.exchanges == 60 for result in results)


@requirement("learn:bulk")
def test_an_invalid_exchange_of_a_bulk_learn_is_named_and_its_batch_is_not_kept(memory: ConsciousMemory) -> None:
    exchanges = [{"user_message": "good one"}, {"user_message": "good two"}, {"user_message": "bad \0"}]
    with pytest.raises(InvalidInputError) as caught:
        memory.learn_many(exchanges, batch_size=2)
    assert caught.value.field == "exchanges[2].messages[0].text"
    assert len(memory.get_messages()) == 2
    with pytest.raises(InvalidInputError, match="is not known"):
        memory.learn_many([{"user_message": "x", "colour": "red"}])


@requirement("learn:time")
def test_times_in_the_future_and_out_of_order_are_kept(memory: ConsciousMemory) -> None:
    memory.learn("later event", timestamp="2999-01-01T00:00:00+02:00")
    memory.learn("earlier event", timestamp="1901-01-01")
    earlier, later = memory.get_messages()
    assert earlier.timestamp < 0 < later.timestamp
    assert [m.text for m in memory.get_messages(end_time="2000-01-01")] == ["earlier event"]


@requirement("entities:by-hand", "entities:types")
def test_entities_and_links_by_hand_survive_a_rebuild(memory: ConsciousMemory) -> None:
    memory.create_entity("Aurora", "project", "the new billing system", {"owner": "Ann"})
    link = memory.link_entities("Aurora", "Kafka", "uses", 0.8)
    assert (link.link_type, link.strength) == ("uses", 0.8)
    before = memory.entities(entity_type="project")
    memory.rebuild()
    assert memory.entities(entity_type="project") == before
    assert before[0].description == "the new billing system"
    context = memory.recall("What does Aurora use?")
    assert [(r.concept_a, r.link_type, r.concept_b) for r in context.relationships] == [("Aurora", "uses", "Kafka")]


@requirement("entities:by-hand", "log:rebuild")
def test_what_a_caller_states_wins_over_texts_and_the_latest_statement_wins(memory: ConsciousMemory) -> None:
    memory.learn("Aurora is a billing system written in Rust.")
    assert memory.create_entity("Aurora", description="the northern lights").description == "the northern lights"
    memory.create_entity("aurora", metadata={"owner": "Ann"})
    stated = memory.create_entity("Aurora", "project", "our newest project", {"owner": "Ben"})
    memory.learn("Aurora is a failure that nobody talks about.")
    memory.create_entity("Aurora")
    assert (stated.description, json.loads(stated.metadata)) == ("our newest project", {"owner": "Ben"})
    before = memory.entities(query="Aurora")
    assert (before[0].description, json.loads(before[0].metadata)) == ("our newest project", {"owner": "Ben"})
    memory.rebuild()
    assert memory.entities(query="Aurora") == before


@requirement("entities:by-hand")
def test_names_without_letters_are_names_of_their_own(memory: ConsciousMemory) -> None:
    rocket, fire = memory.create_entity("🚀", description="launches"), memory.create_entity("🔥", description="hot")
    assert rocket.id != fire.id
    memory.link_entities("🚀", "🔥", "near")
    assert {c.name for c in memory.recall("What is 🚀 about?").concepts} == {"🚀", "🔥"}


@requirement("entities:types")
def test_entities_are_found_by_the_beginning_of_their_names(memory: ConsciousMemory) -> None:
    for name in ("Minka", "New York", "Newton", "Web frameworks", "C++", "🚀"):
        memory.create_entity(name)
    memory.learn("hello", session_id="Kick-off 1")
    for query, names in (
        ("Minka", ["Minka"]),
        ("MIN", ["Minka"]),
        ("New York", ["New York"]),
        ("new", ["Newton", "New York"]),
        ("web_frameworks", ["Web frameworks"]),
        ("c++", ["C++"]),
        ("🚀", ["🚀"]),
        ("Kick", ["Kick-off 1"]),
        ("York", []),
    ):
        assert [entity.name for entity in memory.entities(query=query)] == names, query
    assert len(memory.entities(query=" ")) == 7


@requirement("entities:by-hand")
def test_links_by_hand_refuse_what_makes_no_sense(memory: ConsciousMemory) -> None:
    for a, b, kind, strength in (("A b", "a B", "uses", 1.0), ("a", "b", "hebbian", 1.0), ("a", "b", "uses", 1.5)):
        with pytest.raises(InvalidInputError):
            memory.link_entities(a, b, kind, strength)
    assert memory.entities() == []
