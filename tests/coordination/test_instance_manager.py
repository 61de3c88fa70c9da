"""Instances are here while they beat, whatever the wall clock says, and others hear of each arrival and departure."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from continuum.coordination.instance_manager import DEPARTED_KEPT, InstanceManager, Place, kept_in
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import InvalidInputError, QuotaExceededError, StorageConnectionError
from continuum.storage import StorageBackend, open_backend
from continuum.storage.repositories.instances import Instances
from tests.requirements import requirement

ALICE, BOB = TenantId("alice"), TenantId("bob")
HOUR = 3_600 * 1_000_000
START: Micros = 1_760_000_000_000_000


class Turned:
    """Both clocks of a process: the wall's and the monotonic one."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 100.0

    def now(self) -> Micros:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request: pytest.FixtureRequest, db_path: Path) -> Iterator[StorageBackend]:
    target = db_path if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    backend = open_backend(target)
    yield backend
    backend.close_all()


@pytest.fixture
def clock() -> Turned:
    return Turned()


def manager_on(backend: StorageBackend, clock: Turned, **more: int) -> InstanceManager:
    return InstanceManager(kept_in(backend), clock, monotonic=clock.monotonic, lease_seconds=90.0, **more)


def names(manager: InstanceManager, tenant: TenantId = ALICE) -> list[str]:
    return [each.instance_id for each in manager.list(tenant, limit=1_000)]


@requirement("coordination:instances")
def test_more_than_a_hundred_instances_join_and_leave_and_no_other_tenant_sees_them(
    backend: StorageBackend, clock: Turned
) -> None:
    manager = manager_on(backend, clock)
    for number in range(120):
        joined = manager.join(ALICE, f"agent-{number:03}", "s", {"model": "m"})
        assert joined.state == "here"
    assert names(manager) == [f"agent-{number:03}" for number in range(120)]
    assert [each.instance_id for each in manager.list(ALICE, limit=2, after="agent-117")] == ["agent-118", "agent-119"]
    assert names(manager, BOB) == []
    assert manager.leave(ALICE, "agent-007")
    assert not manager.leave(ALICE, "agent-007")
    assert "agent-007" not in names(manager)
    gone = manager.get(ALICE, "agent-007")
    assert gone is not None
    assert (gone.state, gone.details, gone.session_id) == ("left", {"model": "m"}, "s")
    assert manager.get(BOB, "agent-008") is None
    changes = manager.changes(ALICE, 119)
    assert [(each.instance_id, each.changed) for each in changes] == [("agent-119", 120), ("agent-007", 121)]


@requirement("coordination:leases")
def test_an_instance_is_lost_after_a_lease_without_a_beat_and_comes_back_with_the_next(
    backend: StorageBackend, clock: Turned
) -> None:
    manager = manager_on(backend, clock)
    for name in ("quiet", "loud"):
        manager.join(ALICE, name)
    assert manager.expire(ALICE) == []
    for _ in range(4):
        clock.seconds += 30
        manager.beat(ALICE, "loud")
        manager.flush(everything=True)
        lost = manager.expire(ALICE)
    assert lost == ["quiet"]
    assert names(manager) == ["loud"]
    assert manager.expire(ALICE) == []
    manager.beat(ALICE, "quiet")
    manager.flush(everything=True)
    assert names(manager) == ["loud", "quiet"]


@requirement("coordination:leases", "clock:jumps")
def test_no_jump_of_the_wall_clock_loses_or_keeps_anybody(backend: StorageBackend, clock: Turned) -> None:
    manager, watcher = manager_on(backend, clock), manager_on(backend, clock)
    for name in ("quiet", "loud"):
        manager.join(ALICE, name)
    jumps = [-HOUR, 366 * 24 * HOUR, 0, HOUR, -HOUR, -366 * 24 * HOUR] * 50
    for step, jump in enumerate(jumps):
        clock.wall += jump
        clock.seconds += 0.25
        manager.beat(ALICE, "loud")
        manager.flush(everything=step % 20 == 0)
        assert watcher.expire(ALICE) == []
    for jump in jumps[:80]:
        clock.wall += jump
        clock.seconds += 0.25
        manager.beat(ALICE, "loud")
        manager.flush(everything=True)
        if watcher.expire(ALICE):
            break
    else:
        clock.seconds += 80
        manager.beat(ALICE, "loud")
        manager.flush(everything=True)
        assert watcher.expire(ALICE) == ["quiet"]
    assert names(manager) == ["loud"]


@requirement("coordination:leases")
def test_a_process_that_has_just_started_gives_everybody_a_whole_lease(backend: StorageBackend, clock: Turned) -> None:
    manager_on(backend, clock).join(ALICE, "old")
    clock.seconds += 10_000
    fresh = manager_on(backend, clock)
    assert fresh.expire(ALICE) == []
    clock.seconds += 89
    assert fresh.expire(ALICE) == []
    clock.seconds += 2
    assert fresh.expire(ALICE) == ["old"]


@requirement("coordination:instances")
def test_the_bound_on_instances_counts_those_who_are_here(backend: StorageBackend, clock: Turned) -> None:
    manager = manager_on(backend, clock, instances_max=2)
    manager.join(ALICE, "a")
    manager.join(ALICE, "b")
    with pytest.raises(QuotaExceededError, match="2 instances"):
        manager.join(ALICE, "c")
    manager.join(ALICE, "b")
    manager.join(BOB, "c")
    manager.join(ALICE, "c", instances_max=3)
    with pytest.raises(QuotaExceededError):
        manager.join(ALICE, "d", instances_max=3)
    manager.leave(ALICE, "a")
    manager.join(ALICE, "d", instances_max=3)
    assert names(manager) == ["b", "c", "d"]


