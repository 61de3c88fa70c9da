"""What every repository stands on: one connection, one tenant, named statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.storage.base import Connection, Cursor, Dialect, EndsEarly, Provable, Row
from continuum.storage.statements import AS_ARRAY, AS_ARRAYS, Statement, list_chunks, row_chunks, sql_text, statements

Result = TypeVar("Result")
TwoSteps = Generator[None, None, Result]
"""An operation that sends what it asks, stops once, and then reads the answers: run by `together`."""


@dataclass(frozen=True, slots=True)
class TenantSession:
    """The connection and tenant of one unit of work, with what its inserts add to the tenant's counters."""

    connection: Connection
    dialect: Dialect
    tenant_id: TenantId
    writes: bool = False
    added: Counter[str] = field(default_factory=Counter)
    said: list[Micros] = field(default_factory=list)
    """When new messages were said, in the order of the log."""
    foreseen: dict[Hashable, Cursor] = field(default_factory=dict)
    """Statements that were sent before anybody asked for their rows, by text and parameters."""
    foreseen_lists: dict[Hashable, Foreseen] = field(default_factory=dict)
    """The same for statements with a list, by name and other values."""
    quotas: dict[str, int] = field(default_factory=dict)
    """What the tenant may hold, by name, once its row was read."""
    secret: list[bytes] = field(default_factory=list)
    """The tenant's secret, once its row was read."""
    owed: list[Callable[[], object]] = field(default_factory=list)
    """What is left to be done with answers that nobody waits for; done before the commit."""

    def prove_by(self, rows_of_another: Callable[[TenantSession], bool]) -> None:
        """Give a connection that may lose its server a way to see that what was written is there."""
        if isinstance(self.connection, Provable):
            self.connection.prove_by(lambda other: rows_of_another(TenantSession(other, self.dialect, self.tenant_id)))

    def end(self) -> None:
        """Tell a connection that can send ahead to end its transaction after what was sent."""
        if isinstance(self.connection, EndsEarly):
            self.connection.end()


@dataclass(slots=True)
class Foreseen:
    """What was asked for a list of items: whoever asks for some of them is answered from it."""

    items: frozenset[Any]
    cursors: list[Cursor]
    rows: list[Row] | None = None

    def all_rows(self) -> list[Row]:
        """The rows of all items."""
        if self.rows is None:
            self.rows = [row for cursor in self.cursors for row in cursor.fetchall()]
        return self.rows


def together(*operations: TwoSteps[Any]) -> list[Any]:
    """Run operations that do not need each other's results: all ask, then all read. One round trip for all."""
    for operation in operations:
        next(operation)
    return [finished(operation) for operation in operations]


def finished(operation: TwoSteps[Result]) -> Result:
    """The result of an operation, run to its end."""
    while True:
        try:
            next(operation)
        except StopIteration as end:
            result: Result = end.value
            return result


