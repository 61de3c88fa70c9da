"""Keeps each message's vectors: computed in the background after a learn, or on demand, and held in memory to search.

Vectors belong to a model; those of another model are never read, so a change of model starts to fill anew while the
old vectors stay until they are dropped. Filling is a transaction of its own: learn never waits for a model.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.domain.records import LogEntry, StoredMessage, StoredVector, TenantRecord
from continuum.embeddings.base import EmbeddingProvider
from continuum.errors import ContinuumError, EmbeddingError
from continuum.retrieval.vectors import VectorSet
from continuum.storage.unit_of_work import UnitOfWork

MESSAGES_AT_ONCE = 32
LOG_ENTRIES_AT_ONCE = 10_000
VECTORS_AT_ONCE = 2_000
TENANTS_KEPT_MAX = 64
MISSING_COUNTED_MAX = 1_000

OpenUnit = Callable[[TenantId, bool], AbstractContextManager[UnitOfWork]]
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _TenantVectors:
    vectors: VectorSet
    position: int = 0
    """Vectors of messages up to here are held."""
    complete_to: int = 0
    """Every message up to here has its vectors."""
    log_position: int = 0
    """Up to here the log was searched for erasures and revisions."""
    awaited: set[int] = field(default_factory=set)
    """Revised messages: their vectors come after those of later messages."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class VectorKeeper:
    """The vectors of all tenants for one provider."""

    def __init__(self, provider: EmbeddingProvider, unit: OpenUnit) -> None:
        self.provider = provider
        self._unit = unit
        self._tenants: OrderedDict[TenantId, _TenantVectors] = OrderedDict()
        self._waiting: OrderedDict[TenantId, None] = OrderedDict()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._closed = False
        at_fork(self, in_child=VectorKeeper._renew)

    def _renew(self) -> None:
        """In a forked child: the filling thread stayed with the parent, and may hold the lock."""
        self._changed = threading.Condition()
        self._worker = None
        self._tenants.clear()

    def of_query(self, text: str) -> NDArray[np.float32]:
        """The question's vector. Raises EmbeddingError."""
        vector: NDArray[np.float32] = self._embed([text])[0]
        return vector

    def current(self, work: UnitOfWork, tenant: TenantRecord) -> tuple[VectorSet, int]:
        """Every vector this transaction can see, and how many messages lack theirs (counted up to 1,000).

        Erased messages and former wordings have none.
        """
        entry = self._entry(work.tenant_id)
        with entry.lock:
            _take_back(entry, work, tenant.last_seq)
            while entry.position < tenant.last_seq:
                rows = work.vectors.after(self.provider.model, entry.position, VECTORS_AT_ONCE)
                if not rows:
                    break
                matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4")
                entry.vectors.append([row.message_seq for row in rows], matrix.reshape(len(rows), -1))
                entry.position = rows[-1].message_seq
            _add_awaited(entry, work, self.provider.model)
            missing: list[int] = []
            if entry.complete_to < tenant.last_seq:
                missing = work.vectors.missing(self.provider.model, MISSING_COUNTED_MAX, after_seq=entry.complete_to)
                entry.complete_to = missing[0] - 1 if missing else tenant.last_seq
        return entry.vectors, len(missing)

    def forget(self, tenant: TenantId) -> None:
        """Drop a tenant's vectors from memory; the next read takes them from the store again."""
        with self._changed:
            self._tenants.pop(tenant, None)

    def wake(self, tenant: TenantId) -> None:
        """Say that a tenant has new messages; the background thread fills their vectors."""
        with self._changed:
            if self._closed:
                return
            self._waiting[tenant] = None
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._run, name="continuum-vectors", daemon=True)
                self._worker.start()
            self._changed.notify()

    def fill(self, tenant: TenantId) -> int:
        """Compute every missing vector of a tenant now; gives how many messages got theirs. Raises EmbeddingError."""
        filled = after = 0
        while not self._closed:
            with self._unit(tenant, False) as work:
                seqs = work.vectors.missing(self.provider.model, MESSAGES_AT_ONCE, after_seq=after)
                messages = work.messages.by_seqs(seqs)
            if not seqs:
                break
            vectors = self._vectors_of([messages[seq] for seq in seqs if seq in messages])
            with self._unit(tenant, True) as work:
                now = work.messages.by_seqs({vector.message_seq for vector in vectors})
                same = {seq for seq, message in now.items() if message.text == messages[seq].text}
                work.vectors.put([vector for vector in vectors if vector.message_seq in same])
            filled += len(seqs)
            after = seqs[-1]
        return filled

    def close(self) -> None:
        """Stop filling; what is missing is filled when the store is used again."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._worker is not None:
            self._worker.join()

    def _vectors_of(self, messages: list[StoredMessage]) -> list[StoredVector]:
        """One vector a message, of its text without the speaker: vectors of parts were measured and gained nothing."""
        rows = np.ascontiguousarray(self._embed([message.text for message in messages]), dtype="<f4")
        model = self.provider.model
        return [StoredVector(message.seq, model, row.tobytes()) for message, row in zip(messages, rows, strict=True)]

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        """One row a text. Raises EmbeddingError, whatever went wrong in the provider."""
        try:
            rows: NDArray[np.float32] = np.asarray(self.provider.embed(texts), dtype=np.float32)
            wanted = (len(texts), self.provider.dimensions)
        except EmbeddingError:
            raise
        except Exception as exc:  # a provider may be a stranger's, and raise anything
            raise EmbeddingError(f"{self.provider.model}: the provider failed: {type(exc).__name__}: {exc}") from exc
        if rows.shape != wanted:
            raise EmbeddingError(f"{self.provider.model}: the answer has shape {rows.shape}, expected {wanted}")
        return rows

    def _entry(self, tenant: TenantId) -> _TenantVectors:
        with self._changed:
            entry = self._tenants.get(tenant)
            if entry is None:
                entry = _TenantVectors(VectorSet(self.provider.model, self.provider.dimensions))
                self._tenants[tenant] = entry
            self._tenants.move_to_end(tenant)
            if len(self._tenants) > TENANTS_KEPT_MAX:
                self._tenants.popitem(last=False)
            return entry

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                tenant, _ = self._waiting.popitem(last=False)
            try:
                self.fill(tenant)
            except ContinuumError:
                _logger.exception("vectors of tenant %s could not be filled; the next learn tries again", tenant)


def _take_back(entry: _TenantVectors, work: UnitOfWork, position: int) -> None:
    """Drop the vectors of messages that the log has since erased or revised."""
    if not entry.position:
        entry.log_position = position
    while entry.log_position < position:
        entries = work.log.read(entry.log_position, LOG_ENTRIES_AT_ONCE)
        gone, revised = _taken_back(entries)
        entry.awaited = (entry.awaited | revised) - gone
        if gone or revised:
            entry.vectors.remove(gone | revised)
            entry.complete_to = min([entry.complete_to, *(seq - 1 for seq in revised)])
        entry.log_position = entries[-1].seq if entries else position


def _taken_back(entries: Sequence[LogEntry]) -> tuple[set[int], set[int]]:
    gone: set[int] = set()
    revised: set[int] = set()
    for entry in entries:
        if entry.kind == "erasure":
            gone.update(json.loads(entry.payload).get("seqs", ()))
        elif entry.kind == "revision":
            revised.add(json.loads(entry.payload)["seq"])
    return gone, revised


def _add_awaited(entry: _TenantVectors, work: UnitOfWork, model: str) -> None:
    for seq in sorted(entry.awaited):
        rows = [row for row in work.vectors.after(model, seq - 1, 1) if row.message_seq == seq]
        if rows and seq not in entry.vectors:
            matrix = np.frombuffer(b"".join(row.vector for row in rows), dtype="<f4")
            entry.vectors.append([seq] * len(rows), matrix.reshape(len(rows), -1))
        if rows:
            entry.awaited.discard(seq)
