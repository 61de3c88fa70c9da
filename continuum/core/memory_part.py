"""What every part of a tenant's memory stands on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from continuum.core.assembly import Engine
from continuum.core.twins import Pool
from continuum.domain.ids import TenantId


class MemoryPart:
    """One tenant on an engine; the parts of `ConsciousMemory` are mixed into it."""

    tenant_id: TenantId
    instance_id: str
    _engine: Engine

    def pool(self, name: Pool) -> ThreadPoolExecutor:
        """The threads that the async twins run on. Raises StorageUnavailableError once the memory is closed."""
        self._engine.refuse_if_closed()
        return self._engine.readers if name == "readers" else self._engine.writers
