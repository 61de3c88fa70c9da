"""Reads an export into a memory: checked whole first, then replayed in batches that a crash cannot tear."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from continuum.core.erasing import forget_everywhere
from continuum.core.memory import ConsciousMemory
from continuum.core.validation import MESSAGES_PER_EXCHANGE_MAX, checked_count
from continuum.domain.ids import TenantId
from continuum.domain.records import StoredVector
from continuum.portability.export_files import Source, readable_path
from continuum.portability.export_lines import EntryLine, Line, PlaceLine, ReceiptLine, SessionLine, VectorLine
from continuum.portability.exporting import engine_of
from continuum.portability.line_redaction import redacted_line
from continuum.portability.reading import LineProblem, NumberedLine, checked_lines, header_of
from continuum.portability.replaying import Replay, Step
from continuum.storage.repositories.erasures import ErasureRow
from continuum.storage.repositories.portability import WholeSession
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

BATCH_SIZE = 500
BATCH_SIZE_MAX = 10_000
BATCH_CHARS_MAX = 8 << 20
"""Words held in memory before they are written, one exchange more or less."""
STEP_ENTRIES_MAX = 2 * MESSAGES_PER_EXCHANGE_MAX
PROBLEMS_KEPT_MAX = 100
LINES_BETWEEN_REPORTS = 1_000


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far an import has got: lines read in this phase, entries and messages that are durable now."""

    phase: str
    """``checking`` or ``writing``."""
    lines: int
    entries: int
    messages: int
    total: int
    """Entries of the file."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did.

    `entries` were written, `messages` of them are messages. `duplicates` were here already, `tombstoned` had been
    forgotten here and stay so, `left_out` speak of what is not here or of the exported log alone. `problems` are the
    first 100 broken lines that were skipped, `broken_lines` counts all of them.
    """

    tenant_id: str
    position: int
    entries: int
    messages: int
    duplicates: int
    tombstoned: int
    left_out: int
    broken_lines: int = 0
    problems: tuple[LineProblem, ...] = ()
    forgotten: int = 0
    """Messages that were forgotten here because they had been forgotten there; only for a sync."""


Progress = Callable[[ImportProgress], None]


def import_memory(
    memory: ConsciousMemory,
    source: Source,
    *,
    skip_errors: bool = False,
    batch_size: int = BATCH_SIZE,
    for_sync: bool = False,
    progress: Progress | None = None,
) -> ImportResult:
    """Read an export into a memory; calling it again goes on after a crash, and changes nothing when all is there.

    An empty memory becomes what was exported: positions, ids, times, everything derived. A memory that holds other
    things gets the entries behind its own, as learnt now. `source` is a path or an open file. The file is checked
    whole before anything is written: a broken line raises InvalidInputError that names it, and nothing is kept; with
    `skip_errors` the rest is imported, and the result lists what was skipped. With `for_sync` it comes from another
    store of the same memory, and what was forgotten there is forgotten here as well. Raises ConflictError if the tenant
    needs a rebuild, StorageError and OSError.
    """
    size = checked_count(batch_size, "batch_size", 1, BATCH_SIZE_MAX)
    engine = engine_of(memory)
    with readable_path(source) as path:
        run = _Import(engine, memory.tenant_id, path, skip_errors, size, for_sync, progress)
        try:
            return run.run()
        finally:
            _look_anew(engine, memory.tenant_id, watched=run.replay.watched)


def _erased_in(line: EntryLine) -> list[str]:
    """The ids of what an entry says was forgotten."""
    if line.entry.kind == "erasure":
        return list(json.loads(line.entry.payload)["ids"])
    return [line.entry.entry_id] if line.erasure_id is not None else []


def _look_anew(engine: Engine, tenant: TenantId, *, watched: bool) -> None:
    """Drop what this process derived from an earlier state."""
    engine.index_store.forget(tenant)
    if engine.cache is not None:
        engine.cache.clear(tenant)
    if engine.vectors is not None:
        engine.vectors.forget(tenant)
        engine.vectors.wake(tenant)
    if watched:
        engine.upkeep.watch(tenant)


