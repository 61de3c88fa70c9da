"""One tenant, one transaction, every repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from continuum.domain.ids import TenantId
from continuum.storage.base import Connection, Dialect, Row, StorageBackend
from continuum.storage.repositories.apart import Apart
from continuum.storage.repositories.api_keys import ApiKeyRows
from continuum.storage.repositories.audit import AuditRows
from continuum.storage.repositories.base import TenantSession, together
from continuum.storage.repositories.compounds import Compounds
from continuum.storage.repositories.decisions import Decisions
from continuum.storage.repositories.derived import Derived
from continuum.storage.repositories.entities import Entities
from continuum.storage.repositories.erasures import Erasures
from continuum.storage.repositories.evidence import Evidence
from continuum.storage.repositories.facts import Facts
from continuum.storage.repositories.history import History
from continuum.storage.repositories.idempotency import Idempotency
from continuum.storage.repositories.instances import Instances
from continuum.storage.repositories.links import Links
from continuum.storage.repositories.log import Log
from continuum.storage.repositories.mentions import Mentions
from continuum.storage.repositories.messages import Messages
from continuum.storage.repositories.portability import Portability
from continuum.storage.repositories.quarantines import Quarantines
from continuum.storage.repositories.sessions import Sessions
from continuum.storage.repositories.system import SystemRepository
from continuum.storage.repositories.tenants import Tenants
from continuum.storage.repositories.vectors import Vectors

__all__ = ["UnitOfWork", "system_unit_of_work", "together", "unit_of_work"]


class UnitOfWork:
    """The repositories of one tenant in one transaction. Made by `unit_of_work`, gone with its `with`."""

    __slots__ = (
        "_derived", "_session", "apart", "api_keys", "audit", "compounds", "decisions", "entities", "erasures",
        "evidence", "facts", "history", "idempotency", "instances", "links", "log", "mentions",
        "messages", "portability", "quarantines", "sessions", "tenant_id", "tenants", "vectors",
    )  # fmt: skip

    def __init__(self, connection: Connection, dialect: Dialect, tenant_id: TenantId, *, writes: bool = True) -> None:
        session = TenantSession(connection, dialect, tenant_id, writes)
        self._session = session
        self.tenant_id = tenant_id
        self.tenants = Tenants(session)
        self.log = Log(session)
        self.messages = Messages(session)
        self.sessions = Sessions(session)
        self.entities = Entities(session)
        self.mentions = Mentions(session)
        self.links = Links(session)
        self.decisions = Decisions(session)
        self.compounds = Compounds(session)
        self.vectors = Vectors(session)
        self.idempotency = Idempotency(session)
        self.evidence = Evidence(session)
        self.facts = Facts(session)
        self.history = History(session)
        self.erasures = Erasures(session)
        self.portability = Portability(session)
        self.quarantines = Quarantines(session)
        self.apart = Apart(session)
        self.api_keys = ApiKeyRows(session)
        self.instances = Instances(session)
        self.audit = AuditRows(session)
        self._derived = Derived(session)

    @property
    def sends_ahead(self) -> bool:
        """Whether statements can be sent before their answers are asked for; elsewhere `foresee` does nothing."""
        return self._session.dialect.ahead

    def asked_all(self) -> None:
        """Say that all has been asked: a reading unit then ends with the answers, not after them.

        Raises nothing; who asks more after all gets StorageConflictError, and reads again.
        """
        self._session.end()

    def clear_derived(self) -> None:
        """Delete what can be folded again: entities, mentions, links, decisions, compounds, facts, evidence, index.

        The log, the messages with their earlier wordings, the sessions and the vectors stay.
        """
        self._derived.clear()
        self.tenants.forget_derived_counts()

    def export_derived(self) -> dict[str, list[Row]]:
        """All derived rows in a canonical order: two states are equal if their exports are."""
        return self._derived.export()


@contextmanager
def unit_of_work(
    backend: StorageBackend, tenant_id: TenantId, *, write: bool = False, may_lag: bool = False
) -> Iterator[UnitOfWork]:
    """One transaction for one tenant: committed at the end of the `with`, rolled back if its body raises.

    A reading one that `may_lag` may see what a replica has. When a writing `with` is left without an exception, what
    it wrote survives a power cut. Raises StorageBusyError after a bounded wait, StorageFullError, StorageCorruptError
    and other StorageErrors; then nothing was kept.
    """
    lags = may_lag and not write
    with backend.lagging_transaction(tenant_id) if lags else backend.tenant_transaction(tenant_id, write) as connection:
        work = UnitOfWork(connection, backend.dialect, tenant_id, writes=write)
        yield work
        work.tenants.write_counts()
    if work.log.newest:
        backend.wakes().announce(tenant_id, work.log.newest)


@contextmanager
def system_unit_of_work(backend: StorageBackend) -> Iterator[SystemRepository]:
    """A reading transaction across tenants, for administration; nothing in it belongs to a caller."""
    with backend.system_transaction() as connection:
        yield SystemRepository(connection, backend.dialect)
