"""Owns the in-memory index of each tenant in use: loading, catching up with the log, bounds, saving.

Before a read, the index is brought up to the tenant's log position inside the reader's own transaction, so that a
learn acknowledged anywhere is seen by the next recall everywhere. Indexes are bounded by memory: the tenant that was
not used for longest leaves first. A saved copy beside the database makes the first recall of a process fast; it is
only a cache, bound to the tenant's secret, and is thrown away whenever it does not fit the log.

The log may also take back what it said: an erasure removes messages, a quarantine hides some until they are released,
a revision gives one other words. All of it reaches the
index, its saved copy and the views of the past when the next read meets their entry, in every process.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from continuum.domain.clock import Micros
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.domain.records import IndexedMessage, LogEntry, TenantRecord
from continuum.language.tokens import TERMS_VERSION
from continuum.retrieval.fuzzy import NameMatcher
from continuum.retrieval.index_subset import replaced as with_others
from continuum.retrieval.index_subset import subset
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.message_index import MessageIndex
from continuum.storage.unit_of_work import UnitOfWork

CATCH_UP_ROWS = 20_000
"""Rows fetched at once while catching up; bounds memory, not what is caught up."""
SAVE_AFTER_MESSAGES = 2_000
"""A saved index is renewed once this many messages are newer than it (a cold start then reads at most these)."""
NAMES_AT_ONCE = 20_000
SEAL_BYTES = 32
PAST_VIEWS_MAX = 4
"""Views of the past that are kept, all tenants together."""
REVISED_ONE_BY_ONE_MAX = 100
"""With more revised messages than this, the index is read anew."""
_NAMES_CHANGE = frozenset({"extractors", "erasure", "revision", "merge", "rename", "undo", "quarantine", "release"})

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _TenantIndex:
    """One tenant's index. `lock` serialises catching up; readers use immutable views."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    index: MessageIndex = field(default_factory=MessageIndex)
    names: NameMatcher = field(default_factory=NameMatcher)
    names_position: int = 0
    saved_messages: int = 0
    nbytes: int = 0
    seal: bytes = b""
    """What ties a saved copy to this very tenant; empty until the index was used for the first time."""


@dataclass(slots=True)
class _TakenBack:
    """What entries of the log say about messages before them."""

    all_anew: bool = False
    names_anew: bool = False
    erased: set[int] = field(default_factory=set)
    revised: set[int] = field(default_factory=set)
    quarantined: set[int] = field(default_factory=set)
    """Positions of entries of quarantines, which know what they hide."""

    def note(self, entry: LogEntry) -> None:
        kind: str = entry.kind
        self.names_anew |= kind in _NAMES_CHANGE
        if kind in ("extractors", "release"):
            self.all_anew = True
        elif kind == "quarantine":
            self.quarantined.update([entry.seq] if "rule" in json.loads(entry.payload) else ())
        elif kind == "erasure":
            self.erased.update(json.loads(entry.payload).get("seqs", ()))
        elif kind == "revision":
            self.revised.add(json.loads(entry.payload)["seq"])


_PastKey = tuple[TenantId, bytes, int, int | None, Micros | None, tuple[IndexedMessage, ...]]


