"""Keeps rows: one tenant and one transaction at a time, on any backend.

The asynchronous door is loaded when it is first used: it brings asyncio with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuum.storage.base import BackendInfo, Connection, Dialect, StorageBackend
from continuum.storage.factory import open_backend
from continuum.storage.unit_of_work import UnitOfWork, system_unit_of_work, unit_of_work

if TYPE_CHECKING:
    from continuum.storage.async_backend import AsyncBackend

__all__ = [
    "AsyncBackend",
    "BackendInfo",
    "Connection",
    "Dialect",
    "StorageBackend",
    "UnitOfWork",
    "open_backend",
    "system_unit_of_work",
    "unit_of_work",
]


def __getattr__(name: str) -> object:
    if name != "AsyncBackend":
        raise AttributeError(f"module 'continuum.storage' has no attribute {name!r}")
    from continuum.storage.async_backend import AsyncBackend

    return AsyncBackend
