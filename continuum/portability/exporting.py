"""Writes a memory as lines: one snapshot of the store, page by page, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from continuum.core.erasing import finish_begun
from continuum.core.memory import ConsciousMemory
from continuum.core.quarantining import finish_moves
from continuum.core.validation import checked_count
from continuum.domain.records import LogEntry, StoredMessage, TenantRecord, Wording
from continuum.errors import InvalidInputError
from continuum.portability.export_files import LineWriter, Target, written
from continuum.portability.export_lines import (
    EntryLine,
    Header,
    PlaceLine,
    Trailer,
    entry_line,
    header_line,
    place_line,
    receipt_line,
    session_line,
    trailer_line,
    vector_line,
)
from continuum.portability.line_fields import SEQ_MAX
from continuum.portability.log_places import named_by
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ENTRIES_AT_ONCE = 500
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export has got, of how much: entries of the log."""

    entries: int
    total: int


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export wrote. `position` is what the next one may go on from, as its `after_seq`."""

    tenant_id: str
    position: int
    entries: int
    messages: int
    lines: int
    bytes: int
    """Before packing."""
    digest: str
    """SHA-256 of all lines but the last."""


Progress = Callable[[ExportProgress], None]


def engine_of(memory: ConsciousMemory) -> Engine:
    """The parts that a memory works with."""
    return memory._engine


def export_memory(
    memory: ConsciousMemory,
    target: Target,
    *,
    after_seq: int = 0,
    include_secret: bool = True,
    include_vectors: bool = False,
    for_sync: bool = False,
    progress: Progress | None = None,
) -> ExportResult:
    """Write all of a memory, or what came after a position of its log, as JSON Lines; see docs/reference.

    With `for_sync` it is what another store of the same memory needs: the log alone, without the secret, with the
    ids of the earlier entries that it names.

    `target` is a path, which appears when everything is written (packed if it ends with ``.gz``), or an open text
    file. The file is as confidential as the memory; without `include_secret` an import derives other ids. Learners
    are not held up. Raises InvalidInputError, StorageError and OSError.
    """
    engine = engine_of(memory)
    after = checked_count(after_seq, "after_seq", 0, SEQ_MAX)
    finish_begun(engine, memory.tenant_id)  # what is being forgotten shall not leave
    finish_moves(engine, memory.tenant_id)
    with written(target) as out, engine.unit(memory.tenant_id, write=False) as work:
        record = work.tenants.get()
        secret, vectors = include_secret and not for_sync, include_vectors and not for_sync
        header = _header(engine, work, record, after, include_secret=secret, include_vectors=vectors)
        writer = LineWriter(out)
        writer.write(header_line(header))
        messages = 0
        for entries in _pages(work, after):
            lines = _lines(work, entries, after)
            messages += sum(line.message is not None for line in lines)
            for place in _earlier(work, entries, after) if for_sync else ():
                writer.write(place_line(place))
            for line in lines:
                writer.write(entry_line(line))
            if progress is not None:
                progress(ExportProgress(entries[-1].seq - after, header.position - after))
        if not for_sync:
            _write_rows(work, writer, after, include_vectors=vectors)
        digest, count = writer.digest, writer.lines
        writer.write(trailer_line(Trailer(count, digest)))
    entries_written = header.position - after
    return ExportResult(
        memory.tenant_id, header.position, entries_written, messages, writer.lines, writer.bytes, digest
    )


def _header(
    engine: Engine,
    work: UnitOfWork,
    record: TenantRecord | None,
    after: int,
    *,
    include_secret: bool,
    include_vectors: bool,
) -> Header:
    now = engine.clock.now()
    position = 0 if record is None else record.last_seq
    if after > position:
        raise InvalidInputError("after_seq", f"is {after}, but the log ends at {position}", limit=position)
    if record is None or not position:  # a tenant that was made, and has learnt nothing
        return Header(work.tenant_id, now, 0)
    counts = work.tenants.counts()
    before = work.history.entries([after]) if after else []
    return Header(
        tenant_id=work.tenant_id,
        exported_at=now,
        position=position,
        after_seq=after,
        after_id=before[0].entry_id if before else None,
        created_at=record.created_at,
        extractors=record.extractors,
        messages=counts.messages,
        sessions=counts.sessions,
        metadata=record.metadata,
        policy=record.policy,
        secret=record.secret if include_secret else None,
        vectors=include_vectors,
    )


def _pages(work: UnitOfWork, after: int) -> Iterator[list[LogEntry]]:
    while entries := work.log.read(after, ENTRIES_AT_ONCE):
        yield entries
        after = entries[-1].seq


def _lines(work: UnitOfWork, entries: Sequence[LogEntry], after: int) -> list[EntryLine]:
    """The lines of a page, each with what belongs to it."""
    messages = _messages(work, [entry.seq for entry in entries if entry.kind == "message"])
    wordings = _wordings_of(work, messages)
    notes = work.history.notes(messages)
    stones = work.portability.tombstones([entry.entry_id for entry in entries if entry.kind == "erased"])
    revisions = _revisions(work, [entry for entry in entries if entry.kind == "revision"])
    lines = []
    for entry in entries:
        if entry.kind == "message":
            line = _message_line(entry, messages[entry.seq], wordings.get(entry.seq, []))
            expires_at = notes[entry.seq].expires_at if entry.seq in notes else None
            lines.append(replace(line, expires_at=expires_at))
        elif entry.kind == "erased":
            stone = stones.get(entry.entry_id)
            lines.append(EntryLine(entry, erasure_id=None if stone is None else stone.erasure_id))
        else:
            lines.append(revisions.get(entry.seq, EntryLine(entry)))
    return lines


def _earlier(work: UnitOfWork, entries: Sequence[LogEntry], after: int) -> list[PlaceLine]:
    """The entries that those of a page name, and that are not in the file."""
    seqs = {seq for entry in entries if entry.kind != "message" for seq in named_by(entry) if seq <= after}
    return [PlaceLine(entry.seq, entry.entry_id) for entry in work.history.entries(sorted(seqs))]


def _messages(work: UnitOfWork, seqs: Sequence[int]) -> dict[int, StoredMessage]:
    """Messages, hidden ones too: entries further on in the log say that they are."""
    found = work.messages.by_seqs(seqs)
    return found | work.quarantines.messages(seq for seq in seqs if seq not in found)


def _wordings_of(work: UnitOfWork, seqs: Sequence[int] | dict[int, StoredMessage]) -> dict[int, list[Wording]]:
    found: dict[int, list[Wording]] = {}
    for wording in work.history.wordings(list(seqs)):
        found.setdefault(wording.seq, []).append(wording)
    return found


def _message_line(entry: LogEntry, message: StoredMessage, wordings: Sequence[Wording]) -> EntryLine:
    """The message in its earliest wording that is kept."""
    if not wordings:
        return EntryLine(entry, message)
    first = wordings[0]
    return EntryLine(
        entry, replace(message, text=first.text), since=first.since_seq if first.since_seq > entry.seq else None
    )


def _revisions(work: UnitOfWork, entries: Sequence[LogEntry]) -> dict[int, EntryLine]:
    """Revisions with the words that they gave, where the words that they replaced are kept as well."""
    reworded = {entry.seq: int(json.loads(entry.payload)["seq"]) for entry in entries}
    messages = _messages(work, sorted(set(reworded.values())))
    wordings = _wordings_of(work, messages)
    lines = {}
    for entry in entries:
        own = wordings.get(reworded[entry.seq], [])
        former = [wording for wording in own if wording.until_seq == entry.seq]
        if former:
            later = [wording.text for wording in own if wording.since_seq == entry.seq]
            text = later[0] if later else messages[reworded[entry.seq]].text
            lines[entry.seq] = EntryLine(entry, since=former[0].since_seq, text=text)
    return lines


def _write_rows(work: UnitOfWork, writer: LineWriter, after: int, *, include_vectors: bool) -> None:
    """What is no entry of the log and cannot be derived from it."""
    name = ""
    while sessions := work.portability.sessions(name, ROWS_AT_ONCE):
        for session in sessions:
            writer.write(session_line(session))
        name = sessions[-1].session_id
    number = 0
    while rows := work.erasures.list(number, ROWS_AT_ONCE):
        for row in rows:
            if row.state != "running":
                writer.write(receipt_line(row))
        number = rows[-1].number
    for model in work.portability.vector_models() if include_vectors else []:
        seq = after
        while vectors := work.vectors.after(model, seq, ROWS_AT_ONCE):
            for vector in vectors:
                writer.write(vector_line(vector))
            seq = vectors[-1].message_seq
