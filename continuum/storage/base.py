"""What a storage backend is: a connection, a transaction and a dialect. Everything else comes for free."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, Protocol, TypedDict, runtime_checkable

from continuum.errors import StorageError
from continuum.storage.wakes import LocalWakes, Wakes

Row = tuple[Any, ...]
"""One row as the database gives it; the repositories give its columns their types."""


class Cursor(Protocol):
    """What a statement leaves behind."""

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Connection(Protocol):
    """A DB-API-like connection in autocommit mode: statements with positional parameters, no more.

    A statement that changes rows has done so when `execute` and, if it returns rows, `fetchall` are back.
    """

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Sequence[Sequence[Any]], /) -> object: ...


@runtime_checkable
class EndsEarly(Protocol):
    """A connection that can end its reading transaction before all answers are read."""

    def end(self) -> None: ...


Proof = Callable[[Connection], bool]
"""Tells on another connection of the same tenant whether a transaction was committed."""


@runtime_checkable
class Provable(Protocol):
    """A writing connection that may have to find out whether its commit was carried out."""

    def prove_by(self, proof: Proof) -> None: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database wants to be spoken to."""

    name: str
    """Names the folder of migrations and the suffix of statements that differ, e.g. ``sqlite``."""
    placeholder: str = "?"
    """What marks a parameter; ``$`` is followed by its number."""
    max_parameters: int = 32_766
    """The most parameters one statement may carry; longer lists are split."""
    rows_at_once: int = 1
    """Rows in one INSERT. SQLite takes them faster one by one (3 against 8 microseconds); a server does not."""
    arrays: bool = False
    """Whether ``IN`` takes its list as one parameter, an array."""
    ahead: bool = False
    """Whether statements can be sent before their answers are needed."""
    begin_read: str = "BEGIN"
    begin_write: str = "BEGIN"
    tables: str = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    """A query for the names of the tables there are."""

    def adapt(self, sql: str) -> str:
        """Put this database's placeholder for each ``?`` that stands outside quotes."""
        if self.placeholder == "?":
            return sql
        numbers = count(1)
        mark = self.placeholder
        pieces = sql.split("'")  # every second piece is inside a text literal
        for place in range(0, len(pieces), 2):
            first, *rest = pieces[place].split("?")
            marks = (f"{mark}{next(numbers)}{part}" if mark == "$" else mark + part for part in rest)
            pieces[place] = first + "".join(marks)
        return "'".join(pieces)


SQLITE = Dialect(
    name="sqlite",
    begin_write="BEGIN IMMEDIATE",
    tables="SELECT name FROM sqlite_master WHERE type = 'table'",
)


