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
from functools import partial
from typing import TYPE_CHECKING

from continuum.core.listeners import harmless
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.storage.unit_of_work import system_unit_of_work

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

SCRUB_DELAY_SECONDS = 20.0
"""Erasures that follow each other are scrubbed together: the whole file is written anew each time."""
RETRY_SECONDS = 10.0
"""Doubled with each failure, up to `SWEEP_SECONDS`: what one tenant cannot do must not keep the disk busy."""
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
        self._retry_seconds = RETRY_SECONDS
        self._sweep_at: float | None = None
        self._tenants: set[TenantId] = set()
        self._closed = False

    def scrub_soon(self, tenant: TenantId) -> None:
        """Say that something was erased; its bytes leave the files within minutes."""
        with self._changed:
            self._scrub_within(SCRUB_DELAY_SECONDS)
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
            unfinished = work.unfinished_erasures(1) or work.quarantines_at_work(1)
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
        """Finish begun erasures and quarantines and scrub; False if readers of old rows hold the store: try again.

        What one tenant cannot do holds up no other: it is logged, and the first such error is raised when all is done.
        Raises StorageUnavailableError once the memory is closed.
        """
        from continuum.core.erasing import finish_begun  # not at the top: who recalls shall not wait for these to load
        from continuum.core.quarantining import finish_moves

        engine = self._engine
        engine.refuse_if_closed()
        with system_unit_of_work(engine.backend) as work:
            tenants = [TenantId(each) for each in work.unfinished_erasures(TENANTS_AT_ONCE)]
            hiding = [TenantId(each) for each in work.quarantines_at_work(TENANTS_AT_ONCE)]
        failures: list[Exception] = []
        for tenant in hiding:
            with harmless(partial(_note_unmoved, failures, tenant)):
                finish_moves(engine, tenant)
        erased: dict[TenantId, list[str]] = {}
        for tenant in tenants:
            with harmless(partial(_note_failure, failures, tenant)):
                finish_begun(engine, tenant)
                with engine.unit(tenant, write=False) as unit:
                    erased[tenant] = [row.id for row in unit.erasures.in_state("erased")]
        if not engine.backend.scrubs:
            erased.clear()
        scrubbed = engine.backend.scrub() if engine.backend.scrubs else True
        for tenant, ids in erased.items() if scrubbed else ():
            with harmless(partial(_note_failure, failures, tenant)):
                self._confirm(tenant, ids)
        if failures:
            raise failures[0]
        return scrubbed and max(len(tenants), len(hiding)) < TENANTS_AT_ONCE

    def _confirm(self, tenant: TenantId, ids: list[str]) -> None:
        """Write into receipts that the bytes are gone."""
        from continuum.core.receipts import receipt_from_json, receipt_to_json

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
            with harmless(partial(_log, "erased rows could not be scrubbed; opening the store again tries again")):
                self.scrub_now()

    def _scrub_within(self, seconds: float) -> None:
        at = self._monotonic() + seconds
        self._scrub_at = at if self._scrub_at is None else min(at, self._scrub_at)

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
        again_in: float | None = min(2 * self._retry_seconds, SWEEP_SECONDS)
        with harmless(partial(_log, "erased rows could not be scrubbed; trying again")):
            again_in = None if self.scrub_now() else RETRY_SECONDS
        self._retry_seconds = again_in or RETRY_SECONDS
        if again_in is not None:
            with self._changed:
                self._scrub_within(again_in)

    def _sweep(self) -> None:
        from continuum.core.retention import sweep_tenant

        with self._changed:
            tenants = sorted(self._tenants)
        for tenant in tenants:
            with harmless(partial(_log, f"tenant {tenant} could not be swept; trying again")):
                sweep_tenant(self._engine, tenant)
        with self._changed:
            self._sweep_at = self._monotonic() + SWEEP_SECONDS


def _note_failure(failures: list[Exception], tenant: TenantId, error: Exception) -> None:
    _log(f"an erasure of tenant {tenant} could not be finished or confirmed", error)
    failures.append(error)


def _note_unmoved(failures: list[Exception], tenant: TenantId, error: Exception) -> None:
    _log(f"a quarantine of tenant {tenant} could not be hidden or released to its end", error)
    failures.append(error)


def _log(problem: str, error: Exception) -> None:
    _logger.error(problem, exc_info=error)
