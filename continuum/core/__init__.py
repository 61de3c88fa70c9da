"""Learn and recall: the memory, its settings and its tenants."""

from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.config import MemoryConfig, get_config, reset_config, set_config
from continuum.core.memory import ConsciousMemory
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.tenants import TenantManager

__all__ = [
    "AsyncConsciousMemory",
    "ConsciousMemory",
    "MemoryConfig",
    "MemoryQueryEngine",
    "TenantManager",
    "get_config",
    "reset_config",
    "set_config",
]
