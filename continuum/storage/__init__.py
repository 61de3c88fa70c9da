"""Keeps rows: one tenant and one transaction at a time, on any backend."""

from continuum.storage.async_backend import AsyncBackend
from continuum.storage.base import BackendInfo, Connection, Dialect, StorageBackend
from continuum.storage.factory import open_backend
from continuum.storage.unit_of_work import UnitOfWork, system_unit_of_work, unit_of_work

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
