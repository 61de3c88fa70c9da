"""Opens a store from what a user names: a path, a URL, or a backend of their own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint
from continuum.storage.base import StorageBackend
from continuum.storage.migrate import Migrator
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.storage.sqlite_connections import MEMORY

DEFAULT_TIMEOUT_SECONDS = 30.0


def open_backend(
    storage: str | Path | StorageBackend,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    postgres: PostgresSettings | None = None,
) -> StorageBackend:
    """A backend ready to use, its schema up to date.

    `storage` is a path, ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``:memory:``, ``postgresql://...`` or
    a StorageBackend, which is taken as it is. Raises ConfigurationError for another kind of URL,
    FeatureUnavailableError without PostgreSQL's driver, StorageError if it cannot be opened. `postgres` says how a
    PostgreSQL server is used.
    """
    if isinstance(storage, StorageBackend):
        Migrator(storage).upgrade()
        return storage
    if is_postgres(str(storage)):
        return _postgres(str(storage), postgres or PostgresSettings(lock_seconds=timeout_seconds))
    return SQLiteBackend(sqlite_path(str(storage)), timeout=timeout_seconds)


def is_postgres(storage: str) -> bool:
    """Whether a store is named by the URL of a PostgreSQL server."""
    return storage.startswith(("postgresql://", "postgres://"))


def sqlite_path(storage: str) -> str:
    """The path that a URL or path names. Raises ConfigurationError for a URL of another database."""
    scheme, separator, rest = storage.partition("://")
    if not separator:
        return storage
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ConfigurationError(
            f"storage: unknown URL {scheme}://...; use a path, sqlite:///path or postgresql://host/db"
        )
    path = unquote(rest[1:])
    return path or MEMORY


def _postgres(url: str, settings: PostgresSettings) -> StorageBackend:
    try:
        from continuum.storage.postgres_backend import PostgresBackend
    except ImportError as exc:
        raise FeatureUnavailableError(f"storage: PostgreSQL needs its driver; {install_hint('postgres')}") from exc
    return PostgresBackend(url, settings)
