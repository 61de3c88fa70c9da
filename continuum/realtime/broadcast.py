"""Wakes between processes and machines that do not share a database server's own: nothing, or Redis."""

from __future__ import annotations

from typing import Protocol

from continuum.storage.wakes import Wakes


class Broadcaster(Protocol):
    """Carries wakes to other processes and from them. What it loses or doubles costs time, and nothing else."""

    def open(self, wakes: Wakes) -> None:
        """Begin to carry what is announced here to the others, and to wake those who wait here."""
        ...

    def close(self) -> None:
        """End threads and connections. Calling it again does nothing."""
        ...


class NoBroadcast:
    """One process, or a database that carries wakes itself."""

    def open(self, wakes: Wakes) -> None:
        return None

    def close(self) -> None:
        return None
