"""Where an MCP request is done: on whose memory, by whom, how often, and written down where it counts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio
import anyio.to_thread

from continuum.compliance.audit import AuditEntry, AuditLog, append_entries
from continuum.core.companions import accompanied
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import SystemClock
from continuum.domain.ids import TenantId
from continuum.errors import PermissionDeniedError, RateLimitedError
from continuum.identity.principals import Principal
from continuum.identity.rate_limit import MemoryLimiter, Policy
from continuum.identity.roles import Permission
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:  # its library for HTTP loads only where there is a service
    from continuum.client import Client

    Memory = ConsciousMemory | Client

Answer = TypeVar("Answer")
CALLS_PER_MINUTE = 100
"""Of one client; the specification's figure."""
WORKERS = 4
"""Calls that one stdio server does at once."""


class Desk(Protocol):
    """Does what requests of one caller ask for."""

    async def do(
        self, action: str, permission: Permission, work: Callable[[Memory], Answer], *, writes: bool = False
    ) -> Answer:
        """Do some work on the caller's memory, in a thread. Raises ContinuumError."""
        ...


class ToolCall:
    """Writes a call down in the audit log, in the transaction of its effect."""

    __slots__ = ("_entry", "is_pending", "tenant_id")

    def __init__(self, tenant_id: TenantId, entry: AuditEntry) -> None:
        self.tenant_id = tenant_id
        self.is_pending = True
        self._entry = entry

    def begin(self, work: UnitOfWork) -> None:
        work.audit.foresee()

    def write(self, work: UnitOfWork) -> None:
        append_entries(work, [self._entry], SystemClock().now())

    def committed(self, seq: int) -> None:
        self.is_pending = False


class OwnDesk:
    """The desk of a stdio server: one client, on one memory.

    A service writes down and limits what it is asked itself; here that is done for a store of this machine.
    """

    def __init__(self, memory: Memory, principal: Principal) -> None:
        self._memory = memory
        self._principal = principal
        self._limits = MemoryLimiter()
        self._policy = Policy("mcp", CALLS_PER_MINUTE)
        self._workers = anyio.CapacityLimiter(WORKERS)

    async def do(
        self, action: str, permission: Permission, work: Callable[[Memory], Answer], *, writes: bool = False
    ) -> Answer:
        allowance = self._limits.take("stdio", 1, self._policy)
        if not allowance.allowed:
            wait = allowance.retry_after_seconds
            message = f"more than {CALLS_PER_MINUTE} calls a minute; wait {wait:.0f} seconds, then ask again"
            raise RateLimitedError(message, wait)
        try:
            self._principal.require(permission)
        except PermissionDeniedError as error:
            await self._in_thread(functools.partial(self._note, action, error.code))
            raise
        # Who gives a reading up need not wait for its end; what writes is always waited for.
        with self._written_down(action) if writes else nullcontext():
            return await self._in_thread(functools.partial(work, self._memory), may_be_left=not writes)

    async def _in_thread(self, work: Callable[[], Answer], *, may_be_left: bool = False) -> Answer:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=may_be_left, limiter=self._workers)

    def _written_down(self, action: str) -> AbstractContextManager[None]:
        """Writes a call down with its effect; a service does so itself."""
        if not isinstance(self._memory, ConsciousMemory):
            return nullcontext()
        return accompanied(ToolCall(self._memory.tenant_id, self._entry(action, "done")))

    def _note(self, action: str, outcome: str) -> None:
        """Write a refusal down. Raises StorageError."""
        if isinstance(self._memory, ConsciousMemory):
            from continuum.portability.exporting import engine_of

            entries = [self._entry(action, outcome)]
            AuditLog(engine_of(self._memory)).record(self._memory.tenant_id, entries)

    def _entry(self, action: str, outcome: str) -> AuditEntry:
        return AuditEntry(self._principal.credential, f"mcp.{action}", outcome, source="stdio")
