"""Upkeep serves every tenant, whatever is the matter with one of them."""

from __future__ import annotations

import json
import threading

import pytest

from continuum.core.tenants import TenantManager
from continuum.core.upkeep import RETRY_SECONDS, SWEEP_SECONDS, Upkeep
from continuum.storage.repositories.erasures import ErasureRow
from tests.requirements import requirement

ROUNDS = 30
"""Looks at the clock, of which each round of the worker takes about five."""


class Hurrying:
    """A clock by which everything is due at once, and which tells when the worker has gone round a few times."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._looks = 0
        self.went_round = threading.Event()

    def __call__(self) -> float:
        self._seconds += SWEEP_SECONDS
        self._looks += 1
        if self._looks == ROUNDS:
            self.went_round.set()
        return self._seconds


def torn_erasure(manager: TenantManager, tenant: str) -> None:
    """Give a tenant a begun erasure that nobody can read."""
    memory = manager.get_tenant(tenant)
    memory.learn("I live in Berlin")
    with manager.engine.unit(memory.tenant_id, write=True) as work:
        work.erasures.put(ErasureRow(work.erasures.next_running(), f"torn-{tenant}", "running", "{", "{}"))


@requirement("forget:erase")
def test_an_erasure_that_cannot_be_finished_holds_up_no_other_tenant(
    manager: TenantManager, caplog: pytest.LogCaptureFixture
) -> None:
    torn_erasure(manager, "a-torn")
    torn_erasure(manager, "b-torn")
    whole = manager.get_tenant("whole")
    whole.forget(whole.learn("Doctor Alvarez prescribed ibuprofen to me").message_ids[0])
    with pytest.raises(json.JSONDecodeError):
        manager.engine.upkeep.scrub_now()
    assert whole.receipts()[0].scrubbed_at is not None
    told = [(record.getMessage().split()[4], record.exc_info is not None) for record in caplog.records]
    assert told == [("a-torn", True), ("b-torn", True)]


@requirement("forget:retention")
def test_a_tenant_that_cannot_be_swept_neither_ends_the_worker_nor_keeps_it_from_the_others(
    manager: TenantManager,
) -> None:
    torn, whole = manager.get_tenant("a-torn"), manager.get_tenant("whole")
    torn.learn("I live in Berlin")
    with manager.engine.unit(torn.tenant_id, write=True) as work:
        work.tenants.set_policy("{")
    whole.learn("The code is 1234", timestamp=1.0, expires_at=2.0)
    clock = Hurrying()
    upkeep = Upkeep(manager.engine, monotonic=clock)
    upkeep.watch(torn.tenant_id)
    upkeep.watch(whole.tenant_id)
    assert clock.went_round.wait(30)
    upkeep.close()
    assert whole.get_messages() == []


class Hand:
    """A clock that a test moves."""

    seconds = 1.0

    def __call__(self) -> float:
        return self.seconds


def test_what_fails_is_tried_less_and_less_often_and_a_new_erasure_does_not_wait_for_it(manager: TenantManager) -> None:
    torn_erasure(manager, "torn")
    upkeep = Upkeep(manager.engine, monotonic=Hand())
    waits = []
    for _ in range(9):
        upkeep._scrub()
        waits.append(upkeep._wait_seconds())
    assert waits[:3] == [2 * RETRY_SECONDS, 4 * RETRY_SECONDS, 8 * RETRY_SECONDS]
    assert waits[-1] == SWEEP_SECONDS
    with manager.engine.unit(manager.get_tenant("torn").tenant_id, write=True) as work:
        work.erasures.put(ErasureRow(-1, "torn-torn", "scrubbed", "", "{}"))
    upkeep._scrub()
    assert upkeep._scrub_at is None
    assert upkeep._retry_seconds == RETRY_SECONDS
