"""Learn and recall: the memory, its settings and its tenants.

Names are loaded when they are first used: who asks for the settings alone must not wait for the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {
    "AsyncConsciousMemory": "async_memory",
    "ConsciousMemory": "memory",
    "MemoryConfig": "config",
    "MemoryQueryEngine": "query_engine",
    "TenantManager": "tenants",
    "get_config": "config",
    "reset_config": "config",
    "set_config": "config",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'continuum.core' has no attribute {name!r}")
    return getattr(import_module(f"continuum.core.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
