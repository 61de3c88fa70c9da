"""Many tenants on one store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from continuum.core import TenantManager
from continuum.core.tenants import MEMORIES_KEPT_MAX
from continuum.errors import InvalidInputError
from tests.requirements import requirement


@requirement("tenants:manager")
def test_tenants_share_a_store_and_nothing_else(manager: TenantManager) -> None:
    one, other = manager.get_tenant("user_123"), manager.get_tenant("user_456")
    one.learn("We decided to use Kafka for Aurora", session_id="s")
    assert other.recall("Kafka Aurora").context_string == ""
    assert other.entities() == []
    assert other.get_messages() == []
    assert other.get_stats()["entities"] == 0
    other.learn("We decided to use Kafka for Aurora", session_id="s")
    assert {e.id for e in one.entities()}.isdisjoint(e.id for e in other.entities())


@requirement("tenants:manager", "compat:fault-27")
def test_the_registration_date_stays(db_path: Path) -> None:
    listed = []
    for text in ("first words", "second words"):
        with TenantManager(db_path) as manager:
            manager.get_tenant("alice").learn(text)
            listed.append(manager.list_tenants()[0])
    assert listed[0]["created_at"] == listed[1]["created_at"]
    assert listed[0]["last_active"] < listed[1]["last_active"]


@requirement("tenants:manager")
def test_tenants_are_listed_by_page_and_only_once_they_were_used(manager: TenantManager) -> None:
    for name in ("c", "a", "b", "unused"):
        memory = manager.get_tenant(name)
        if name != "unused":
            memory.learn("hello there")
    assert [tenant["tenant_id"] for tenant in manager.list_tenants(limit=2)] == ["a", "b"]
    assert [tenant["tenant_id"] for tenant in manager.list_tenants(limit=2, after="b")] == ["c"]
    with pytest.raises(InvalidInputError):
        manager.get_tenant("a b")
    for wrong in ({"limit": -1}, {"limit": None}, {"limit": 10**30}, {"after": 5}, {"after": "\ud800"}):
        with pytest.raises(InvalidInputError) as caught:
            manager.list_tenants(**wrong)
        assert caught.value.field == next(iter(wrong))


def test_a_tenants_memory_is_one_object_while_it_is_in_use_and_the_rest_are_let_go(manager: TenantManager) -> None:
    first = manager.get_tenant("first")
    assert manager.get_tenant("first") is first
    assert manager.get_tenant("first", session_id="own") is not first
    for number in range(MEMORIES_KEPT_MAX):
        manager.get_tenant(f"t{number}")
    assert manager.get_tenant("first") is not first


@requirement("learn:threads")
def test_many_threads_on_many_tenants(manager: TenantManager) -> None:
    def work(number: int) -> None:
        memory = manager.get_tenant(f"t{number % 4}")
        for turn in range(10):
            memory.learn(f"Thread {number} turn {turn} about Lisbon")
            assert memory.recall(f"thread {number} turn {turn}").memories

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [manager.get_tenant(f"t{n}").get_stats()["messages"] for n in range(4)] == [20] * 4
