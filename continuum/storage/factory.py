"""Opens a store from what a user names: a path, a URL, or a backend of their own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from continuum.errors import ConfigurationError
from continuum.storage.base import StorageBackend
from continuum.storage.migrate import Migrator
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.storage.sqlite_connections import MEMORY

DEFAULT_TIMEOUT_SECONDS = 30.0


def open_backend(
    storage: str | Path | StorageBackend, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> StorageBackend:
    """A backend ready to use, its schema up to date.

    `storage` is a path, ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``:memory:`` or a StorageBackend,
    which is taken as it is. Raises ConfigurationError for another kind of URL, StorageError if it cannot be opened.
    """
    if isinstance(storage, StorageBackend):
        Migrator(storage).upgrade()
        return storage
    return SQLiteBackend(sqlite_path(str(storage)), timeout=timeout_seconds)


def sqlite_path(storage: str) -> str:
    """The path that a URL or path names. Raises ConfigurationError for a URL of another database."""
    scheme, separator, rest = storage.partition("://")
    if not separator:
        return storage
    if scheme in ("postgresql", "postgres"):
        raise ConfigurationError("storage: PostgreSQL is not part of this version; use a path or sqlite:///path")
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ConfigurationError(f"storage: unknown URL {scheme}://...; use a path or sqlite:///path")
    path = unquote(rest[1:])
    return path or MEMORY
