"""Tenants from one store to another, of the same kind or another: copied row by row, verified, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from continuum.domain.ids import TenantId, tenant_id
from continuum.errors import InvalidInputError
from continuum.portability.copy_tenant import CopiedTenant, TenantCopy
from continuum.storage.base import StorageBackend
from continuum.storage.unit_of_work import system_unit_of_work

BATCH_ROWS = 1_000
BATCH_ROWS_MAX = 100_000
TENANTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """How far a copy is: `rows` of `rows_expected` of the tenant, each counted once copied and once compared."""

    tenant_id: str
    table: str
    rows: int
    rows_expected: int
    tenants_done: int
    tenants: int


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied or compared: every tenant with its tables, their counts and checksums."""

    tenants: tuple[CopiedTenant, ...]

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tenants)


Progress = Callable[[CopyProgress], None]


def copy_store(
    source: StorageBackend,
    target: StorageBackend,
    tenants: Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> CopyReport:
    """Copy tenants, all if none are named, with everything that is theirs: see `copy_tenants`, which has no report."""
    return CopyReport(tuple(copy_tenants(source, target, tenants, progress, batch_rows=batch_rows)))


def copy_tenants(
    source: StorageBackend,
    target: StorageBackend,
    tenants: Iterable[str] | None = None,
    progress: Progress | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[CopiedTenant]:
    """Copy a tenant at each step of the iteration: every row of every table, with ids, positions and secret.

    A copied tenant recalls the same, has the same receipts and may go on learning; what was forgotten stays so. It
    appears in the target when all of it is there and was compared, and nobody can learn into it before. Calling it
    again goes on where it was broken off; a tenant that is there already is compared. Transactions on the target
    hold up to `batch_rows` rows (some 8 MB at most), so memory is bounded, save for a tenant's receipts.

    Before anything is written, every tenant is looked at: raises ConflictError if the target holds one with other
    content, NotFoundError if the source lacks one, InvalidInputError for a bad name or equal stores. Raises
    StorageCorruptError, naming tenant and table, if what was written reads differently, and StorageErrors.
    """
    for copying in _prepared(source, target, tenants, progress, batch_rows, "copy"):
        yield copying.copy()


def verify_store(
    source: StorageBackend,
    target: StorageBackend,
    tenants: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> CopyReport:
    """Compare tenants, all of the source if none are named, row by row; nothing is written.

    Raises ConflictError, naming tenant and table, for the first difference, and NotFoundError for a tenant that one
    of the stores lacks.
    """
    return CopyReport(tuple(verify_tenants(source, target, tenants, progress)))


def verify_tenants(
    source: StorageBackend,
    target: StorageBackend,
    tenants: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Iterator[CopiedTenant]:
    """Compare a tenant at each step of the iteration; errors as `verify_store`."""
    for copying in _prepared(source, target, tenants, progress, BATCH_ROWS, "verify"):
        yield copying.compare()


def _prepared(
    source: StorageBackend,
    target: StorageBackend,
    tenants: Iterable[str] | None,
    progress: Progress | None,
    batch_rows: int,
    purpose: Literal["copy", "verify"],
) -> Iterator[TenantCopy]:
    """The copies to make, one by one, after a look at all of them."""
    if not 1 <= batch_rows <= BATCH_ROWS_MAX:
        raise InvalidInputError("batch_rows", f"must be 1 to {BATCH_ROWS_MAX}; got {batch_rows}", limit=BATCH_ROWS_MAX)
    _refuse_equal(source, target)
    named = None if tenants is None else sorted({tenant_id(name) for name in tenants})
    count = 0
    for name in _names(source, named):
        count += 1
        if purpose == "copy":
            TenantCopy(source, target, name, batch_rows=batch_rows, step=_silent).check()
    for number, name in enumerate(_names(source, named)):
        step = _silent if progress is None else _told(progress, name, number, count)
        yield TenantCopy(source, target, name, batch_rows=batch_rows, step=step)


def _names(source: StorageBackend, named: list[TenantId] | None) -> Iterator[TenantId]:
    """The tenants meant; those of the source are listed page by page, for there may be millions."""
    if named is not None:
        yield from named
        return
    after = ""
    while True:
        with system_unit_of_work(source) as work:
            page = work.tenants(after=after, limit=TENANTS_AT_ONCE)
        if not page:
            return
        yield from (TenantId(each.tenant_id) for each in page)
        after = page[-1].tenant_id


def _refuse_equal(source: StorageBackend, target: StorageBackend) -> None:
    path = source.config.get("db_path", ":memory:")
    if source is target or (path == target.config.get("db_path") and path != ":memory:"):
        raise InvalidInputError("target", "is the store to copy from; name another one")


def _told(progress: Progress, name: str, number: int, count: int) -> Callable[[str, int, int], None]:
    return lambda table, rows, expected: progress(CopyProgress(name, table, rows, expected, number, count))


def _silent(table: str, rows: int, expected: int) -> None:
    """Nobody asked."""
