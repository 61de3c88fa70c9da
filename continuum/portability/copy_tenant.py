"""One tenant from one store to another, row by row: resumable, and checked before anybody can see it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from continuum.domain.clock import SystemClock
from continuum.domain.ids import TenantId, uuid7
from continuum.errors import ConflictError, NotFoundError, StorageCorruptError
from continuum.portability.rows_checksum import RowSum, TableChecksum, canonical, differing
from continuum.storage.base import Row, StorageBackend
from continuum.storage.repositories.copying import (
    COPIED_TABLES,
    FIRST_TABLES,
    LAST_TABLES,
    LOG,
    MARK_SEQ,
    TENANTS,
    CopiedTable,
    Copying,
    CopyMark,
    Key,
)
from continuum.storage.unit_of_work import UnitOfWork, unit_of_work

BATCH_BYTES = 8 << 20
"""A transaction on the target ends at this many bytes of rows in canonical form, or at `batch_rows` rows."""

Outcome = Literal["copied", "resumed", "already there", "equal"]
Step = Callable[[str, int, int], None]
"""Told after each batch: the table, how many rows are done, and how many there are to do."""


@dataclass(frozen=True, slots=True)
class CopiedTenant:
    """A tenant that is the same in both stores: its tables with counts and checksums, which were equal."""

    tenant_id: str
    outcome: Outcome
    rows: int
    tables: tuple[TableChecksum, ...]
    scrub_pending: bool = False
    """Rows of an earlier, broken-off copy were deleted, and their bytes are still in the target's files."""


@dataclass(frozen=True, slots=True)
class _End:
    """What is written with the end of a copy, read at the same moment as everything else."""

    fingerprint: str
    """Of the tenant's own row: position, counters, secret."""
    first_entries: list[Row]
    last: dict[CopiedTable, list[Row]]


