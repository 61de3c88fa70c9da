"""What a store needs beside learning and recalling: erasures finished and scrubbed, ends and retention kept.

One thread for each engine, started when there is something to do. Everything it does can be done by hand too, at
once, and begins again after a crash: the store knows what is unfinished.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from continuum.core.erasing import finish_begun
from continuum.core.receipts import receipt_from_json, receipt_to_json
from continuum.core.retention import sweep_tenant
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.errors import ContinuumError
from continuum.storage.unit_of_work import system_unit_of_work

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

SCRUB_DELAY_SECONDS = 20.0
"""Erasures that follow each other are scrubbed together: the whole file is written anew each time."""
RETRY_SECONDS = 10.0
SWEEP_SECONDS = 900.0
TENANTS_AT_ONCE = 1_000

_logger = logging.getLogger(__name__)


class Upkeep:
    """Scrubs after erasures and sweeps what has come to its end, in the background."""

    def __init__(self, engine: Engine, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._renew()
        at_fork(self, in_child=Upkeep._renew)

    def _renew(self) -> None:
        """In a forked child: the thread stayed with the parent."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._scrub_at: float | None = None
        self._sweep_at: float | None = None
        self._tenants: set[TenantId] = set()
        self._closed = False

    def scrub_soon(self, tenant: TenantId) -> None:
        """Say that something was erased; its bytes leave the files within minutes."""
        with self._changed:
            if self._scrub_at is None:
                self._scrub_at = self._monotonic() + SCRUB_DELAY_SECONDS
            self._wake()

    def watch(self, tenant: TenantId) -> None:
        """Say that a tenant has messages with an end, or rules of retention."""
        if tenant in self._tenants:
            return
        with self._changed:
            self._tenants.add(tenant)
            if self._sweep_at is None:
                self._sweep_at = self._monotonic() + RETRY_SECONDS
            self._wake()

    def resume(self) -> None:
        """Go on with what an earlier process began."""
        with system_unit_of_work(self._engine.backend) as work:
            unfinished = work.unfinished_erasures(1)
            kept: list[str] = []
            while page := work.tenants_with_ends(kept[-1] if kept else "", TENANTS_AT_ONCE):
                kept += page
        for tenant in kept:
            self.watch(TenantId(tenant))
        if unfinished:
            with self._changed:
                self._scrub_at = self._monotonic()
                self._wake()

    def scrub_now(self) -> bool:
        """Finish begun erasures and scrub; False if readers of old rows hold the store: try again.

        Raises StorageUnavailableError once the memory is closed.
        """
        engine = self._engine
        engine.refuse_if_closed()
        with system_unit_of_work(engine.backend) as work:
            tenants = [TenantId(each) for each in work.unfinished_erasures(TENANTS_AT_ONCE)]
        for tenant in tenants:
            finish_begun(engine, tenant)
        erased = {}
        for tenant in tenants:
            with engine.unit(tenant, write=False) as unit:
                erased[tenant] = [row.id for row in unit.erasures.in_state("erased")]
        if not engine.backend.scrub():
            return False
        for tenant, ids in erased.items():
            self._confirm(tenant, ids)
        return len(tenants) < TENANTS_AT_ONCE

    def _confirm(self, tenant: TenantId, ids: list[str]) -> None:
        """Write into receipts that the bytes are gone."""
        now = self._engine.clock.now()
        with self._engine.unit(tenant, write=True) as work:
            for erasure_id in ids:
                row = work.erasures.get(erasure_id)
                if row is not None and row.state == "erased":
                    receipt = replace(receipt_from_json(row.receipt), scrubbed_at=now)
                    work.erasures.put(replace(row, state="scrubbed", receipt=receipt_to_json(receipt)))

    def close(self) -> None:
        """Scrub what waits for it, and end the thread."""
        with self._changed:
            waiting = self._scrub_at is not None
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        if waiting:
            try:
                self.scrub_now()
            except (ContinuumError, OSError):
                _logger.exception("erased rows could not be scrubbed; opening the store again tries again")

    def _wake(self) -> None:
        if self._closed:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="continuum-upkeep", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (wait := self._wait_seconds()) > 0:
                    self._changed.wait(wait)
                if self._closed:
                    return
                now = self._monotonic()
                scrub = self._scrub_at is not None and self._scrub_at <= now
                sweep = self._sweep_at is not None and self._sweep_at <= now
            if scrub:
                self._scrub()
            if sweep:
                self._sweep()

    def _wait_seconds(self) -> float:
        due = [each for each in (self._scrub_at, self._sweep_at) if each is not None]
        return min(due) - self._monotonic() if due else SWEEP_SECONDS

    def _scrub(self) -> None:
        with self._changed:
            self._scrub_at = None
        try:
            done = self.scrub_now()
        except (ContinuumError, OSError):
            _logger.exception("erased rows could not be scrubbed; trying again")
            done = False
        if not done:
            with self._changed:
                self._scrub_at = self._monotonic() + RETRY_SECONDS

    def _sweep(self) -> None:
        for tenant in sorted(self._tenants):
            try:
                sweep_tenant(self._engine, tenant)
            except (ContinuumError, OSError):
                _logger.exception("tenant %s could not be swept; trying again", tenant)
        with self._changed:
            self._sweep_at = self._monotonic() + SWEEP_SECONDS
