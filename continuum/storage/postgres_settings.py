"""How a PostgreSQL server is used. Plain values: reading them needs no driver."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """Bounds and choices of one process."""

    pool_size: int = 10
    """Connections that are kept."""
    max_overflow: int = 20
    """Connections beyond those, closed again when they are not needed."""
    connection_seconds: float = 3.0
    """Longest wait for a free connection, or for a server that is away."""
    lock_seconds: float = 30.0
    """Longest wait for another writer of the same tenant."""
    answer_seconds: float = 60.0
    """Longest wait for the answer to one statement, beyond the wait for a lock."""
    partitions: int = 16
    """Hash partitions of each table, fixed when the store is made."""
    replica_urls: tuple[str, ...] = ()
    """Servers that repeat what the primary does: recalls may read there."""
    replica_wait_seconds: float = 0.05
    """Longest wait for a replica that has not repeated this process's own writes; then the primary is read."""
    migrates: bool = True
    """Whether opening the store brings its schema up to date."""
    unsafe_role: str | None = None
    """A role that may run statements although row level security does not bind it; by name, so by nobody's mistake."""