class TenantCopy:
    """Copies a tenant, or compares it.

    The source is read in one transaction: one moment. The target is written in transactions of bounded size, under
    a mark that keeps the tenant out of sight and learners out (`storage.repositories.copying` says how); rows are
    read back and compared before the last transaction makes the tenant appear. A copy that was broken off goes on
    behind its last row if the source's own row of the tenant is what it was, and all that was there is compared in
    the end. If the source moved on meanwhile, or the comparison fails, what is there is deleted and the tenant is
    copied anew: rows that were erased in the source since then must not stay in the target.
    """

    def __init__(
        self, source: StorageBackend, target: StorageBackend, tenant: TenantId, *, batch_rows: int, step: Step
    ) -> None:
        self._source = source
        self._target = target
        self._tenant = tenant
        self._batch_rows = batch_rows
        self._step = step
        self._run = uuid7(SystemClock().now())
        self._done = self._expected = 0
        self._scrub_pending = False

    def check(self) -> None:
        """Raise ConflictError if the target holds the tenant with other content, NotFoundError if the source has none.

        Reads a row in each.
        """
        self._is_there(self._own_row())

    def copy(self) -> CopiedTenant:
        """Copy what is not there yet. Raises as `check`, StorageCorruptError if rows read back differ, StorageError."""
        if self._is_there(self._own_row()):
            return self.compare("already there")
        with unit_of_work(self._target, self._tenant) as work:
            mark = _copying(work).mark()
        if mark is not None:
            done = self._attempt(mark)
            if isinstance(done, CopiedTenant):
                return done
            self._clear()
        done = self._attempt(None)
        if isinstance(done, str):
            raise StorageCorruptError(f"tenant {self._tenant}: {done}; check the target's disk, then copy again")
        return done

    def compare(self, outcome: Outcome = "equal") -> CopiedTenant:
        """Compare all rows of both stores. Raises NotFoundError, and ConflictError naming a table that differs."""
        with unit_of_work(self._source, self._tenant) as ours, unit_of_work(self._target, self._tenant) as theirs:
            if _copying(theirs).tenant() is None:
                raise NotFoundError(f"tenant {self._tenant}: is not in the target; copy it")
            _refuse_half_copied(_copying(ours), self._tenant)
            self._expect(_copying(ours), COPIED_TABLES)
            sums = self._summed(_copying(ours), COPIED_TABLES, {})
            difference = differing(_checksums(sums), _checksums(self._summed(_copying(theirs), COPIED_TABLES, {})))
        if difference is not None:
            raise ConflictError(f"tenant {self._tenant}: the stores differ in {difference}")
        return self._result(outcome, sums)

    def _own_row(self) -> Row:
        with unit_of_work(self._source, self._tenant) as work:
            return _own_row(_copying(work), self._tenant)

    def _is_there(self, own: Row) -> bool:
        """Whether the target holds the tenant, as the source has it. Raises ConflictError if it is another."""
        with unit_of_work(self._target, self._tenant) as work:
            there = _copying(work).tenant()
            if there is None or (_copying(work).mark() is not None and not _entries(there)):
                return False
        if canonical(there) != canonical(own):
            raise self._other_content(there)
        return True

    def _attempt(self, mark: CopyMark | None) -> CopiedTenant | str:
        """Copy the rows behind the mark, compare, and finish; a difference is answered in words."""
        with unit_of_work(self._source, self._tenant) as work:
            reading = _copying(work)
            end = _end_of(reading, self._tenant)
            if mark is not None and mark.source != end.fingerprint:
                # Not only in vain: what was erased and said again would meet its own key among the rows that are there.
                return "the source has changed since"
            start = CopyMark(self._run, end.fingerprint, mark.table if mark else "", mark.key if mark else ())
            self._take(start, afresh=mark is None)
            self._expect(reading, FIRST_TABLES)
            sums = self._copy_rows(reading, start)
        with unit_of_work(self._target, self._tenant) as work:
            theirs = self._summed(_copying(work), FIRST_TABLES, _BEHIND_MARK)
        difference = differing(_checksums(sums), _checksums(theirs))
        if difference is not None:
            return difference
        self._finish(end, sums, theirs)
        return self._result("copied" if mark is None else "resumed", sums)

    def _take(self, mark: CopyMark, *, afresh: bool) -> None:
        """Put this run's mark into the target. Raises ConflictError if the tenant or rows of it are there."""
        with unit_of_work(self._target, self._tenant, write=True) as work:
            writing = _copying(work)
            self._refuse_a_tenant(writing)
            free = writing.take_mark(mark, SystemClock().now())
            if not free or (afresh and any(writing.page(each, _BEHIND_MARK.get(each), 1) for each in FIRST_TABLES)):
                raise ConflictError(
                    f"tenant {self._tenant}: the target has rows of it, but not the tenant, and no copy left them; "
                    "copy into another store"
                )

    def _copy_rows(self, reading: Copying, mark: CopyMark) -> dict[CopiedTable, RowSum]:
        """Write all rows behind the mark, and sum up all rows; if its row is gone, nothing: the sums will differ."""
        sums = {table: RowSum() for table in FIRST_TABLES}
        batch = _Batch()
        waiting = mark.table != ""
        for table in FIRST_TABLES:
            for row in reading.rows(table, _BEHIND_MARK.get(table)):
                size = sums[table].add(row)
                if waiting:
                    waiting = (table.name, table.key_of(row)) != (mark.table, mark.key)
                    self._count(table)
                    continue
                batch.add(table, row, size)
                if batch.rows >= self._batch_rows or batch.size >= BATCH_BYTES:
                    batch = self._write(batch, mark)
        if batch.rows:
            self._write(batch, mark)
        return sums

    def _write(self, batch: _Batch, mark: CopyMark) -> _Batch:
        """Write a batch and move the mark behind it; gives an empty one."""
        table, row = batch.last
        reached = CopyMark(self._run, mark.source, table.name, table.key_of(row))
        with unit_of_work(self._target, self._tenant, write=True) as work:
            writing = _copying(work)
            if not writing.move_mark(reached):
                raise self._taken_over()
            for each, rows in batch.pieces.items():
                writing.put(each, rows)
        self._done += batch.rows
        self._step(table.name, self._done, self._expected)
        return _Batch()

    def _finish(self, end: _End, ours: dict[CopiedTable, RowSum], theirs: dict[CopiedTable, RowSum]) -> None:
        """Let the tenant appear: the rows that go last, read back and compared, instead of the mark."""
        for row in end.first_entries:
            ours[LOG].add(row)
        ours |= {table: _sum_of(rows) for table, rows in end.last.items()}
        with unit_of_work(self._target, self._tenant, write=True) as work:
            writing = _copying(work)
            if not writing.drop_mark(self._run):
                raise self._taken_over()
            self._refuse_a_tenant(writing)
            writing.drop_unused_tenant()
            writing.put(LOG, end.first_entries)
            for row in _first_entries(writing):
                theirs[LOG].add(row)
            for table, rows in end.last.items():
                writing.put(table, rows)
                theirs[table] = _sum_of(writing.rows(table))
            difference = differing(_checksums(ours), _checksums(theirs))
            if difference is not None:
                raise StorageCorruptError(f"tenant {self._tenant}: {difference}; copy again")

    def _clear(self) -> None:
        """Delete what an earlier copy left, in transactions of bounded size, and its bytes from the files."""
        mark = CopyMark(self._run, "")
        self._take(mark, afresh=False)
        for table in (each for each in COPIED_TABLES if each.key):
            while self._removed(table, mark):
                pass
        self._scrub_pending = not self._target.scrub()

    def _removed(self, table: CopiedTable, mark: CopyMark) -> bool:
        with unit_of_work(self._target, self._tenant, write=True) as work:
            writing = _copying(work)
            if not writing.move_mark(mark):
                raise self._taken_over()
            page = writing.page(table, _BEHIND_MARK.get(table), self._batch_rows)
            writing.remove(table, [table.key_of(row) for row in page])
        return bool(page)

    def _summed(
        self, reading: Copying, tables: Iterable[CopiedTable], behind: Mapping[CopiedTable, Key]
    ) -> dict[CopiedTable, RowSum]:
        sums = {}
        for table in tables:
            sums[table] = RowSum()
            for row in reading.rows(table, behind.get(table)):
                sums[table].add(row)
                self._count(table)
        return sums

    def _expect(self, reading: Copying, tables: Iterable[CopiedTable]) -> None:
        """Begin to count: each row is read in the source and in the target."""
        self._done = 0
        self._expected = 2 * sum(reading.count(table) for table in tables)

    def _count(self, table: CopiedTable) -> None:
        self._done += 1
        if self._done % self._batch_rows == 0:
            self._step(table.name, self._done, self._expected)

    def _refuse_a_tenant(self, writing: Copying) -> None:
        """One without entries may have come while the tenant was out of sight, by a setting: it is replaced."""
        there = writing.tenant()
        if there is not None and _entries(there):
            raise self._other_content(there)

    def _other_content(self, there: Row) -> ConflictError:
        return ConflictError(
            f"tenant {self._tenant}: the target holds it with other content ({_entries(there)} entries), and nothing "
            "was written; leave it out by naming the tenants to copy, or copy into another store"
        )

    def _taken_over(self) -> ConflictError:
        return ConflictError(f"tenant {self._tenant}: another copy into the same store has taken over; let it finish")

    def _result(self, outcome: Outcome, sums: Mapping[CopiedTable, RowSum]) -> CopiedTenant:
        self._step("", self._expected, self._expected)
        tables = tuple(sums[table].checksum(table.name) for table in COPIED_TABLES)
        return CopiedTenant(self._tenant, outcome, sum(each.rows for each in tables), tables, self._scrub_pending)


