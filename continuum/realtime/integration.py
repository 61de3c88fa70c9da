"""`Realtime`: live sync on an open store, and the merging of what instances learnt apart."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from continuum.coordination.instance_manager import (
    INSTANCES_MAX,
    LEASE_SECONDS,
    Instance,
    InstanceManager,
    State,
    kept_in,
)
from continuum.coordination.sync import Learnt, Merged, SyncRequest, merge_order, sync_key
from continuum.core.change_feed import CHANGES_MAX, Change
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.ids import TenantId
from continuum.domain.records import Message
from continuum.errors import ConflictError, InvalidInputError
from continuum.realtime.broadcast import Broadcaster, NoBroadcast
from continuum.realtime.sync import POLL_SECONDS, SyncManager

HEARTBEAT_SECONDS = 30.0
STRIPES = 64


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What became of each exchange, the changes behind the position that the instance named, and where the log ends.

    With `has_more`, the next changes are those behind the last one.
    """

    merged: tuple[Merged, ...]
    changes: tuple[Change, ...]
    position: int
    has_more: bool


class Realtime:
    """What the doors of the service need for live sync. `stop` in the event loop, then `close`."""

    def __init__(
        self,
        tenants: TenantManager,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        lease_seconds: float = LEASE_SECONDS,
        instances_max: Callable[[TenantId], int] | int = INSTANCES_MAX,
        poll_seconds: float = POLL_SECONDS,
        broadcaster: Broadcaster | None = None,
    ) -> None:
        engine = tenants.engine
        self.heartbeat_seconds = heartbeat_seconds
        self.clock = engine.clock
        self.instances = InstanceManager(kept_in(engine.backend), engine.clock, lease_seconds=lease_seconds)
        self.manager = SyncManager(engine.backend, self.instances, engine.clock, poll_seconds=poll_seconds)
        self._tenants = tenants
        self._instances_max = instances_max
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._sockets = [Counter[tuple[TenantId, str]]() for _ in range(STRIPES)]
        self._broadcaster = broadcaster or NoBroadcast()
        self._broadcaster.open(engine.backend.wakes(), self.manager.hear_from_afar)

    # -- instances

    def join(self, tenant_id: TenantId, instance_id: str, session_id: str) -> Instance:
        """An instance connects. Raises InvalidInputError, QuotaExceededError, StorageError."""
        most = self._instances_max
        bound = most if isinstance(most, int) else most(tenant_id)
        own, (own_lock, sockets) = (tenant_id, instance_id), self._counted(tenant_id, instance_id)
        with own_lock:
            joined = self.instances.join(tenant_id, instance_id, session_id, instances_max=bound)
            sockets[own] += 1
        self.manager.tell_of_instances(tenant_id)
        return joined

    def leave(self, tenant_id: TenantId, instance_id: str, state: State) -> None:
        """A connection of an instance ended; with its last one the instance is gone. Raises StorageError."""
        own, (own_lock, sockets) = (tenant_id, instance_id), self._counted(tenant_id, instance_id)
        with own_lock:
            sockets[own] -= 1
            if sockets[own] > 0:
                return
            del sockets[own]
            is_gone = self.instances.leave(tenant_id, instance_id, state)
        if is_gone:
            self.manager.tell_of_instances(tenant_id)

    def _counted(self, tenant_id: TenantId, instance_id: str) -> tuple[threading.Lock, Counter[tuple[TenantId, str]]]:
        """A lock that an instance shares with few others, and the sockets that it has here.

        One that comes back while its last socket goes must not be taken for gone.
        """
        stripe = hash((tenant_id, instance_id)) % STRIPES
        return self._locks[stripe], self._sockets[stripe]

    # -- merging

    def sync(self, tenant_id: TenantId, request: SyncRequest) -> SyncAnswer:
        """Learn what an instance learnt apart, each exchange once, and give it what it has missed.

        An exchange that can never be learnt (bad words, or a number that stands for another one) is reported and
        passed over. Raises InvalidInputError for a bad request, ConflictError if the log ends before `after_seq`,
        QuotaExceededError and StorageError; asking again then goes on where it stopped.
        """
        ordered = merge_order(request.instance_id, request.learnt)
        memory = self._tenants.get_tenant(tenant_id, instance_id=request.instance_id)
        merged = {each.number: _merged(memory, request.instance_id, each) for each in ordered}
        changes = memory.changes(request.after_seq, CHANGES_MAX)
        has_more = len(changes) == CHANGES_MAX
        position = self._tenants.engine.feed.position(tenant_id)
        numbers = dict.fromkeys(each.number for each in request.learnt)
        return SyncAnswer(tuple(merged[number] for number in numbers), tuple(changes), position, has_more)

    # -- the end

    async def stop(self, retry_after_seconds: float = 1.0) -> None:
        """Tell all listeners where to go on, and let them go; those who connect meanwhile are refused."""
        await self.manager.close(retry_after_seconds)

    def close(self) -> None:
        """Let go of threads and connections, before the store is closed. Calling it again does nothing."""
        self._broadcaster.close()
        self.manager.release()


def open_realtime(
    tenants: TenantManager,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    lease_seconds: float = LEASE_SECONDS,
    instances_max: Callable[[TenantId], int] | int = INSTANCES_MAX,
    poll_seconds: float = POLL_SECONDS,
    broadcaster: Broadcaster | None = None,
) -> Realtime:
    """Live sync for the tenants of an open store. Raises InvalidInputError for a lease or heartbeat without length."""
    if not 0 < heartbeat_seconds < lease_seconds:
        raise InvalidInputError("heartbeat_seconds", f"must be greater than 0 and less than a lease, {lease_seconds}")
    return Realtime(
        tenants,
        heartbeat_seconds=heartbeat_seconds,
        lease_seconds=lease_seconds,
        instances_max=instances_max,
        poll_seconds=poll_seconds,
        broadcaster=broadcaster,
    )


def _merged(memory: ConsciousMemory, instance_id: str, learnt: Learnt) -> Merged:
    """Learn one exchange, or say why it never can be."""
    try:
        result = memory.learn_messages(
            _timed(learnt),
            metadata=learnt.metadata,
            session_id=learnt.session_id,
            idempotency_key=sync_key(instance_id, learnt.number),
        )
    except (InvalidInputError, ConflictError) as exc:
        return Merged(learnt.number, error=exc.code, reason=str(exc))
    return Merged(learnt.number, result.exchange_id, result.message_ids, result.seq, duplicate=result.duplicate)


def _timed(learnt: Learnt) -> list[Message]:
    """Its messages, each said when the exchange took place unless it says otherwise."""
    return [
        each if each.timestamp is not None else replace(each, timestamp=learnt.timestamp) for each in learnt.messages
    ]
