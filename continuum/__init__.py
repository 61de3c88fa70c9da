"""CONTINUUM: memory for AI agents. `recall` before the model answers, `learn` afterwards.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continuum.core.async_memory import AsyncConsciousMemory
    from continuum.core.config import MemoryConfig, get_config, set_config
    from continuum.core.memory import ConsciousMemory
    from continuum.core.memory import ConsciousMemory as ContinuumMemory
    from continuum.core.query_engine import MemoryQueryEngine
    from continuum.core.tenants import TenantManager
    from continuum.domain.records import Message
    from continuum.domain.results import LearningResult, MemoryContext
    from continuum.embeddings.search import SemanticSearch
    from continuum.retrieval.query import SignalWeights

__version__ = "0.1.0"

__all__ = [
    "AsyncConsciousMemory",
    "ConsciousMemory",
    "ContinuumMemory",
    "LearningResult",
    "MemoryConfig",
    "MemoryContext",
    "MemoryQueryEngine",
    "Message",
    "SemanticSearch",
    "SignalWeights",
    "TenantManager",
    "__version__",
    "get_config",
    "set_config",
]

_HOMES = {
    "AsyncConsciousMemory": "continuum.core.async_memory",
    "ConsciousMemory": "continuum.core.memory",
    "ContinuumMemory": "continuum.core.memory",
    "LearningResult": "continuum.domain.results",
    "MemoryConfig": "continuum.core.config",
    "MemoryContext": "continuum.domain.results",
    "MemoryQueryEngine": "continuum.core.query_engine",
    "Message": "continuum.domain.records",
    "SemanticSearch": "continuum.embeddings.search",
    "SignalWeights": "continuum.retrieval.query",
    "TenantManager": "continuum.core.tenants",
    "get_config": "continuum.core.config",
    "set_config": "continuum.core.config",
}
_ALIASES = {"ContinuumMemory": "ConsciousMemory"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'continuum' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), _ALIASES.get(name, name))


def __dir__() -> list[str]:
    return sorted(__all__)
