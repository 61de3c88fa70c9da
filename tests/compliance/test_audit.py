"""The audit log: a chain in which nothing can be changed unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from continuum.compliance.audit import PLATFORM, AuditEntry, AuditLog
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.errors import InvalidInputError
from continuum.storage.base import StorageBackend
from tests.portability.copied import run_for
from tests.requirements import requirement

ALICE, BOB = TenantId("alice"), TenantId("bob")
ROWS = 20
EDIT = "UPDATE audit_log SET actor = 'x'"


@pytest.fixture
def log(manager: TenantManager) -> AuditLog:
    """Two tenants with twenty rows each."""
    log = AuditLog(manager.engine)
    for tenant in (ALICE, BOB):
        for number in range(ROWS):
            log.record(tenant, [AuditEntry("key:a", "learn", "done", target=str(number), details={"n": number})])
    return log


def test_a_log_that_nobody_touched_is_whole(log: AuditLog) -> None:
    report = log.verify(ALICE)
    assert (report.is_whole, report.rows, report.head) == (True, ROWS, log.head(ALICE))
    assert [row.number for row in log.list(ALICE, after=5, limit=3)] == [6, 7, 8]
    assert [row["target"] for row in log.export(ALICE)] == [str(number) for number in range(ROWS)]


def test_rows_of_one_transaction_follow_each_other(manager: TenantManager) -> None:
    log = AuditLog(manager.engine)
    log.record(ALICE, [AuditEntry("a", "one", "done"), AuditEntry("a", "two", "done")])
    assert [row.action for row in log.rows(ALICE)] == ["one", "two"]
    assert log.verify(ALICE).is_whole


def _swap_two(backend: StorageBackend) -> None:
    for old, new in ((7, 107), (8, 7), (107, 8)):
        run_for(backend, ALICE, "UPDATE audit_log SET number = ?2 WHERE tenant_id = ?1 AND number = ?3", new, old)


def _insert(backend: StorageBackend) -> None:
    run_for(
        backend,
        ALICE,
        "INSERT INTO audit_log SELECT tenant_id, 21, recorded_at, actor, action, target, source, outcome, request_id, "
        "details, digest FROM audit_log WHERE tenant_id = ? AND number = 20",
    )


def _take_over(backend: StorageBackend) -> None:
    """Bob's whole log in place of Alice's."""
    run_for(backend, ALICE, "DELETE FROM audit_log WHERE tenant_id = ?")
    run_for(
        backend,
        ALICE,
        "INSERT INTO audit_log SELECT ?1, number, recorded_at, actor, action, target, source, outcome, request_id, "
        "details, digest FROM audit_log WHERE tenant_id = 'bob' AND ?1 <> ''",
    )


@requirement("service:audit")
@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        (lambda backend: run_for(backend, ALICE, f"{EDIT} WHERE tenant_id = ? AND number = 7"), 7),
        (lambda backend: run_for(backend, ALICE, "DELETE FROM audit_log WHERE tenant_id = ? AND number = 7"), 7),
        (lambda backend: run_for(backend, ALICE, "DELETE FROM audit_log WHERE tenant_id = ? AND number = 1"), 1),
        (_insert, 21),
        (_swap_two, 7),
        (_take_over, 1),
    ],
    ids=["edited", "removed", "first removed", "put in", "reordered", "another tenant's"],
)  # fmt: skip
def test_a_row_that_was_tampered_with_is_found(
    manager: TenantManager, log: AuditLog, change: Callable[[StorageBackend], object], broken_at: int
) -> None:
    change(manager.engine.backend)
    report = log.verify(ALICE)
    assert (report.is_whole, report.broken_at) == (False, broken_at), report
    assert log.verify(BOB).is_whole


def test_rows_cut_off_at_the_end_show_against_a_head_that_was_noted(manager: TenantManager, log: AuditLog) -> None:
    noted = str(log.head(ALICE))
    run_for(manager.engine.backend, ALICE, "DELETE FROM audit_log WHERE tenant_id = ? AND number > 15")
    assert log.verify(ALICE).is_whole, "by itself a shorter chain is a chain"
    report = log.verify(ALICE, noted)
    assert (report.is_whole, report.broken_at) == (False, 16)


def test_rows_cut_off_at_the_end_show_against_the_platforms_log(manager: TenantManager, log: AuditLog) -> None:
    assert log.anchor([ALICE, BOB, TenantId("nobody")]) == 2
    log.record(ALICE, [AuditEntry("key:a", "forget", "done")])
    assert log.verify(ALICE).is_whole
    run_for(manager.engine.backend, ALICE, "DELETE FROM audit_log WHERE tenant_id = ? AND number > 15")
    assert not log.verify(ALICE).is_whole
    assert log.verify(BOB).is_whole
    assert log.verify(PLATFORM).is_whole


@pytest.mark.parametrize("head", ["", "7", "7:abc", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_a_head_of_another_form_is_refused(log: AuditLog, head: str) -> None:
    with pytest.raises(InvalidInputError, match="head"):
        log.verify(ALICE, head)


def test_a_rebuild_leaves_the_log_as_it_is(manager: TenantManager, log: AuditLog) -> None:
    manager.get_tenant(ALICE).learn("Aurora runs on Kafka")
    manager.get_tenant(ALICE).rebuild()
    assert log.verify(ALICE).is_whole
