"""Replays entries of an export into a tenant's log: what happened there happens here again, in the same order.

While the log here is a beginning of the log there, entries keep their positions, ids and times: the state becomes the
same, and an import that was interrupted goes on by being called again. From the first difference on they are appended
as learnt now, and what is here already, or was forgotten here, is left out.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.rebuilding import exchange_of
from continuum.core.recording import index_terms
from continuum.core.stating import TENANT_SECRET_BYTES
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId, uuid7
from continuum.domain.records import (
    FIRST_RECORDED_AT,
    Extraction,
    LogEntry,
    StoredMessage,
    TenantRecord,
    first_recorded_at,
)
from continuum.errors import InvalidInputError
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.portability.export_lines import EntryLine, Header, PlaceLine
from continuum.portability.line_fields import canonical
from continuum.portability.log_places import Places, moved
from continuum.portability.step_writing import StepWriter, Understood
from continuum.storage.repositories.erasures import Tombstone
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

Step = list[EntryLine]
"""One entry, or the messages of one exchange with what was erased between them."""

_OF_THE_SOURCE_ALONE = ("extractors", "policy", "erasure")
"""Kinds that say something about the log that they stand in, and nothing about another."""


_TIMED = ("entity", "link", "facts", "retraction", "supersession")
"""Kinds whose own time says since when something holds, or what was said first."""


@dataclass
class Tally:
    """What an import did so far."""

    entries: int = 0
    messages: int = 0
    duplicates: int = 0
    tombstoned: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Here:
    """What this tenant has of a batch."""

    ids_at: dict[int, str]
    """The ids at the positions of the batch."""
    places: dict[str, int]
    same: dict[bytes, int]
    stones: dict[str, Tombstone]


@dataclass
class Replay:
    """Writes the steps of one file, a batch in each transaction."""

    engine: Engine
    tenant: TenantId
    header: Header
    places: Places = field(default_factory=Places)
    tally: Tally = field(default_factory=Tally)
    in_step: bool = True
    """Whether the log here is a beginning of the log there."""
    missing: int = 0
    """Lines that are not imported and whose positions in the log are not held yet."""
    started_at: int | None = None
    """The position at which this import found the log."""
    watched: bool = False
    """Whether something was imported that comes to an end by itself."""
    _reached: int = 0
    """The last position at which both logs hold the same entry, or are about to."""
    for_sync: bool = False
    """Whether it is a part of the log of another store of the same memory, and what was before is here, or gone."""
    _earlier: list[PlaceLine] = field(default_factory=list)
    _by_hand: dict[str, int] = field(default_factory=dict)
    _by_hand_until: int = 0

    def write(self, steps: Sequence[Step]) -> None:
        """Write one batch, all of it or nothing. Raises StorageError and ConflictError."""
        ready = self._understood(steps)
        with self.engine.unit(self.tenant, write=True) as work:
            record = self._tenant(work)
            refuse_if_outdated(work)
            self._place_earlier(work)
            here = self._here(work, record, steps)
            writer = StepWriter(self.engine, work, record, ready)
            for step in steps:
                self._write_step(work, writer, here, step)

    def note_earlier(self, place: PlaceLine) -> None:
        """Note an entry before the file's that one of the next batch names."""
        self._earlier.append(place)

    def _place_earlier(self, work: UnitOfWork) -> None:
        if not self._earlier:
            return
        places = {**self._ids_by_hand(work), **work.portability.message_places(each.entry_id for each in self._earlier)}
        for each in self._earlier:
            if each.entry_id in places:
                self.places.add_earlier(each.seq, places[each.entry_id])
        self._earlier.clear()

    def begin(self) -> None:
        """Check that the file fits behind what is here. Raises InvalidInputError."""
        with self.engine.unit(self.tenant, write=False) as work:
            self.started_at = work.tenants.position()
            self._check_beginning(work)

    def was_written_now(self, place: int) -> bool:
        """Whether this import wrote the entry at a position."""
        assert self.started_at is not None
        return place > self.started_at

    def is_complete(self, position: int) -> bool:
        """Whether the log, which ends at `position`, is now the one that was exported."""
        return self.in_step and position == self.header.position

    def _check_beginning(self, work: UnitOfWork) -> None:
        header = self.header
        if not header.after_seq:
            return
        before = work.history.entries([header.after_seq])
        self._reached = header.after_seq
        self.in_step = bool(before) and before[0].entry_id == header.after_id
        if not self.in_step and header.after_id is not None and not self.for_sync:
            known = work.portability.message_places([header.after_id]) or header.after_id in self._ids_by_hand(work)
            if not known:
                problem = f"begins behind position {header.after_seq}, which is not here; import what came before first"
                raise InvalidInputError("line 1", f"after_seq: {problem}")

    def _tenant(self, work: UnitOfWork) -> TenantRecord:
        """The tenant's row. A new one takes over the secret, unless that is another tenant's."""
        header = self.header
        own = header.secret if header.tenant_id == self.tenant else None
        secret = secrets.token_bytes(TENANT_SECRET_BYTES) if own is None else own
        created_at = self.engine.clock.now() if header.created_at is None else header.created_at
        return work.tenants.ensure(created_at, lambda: secret, EXTRACTORS_VERSION)

    # -- before the transaction --------------------------------------------------------------------------------

    def _understood(self, steps: Sequence[Step]) -> dict[tuple[str, ...], Understood]:
        """What the new messages teach: the slow part, done while nobody waits."""
        ids = [line.entry.entry_id for step in steps for line in step if line.message is not None]
        with self.engine.unit(self.tenant, write=False) as work:
            known = work.portability.message_places(ids).keys() | work.portability.tombstones(ids).keys()
        ready = {}
        for step in steps:
            fresh = [line.message for line in step if line.message is not None and line.entry.entry_id not in known]
            if fresh:
                ready[tuple(message.id for message in fresh)] = understood(self.engine, fresh)
        return ready

    # -- within it -----------------------------------------------------------------------------------------------

    def _here(self, work: UnitOfWork, record: TenantRecord, steps: Sequence[Step]) -> _Here:
        lines = [line for step in steps for line in step]
        ids = [line.entry.entry_id for line in lines]
        seqs = [line.entry.seq for line in lines if line.entry.seq <= record.last_seq]
        keys = [line.message.same_key for line in lines if line.message is not None and line.message.same_key]
        return _Here(
            {entry.seq: entry.entry_id for entry in work.history.entries(seqs)},
            work.portability.message_places(ids),
            {key: known.seq for key, known in work.messages.known(keys).items()},
            work.portability.tombstones(ids),
        )

    def _write_step(self, work: UnitOfWork, writer: StepWriter, here: _Here, step: Step) -> None:
        wanted = [line for line in step if self._is_wanted(work, writer, here, line)]
        if not wanted:
            return
        parted = len(wanted) < len(step) and any(line.entry.entry_id in here.places for line in step)
        placed = self._kept(writer, wanted) if self.in_step else self._appended(writer, wanted)
        if parted:
            # The rest of its exchange is here already, under its id: this part is an exchange of its own.
            own = uuid7(self.engine.clock.now())
            placed = [_of_exchange(line, own) for line in placed]
        for there, line in zip(wanted, placed, strict=True):
            self.places.add(there.entry.seq, line.entry.seq)
            if line.message is not None:
                here.places[line.message.id] = line.entry.seq
                if line.message.same_key is not None:
                    here.same[line.message.same_key] = line.entry.seq
        writer.write(placed, keeps_numbers=self.in_step)
        self.tally.entries += len(placed)
        self.tally.messages += sum(line.message is not None for line in placed)
        self.watched |= any(line.expires_at is not None or line.entry.kind == "policy" for line in placed)

    def _is_wanted(self, work: UnitOfWork, writer: StepWriter, here: _Here, line: EntryLine) -> bool:
        """Whether an entry is new here; what is not is counted, and its place noted."""
        seq, entry_id = line.entry.seq, line.entry.entry_id
        if seq in here.ids_at:
            if here.ids_at[seq] == entry_id:
                self._reach(seq)
                return self._is_there(seq, seq)
            self.in_step = False
        elif seq - self._reached - 1 > self.missing:
            self.in_step = False
        if line.message is not None:
            place = here.places.get(entry_id)
            if place is None and line.message.same_key is not None:
                place = here.same.get(line.message.same_key)
                if place is not None and work.quarantines.hidden([place]):
                    place = None  # hidden in this very batch, and said again after that
        else:
            place = None if self.in_step else self._ids_by_hand(work).get(entry_id)
        if place is not None:
            self.missing += 1
            return self._is_there(seq, place)
        if entry_id in here.stones and line.entry.kind != "erased":
            self.missing += 1
            self.tally.tombstoned += 1
            return False
        if self.in_step:
            self._reach(seq)
            return True
        return self._is_for_others(writer, here, line)

    def _reach(self, seq: int) -> None:
        """Note that the log here is the log there up to a position, but for lines that are missing."""
        self.missing -= seq - self._reached - 1
        self._reached = seq

    def _is_there(self, there: int, place: int) -> bool:
        self.places.add(there, place)
        self.tally.duplicates += 1
        return False

    def _is_for_others(self, writer: StepWriter, here: _Here, line: EntryLine) -> bool:
        """Whether an entry means something in a log that is not its own."""
        kind, entry_id = line.entry.kind, line.entry.entry_id
        if kind == "erased" and entry_id in here.stones:
            self.tally.duplicates += 1
            return False
        ours = kind not in _OF_THE_SOURCE_ALONE and (kind != "erased" or line.erasure_id is not None)
        ours = ours and entry_id not in here.places and moved(line.entry, self.places) is not None
        if ours and kind in ("merge", "rename", "undo"):
            ours = writer.can_adjust(_moved_entry(line.entry, self.places))
        self.tally.left_out += not ours
        return ours

    def _kept(self, writer: StepWriter, lines: Sequence[EntryLine]) -> list[EntryLine]:
        """Entries at the positions that they had; those of lines that are missing are held."""
        for line in lines:
            writer.take(line.entry.seq, line.entry.recorded_at)
        return list(lines)

    def _appended(self, writer: StepWriter, lines: Sequence[EntryLine]) -> list[EntryLine]:
        """Entries behind all that is here, as learnt now."""
        recorded_at = writer.append(len(lines), self.engine.clock.now())
        first = writer.position - len(lines) + 1
        placed = [_at(line, first + number, recorded_at, self.places) for number, line in enumerate(lines)]
        if not self.for_sync:
            return placed
        # The memory knows since then, in whichever of its stores: statements count in that order in all of them.
        return [_known_since(line, there) for line, there in zip(placed, lines, strict=True)]

    def _ids_by_hand(self, work: UnitOfWork) -> dict[str, int]:
        """Positions of all entries that are no messages, by id: few, and in no index."""
        while page := work.portability.entries_by_hand(self._by_hand_until):
            self._by_hand |= {entry_id: seq for seq, entry_id in page}
            self._by_hand_until = page[-1][0]
        return self._by_hand


