"""What a door writes beside an operation, in the operation's own transaction: who asked, and under which key.

A door cannot open the transaction, and the operation does not know of doors. The door names a companion for the
operation that it is about to call; the first writing transaction for its tenant takes it along, so that a crash
leaves both or neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from continuum.domain.ids import TenantId
from continuum.storage.base import StorageBackend
from continuum.storage.unit_of_work import UnitOfWork, unit_of_work


class Companion(Protocol):
    """Goes with the first transaction of one operation that writes for its tenant and is committed.

    Laws: `begin` and `write` are called in each transaction until one is committed, then `committed` once and nothing
    more; what `write` raises rolls the operation back.
    """

    tenant_id: TenantId
    is_pending: bool

    def begin(self, work: UnitOfWork) -> None:
        """Say what `write` will read, before anything is written."""
        ...

    def write(self, work: UnitOfWork) -> None:
        """Write beside the operation, when the operation has written all it wants."""
        ...

    def committed(self, seq: int) -> None:
        """It is durable; `seq` is the newest position that the transaction took in the log, 0 if it took none."""
        ...


_current: ContextVar[Companion | None] = ContextVar("companion", default=None)


@contextmanager
def accompanied(companion: Companion) -> Iterator[None]:
    """Let a companion go with what is called in the `with`, in whatever thread the async colour runs it."""
    token = _current.set(companion)
    try:
        yield
    finally:
        _current.reset(token)


def companion_of(tenant_id: TenantId) -> Companion | None:
    """Who wants to go with a writing transaction of this tenant."""
    companion = _current.get()
    return companion if companion is not None and companion.is_pending and companion.tenant_id == tenant_id else None


@contextmanager
def accompanied_unit(backend: StorageBackend, companion: Companion) -> Iterator[UnitOfWork]:
    """A writing transaction that takes a companion along. Raises as `unit_of_work` and the companion do."""
    with unit_of_work(backend, companion.tenant_id, write=True) as work:
        companion.begin(work)
        yield work
        companion.write(work)
    companion.committed(work.log.newest)
