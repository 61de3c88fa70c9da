"""What every repository stands on: one connection, one tenant, named statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from continuum.domain.ids import TenantId
from continuum.storage.base import Connection, Dialect, Row
from continuum.storage.statements import Statement, list_chunks, row_chunks, sql_text, statements


@dataclass(frozen=True, slots=True)
class TenantSession:
    """The connection and tenant of one unit of work, with what its inserts add to the tenant's counters."""

    connection: Connection
    dialect: Dialect
    tenant_id: TenantId
    added: Counter[str] = field(default_factory=Counter)


class Repository:
    """Runs named statements for one tenant; the tenant is never an argument."""

    __slots__ = ("_session",)

    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def _rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of one statement."""
        session = self._session
        values["tenant_id"] = session.tenant_id
        statement = statements(session.dialect.name)[name]
        parameters = [values[each] for each in statement.names_before]
        return session.connection.execute(sql_text(session.dialect, name, 0), parameters).fetchall()

    def _each(self, name: str, every: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement without answer once for each set of values."""
        if not every:
            return
        session = self._session
        names = statements(session.dialect.name)[name].names_before
        own = {"tenant_id": session.tenant_id}
        parameters = [[{**values, **own}[each] for each in names] for values in every]
        session.connection.executemany(sql_text(session.dialect, name, 0), parameters)

    def _rows_in(self, name: str, items: Iterable[Any], **values: Any) -> list[Row]:
        """The rows of a statement with ``IN :list``, in pieces; no items, no rows."""
        session = self._session
        values["tenant_id"] = session.tenant_id
        statement = statements(session.dialect.name)[name]
        before = [values[each] for each in statement.names_before]
        found: list[Row] = []
        for piece in list_chunks(items):
            text = sql_text(session.dialect, name, len(piece))
            after = [item for each in statement.names_after for item in (piece if each == "list" else [values[each]])]
            found += session.connection.execute(text, [*before, *piece, *after]).fetchall()
        return found

    def _put(self, name: str, rows: Sequence[Sequence[Any]], **values: Any) -> list[Row]:
        """Run a statement with ``VALUES :rows`` for all rows; gives what it returns."""
        session = self._session
        statement = statements(session.dialect.name)[name]
        after = [values[each] for each in statement.names_after]
        if session.dialect.rows_at_once == 1:
            return self._put_singly(statement, [(session.tenant_id, *row, *after) for row in rows])
        returned: list[Row] = []
        start = 0
        for size in row_chunks(len(rows), statement.width, session.dialect):
            parameters: list[Any] = []
            for row in rows[start : start + size]:
                parameters.append(session.tenant_id)
                parameters += row
            start += size
            text = sql_text(session.dialect, name, size)
            returned += session.connection.execute(text, parameters + after).fetchall()
        return returned

    def _put_singly(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[Row]:
        connection = self._session.connection
        text = sql_text(self._session.dialect, statement.name, 1)
        if statement.returns:
            return [returned for row in rows for returned in connection.execute(text, row).fetchall()]
        if rows:
            connection.executemany(text, rows)
        return []
