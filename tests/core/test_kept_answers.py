"""Kept answers are the answers one would get, for everybody who may have them, at once after every learn."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from continuum.cache import DistributedCache, MemoryCache, RedisCache
from continuum.cache.redis_connection import open_redis
from continuum.core.answering import strip_time
from continuum.core.kept_answers import KeptAnswers
from continuum.core.memory import ConsciousMemory
from continuum.core.questions import RecallRequest
from continuum.core.tenants import TenantManager
from continuum.domain.records import Scope, TenantRecord
from continuum.domain.results import MemoryContext
from tests.redis_servers import OwnRedis, RedisServer
from tests.requirements import requirement

TENANT = TenantRecord("alice", 1, 2, 3, b"secret")
REQUEST = RecallRequest("Where do I live?", 1_000_000)
QUESTION = "Where do I live?"


def kept(url: str | None = None, budget_seconds: float = 5.0) -> KeptAnswers:
    near = MemoryCache[bytes](100, 300)
    if url is None:
        return KeptAnswers(near, "tests", 300, 5.0)
    far = RedisCache(open_redis(url, budget_seconds=budget_seconds), "tests:", 300, secret=b"", budget_seconds=5)
    return KeptAnswers(DistributedCache(near, far, encode=bytes, decode=bytes), "tests", 300, 5.0)


def test_whatever_an_answer_depends_on_changes_its_key() -> None:
    cache = kept()
    requests = [
        REQUEST,
        replace(REQUEST, message="Where do I work?"),
        replace(REQUEST, now=400 * 1_000_000),
        replace(REQUEST, scope=Scope(user_id="u")),
        replace(REQUEST, filters=(("n", 1),)),
        replace(REQUEST, filters=(("n", True),)),
        replace(REQUEST, roles=frozenset({"user"})),
        replace(REQUEST, min_trust=0.5),
        replace(REQUEST, hold_back=False),
        replace(REQUEST, message="\ud800"),
    ]
    tenants = [
        TENANT,
        replace(TENANT, tenant_id="bob"),
        replace(TENANT, last_seq=4),
        replace(TENANT, last_active=3),
        replace(TENANT, secret=b"another"),
        replace(TENANT, uses=1),
        replace(TENANT, adjustments=1),
    ]
    keys = [
        cache.key(tenant, request, exact_time=exact)
        for tenant in tenants
        for request in requests
        for exact in (False, True)
    ]
    assert len(set(keys)) == len(tenants) * len(requests) * 2
    assert cache.key(TENANT, REQUEST, exact_time=False) not in [
        KeptAnswers(MemoryCache[bytes](1, 1), "other settings", 300, 5.0).key(TENANT, REQUEST, exact_time=False)
    ]


def test_questions_within_one_life_share_a_key_and_the_order_of_roles_does_not_matter() -> None:
    cache = kept()
    keys = {
        cache.key(TENANT, replace(REQUEST, now=now, roles=frozenset(roles)), exact_time=False)
        for now in (1, 299_999_999)
        for roles in (("user", "assistant", "tool"), ("tool", "assistant", "user"))
    }
    assert len(keys) == 1


@pytest.fixture
def trio(
    db_path: Path, manager: TenantManager, own_redis: OwnRedis
) -> Iterator[tuple[ConsciousMemory, ConsciousMemory, ConsciousMemory, RedisServer]]:
    """One tenant's memory in three engines: one that learns, and two that recall, with a Redis between them.

    Recall depends on what an instance itself learnt last, so only instances with equal working memories share.
    """
    server = own_redis()
    with ExitStack() as stack:
        memories = []
        for _ in range(2):
            memory = stack.enter_context(TenantManager(db_path=db_path)).get_tenant("alice")
            memory._engine.cache = kept(server.url, budget_seconds=0.05)
            stack.callback(memory._engine.cache.cache.close)
            memories.append(memory)
        yield manager.get_tenant("alice"), memories[0], memories[1], server


def settle(memory: ConsciousMemory) -> dict[str, int]:
    cache = memory._engine.cache
    assert cache is not None
    assert isinstance(cache.cache, DistributedCache)
    assert cache.cache.settle(10)
    return cache.cache.stats()


@requirement("cache:redis", "cache:never-stale")
def test_engines_share_answers_and_a_learn_in_one_is_seen_by_the_other_at_once(
    trio: tuple[ConsciousMemory, ConsciousMemory, ConsciousMemory, RedisServer],
) -> None:
    writer, one, other, _ = trio
    writer.learn("I live in Lisbon.", "")
    first = one.recall(QUESTION)
    settle(one)
    assert strip_time(other.recall(QUESTION)) == strip_time(first)
    assert settle(other)["far_hits"] == 1
    writer.learn("I moved to Porto.", "")
    assert "Porto" in other.recall(QUESTION).context_string


@requirement("cache:redis-gone")
@pytest.mark.parametrize("trouble", ["freeze", "kill"])
def test_with_redis_gone_answers_are_the_same(
    trio: tuple[ConsciousMemory, ConsciousMemory, ConsciousMemory, RedisServer], trouble: str
) -> None:
    writer, one, other, server = trio
    writer.learn("I live in Lisbon.", "")
    expected = strip_time(one.recall(QUESTION))
    settle(one)
    getattr(server, trouble)()
    for number in range(20):
        assert strip_time(other.recall(QUESTION)) == expected
        writer.learn(f"Fact number {number} is about trains.", "")
        expected = strip_time(one.recall(QUESTION))
    assert settle(other)["errors"] <= 10


@requirement("cache:stampede")
def test_those_who_ask_together_get_equal_answers_that_share_nothing(memory: ConsciousMemory) -> None:
    memory.learn("I live in Lisbon.", "", {"tags": ["a"]})
    memory._engine.cache = kept()
    with ThreadPoolExecutor(8) as pool:
        answers: list[MemoryContext] = [*pool.map(lambda _: memory.recall(QUESTION), range(64))]
    answers[0].memories[0].metadata["tags"].append("b")
    assert all(answer.memories[0].metadata == {"tags": ["a"]} for answer in answers[1:])
    assert len({answer.context_string for answer in answers}) == 1
