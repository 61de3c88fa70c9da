"""Owns the in-memory index of each tenant in use: loading, catching up with the log, bounds, saving.

Before a read, the index is brought up to the tenant's log position inside the reader's own transaction, so that a
learn acknowledged anywhere is seen by the next recall everywhere. Indexes are bounded by memory: the tenant that was
not used for longest leaves first. A saved copy beside the database makes the first recall of a process fast; it is
only a cache, bound to the tenant's secret, and is thrown away whenever it does not fit the log.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.domain.records import TenantRecord
from continuum.language.tokens import TERMS_VERSION
from continuum.retrieval.fuzzy import NameMatcher
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.message_index import MessageIndex
from continuum.storage.unit_of_work import UnitOfWork

CATCH_UP_ROWS = 20_000
"""Rows fetched at once while catching up; bounds memory, not what is caught up."""
SAVE_AFTER_MESSAGES = 2_000
"""A saved index is renewed once this many messages are newer than it (a cold start then reads at most these)."""
NAMES_AT_ONCE = 20_000
SEAL_BYTES = 32

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


class IndexStore:
    """Gives the current index of a tenant; any number of threads may ask at once."""

    def __init__(self, folder: Path | None, memory_bytes: int) -> None:
        """`folder` holds saved indexes (None: nothing is saved); `memory_bytes` bounds all indexes together."""
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._tenants: OrderedDict[TenantId, _TenantIndex] = OrderedDict()
        self._lock = threading.Lock()
        self._savers: list[threading.Thread] = []
        at_fork(self, in_child=IndexStore._renew)

    def _renew(self) -> None:
        """In a forked child: a lock may be held by a thread that stayed with the parent, an index be half extended."""
        self._lock = threading.Lock()
        self._tenants.clear()
        self._savers = []

    def view(self, work: UnitOfWork, tenant: TenantRecord) -> IndexView:
        """A snapshot that holds every message of the tenant that this transaction can see."""
        entry = self._entry(work.tenant_id)
        with entry.lock:
            grew = self._catch_up(entry, work, tenant)
            view = entry.index.view()
        if grew:
            self._evict(work.tenant_id)
        return view

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
        with self._lock:
            self._tenants.pop(tenant, None)
        if self._folder is not None:
            self._path(tenant).unlink(missing_ok=True)

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
        """Tenants held, and the bytes of their indexes."""
        with self._lock:
            entries = list(self._tenants.values())
        return {"tenants": len(entries), "bytes": sum(entry.nbytes for entry in entries)}

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
        if entry.index.position and self._written_anew(work, entry.index.position, position):
            entry.index, entry.saved_messages = MessageIndex(), 0
        while True:
            rows = work.messages.index_after(entry.index.position, CATCH_UP_ROWS)
            entry.index.extend(rows)
            if len(rows) < CATCH_UP_ROWS:
                break
        entry.index.advance(position)  # entries that are no messages count too
        if len(entry.index) - entry.saved_messages >= max(SAVE_AFTER_MESSAGES, entry.saved_messages // 4):
            self._save_in_background(work.tenant_id, entry)
        entry.nbytes = entry.index.nbytes
        return True

    def _written_anew(self, work: UnitOfWork, after: int, position: int) -> bool:
        """Whether the derived rows were rebuilt since; asked only if the gap holds more than messages."""
        while after < position:
            entries = work.log.read(after, CATCH_UP_ROWS)
            if any(entry.kind == "extractors" for entry in entries):
                return True
            if not entries:
                return False
            after = entries[-1].seq
        return False

    def _evict(self, keep: TenantId) -> None:
        with self._lock:
            total = sum(entry.nbytes for entry in self._tenants.values())
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
        entry.saved_messages = len(entry.index)
        what = (tenant, entry.seal, entry.index)
        saver = threading.Thread(target=self._write, args=what, name="continuum-index-save", daemon=True)
        self._savers = [thread for thread in self._savers if thread.is_alive()] + [saver]
        saver.start()

    def _write(self, tenant: TenantId, seal: bytes, index: MessageIndex) -> None:
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
                Path(temporary).replace(path)
            except BaseException:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()
                raise
        except OSError as exc:
            _logger.warning("index of tenant %s could not be saved: %s", tenant, exc)