@requirement("coordination:instances")
def test_joining_again_is_a_beat_and_nobody_hears_of_it(backend: StorageBackend, clock: Turned) -> None:
    manager = manager_on(backend, clock)
    first = manager.join(ALICE, "a", "one")
    again = manager.join(ALICE, "a", "two")
    assert (again.beat, again.session_id, again.changed) == (first.beat + 1, "two", first.changed)
    assert manager.changes(ALICE, first.changed) == []


def test_one_that_came_back_elsewhere_is_not_taken_for_gone(backend: StorageBackend, clock: Turned) -> None:
    here, elsewhere = manager_on(backend, clock), manager_on(backend, clock)
    here.join(ALICE, "a")
    elsewhere.join(ALICE, "a")
    assert not here.leave(ALICE, "a")
    assert names(here) == ["a"]
    assert elsewhere.leave(ALICE, "a")


@requirement("realtime:acknowledge")
def test_what_was_acknowledged_only_grows_and_outlasts_a_departure(backend: StorageBackend, clock: Turned) -> None:
    manager = manager_on(backend, clock)
    manager.join(ALICE, "a", details={"k": 1})
    for place in (Place(7, 2), Place(7, 1), Place(3)):
        manager.acknowledge(ALICE, "a", place)
    manager.flush()
    kept = manager.get(ALICE, "a")
    assert kept is not None
    assert (kept.acknowledged, kept.details) == (Place(7, 2), {"k": 1})
    manager.acknowledge(ALICE, "a", Place(8))
    manager.leave(ALICE, "a")
    fresh = manager_on(backend, clock)
    assert fresh.acknowledged(ALICE, "a") == Place(8)
    assert fresh.join(ALICE, "a").acknowledged == Place(8)
    assert fresh.acknowledged(ALICE, "nobody") is None


@requirement("coordination:leases")
def test_beats_are_gathered_and_acknowledgements_too(db_path: Path, clock: Turned) -> None:
    backend = open_backend(db_path)
    writes: list[TenantId] = []

    class Counting(InstanceManager):
        pass

    rows_of = kept_in(backend)

    def counted(tenant: TenantId, write: bool):  # type: ignore[no-untyped-def]  # the factory's own type
        if write:
            writes.append(tenant)
        return rows_of(tenant, write)

    manager = Counting(counted, clock, monotonic=clock.monotonic)
    for number in range(100):
        manager.join(ALICE, f"a{number}")
    manager.join(BOB, "b")
    writes.clear()
    for _ in range(50):
        for number in range(100):
            manager.beat(ALICE, f"a{number}")
        manager.flush()
    assert writes == []
    clock.seconds += 31
    manager.flush()
    assert writes == [ALICE]
    for seq in range(1, 500):
        manager.acknowledge(ALICE, "a3", Place(seq))
    manager.flush()
    manager.flush()
    assert writes == [ALICE, ALICE]
    backend.close_all()


def test_departed_instances_are_forgotten_at_last(db_path: Path, clock: Turned) -> None:
    backend = open_backend(db_path)
    manager = manager_on(backend, clock)
    for number in range(DEPARTED_KEPT // 2 + 20):
        manager.join(ALICE, f"a{number}")
        manager.leave(ALICE, f"a{number}")
    known = manager.list(ALICE, limit=1_000, everyone=True)
    assert len(known) <= DEPARTED_KEPT // 2 + 1
    assert manager.get(ALICE, "a0") is None
    backend.close_all()


def test_what_a_store_that_is_away_refuses_is_written_later(db_path: Path, clock: Turned) -> None:
    backend = open_backend(db_path)
    rows_of = kept_in(backend)
    away = threading.Event()

    def leaving(tenant: TenantId, write: bool):  # type: ignore[no-untyped-def]  # the factory's own type
        if away.is_set():
            raise StorageConnectionError("the server is away")
        return rows_of(tenant, write)

    manager = InstanceManager(leaving, clock, monotonic=clock.monotonic)
    manager.join(ALICE, "a")
    manager.acknowledge(ALICE, "a", Place(5))
    away.set()
    with pytest.raises(StorageConnectionError):
        manager.flush()
    away.clear()
    manager.flush()
    with rows_of(ALICE, False) as rows:
        assert isinstance(rows, Instances)
        row = rows.get("a")
    assert row is not None
    assert (row.acknowledged, row.beat) == (Place(5), 2)
    backend.close_all()


@pytest.mark.parametrize("limit", [0, 1_001])
def test_a_page_has_a_bound(db_path: Path, clock: Turned, limit: int) -> None:
    backend = open_backend(db_path)
    with pytest.raises(InvalidInputError, match="limit"):
        manager_on(backend, clock).list(ALICE, limit=limit)
    with pytest.raises(InvalidInputError, match="instance_id"):
        manager_on(backend, clock).join(ALICE, "a b")
    with pytest.raises(InvalidInputError, match="lease_seconds"):
        InstanceManager(kept_in(backend), clock, lease_seconds=0)
    backend.close_all()