def understood(engine: Engine, messages: Sequence[StoredMessage]) -> Understood:
    """What messages of one exchange teach, and their index terms."""
    extraction: Extraction = engine.pipeline.extract(exchange_of(messages))
    return extraction, index_terms([message.text for message in messages], extraction)


def _moved_entry(entry: LogEntry, places: Places) -> LogEntry:
    """The entry with the positions of this log."""
    payload = moved(entry, places)
    assert payload is not None, "only what can be moved is wanted"
    return replace(entry, payload=payload)


def _at(line: EntryLine, seq: int, recorded_at: Micros, places: Places) -> EntryLine:
    entry = replace(_moved_entry(line.entry, places), seq=seq, recorded_at=recorded_at)
    message = None if line.message is None else replace(line.message, seq=seq, recorded_at=recorded_at)
    since = None if line.since is None else places.get(line.since)
    return replace(line, entry=entry, message=message, since=since)


def _known_since(line: EntryLine, there: EntryLine) -> EntryLine:
    if line.message is not None and there.message is not None:
        return replace(line, message=replace(line.message, recorded_at=there.message.recorded_at))
    if line.entry.kind not in _TIMED:
        return line
    told = {**json.loads(line.entry.payload), FIRST_RECORDED_AT: first_recorded_at(there.entry)}
    return replace(line, entry=replace(line.entry, payload=canonical(told)))


def _of_exchange(line: EntryLine, exchange_id: str) -> EntryLine:
    return line if line.message is None else replace(line, message=replace(line.message, exchange_id=exchange_id))
