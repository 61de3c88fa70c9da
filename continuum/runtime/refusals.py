"""Entries of the audit log that go with no effect: gathered, counted where they are alike, written every second.

A flood of refused calls must not become a flood of writes: entries that differ in nothing but their request are one,
with the number of times. What is gathered when the process is killed is lost; what has an effect is never here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from continuum.compliance.audit import AuditEntry, AuditLog
from continuum.domain.ids import TenantId
from continuum.errors import StorageError

ANCHOR_SECONDS = 600.0
"""The heads of the logs that were written to are noted in the platform's log this often, and at the end."""
WRITTEN_MAX = 10_000
"""Tenants whose heads are still to be noted; of more, those that write again are noted later."""
GATHERED_MAX = 1_000
"""Different entries that are gathered at once; of more only the number is kept."""
WRITE_SECONDS = 1.0
_Key = tuple[TenantId, str, str, str, str]
_logger = logging.getLogger(__name__)


class Refusals:
    """Takes entries at once, and writes them from a thread of its own until it is closed."""

    def __init__(
        self,
        audit: AuditLog,
        write_seconds: float = WRITE_SECONDS,
        anchor_seconds: float = ANCHOR_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._audit = audit
        self._write_seconds = write_seconds
        self._anchor_seconds = anchor_seconds
        self._monotonic = monotonic
        self._anchored_at = monotonic()
        self._written: set[TenantId] = set()
        self._lock = threading.Lock()
        self._gathered: dict[_Key, AuditEntry] = {}
        self._times: Counter[_Key] = Counter()
        self._beyond: Counter[TenantId] = Counter()
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, tenant_id: TenantId, entry: AuditEntry) -> None:
        """Take an entry; never blocks for long, never raises."""
        key = (tenant_id, entry.actor, entry.action, entry.outcome, entry.source)
        with self._lock:
            if key not in self._gathered and len(self._gathered) >= GATHERED_MAX:
                self._beyond[tenant_id] += 1
                return
            self._gathered.setdefault(key, entry)
            self._times[key] += 1
            self._begin()

    def wrote(self, tenant_id: TenantId) -> None:
        """Hear that a tenant's log has grown, so that its head is noted elsewhere."""
        with self._lock:
            if len(self._written) < WRITTEN_MAX:
                self._written.add(tenant_id)
            self._begin()

    def _begin(self) -> None:
        if self._thread is None and not self._closing.is_set():
            self._thread = threading.Thread(target=self._write_on, name="continuum-refusals", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Write what was gathered until now. What the store does not take is logged, and counted no more."""
        with self._lock:
            gathered, times, beyond = self._gathered, self._times, self._beyond
            self._gathered, self._times, self._beyond = {}, Counter(), Counter()
        by_tenant: dict[TenantId, list[AuditEntry]] = {}
        for key, entry in gathered.items():
            counted = entry if times[key] == 1 else replace(entry, details={**entry.details, "times": times[key]})
            by_tenant.setdefault(key[0], []).append(counted)
        for tenant, number in beyond.items():
            more = AuditEntry("several", "several", "refused", details={"times": number})
            by_tenant.setdefault(tenant, []).append(more)
        for tenant, entries in by_tenant.items():
            try:
                self._audit.record(tenant, entries)
                self.wrote(tenant)
            except StorageError:
                _logger.exception("%d entries of the audit log were not written", len(entries))

    def anchor(self) -> None:
        """Note the heads of the logs that have grown since the last time, in the platform's log."""
        with self._lock:
            written, self._written = self._written, set()
        self._anchored_at = self._monotonic()
        try:
            self._audit.anchor(written)
        except StorageError:
            _logger.exception("the heads of %d audit logs were not noted", len(written))

    def close(self) -> None:
        """Write what is left, and stop. Calling it again does nothing."""
        self._closing.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()
        self.anchor()

    def _write_on(self) -> None:
        while not self._closing.is_set():
            self._woken.wait(self._write_seconds)
            self.flush()
            if self._monotonic() - self._anchored_at >= self._anchor_seconds:
                self.anchor()
