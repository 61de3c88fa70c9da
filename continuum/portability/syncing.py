"""Brings two stores of the same memory to the same state: each takes over what the other has learnt and forgotten.

Nothing is decided here. Each side gives the part of its log that the other has not seen, and takes the other's part as
an import does: what is there already is known by its id, what was forgotten stays forgotten on both sides. So a sync
may break off anywhere and be repeated in any order. Marks only spare the work of comparing what both have.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from continuum.core.memory import ConsciousMemory
from continuum.core.validation import checked_count
from continuum.errors import ConflictError, InvalidInputError
from continuum.portability.export_lines import Header, read_header
from continuum.portability.exporting import export_memory
from continuum.portability.importing import import_memory
from continuum.portability.line_fields import SEQ_MAX


@dataclass(frozen=True, slots=True)
class Mark:
    """How far both logs are known on both sides: a position of each, with the id of the entry that stands there."""

    here: int = 0
    here_id: str | None = None
    there: int = 0
    there_id: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What one side took over: entries of the log, messages among them, and messages forgotten."""

    position: int
    """Where its log ends now."""
    entries: int
    messages: int
    forgotten: int
    left_out: int
    """Entries about something that is not there, or that only speak of the log that they stand in."""


class Side(Protocol):
    """One of two stores of a memory."""

    def give(self, path: Path, after_seq: int) -> None:
        """Write what came after a position to a file. Raises InvalidInputError if the log ends before it."""
        ...

    def take(self, path: Path) -> Taken:
        """Take over what the other side gave."""
        ...


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did: `pulled` came from there, `pushed` went there; `mark` is where the next one goes on."""

    pulled: Taken
    pushed: Taken
    mark: Mark
    began_anew: bool
    """Whether both logs were compared from their beginning: the first time, and when one was restored."""


class StoreSide:
    """A memory that this process has open."""

    def __init__(self, memory: ConsciousMemory) -> None:
        self._memory = memory

    def give(self, path: Path, after_seq: int) -> None:
        export_memory(self._memory, path, after_seq=after_seq, for_sync=True)

    def take(self, path: Path) -> Taken:
        done = import_memory(self._memory, path, for_sync=True)
        return Taken(done.position, done.entries, done.messages, done.forgotten, done.left_out)


def sync_memories(
    here: Side, there: Side, mark: Mark | None = None, *, progress: Callable[[str], None] | None = None
) -> SyncResult:
    """Bring two sides to the same state: first take over what is there, then hand over what is here.

    `mark` is that of the last sync of the two; without one, or where it does not fit, all is compared. `progress` is
    told each step. What is learnt on either side meanwhile is left to the next sync. Raises StorageError, OSError,
    whatever a side raises; repeating it goes on.
    """
    tell = progress or (lambda step: None)
    with tempfile.TemporaryDirectory(prefix="continuum-sync-") as folder:
        run = _Sync(here, there, Path(folder), tell)
        return run.run(Mark() if mark is None else mark)


@dataclass(slots=True)
class _Sync:
    here: Side
    there: Side
    folder: Path
    tell: Callable[[str], None]

    def run(self, mark: Mark) -> SyncResult:
        self.tell("looking for what is new")
        ours, theirs = self.folder / "ours", self.folder / "theirs"
        # Ours is written before theirs is taken over: what came from there need not go back.
        from_here = self._given(self.here, ours, mark.here, mark.here_id)
        from_there = self._given(self.there, theirs, mark.there, mark.there_id)
        begins_anew = from_here is None or from_there is None or not (mark.here and mark.there)
        if begins_anew:
            from_here, from_there = self._given(self.here, ours), self._given(self.there, theirs)
        assert from_here is not None
        assert from_there is not None
        self.tell(f"taking over {from_there.position - from_there.after_seq} entries")
        pulled = self.here.take(theirs)
        self.tell(f"handing over {from_here.position - from_here.after_seq} entries")
        pushed = self.there.take(ours)
        reached = _reached(from_here, pulled), _reached(from_there, pushed)
        mark = Mark(reached[0], self._id_at(self.here, reached[0]), reached[1], self._id_at(self.there, reached[1]))
        return SyncResult(pulled, pushed, mark, begins_anew)

    def _given(self, side: Side, path: Path, after_seq: int = 0, after_id: str | None = None) -> Header | None:
        """What a side gives after a position; None if its log no longer holds that entry there: it was restored."""
        try:
            side.give(path, after_seq)
        except (InvalidInputError, ConflictError):
            if not after_seq:
                raise
            return None  # its log ends before the position
        with path.open("rb") as file:
            header = read_header(file.readline())
        return header if header.after_id == after_id else None

    def _id_at(self, side: Side, seq: int) -> str | None:
        path = self.folder / "glance"
        side.give(path, seq)
        with path.open("rb") as file:
            return read_header(file.readline()).after_id


def _reached(given: Header, taken: Taken) -> int:
    """How far a side's log is known to both: to its end, unless something else came in while it took over."""
    is_quiet = taken.position - given.position == taken.entries and not taken.forgotten
    return taken.position if is_quiet else given.position


def mark_to_text(mark: Mark) -> str:
    """The mark as JSON."""
    return json.dumps({"here": [mark.here, mark.here_id], "there": [mark.there, mark.there_id]})


def mark_from_text(text: str) -> Mark:
    """What `mark_to_text` wrote. Raises InvalidInputError."""
    try:
        told = json.loads(text)
        (here, here_id), (there, there_id) = told["here"], told["there"]
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidInputError("mark", "is no mark of a sync; without one all is compared") from exc
    positions = [checked_count(seq, "mark", 0, SEQ_MAX) for seq in (here, there)]
    return Mark(positions[0], here_id, positions[1], there_id)
