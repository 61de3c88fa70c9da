"""`TenantManager`: the memories of many tenants on one store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Self

from continuum.core.assembly import Engine, build_engine
from continuum.core.config import MemoryConfig, get_config, with_arguments
from continuum.core.memory import ConsciousMemory
from continuum.core.stating import ensure_tenant
from continuum.core.tenant_limits import TenantLimits
from continuum.core.validation import checked_count, checked_metadata, checked_text
from continuum.domain.clock import iso
from continuum.domain.forking import at_fork
from continuum.domain.ids import tenant_id
from continuum.domain.records import Json, TenantRecord
from continuum.errors import ConflictError, NotFoundError
from continuum.storage.base import StorageBackend
from continuum.storage.unit_of_work import system_unit_of_work

TENANTS_PER_PAGE_MAX = 1_000
AFTER_BYTES_MAX = 1_024
MEMORIES_KEPT_MAX = 1_024


class TenantManager:
    """Gives each tenant its memory. All share one store, one set of connections and one bounded index memory.

    >>> with TenantManager(db_path=":memory:") as manager:
    ...     learned = manager.get_tenant("user_123").learn("My cat is called Minka")
    ...     manager.get_tenant("user_456").recall("Minka").memories
    ()
    """

    def __init__(
        self,
        db_path: str | Path | None = None,
        *,
        storage: str | StorageBackend | None = None,
        config: MemoryConfig | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.config = with_arguments(get_config() if config is None else config, db_path=db_path)
        self.engine = build_engine(self.config, storage=storage) if engine is None else engine
        self._owns_engine = engine is None
        self._memories: OrderedDict[str, ConsciousMemory] = OrderedDict()
        self._lock = threading.Lock()
        at_fork(self, in_child=TenantManager._renew)

    def _renew(self) -> None:
        """In a forked child: the lock may be held by a thread that stayed with the parent."""
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store, if this manager opened it."""
        if self._owns_engine:
            self.engine.close()

    def get_tenant(
        self, name: str, *, instance_id: str | None = None, session_id: str | None = None
    ) -> ConsciousMemory:
        """The memory of a tenant. Nothing is loaded or written before it is used. Raises InvalidInputError.

        Without names of its own, a tenant's memory is the same object at each call, while it is in use.
        """
        if instance_id is not None or session_id is not None:
            return self._open(name, instance_id, session_id)
        tenant_id(name)
        with self._lock:
            memory = self._memories.get(name) or self._open(name, None, None)
            self._memories[name] = memory
            self._memories.move_to_end(name)
            if len(self._memories) > MEMORIES_KEPT_MAX:
                self._memories.popitem(last=False)
            return memory

    def _open(self, name: str, instance_id: str | None, session_id: str | None) -> ConsciousMemory:
        return ConsciousMemory(
            tenant_id(name),
            config=replace(self.config, tenant_id=name),
            instance_id=instance_id,
            session_id=session_id,
            engine=self.engine,
        )

    def create_tenant(
        self, name: str, metadata: Mapping[str, Json] | None = None, limits: TenantLimits | None = None
    ) -> dict[str, Json]:
        """Make a tenant before its first memory. Raises ConflictError if there is one, InvalidInputError."""
        tenant = tenant_id(name)
        noted = checked_metadata(metadata, "metadata", self.config.max_metadata_bytes)
        with self.engine.unit(tenant, write=True) as work:
            if work.tenants.get() is not None:
                raise ConflictError(f"tenant {name}: there is one of that name")
            made = ensure_tenant(work, self.engine.clock.now())
            if noted != made.metadata:
                work.tenants.set_metadata(noted)
            work.tenants.set_limits((limits or TenantLimits()).to_text())
        return self.tenant(name)

    def tenant(self, name: str) -> dict[str, Json]:
        """One tenant, with its limits and what it holds. Raises NotFoundError, InvalidInputError."""
        own = tenant_id(name)
        with self.engine.unit(own, write=False) as work:
            record = work.tenants.get()
            counts = work.tenants.counts()
        if record is None:
            raise NotFoundError(f"tenant {name}: there is none of that name")
        return tenant_values(record) | {
            "limits": asdict(TenantLimits.from_text(record.limits)),
            "held": {"messages": counts.messages, "bytes": counts.text_bytes},
        }

    def limits_of(self, name: str) -> TenantLimits:
        """What a tenant may hold and ask for; the defaults for an unknown one. Raises InvalidInputError."""
        with self.engine.unit(tenant_id(name), write=False) as work:
            record = work.tenants.get()
        return TenantLimits() if record is None else TenantLimits.from_text(record.limits)

    def set_limits(self, name: str, limits: TenantLimits) -> None:
        """Say what a tenant may hold and ask for. Raises NotFoundError, InvalidInputError."""
        with self.engine.unit(tenant_id(name), write=True) as work:
            if work.tenants.get() is None:
                raise NotFoundError(f"tenant {name}: there is none of that name")
            work.tenants.set_limits(limits.to_text())

    def list_tenants(self, limit: int = 100, after: str = "") -> list[dict[str, Json]]:
        """Tenants by name, a page of up to 1,000 at a time: those behind `after`. Raises InvalidInputError."""
        size = checked_count(limit, "limit", 1, TENANTS_PER_PAGE_MAX)
        last = checked_text(after, "after", AFTER_BYTES_MAX)
        self.engine.refuse_if_closed()
        with system_unit_of_work(self.engine.backend) as work:
            page = work.tenants(limit=size, after=last)
        return [tenant_values(tenant) for tenant in page]


def tenant_values(tenant: TenantRecord) -> dict[str, Json]:
    """A tenant as it is listed."""
    return {
        "tenant_id": tenant.tenant_id,
        "created_at": iso(tenant.created_at),
        "last_active": iso(tenant.last_active),
        "metadata": tenant.metadata,
    }
