"""The async door of a storage backend: each operation hops to a worker thread, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from continuum.domain.ids import TenantId
from continuum.errors import StorageBusyError
from continuum.storage.base import StorageBackend
from continuum.storage.unit_of_work import UnitOfWork, unit_of_work

Answer = TypeVar("Answer")

WORKERS = 10
WAITING_MAX = 1_000


class AsyncBackend:
    """Runs units of work of a backend without blocking the event loop.

    At most `workers` run at once and `waiting_max` wait. A cancelled caller stops waiting; the unit that has
    begun still ends, committed or rolled back as a whole.
    """

    def __init__(self, backend: StorageBackend, *, workers: int = WORKERS, waiting_max: int = WAITING_MAX) -> None:
        self.backend = backend
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="continuum-storage")
        self._places = workers + waiting_max

    async def run(
        self, tenant_id: TenantId, function: Callable[[UnitOfWork], Answer], *, write: bool = False
    ) -> Answer:
        """Run `function` in one unit of work on a worker thread and give its answer.

        Raises StorageBusyError if too many wait already, and what `unit_of_work` raises.
        """
        return await self._on_a_worker(partial(self._unit, tenant_id, function, write))

    async def scrub(self) -> bool:
        """What `StorageBackend.scrub` does, on a worker thread. Raises StorageBusyError if too many wait already."""
        return await self._on_a_worker(self.backend.scrub)

    async def _on_a_worker(self, function: Callable[[], Answer]) -> Answer:
        if self._places <= 0:
            raise StorageBusyError("too many storage operations are waiting; nothing was done, try again")
        self._places -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, function)
        future.add_done_callback(self._leave)
        return await future

    def _unit(self, tenant_id: TenantId, function: Callable[[UnitOfWork], Answer], write: bool) -> Answer:
        with unit_of_work(self.backend, tenant_id, write=write) as work:
            return function(work)

    def _leave(self, _: object) -> None:
        self._places += 1

    async def close(self) -> None:
        """Wait for what runs, then close the backend's connections."""
        await asyncio.to_thread(self._executor.shutdown)
        await asyncio.to_thread(self.backend.close_all)
