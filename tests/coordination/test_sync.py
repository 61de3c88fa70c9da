"""What instances learnt apart is merged: each exchange once, and in whatever order they come, the same memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from continuum.coordination.sync import LEARNT_MAX, Learnt, SyncRequest, merge_order
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.domain.records import Message
from continuum.errors import ConflictError, InvalidInputError
from continuum.realtime.integration import Realtime, open_realtime
from tests.requirements import requirement

ALICE = TenantId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def learnt(number: int, text: str, minutes: int, session: str = "s") -> Learnt:
    return Learnt(number, (Message("user", text),), NOON + timedelta(minutes=minutes), session)


REQUESTS = [
    SyncRequest("laptop", 0, (learnt(2, "I live in Porto now", 40), learnt(1, "Aurora runs on Kafka", 5))),
    SyncRequest("phone", 0, (learnt(1, "I live in Lisbon", 10), learnt(2, "Boreas runs on NATS", 50))),
    SyncRequest("car", 0, (learnt(1, "I live in Madrid", 20),)),
]


@contextmanager
def synced(path: Path) -> Iterator[tuple[TenantManager, Realtime]]:
    with TenantManager(db_path=path) as tenants:
        realtime = open_realtime(tenants)
        yield tenants, realtime
        realtime.close()


@requirement("coordination:sync")
def test_the_order_of_merging_does_not_matter(tmp_path: Path) -> None:
    states = set()
    for number, order in enumerate(itertools.permutations(REQUESTS)):
        with synced(tmp_path / f"{number}.db") as (tenants, realtime):
            for request in order:
                assert [each.error for each in realtime.sync(ALICE, request).merged] == [""] * len(request.learnt)
            memory = tenants.get_tenant(ALICE)
            concepts = sorted(each.name for each in memory.entities("concept", limit=100))
            facts = sorted((fact.subject, fact.attribute, fact.value, fact.status) for fact in memory.facts(limit=100))
            states.add((tuple(concepts), tuple(facts)))
            (home,) = [fact for fact in facts if fact[1] == "lives in" and fact[3] == "current"]
            assert home[2] == "Porto"
    assert len(states) == 1


@requirement("coordination:sync")
def test_each_exchange_is_learnt_once_however_often_it_is_handed_over(tmp_path: Path) -> None:
    with synced(tmp_path / "m.db") as (_, realtime):
        first = realtime.sync(ALICE, REQUESTS[0])
        again = realtime.sync(ALICE, REQUESTS[0])
        assert [each.number for each in first.merged] == [2, 1]
        assert [each.duplicate for each in first.merged + again.merged] == [False, False, True, True]
        assert [each.message_ids for each in again.merged] == [each.message_ids for each in first.merged]
        assert (again.position, len(again.changes), again.has_more) == (2, 2, False)
        assert [each.seq for each in realtime.sync(ALICE, SyncRequest("laptop", 1)).changes] == [2]


@requirement("coordination:sync")
def test_an_exchange_that_cannot_be_learnt_holds_nobody_up(tmp_path: Path) -> None:
    with synced(tmp_path / "m.db") as (_, realtime):
        realtime.sync(ALICE, SyncRequest("a", 0, (learnt(1, "Kafka runs", 1),)))
        given = (learnt(1, "Other words", 1), learnt(2, "   ", 2), learnt(3, "Boreas runs", 3))
        merged = realtime.sync(ALICE, SyncRequest("a", 0, given)).merged
        assert [each.error for each in merged] == ["conflict", "invalid_input", ""]
        assert merged[1].reason
        with pytest.raises(ConflictError, match="ends at"):
            realtime.sync(ALICE, SyncRequest("a", 99))


def test_a_request_has_bounds_and_one_meaning() -> None:
    many = [learnt(number, "x", number) for number in range(LEARNT_MAX)]
    assert merge_order("a", reversed(many)) == many
    assert merge_order("a", [many[1], many[0], many[1]]) == many[:2]
    with pytest.raises(InvalidInputError, match="more than"):
        merge_order("a", [*many, learnt(LEARNT_MAX, "x", 1)])
    with pytest.raises(InvalidInputError, match="two exchanges"):
        merge_order("a", [learnt(1, "x", 1), learnt(1, "y", 1)])
    with pytest.raises(InvalidInputError, match="number"):
        merge_order("a", [learnt(-1, "x", 1)])
    with pytest.raises(InvalidInputError, match="instance_id"):
        merge_order("a b", [])