class IndexStore:
    """Gives the current index of a tenant; any number of threads may ask at once."""

    def __init__(self, folder: Path | None, memory_bytes: int) -> None:
        """`folder` holds saved indexes (None: nothing is saved); `memory_bytes` bounds all indexes together."""
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._tenants: OrderedDict[TenantId, _TenantIndex] = OrderedDict()
        self._lock = threading.Lock()
        self._savers: list[threading.Thread] = []
        self._saves: dict[object, TenantId] = {}
        """Saves under way. One that was struck off by `purge` must not put its file in place."""
        self._past: OrderedDict[_PastKey, IndexView] = OrderedDict()
        at_fork(self, in_child=IndexStore._renew)

    def _renew(self) -> None:
        """In a forked child: a lock may be held by a thread that stayed with the parent, an index be half extended."""
        self._lock = threading.Lock()
        self._tenants.clear()
        self._savers = []
        self._saves = {}
        self._past.clear()

    def view(self, work: UnitOfWork, tenant: TenantRecord) -> IndexView:
        """A snapshot that holds every message of the tenant that this transaction can see."""
        entry = self._entry(work.tenant_id)
        with entry.lock:
            grew = self._catch_up(entry, work, tenant)
            view = entry.index.view()
        if grew:
            self._evict(work.tenant_id)
        return view

    def view_at(
        self,
        work: UnitOfWork,
        tenant: TenantRecord,
        *,
        seq: int | None = None,
        until: Micros | None = None,
        replaced: Sequence[IndexedMessage] = (),
    ) -> IndexView:
        """The index as of a past moment, ranking as if nothing had been said since.

        It holds the messages up to position `seq` and up to event time `until`, both inclusive and None for all;
        the rows of `replaced` (former wordings) stand in for those of the same `seq`. What
        has been erased meanwhile is not in it.
        """
        view = self.view(work, tenant)
        entry = self._entry(work.tenant_id)
        key = (work.tenant_id, entry.seal, view.position, seq, until, tuple(replaced))
        with self._lock:
            if key in self._past:
                self._past.move_to_end(key)
                return self._past[key]
        past = _past_of(view, seq, until, replaced)
        if past is not view:
            with self._lock:
                if self._tenants.get(work.tenant_id) is entry:
                    self._past[key] = past
                    while len(self._past) > PAST_VIEWS_MAX:
                        self._past.popitem(last=False)
            self._evict(work.tenant_id)
        return past

    def names(self, work: UnitOfWork, tenant: TenantRecord) -> NameMatcher:
        """The matcher of this tenant's concept names, with every name this transaction can see."""
        entry = self._entry(work.tenant_id)
        with entry.lock:
            while entry.names_position < tenant.last_seq:
                found = work.entities.names_after(entry.names_position, NAMES_AT_ONCE)
                entry.names.add([each.name for each in found])
                entry.names_position = found[-1].first_seq if found else tenant.last_seq
        return entry.names

    def forget(self, tenant: TenantId) -> None:
        """Drop a tenant's index and its saved copy, because derived rows were written anew."""
        self.purge(tenant)

    def purge(self, tenant: TenantId) -> None:
        """Drop all that is held of a tenant: its index, its views of the past, its saved copy and unfinished ones.

        A save that is under way puts nothing back. Raises OSError if a file cannot be removed.
        """
        with self._lock:
            self._tenants.pop(tenant, None)
            self._drop_past(tenant)
        self._drop_saved(tenant)

    def take_back(self, tenant: TenantId) -> None:
        """Drop what would outlive an erasure: the saved copy and views of the past.

        The index that is held reads in the log what was erased before it answers again. Raises OSError.
        """
        with self._lock:
            self._drop_past(tenant)
        self._drop_saved(tenant)

    def _drop_past(self, tenant: TenantId) -> None:
        for key in [key for key in self._past if key[0] == tenant]:
            del self._past[key]

    def _drop_saved(self, tenant: TenantId) -> None:
        if self._folder is None:
            return
        path = self._path(tenant)
        with self._lock:  # a save looks under the same lock whether it may still put its file in place
            for ticket in [ticket for ticket, of in self._saves.items() if of == tenant]:
                del self._saves[ticket]
            path.unlink(missing_ok=True)
            for unfinished in self._folder.glob(f"{path.stem}*.tmp"):
                with contextlib.suppress(PermissionError):  # Windows: its writer has it open, and removes it
                    unfinished.unlink(missing_ok=True)

    def save_all(self) -> None:
        """Save every index that has changed since it was saved; used when a memory is closed."""
        with self._lock:
            entries = list(self._tenants.items())
        for tenant, entry in entries:
            with entry.lock:
                if len(entry.index) - entry.saved_messages >= SAVE_AFTER_MESSAGES:
                    self._save_in_background(tenant, entry)
        for saver in self._savers:
            saver.join()

    def stats(self) -> dict[str, int]:
        """Tenants held, and the bytes of their indexes and of their views of the past."""
        with self._lock:
            return {"tenants": len(self._tenants), "bytes": self._nbytes()}

    def _nbytes(self) -> int:
        indexes = sum(entry.nbytes for entry in self._tenants.values())
        return indexes + sum(view.nbytes for view in self._past.values())

    def _entry(self, tenant: TenantId) -> _TenantIndex:
        with self._lock:
            entry = self._tenants.get(tenant)
            if entry is None:
                entry = self._tenants[tenant] = _TenantIndex()
            self._tenants.move_to_end(tenant)
            return entry

    def _catch_up(self, entry: _TenantIndex, work: UnitOfWork, tenant: TenantRecord) -> bool:
        """Bring the index up to the tenant's position; says whether there was anything to do."""
        if not entry.seal:
            entry.seal = hmac.digest(tenant.secret, f"index {TERMS_VERSION}".encode(), hashlib.sha256)
            self._load(entry, work, tenant)
        position = tenant.last_seq
        if position <= entry.index.position:
            return False
        start = entry.index.position
        try:
            if self._read_on(entry, work) != position - start and start:
                self._take_back(entry, work, start)
        except BaseException:  # its position may be past an erasure that it has not seen
            entry.index, entry.saved_messages = MessageIndex(), 0
            raise
        entry.index.advance(position)  # entries that are no messages count too
        if len(entry.index) - entry.saved_messages >= max(SAVE_AFTER_MESSAGES, entry.saved_messages // 4):
            self._save_in_background(work.tenant_id, entry)
        entry.nbytes = entry.index.nbytes
        return True

    def _read_on(self, entry: _TenantIndex, work: UnitOfWork) -> int:
        """Add the messages after the index's position; returns how many there were."""
        count = 0
        while True:
            rows = work.messages.index_after(entry.index.position, CATCH_UP_ROWS)
            entry.index.extend(rows)
            count += len(rows)
            if len(rows) < CATCH_UP_ROWS:
                return count

    def _take_back(self, entry: _TenantIndex, work: UnitOfWork, after: int) -> None:
        """Do to what was held already what the log says since; asked only if the gap holds more than messages."""
        found = _taken_back(work, after)
        for seq in sorted(found.quarantined):
            found.erased.update(work.quarantines.hidden_by(seq))
        if found.names_anew:
            entry.names, entry.names_position = NameMatcher(), 0
        if not (found.all_anew or found.erased or found.revised):
            return
        with self._lock:
            self._drop_past(work.tenant_id)
        self._drop_saved(work.tenant_id)
        entry.saved_messages = 0
        if found.all_anew or len(found.revised) > REVISED_ONE_BY_ONE_MAX:
            entry.index = MessageIndex()
            self._read_on(entry, work)
            return
        entry.index.remove(found.erased)
        rows = [row for seq in sorted(found.revised) for row in work.messages.index_after(seq - 1, 1) if row.seq == seq]
        if rows:
            entry.index.replace(rows)

    def _evict(self, keep: TenantId) -> None:
        with self._lock:
            while self._past and self._nbytes() > self._memory_bytes:
                self._past.popitem(last=False)
            total = self._nbytes()
            for tenant in list(self._tenants):
                if total <= self._memory_bytes:
                    return
                if tenant != keep:
                    total -= self._tenants.pop(tenant).nbytes

    def _path(self, tenant: TenantId) -> Path:
        assert self._folder is not None
        return self._folder / f"{hashlib.sha256(tenant.encode()).hexdigest()[:32]}.index"

    def _load(self, entry: _TenantIndex, work: UnitOfWork, tenant: TenantRecord) -> None:
        if self._folder is None:
            return
        try:
            blob = self._path(work.tenant_id).read_bytes()
        except FileNotFoundError:
            return
        except OSError as exc:
            _logger.warning("saved index of tenant %s cannot be read: %s", work.tenant_id, exc)
            return
        if not hmac.compare_digest(blob[:SEAL_BYTES], entry.seal):
            return
        try:
            saved = MessageIndex.from_bytes(blob[SEAL_BYTES:])
        except ValueError as exc:
            _logger.warning("saved index of tenant %s is damaged and is built anew: %s", work.tenant_id, exc)
            return
        if saved.position <= tenant.last_seq:
            entry.index, entry.saved_messages = saved, len(saved)

    def _save_in_background(self, tenant: TenantId, entry: _TenantIndex) -> None:
        if self._folder is None:
            return
        ticket = object()
        with self._lock:
            if self._tenants.get(tenant) is not entry:  # purged, or left, since this caller took it up
                return
            self._saves[ticket] = tenant
        entry.saved_messages = len(entry.index)
        what = (ticket, tenant, entry.seal, entry.index)
        saver = threading.Thread(target=self._write, args=what, name="continuum-index-save", daemon=True)
        self._savers = [thread for thread in self._savers if thread.is_alive()] + [saver]
        saver.start()

    def _write(self, ticket: object, tenant: TenantId, seal: bytes, index: MessageIndex) -> None:
        """Write beside and rename, so that a reader never meets half a file; failing costs only speed."""
        index.compact()
        path = self._path(tenant)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(seal)
                    file.write(index.to_bytes())
                self._put_in_place(ticket, Path(temporary), path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
                raise
        except OSError as exc:
            _logger.warning("index of tenant %s could not be saved: %s", tenant, exc)
        finally:
            with self._lock:
                self._saves.pop(ticket, None)

    def _put_in_place(self, ticket: object, temporary: Path, path: Path) -> None:
        with self._lock:
            if ticket in self._saves:
                temporary.replace(path)
            else:
                temporary.unlink(missing_ok=True)


def _taken_back(work: UnitOfWork, after: int) -> _TakenBack:
    found = _TakenBack()
    while entries := work.log.read(after, CATCH_UP_ROWS):
        for entry in entries:
            found.note(entry)
        after = entries[-1].seq
    return found


def _past_of(view: IndexView, seq: int | None, until: Micros | None, former: Sequence[IndexedMessage]) -> IndexView:
    index = MessageIndex()
    index.extend(sorted(former, key=lambda row: row.seq))
    others = index.view()
    times = view.times
    places, there = view.places(others.seqs)
    if there.any():
        times = times.copy()
        times[places[there]] = others.times[there]
    keep = np.ones(len(view), dtype=np.bool_)
    if seq is not None:
        keep &= view.seqs <= seq
    if until is not None:
        keep &= times <= until
    return with_others(view if keep.all() else subset(view, keep), others)
