"""The client against the real service: the same calls, answers and errors as in the library, in both colours."""

from __future__ import annotations

import asyncio
import inspect
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.api.server import create_app
from continuum.client import AsyncClient, Client, records
from continuum.client.decoding import NotUnderstoodError, decoded
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.records import Message, StoredMessage
from continuum.domain.results import LearningResult, MemoryContext
from continuum.errors import (
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from continuum.runtime.service import open_runtime
from tests.client.served import Service, guarded, service
from tests.requirements import requirement

SAID = "I live in Lisbon. We decided to use Kafka for Aurora."


@pytest.fixture
def served(db_path: Path) -> Iterator[Service]:
    with service(db_path) as found:
        yield found


@pytest.fixture
def client(served: Service) -> Iterator[Client]:
    with served.client() as found:
        yield found


def without_numbers(value: Any) -> Any:  # Any: a result
    """A result without what differs from call to call: durations, and facts' fields that stay in the store."""
    if is_dataclass(value):
        hidden = {"query_time_ms", "learn_time_ms", "recall_id", "slot_id", "first_seq", "first_number", "last_seq"}
        names = [each.name for each in fields(value) if each.name not in hidden]
        return {name: without_numbers(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return tuple(without_numbers(each) for each in value)
    return value


@requirement("client:same")
def test_recall_and_learn_answer_as_the_library_does(served: Service, client: Client) -> None:
    own = served.runtime.tenants.get_tenant("alice")
    assert isinstance(own, ConsciousMemory)
    told = client.learn(SAID, "Noted.", {"topic": "work"}, "s1", idempotency_key="k")
    again = client.learn(SAID, "Noted.", {"topic": "work"}, "s1", idempotency_key="k")
    assert isinstance(told, LearningResult)
    assert (told.duplicate, again.duplicate, again.message_ids) == (False, True, told.message_ids)
    with pytest.raises(ConflictError):
        client.learn("Other words", idempotency_key="k")
    asked: dict[str, Any] = {"now": "2026-03-05T00:00:00Z", "roles": ["user"], "include_text": True, "explain": True}
    here, there = own.recall("Where do I live?", **asked), client.recall("Where do I live?", **asked)
    assert isinstance(there, MemoryContext)
    assert without_numbers(there) == without_numbers(here)
    assert list(client.memories()) == own.get_messages()
    assert client.message(told.message_ids[0]) == own.message(told.message_ids[0])
    assert list(client.facts("user")) == own.facts("user")
    by_messages = client.learn_messages([Message("user", "Bob likes tea", speaker="Bob", timestamp=1_772_353_800.0)])
    assert client.message(by_messages.message_ids[0]).speaker == "Bob"


@requirement("client:same")
def test_everything_else_that_a_memory_can_be_asked(client: Client) -> None:
    client.learn(SAID, session_id="s1")
    context, learnt = client.turn("Where is Aurora hosted?", "In Lisbon.", session_id="s2")
    assert context.concepts_found > 0
    recalled = client.recall("Kafka")
    assert client.feedback(recalled.recall_id, recalled.memories[0].id).used == 1
    batch = [{"user_message": f"Note {number} about Rust"} for number in range(5)]
    assert client.learn_many(batch, batch_size=2, job="j") == records.BulkResult(5, 5, 0, 0)
    assert client.learn_many(batch, batch_size=2, job="j").skipped == 5
    assert client.learn_many([[Message("user", "Alone")]]).messages == 1
    assert client.get_stats()["messages"] == 9
    assert [each.text for each in client.memories(role="user", page_size=1)][:2] == ["Alone", "Note 4 about Rust"]
    kafka = next(each for each in client.entities(query="kafka", page_size=1) if each.name == "Kafka")
    assert client.entity(kafka.id) == kafka
    assert client.entity_history(kafka.id) == client.timeline("Kafka")
    assert client.search("Kafka").matches[0].name == "Kafka"
    link = client.link_entities(client.create_entity("Zephyr").name, "Kafka", "runs_on", 0.7)
    assert link in client.neighbourhood(kafka.id, depth=2).links
    assert [each.session_id for each in client.sessions(page_size=1)][-1] == "s1"
    assert client.session("s2").message_count == 2
    assert any("Kafka" in each.text for each in client.decisions(page_size=1))
    taught = client.learn_facts([{"subject": "Bob", "attribute": "age", "value": "40"}])
    assert client.retract(taught[0].id, "wrong").status == "retracted"
    assert client.conflicts() == ()
    assert client.diff(0).learnt
    assert client.revise(learnt.message_ids[0], "Where is Zephyr hosted?").text == "Where is Zephyr hosted?"
    hidden = client.quarantine("odd", session_id="s1", dry_run=False)
    assert client.quarantines()[0].id == hidden.id
    assert client.release(hidden.id).messages == hidden.messages
    policy = records.RetentionPolicy(message_days=30, keep_originals=False)
    assert (client.set_retention(policy), client.retention()) == (policy, policy)
    gone = client.forget(session_id="s1", reason="asked to")
    assert gone.receipt is not None
    assert gone.receipt.number == 1
    assert client.limits().held.messages == 8
    apart = records.LearntApart(1, (Message("user", "From the train"),), datetime(2026, 3, 1), "s9")  # noqa: DTZ001
    merged = client.sync("laptop", [apart])
    assert (merged.merged[0].error, merged.changes[0].seq) == ("", 1)
    assert list(client.instances(everyone=True)) == []


@requirement("client:same")
@pytest.mark.parametrize("odd", ["..", ".", "a/b", "a?b=c#d", "%2e", "\u00fc \u2028", "x" * 300])
def test_an_odd_name_stays_one_name(client: Client, odd: str) -> None:
    client.learn("x", session_id="s1")
    with pytest.raises((NotFoundError, InvalidInputError)):
        client.session(odd)
    with pytest.raises((NotFoundError, InvalidInputError)):
        client.message(odd)


@requirement("client:same")
def test_what_cannot_be_sent_is_refused_with_its_field(client: Client) -> None:
    for wrong, field in (
        (lambda: client.learn("x", metadata={"a": float("nan")}), "metadata"),
        (lambda: client.learn("x", metadata={"a": object()}), "metadata"),
        (lambda: client.message(""), "message_id"),
        (lambda: client.diff(float("inf")), "since"),
        (lambda: client.learn_many([], batch_size=0), "batch_size"),
        (lambda: client.recall("x", max_memories=-1), "max_memories"),
        (lambda: client.search("\ud800"), "query"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            wrong()
        assert refused.value.field == field


@requirement("client:admin")
def test_an_operator_manages_tenants_keys_and_the_audit_log(db_path: Path) -> None:
    with guarded(db_path) as served, served.operator() as operator:
        made = operator.create_tenant("alice", {"plan": "gold"}, records.TenantLimits(messages_max=5))
        assert (made.metadata, made.limits.messages_max) == ({"plan": "gold"}, 5)
        assert operator.set_tenant_limits("alice", records.TenantLimits(audit_reads=True)).limits.audit_reads
        assert operator.tenant("alice").held.messages == 0
        operator.create_tenant("bob")
        assert [each.tenant_id for each in operator.tenants(page_size=1)] == ["alice", "bob"]
        key = operator.create_api_key("web", role="service", scopes=["memories:read", "memories:write"])
        assert "***" in repr(key)
        assert [each.name for each in operator.api_keys(page_size=1)] == ["web"]
        with served.client(api_key=key.api_key.reveal()) as web:
            assert web.learn(SAID).tenant_id == "alice"
            with pytest.raises(PermissionDeniedError):
                web.forget(session_id="s1")
            with (
                served.client(token=key.api_key.reveal(), tenant_id="bob") as stray,
                pytest.raises(PermissionDeniedError),
            ):
                stray.get_stats()
            assert operator.revoke_api_key(key.id) is True
            with pytest.raises(AuthenticationError):
                web.get_stats()
        served.runtime.refusals.flush()
        assert "learn" in {each.action for each in operator.audit(page_size=2)}
        report = operator.verify_audit()
        assert (report.is_whole, report.broken_at) == (True, None)
        assert operator.verify_audit(report.head).is_whole


@requirement("client:transfer")
def test_a_memory_is_exported_and_imported_through_the_service(served: Service, client: Client) -> None:
    client.learn(SAID, "Noted.")
    file = io.StringIO()
    done = client.export(file, include_vectors=True)
    assert (done.tenant_id, done.messages, done.entries) == ("alice", 2, 2)
    with served.client(tenant_id="copy") as copy:
        assert copy.import_(io.BytesIO(file.getvalue().encode())).messages == 2
        with pytest.raises(InvalidInputError, match="line 2"):
            copy.import_(io.BytesIO(file.getvalue().encode().replace(b'"seq":1', b'"seq":"one"', 1)))
        assert copy.export(io.StringIO(), after_seq=1, include_secret=False).entries == 1


@requirement("client:async")
def test_the_async_client_does_the_same(db_path: Path) -> None:
    async def talk() -> None:
        with open_runtime(MemoryConfig(db_path=db_path)) as runtime:
            transport = httpx.ASGITransport(create_app(runtime))
            async with AsyncClient("http://127.0.0.1:8420", tenant_id="alice", transport=transport) as client:
                await client.learn(SAID, "Noted.")
                assert (
                    await client.learn_many([{"user_message": str(each)} for each in range(3)], batch_size=2)
                ).messages == 3
                assert (await client.recall("Where do I live?")).facts[0].value == "Lisbon"
                assert len([each async for each in client.memories(page_size=2)]) == 5
                file = io.StringIO()
                assert (await client.export(file)).messages == 5
                assert (await client.import_(io.BytesIO(file.getvalue().encode()))).duplicates == 5
                assert await client.ready()
                with pytest.raises(NotFoundError):
                    await client.message("unknown")

    asyncio.run(talk())


@requirement("client:same")
def test_both_colours_have_the_same_methods_with_the_arguments_of_the_library() -> None:
    def arguments(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(each).parameters) for name, each in methods if name[0] != "_"}

    sync, colour, library = arguments(Client), arguments(AsyncClient), arguments(ConsciousMemory)
    assert sync == colour
    shared = set(sync) & set(library) - {"sessions", "decisions", "entities"}  # here they go through all pages
    assert len(shared) > 25
    left_out = {"recall": {"weights"}, "learn_many": {"progress"}}
    for name in shared:
        assert sync[name] == [each for each in library[name] if each not in left_out.get(name, ())], name


@requirement("client:async")
def test_health_is_told_also_when_it_is_bad(served: Service, client: Client) -> None:
    assert (client.health().status, client.live(), client.ready()) == ("healthy", True, True)
    served.runtime.is_draining = True
    assert client.ready() is False


@requirement("house:light-import")
def test_the_client_loads_its_libraries_when_one_is_made() -> None:
    script = (
        "import sys, continuum.client\n"
        "assert not {'httpx', 'websockets', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "sys.modules['httpx'] = None\n"
        "try: continuum.client.Client('http://x')\n"
        "except continuum.errors.FeatureUnavailableError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert "needs httpx: pip install" in done.stdout


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([each.name for each in fields(StoredMessage)]))
def test_an_answer_of_any_form_is_read_or_refused_by_name(value: Any, name: str) -> None:  # Any: JSON
    whole = {
        "id": "m", "seq": 1, "exchange_id": "e", "session_id": "s", "instance_id": "i", "message_number": 1,
        "role": "user", "speaker": None, "origin": "user", "text": "x", "timestamp": "2026-03-01T00:00:00Z",
        "recorded_at": "2026-03-01T00:00:00Z", "scope": {}, "metadata": "{}",
    }  # fmt: skip
    told = {**whole, name: value, "unknown": value}
    if is_readable(told):
        assert getattr(decoded(StoredMessage, told), name) is not ...
    else:
        with pytest.raises(NotUnderstoodError, match=f"^{name}"):
            decoded(StoredMessage, told)


def is_readable(told: dict[str, Any]) -> bool:  # Any: JSON
    try:
        decoded(StoredMessage, told)
    except NotUnderstoodError:
        return False
    return True
