"""What a tenant's feedback amounts to now: ties from words to messages and among concepts, and its own weights.

A pure fold of the feedback entries of the log, in their order, kept in memory and brought up to the log by each
reader. Nothing of it is stored, so there is nothing that a rebuild, an erasure or a copy could leave behind.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import product

from continuum.core.ranker import Ranker
from continuum.domain.clock import Micros
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.domain.records import Json, LogEntry, LogKind, TenantRecord
from continuum.retrieval.use import Ties, UseSettings
from continuum.storage.unit_of_work import UnitOfWork

KINDS: tuple[LogKind, ...] = ("feedback", "ranker")
FEEDBACK_KEPT_MAX = 10_000
"""The newest so many feedbacks count, give or take a block; older ones have faded."""
DROPPED_AT_ONCE = 1_000
TENANTS_MAX = 256
"""Tenants whose use is held in memory; the one that was not asked for longest leaves first."""


@dataclass(slots=True)
class Use:
    """The fold of some feedback entries."""

    settings: UseSettings
    cues: Ties[int] = field(init=False)
    """From the words of questions to the messages that were used."""
    concepts: Ties[str] = field(init=False)
    """Between concepts a < b that a question named and a used memory speaks of, or that were used together."""
    ranker: Ranker = field(default_factory=Ranker)
    position: int = 0
    entries: int = 0

    def __post_init__(self) -> None:
        self.cues, self.concepts = Ties(self.settings), Ties(self.settings)

    def share(self) -> None:
        """From now on others read while entries are taken."""
        self.cues.shared = self.concepts.shared = True

    def take(self, entry: LogEntry, hidden: Collection[int] = ()) -> None:
        """Fold one more entry, of kind ``feedback`` or ``ranker``; of messages that are hidden nothing counts."""
        self.position = entry.seq
        self.entries += 1
        told = json.loads(entry.payload)
        if entry.kind == "ranker":
            self.ranker = Ranker()
        else:
            self._feedback(told, entry.recorded_at, hidden)

    def _feedback(self, told: dict[str, Json], at: Micros, hidden: Collection[int]) -> None:
        used = [seq for seq in told["used"] if seq not in hidden]
        ignored = [seq for seq in told["ignored"] if seq not in hidden]
        speaks = told["speaks"]
        for cue in told["cues"]:
            for seq in used:
                self.cues.used(cue, seq, at)
            for seq in ignored:
                self.cues.ignored(cue, seq, at)
        spoken = {each for seq in used for each in speaks[str(seq)]} | set(told["concepts_used"])
        unspoken = {each for seq in ignored for each in speaks[str(seq)]} | set(told["concepts_ignored"])
        for a, b in pairs_of(told["named"], spoken):
            self.concepts.used(a, b, at)
        for a, b in pairs_of(told["named"], unspoken - spoken):
            self.concepts.ignored(a, b, at)
        if told["signals"]:
            marks = set(used)
            shown = [(signals, seq in marks) for seq, signals in told["signals"] if seq not in hidden]
            signals = [signals for signals, _ in shown]
            self.ranker.learn(signals, [mark for _, mark in shown], tuple(told["cues"]))


def pairs_of(named: Collection[str], spoken: Collection[str]) -> list[tuple[str, str]]:
    """The pairs a < b of what a question named with what was used, each once."""
    found = {(min(a, b), max(a, b)) for a, b in product(named, spoken) if a != b}
    return sorted(found)


@dataclass(slots=True)
class _Held:
    """One tenant's fold, and the count of changes it has seen."""

    use: Use
    secret: bytes
    changes: int
    lock: threading.Lock = field(default_factory=threading.Lock)


class UseStore:
    """Gives the current fold of a tenant; any number of threads may ask at once."""

    def __init__(self, settings: UseSettings) -> None:
        self.settings = settings
        self._held: OrderedDict[TenantId, _Held] = OrderedDict()
        self._lock = threading.Lock()
        at_fork(self, in_child=UseStore._renew)

    def _renew(self) -> None:
        """In a forked child: a lock may be held by a thread that stayed with the parent."""
        self._lock = threading.Lock()
        self._held.clear()

    def current(self, work: UnitOfWork, tenant: TenantRecord) -> Use | None:
        """What this transaction's feedback amounts to; None where there is none.

        Later feedback is folded into what was given here as well: an answer may know a little more than its position.
        """
        if not tenant.uses:
            return None
        held = self._of(work.tenant_id, tenant.secret)
        with held.lock:
            if held.changes < tenant.uses:
                self._catch_up(work, tenant, held)
            if held.changes == tenant.uses:
                return held.use
        return use_at(work, self.settings, tenant.last_seq)  # somebody else's transaction is newer than this one

    def _of(self, tenant: TenantId, secret: bytes) -> _Held:
        with self._lock:
            held = self._held.get(tenant)
            if held is None or held.secret != secret:
                held = self._held[tenant] = _Held(Use(self.settings), secret, 0)
            self._held.move_to_end(tenant)
            while len(self._held) > TENANTS_MAX:
                self._held.popitem(last=False)
            return held

    def _catch_up(self, work: UnitOfWork, tenant: TenantRecord, held: _Held) -> None:
        """Fold what is new; all anew if an entry was changed or taken away, or the oldest are to be dropped."""
        new = _entries(work, held.use.position, tenant.last_seq)
        whole = held.use.entries + len(new)
        if held.changes + len(new) == tenant.uses and _dropped(whole) == _dropped(held.use.entries):
            hidden = _hidden(work, new)
            for entry in new:
                held.use.take(entry, hidden)
        else:
            held.use = use_at(work, self.settings, tenant.last_seq)
            held.use.share()
        held.changes = tenant.uses


def use_at(work: UnitOfWork, settings: UseSettings, seq: int) -> Use:
    """The fold of the feedback up to a position of the log."""
    entries = _entries(work, 0, seq)
    first = _dropped(len(entries))
    use = Use(settings, entries=first)
    hidden = _hidden(work, entries[first:])
    for entry in entries[first:]:
        use.take(entry, hidden)
    return use


def _hidden(work: UnitOfWork, entries: Sequence[LogEntry]) -> set[int]:
    """Those of the messages that the entries speak of that are in quarantine."""
    if not work.quarantines.any():
        return set()
    told = [json.loads(entry.payload) for entry in entries if entry.kind == "feedback"]
    named = {seq for each in told for seq in (*each["used"], *each["ignored"], *(s for s, _ in each["signals"]))}
    return work.quarantines.hidden(sorted(named))


def _dropped(entries: int) -> int:
    """How many of so many entries no longer count: whole blocks, so that most readers only add."""
    return max(0, -(-(entries - FEEDBACK_KEPT_MAX) // DROPPED_AT_ONCE) * DROPPED_AT_ONCE)


def _entries(work: UnitOfWork, after_seq: int, seq: int) -> list[LogEntry]:
    """The entries about use after a position, up to another."""
    pages = (page for kind in KINDS for page in work.log.pages(after_seq, kind))
    return sorted((entry for page in pages for entry in page if entry.seq <= seq), key=lambda entry: entry.seq)
