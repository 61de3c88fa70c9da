"""What is read across tenants, for administration and migrations only."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.domain.records import TenantRecord
from continuum.storage.base import Connection, Dialect, Row
from continuum.storage.statements import sql_text, statements


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """One schema change that this store has had."""

    version: int
    name: str
    checksum: str
    applied_at: Micros


class SystemRepository:
    """Statements of system scope: they name no tenant, and no tenant's words."""

    __slots__ = ("_connection", "_dialect")

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def _rows(self, name: str, **values: object) -> list[Row]:
        statement = statements(self._dialect.name)[name]
        assert statement.scope == "system", name
        parameters = [values[each] for each in statement.names_before]
        return self._connection.execute(sql_text(self._dialect, name, 0), parameters).fetchall()

    def tenants(self, *, after: str = "", limit: int = 100) -> list[TenantRecord]:
        """Tenants in the order of their names, without their secrets; go on with the last name as `after`."""
        rows = self._rows("list_tenants", after=after, limit=limit)
        return [TenantRecord(*(*row[:4], b"", *row[4:])) for row in rows]

    def migrations(self) -> list[AppliedMigration]:
        """The schema changes applied, oldest first."""
        return [AppliedMigration(*row) for row in self._rows("list_migrations")]

    def unfinished_erasures(self, limit: int = 1_000) -> list[str]:
        """Tenants with an erasure that was begun and is not scrubbed."""
        return [row[0] for row in self._rows("unfinished_erasures", limit=limit)]

    def quarantines_at_work(self, limit: int = 1_000) -> list[str]:
        """Tenants with something that is being hidden or put back."""
        return [row[0] for row in self._rows("tenants_with_quarantines_at_work", limit=limit)]

    def tenants_with_ends(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Tenants that have messages with an end, earlier wordings, or rules; go on with the last name as `after`."""
        return [row[0] for row in self._rows("tenants_with_ends", after=after, limit=limit)]