class BackendInfo(TypedDict):
    """What `get_backend_info` tells; `configuration` holds no secrets."""

    backend_type: str
    version: str
    features: list[str]
    configuration: dict[str, object]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a store that is not as it must be."""

    rule: str
    """What kind of thing, in one word."""
    subject: str
    problem: str


_waking = Lock()
"""Held for a moment while a backend makes its wakes, of which there must be one."""


class StorageBackend(ABC):
    """Keeps rows. Write your own by giving `connection` and `dialect`; the repositories need no more.

    Laws, which `continuum.testing.storage_suite.StorageConformance` checks:

    - `transaction` is atomic: all of it, or nothing if its body raises. A reader sees one moment throughout.
    - When `transaction(write=True)` is left without an exception, what it wrote survives a crash.
    - Writers wait for each other, with a bound, then get StorageBusyError; they never overwrite each other.
    - It may be used from many threads. Text with NUL inside comes back as it went in.
    - Failures are StorageError and its kinds, never the driver's own.
    - When `scrub` answers True, no byte of a row that was deleted before the call is left in the store.
    """

    dialect: Dialect = SQLITE
    shared: bool = False
    """Whether processes with an older version of the code may be using the store while it is migrated."""

    def __init__(self, **config: object) -> None:
        self.config = config
        self._wakes: Wakes | None = None

    def wakes(self) -> Wakes:
        """Who is told that a tenant's log has grown; the same for as long as the backend is open."""
        with _waking:
            if self._wakes is None:
                self._wakes = self._new_wakes()
            return self._wakes

    def _new_wakes(self) -> Wakes:
        return LocalWakes()

    def close_wakes(self) -> None:
        """Tell nobody any more. Backends call it first when they close."""
        wakes, self._wakes = self._wakes, None
        if wakes is not None:
            wakes.close()

    @abstractmethod
    def connection(self) -> AbstractContextManager[Connection]:
        """A connection in autocommit mode, for as long as the `with` lasts; never used by two at once."""

    @contextmanager
    def transaction(self, write: bool = False) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back if the body raises."""
        with self.connection() as connection:
            connection.execute(self.dialect.begin_write if write else self.dialect.begin_read)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def tenant_transaction(self, tenant: str, write: bool = False) -> AbstractContextManager[Connection]:
        """A transaction in which the rows of one tenant are read or written, and no others."""
        return self.transaction(write)

    def lagging_transaction(self, tenant: str) -> AbstractContextManager[Connection]:
        """A reading transaction that may lack what other processes have written lately, never what this one has."""
        return self.tenant_transaction(tenant)

    def system_transaction(self) -> AbstractContextManager[Connection]:
        """A reading transaction for what is listed across tenants."""
        return self.transaction()

    def migration_transaction(self, write: bool = False) -> AbstractContextManager[Connection]:
        """A transaction that may change the schema; writing ones wait for each other."""
        return self.transaction(write)

    @contextmanager
    def cursor(self) -> Iterator[Connection]:
        """A write transaction under the name that the specification uses."""
        with self.transaction(write=True) as connection:
            yield connection

    def execute(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Run one statement in a transaction of its own and give its rows; ``?`` marks the parameters."""
        with self.transaction(write=True) as connection:
            return connection.execute(self.dialect.adapt(sql), params).fetchall()

    def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run one statement for each row of parameters, all in one transaction."""
        statement = self.dialect.adapt(sql)
        with self.transaction(write=True) as connection:
            connection.executemany(statement, rows)

    def copy_before_migration(self, version: int) -> str | None:
        """Keep a copy before a store of schema `version` is changed; says where, or None if there is none."""
        return None

    @property
    def scrubs(self) -> bool:
        """Whether `scrub` can ever succeed; else what is erased is gone for every query, and nobody waits for more."""
        return type(self).scrub is not StorageBackend.scrub

    def scrub(self) -> bool:
        """Take the bytes of deleted rows out of the store; False if that cannot be done, or not now: try again later.

        The law: after True, no byte of any row that was deleted before the call is in any file of the store, in its
        logs, or in copies that the store made of itself. All other rows are there, and writers that had to wait lost
        nothing. False means that nothing is promised, and is no error: somebody may be reading old rows. Calling it
        again, or after a crash in the middle, is safe; calling it inside a transaction of the same thread is not.

        A database only marks deleted rows as free, so this answers False until a backend knows better. One that
        keeps rows in memory alone may answer True at once. Raises StorageError for what waiting does not cure,
        e.g. a full disk.
        """
        return False

    def examine(self) -> list[Finding]:
        """Look for what is wrong with the store; an empty list is what it should give. May read all of it.

        Raises StorageError if it cannot be looked at.
        """
        return []

    @abstractmethod
    def close_all(self) -> None:
        """Close every connection. The next use opens new ones."""

    def get_stats(self) -> dict[str, object]:
        """Figures about the running backend, for people who look after it."""
        return {}

    def is_healthy(self) -> bool:
        """Whether a trivial read works now."""
        try:
            with self.transaction() as connection:
                return connection.execute("SELECT 1").fetchone() is not None
        except StorageError:
            return False

    def get_backend_info(self) -> BackendInfo:
        return BackendInfo(
            backend_type=self.dialect.name,
            version="",
            features=["transactions"],
            configuration={key: value for key, value in self.config.items() if isinstance(value, int | float)},
        )