class Repository:
    """Runs named statements for one tenant; the tenant is never an argument."""

    __slots__ = ("_session",)

    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def _rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of one statement."""
        statement, text, parameters = self._statement(name, values)
        cursor = self._foreseen(text, parameters) or self._session.connection.execute(text, parameters)
        return cursor.fetchall() if statement.returns else []

    def _statement(self, name: str, values: dict[str, Any]) -> tuple[Statement, str, list[Any]]:
        session = self._session
        values["tenant_id"] = session.tenant_id
        statement = statements(session.dialect.name)[name]
        return statement, sql_text(session.dialect, name, 0), [values[each] for each in statement.names_before]

    def _foreseen(self, text: str, parameters: Sequence[Any]) -> Cursor | None:
        """The answer to a statement that was sent before, once."""
        foreseen = self._session.foreseen
        return foreseen.pop(_key(text, parameters), None) if foreseen else None

    def _foresee(self, name: str, **values: Any) -> None:
        """Send a reading statement whose rows will be asked for, before anything that would change them is written.

        Does nothing where answers come at once.
        """
        if self._session.dialect.ahead:
            _, text, parameters = self._statement(name, values)
            self._session.foreseen[_key(text, parameters)] = self._session.connection.execute(text, parameters)

    def _foresee_in(self, name: str, items: Iterable[Any], **values: Any) -> None:
        """As `_foresee`, for a statement with ``IN :list``."""
        session = self._session
        if session.dialect.ahead and (wanted := frozenset(items)):
            sent = [session.connection.execute(*each) for each in self._listed(name, wanted, dict(values))]
            session.foreseen_lists[name, *sorted(values.items())] = Foreseen(wanted, sent)

    def _asked(self, name: str, **values: Any) -> Callable[[], list[Row]]:
        """Send one statement; its rows are waited for only when they are asked for."""
        _, text, parameters = self._statement(name, values)
        return self._session.connection.execute(text, parameters).fetchall

    def _each(self, name: str, every: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement without answer once for each set of values."""
        if not every:
            return
        session = self._session
        names = statements(session.dialect.name)[name].names_before
        own = {"tenant_id": session.tenant_id}
        parameters = [[{**values, **own}[each] for each in names] for values in every]
        session.connection.executemany(sql_text(session.dialect, name, 0), parameters)

    def _rows_in(
        self,
        name: str,
        items: Iterable[Any],
        *,
        chosen: Callable[[Row, Collection[Any]], bool] | None = None,
        **values: Any,
    ) -> list[Row]:
        """The rows of a statement with ``IN :list``, in pieces; no items, no rows.

        `chosen` tells the rows of some items from those of more: with it, what was foreseen for more is used.
        """
        if self._session.foreseen_lists:
            wanted = frozenset(items)
            key = (name, *sorted(values.items()))
            foreseen = self._session.foreseen_lists.get(key)
            if foreseen is not None and (foreseen.items == wanted or (chosen and foreseen.items >= wanted)):
                if self._session.writes:  # what was foreseen may be changed by what is written next
                    del self._session.foreseen_lists[key]
                rows = foreseen.all_rows()
                return rows if chosen is None else [row for row in rows if chosen(row, wanted)]
            items = wanted
        returns = statements(self._session.dialect.name)[name].returns
        cursors = [self._session.connection.execute(*each) for each in self._listed(name, items, values)]
        return [row for cursor in cursors for row in cursor.fetchall()] if returns else []

    def _listed(self, name: str, items: Iterable[Any], values: dict[str, Any]) -> Iterable[tuple[str, list[Any]]]:
        """Text and parameters for each piece of a list."""
        session = self._session
        values["tenant_id"] = session.tenant_id
        statement = statements(session.dialect.name)[name]
        arrays = session.dialect.arrays
        before = [values[each] for each in statement.names_before]
        for piece in list_chunks(items, arrays=arrays):
            listed = [piece] if arrays else piece
            after = [item for each in statement.names_after for item in (listed if each == "list" else [values[each]])]
            yield sql_text(session.dialect, name, AS_ARRAY if arrays else len(piece)), [*before, *listed, *after]

    def _put(self, name: str, rows: Sequence[Sequence[Any]], **values: Any) -> list[Row]:
        """Run a statement with ``VALUES :rows`` for all rows; gives what it returns."""
        return self._putting(name, rows, **values)()

    def _putting(self, name: str, rows: Sequence[Sequence[Any]], **values: Any) -> Callable[[], list[Row]]:
        """As `_put`, but what it returns is waited for only when it is asked for."""
        session = self._session
        statement = statements(session.dialect.name)[name]
        after = [values[each] for each in statement.names_after]
        if session.dialect.rows_at_once == 1:
            singly = self._put_singly(statement, [(session.tenant_id, *row, *after) for row in rows])
            return lambda: singly
        cursors: list[Cursor] = []
        if session.dialect.arrays:
            for some in range(0, len(rows), session.dialect.rows_at_once):
                columns = [
                    list(column) for column in zip(*rows[some : some + session.dialect.rows_at_once], strict=True)
                ]
                text = sql_text(session.dialect, name, AS_ARRAYS)
                cursors.append(session.connection.execute(text, [session.tenant_id, *columns, *after]))
            return _rows_of(cursors) if statement.returns else list
        start = 0
        for size in row_chunks(len(rows), statement.width, session.dialect):
            parameters: list[Any] = []
            for row in rows[start : start + size]:
                parameters.append(session.tenant_id)
                parameters += row
            start += size
            cursors.append(session.connection.execute(sql_text(session.dialect, name, size), parameters + after))
        return _rows_of(cursors) if statement.returns else list

    def _put_singly(self, statement: Statement, rows: Sequence[Sequence[Any]]) -> list[Row]:
        connection = self._session.connection
        text = sql_text(self._session.dialect, statement.name, 1)
        if statement.returns:
            return [returned for row in rows for returned in connection.execute(text, row).fetchall()]
        if rows:
            connection.executemany(text, rows)
        return []


def _rows_of(cursors: Sequence[Cursor]) -> Callable[[], list[Row]]:
    return lambda: [row for cursor in cursors for row in cursor.fetchall()]


def _key(text: str, parameters: Sequence[Any]) -> Hashable:
    return text, tuple(tuple(each) if isinstance(each, list) else each for each in parameters)