@dataclass
class _Import:
    """One run over one file."""

    engine: Engine
    tenant: TenantId
    path: Path
    skip_errors: bool
    batch_size: int
    for_sync: bool
    progress: Progress | None
    replay: Replay = field(init=False)
    problems: list[LineProblem] = field(default_factory=list)
    broken_lines: int = 0
    lines: int = 0
    erased_there: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        header = header_of(self.path, self.engine.limits)
        self.replay = Replay(self.engine, self.tenant, header, for_sync=self.for_sync)

    def run(self) -> ImportResult:
        if not self.skip_errors:
            for number, _ in enumerate(checked_lines(self.path, self.engine.limits, strict=True)):
                if number % LINES_BETWEEN_REPORTS == 0:
                    self._report("checking", number)
        if self.replay.header.position:
            self.replay.begin()
            for steps, rows in self._batches():
                if steps:
                    self.replay.write(steps)
                if rows:
                    _write_rows(self.replay, rows)
                self._report("writing", self.lines)
            self._finish()
        forgotten = forget_everywhere(self.engine, self.tenant, self.erased_there) if self.erased_there else 0
        with self.engine.unit(self.tenant, write=False) as work:
            position = work.tenants.position()
        tally = self.replay.tally
        return ImportResult(
            self.tenant,
            position,
            tally.entries,
            tally.messages,
            tally.duplicates,
            tally.tombstoned,
            tally.left_out,
            self.broken_lines,
            tuple(self.problems),
            forgotten,
        )

    def _batches(self) -> Iterator[tuple[list[Step], list[Line]]]:
        """Steps of the log by batches, then other rows by batches; the messages of an exchange stay together."""
        steps: list[Step] = []
        rows: list[Line] = []
        size = chars = 0
        for line in self._good_lines():
            if isinstance(line, PlaceLine):
                self.replay.note_earlier(line)
                continue
            if self.for_sync and isinstance(line, EntryLine):
                self.erased_there += _erased_in(line)
            if not isinstance(line, EntryLine):
                rows.append(line)
            elif steps and _goes_with(steps[-1], line):
                steps[-1].append(line)
            else:
                if size >= self.batch_size or chars > BATCH_CHARS_MAX:
                    yield steps, []
                    steps, size, chars = [], 0, 0
                steps.append([line])
            size += isinstance(line, EntryLine)
            chars += 0 if not isinstance(line, EntryLine) or line.message is None else len(line.message.text)
            if len(rows) == self.batch_size:
                yield steps, rows
                steps, rows = [], []
        yield steps, rows

    def _good_lines(self) -> Iterator[Line]:
        for read in checked_lines(self.path, self.engine.limits, strict=not self.skip_errors):
            self.lines += 1
            if isinstance(read, NumberedLine):
                yield redacted_line(read.line, self.engine.redactor)
            else:
                self.broken_lines += 1
                self.replay.missing += 1
                if len(self.problems) < PROBLEMS_KEPT_MAX:
                    self.problems.append(read)

    def _finish(self) -> None:
        """What the tenant's own row keeps beside its log."""
        header = self.replay.header
        if header.metadata == "{}":
            return
        with self.engine.unit(self.tenant, write=True) as work:
            record = work.tenants.get()
            if record is not None and self.replay.is_complete(record.last_seq) and record.metadata == "{}":
                work.tenants.set_metadata(header.metadata)

    def _report(self, phase: str, lines: int) -> None:
        if self.progress is not None:
            tally, header = self.replay.tally, self.replay.header
            total = header.position - header.after_seq
            self.progress(ImportProgress(phase, lines, tally.entries, tally.messages, total))


def _goes_with(step: Step, line: EntryLine) -> bool:
    """Whether an entry belongs to the exchange of the step before it, or was erased out of it."""
    first = step[0].message
    if first is None or len(step) >= STEP_ENTRIES_MAX:
        return False
    if line.message is None:
        return line.entry.kind == "erased"
    same_scope = line.message.scope == first.scope and line.message.session_id == first.session_id
    return same_scope and line.message.exchange_id == first.exchange_id


def _write_rows(replay: Replay, rows: list[Line]) -> None:
    """Sessions, receipts and vectors, in one transaction."""
    with replay.engine.unit(replay.tenant, write=True) as work:
        complete = replay.is_complete(work.tenants.position())
        for row in rows:
            if isinstance(row, SessionLine):
                _write_session(replay, work, row.session, complete=complete)
            elif isinstance(row, ReceiptLine):
                _write_receipt(replay, work, row.row, complete=complete)
            elif isinstance(row, VectorLine):
                _write_vector(replay, work, row.vector, complete=complete)


def _write_session(replay: Replay, work: UnitOfWork, session: WholeSession, *, complete: bool) -> None:
    place = None if session.summary_seq is None else replay.places.get(session.summary_seq)
    if complete:
        work.portability.restore_session(session)
    elif place is not None and replay.was_written_now(place):
        work.history.set_summary(session.session_id, place)


def _write_receipt(replay: Replay, work: UnitOfWork, row: ErasureRow, *, complete: bool) -> None:
    """A receipt is a link of its own tenant's chain, and nothing in another."""
    if not complete or replay.header.tenant_id != replay.tenant:
        replay.tally.left_out += 1
    elif not [each for each in work.erasures.list(row.number - 1, 1) if each.number == row.number]:
        work.erasures.put(row)


def _has_message(work: UnitOfWork, place: int) -> bool:
    return place in work.messages.by_seqs([place]) or place in work.quarantines.messages([place])


def _write_vector(replay: Replay, work: UnitOfWork, vector: StoredVector, *, complete: bool) -> None:
    place = replay.places.get(vector.message_seq)
    if place is not None and (complete or replay.was_written_now(place)) and _has_message(work, place):
        work.vectors.put([replace(vector, message_seq=place)])