_BEHIND_MARK: Mapping[CopiedTable, Key] = {LOG: (MARK_SEQ,)}
"""The entry at the mark's place is written last."""


class _Batch:
    """Rows for one transaction, by table."""

    __slots__ = ("last", "pieces", "rows", "size")

    def __init__(self) -> None:
        self.pieces: dict[CopiedTable, list[Row]] = {}
        self.last: tuple[CopiedTable, Row]
        self.rows = self.size = 0

    def add(self, table: CopiedTable, row: Row, size: int) -> None:
        self.pieces.setdefault(table, []).append(row)
        self.last = (table, row)
        self.rows += 1
        self.size += size


def _copying(work: UnitOfWork) -> Copying:
    return Copying.beside(work.tenants)


def _own_row(reading: Copying, tenant: TenantId) -> Row:
    row = reading.tenant()
    if row is None:
        raise NotFoundError(f"tenant {tenant}: is not in the source; its tenants are listed without --tenant")
    _refuse_half_copied(reading, tenant)
    return row


def _refuse_half_copied(reading: Copying, tenant: TenantId) -> None:
    if reading.mark() is not None:
        raise ConflictError(f"tenant {tenant}: is being copied into the source itself; finish that copy first")


def _end_of(reading: Copying, tenant: TenantId) -> _End:
    row = _own_row(reading, tenant)
    last = {table: list(reading.rows(table)) for table in LAST_TABLES}
    return _End(hashlib.sha256(canonical(row)).hexdigest(), _first_entries(reading), last)


def _first_entries(reading: Copying) -> list[Row]:
    return [row for row in reading.page(LOG, None, 1) if LOG.key_of(row) == (MARK_SEQ,)]


def _entries(row: Row) -> int:
    """The newest position of the log, in a tenant's own row."""
    return int(row[TENANTS.columns.index("last_seq")])


def _sum_of(rows: Iterable[Row]) -> RowSum:
    total = RowSum()
    for row in rows:
        total.add(row)
    return total


def _checksums(sums: Mapping[CopiedTable, RowSum]) -> list[TableChecksum]:
    return [each.checksum(table.name) for table, each in sums.items()]
