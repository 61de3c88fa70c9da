"""Brings a store to the newest schema: numbered files, forward only, checked by checksum, under the writer lock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from continuum.domain.clock import Clock, SystemClock
from continuum.errors import SchemaVersionError, StorageError
from continuum.storage.base import Connection, StorageBackend

Phase = Literal["before-code", "after-code"]

_CREATE = """CREATE TABLE IF NOT EXISTS schema_migrations (
  version INTEGER NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  phase TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at BIGINT NOT NULL
)"""
_RECORD = "INSERT INTO schema_migrations (version, name, phase, checksum, applied_at) VALUES (?, ?, ?, ?, ?)"
_APPLIED = "SELECT version, checksum FROM schema_migrations ORDER BY version"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered schema change. `phase` says whether it may run before the new code serves, or only after."""

    version: int
    name: str
    phase: Phase
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Its statements, without comments; each ends with a semicolon at the end of a line.

        A block between ``$$`` is part of one statement.
        """
        plain = re.sub(r"^\s*--.*$", "", self.text, flags=re.MULTILINE)
        found = re.findall(r"((?:\$\$.*?\$\$|.)*?);[ \t]*(?:\n|$)", plain, flags=re.DOTALL)
        return [part.strip() for part in found if part.strip()]


def migration(file_name: str, text: str) -> Migration:
    """Read one migration; its name is ``0001_what.sql`` and its first line ``-- phase: before-code``."""
    named = re.fullmatch(r"(\d{4})_(\w+)\.sql", file_name)
    phase = re.match(r"-- phase: (before-code|after-code)\n", text)
    assert named, file_name
    assert phase, f"{file_name}: the first line must state the phase"
    return Migration(int(named[1]), named[2], phase[1], text)  # type: ignore[arg-type]  # one of the two, by the pattern


def known_migrations(dialect_name: str) -> tuple[Migration, ...]:
    """The migrations of this version of the code for one database, in order.

    Raises StorageError if there are none for it.
    """
    folder = files("continuum.storage") / "migrations" / dialect_name
    if not folder.is_dir():
        raise StorageError(f"no migrations for the dialect {dialect_name!r}; a backend of your own can use 'sqlite'")
    named = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    return tuple(migration(path.name, path.read_text("utf-8")) for path in named)


class Migrator:
    """Applies what is missing, once, whoever else is opening the store."""

    def __init__(
        self,
        backend: StorageBackend,
        migrations: Sequence[Migration] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._backend = backend
        self._migrations = known_migrations(backend.dialect.name) if migrations is None else tuple(migrations)
        self._clock = clock or SystemClock()

    def version(self) -> int:
        """The schema version of the store, 0 if it is empty."""
        with self._backend.migration_transaction() as connection:
            return max(self._applied(connection), default=0)

    def upgrade(self, *, after_code: bool | None = None) -> tuple[int, ...]:
        """Apply every missing migration, each in a transaction of its own; gives their versions.

        One that is cut short leaves nothing, and is begun anew by whoever calls next. Those that must wait until no
        older version of the code serves are applied only if `after_code` says so; without it, where the store is not
        shared. A store that holds an older schema is copied first. Raises SchemaVersionError if the store is newer
        than this code, or was migrated by different files.
        """
        with self._backend.migration_transaction() as connection:
            if not self._missing(self._applied(connection)):
                return ()
        done: list[int] = []
        allowed = not self._backend.shared if after_code is None else after_code
        while (version := self._apply_next(after_code=allowed, copied=bool(done))) is not None:
            done.append(version)
        return tuple(done)

    def waiting(self) -> tuple[Migration, ...]:
        """The migrations that are not applied yet, in order. Raises SchemaVersionError as `upgrade` does."""
        with self._backend.migration_transaction() as connection:
            return tuple(self._missing(self._applied(connection)))

    def _apply_next(self, *, after_code: bool, copied: bool) -> int | None:
        with self._backend.migration_transaction(write=True) as connection:
            applied = self._applied(connection)
            missing = self._missing(applied)
            if not missing or (missing[0].phase == "after-code" and not after_code):
                return None
            if applied and not copied:
                self._backend.copy_before_migration(max(applied))
            self._apply(connection, missing[0])
            return missing[0].version

    def _apply(self, connection: Connection, each: Migration) -> None:
        connection.execute(_CREATE)
        for statement in each.statements():
            connection.execute(statement)
        record = (each.version, each.name, each.phase, each.checksum, self._clock.now())
        connection.execute(self._backend.dialect.adapt(_RECORD), record)

    def _applied(self, connection: Connection) -> dict[int, str]:
        tables = {row[0] for row in connection.execute(self._backend.dialect.tables).fetchall()}
        if "schema_migrations" not in tables:
            return {}
        return {row[0]: row[1] for row in connection.execute(_APPLIED).fetchall()}

    def _missing(self, applied: dict[int, str]) -> list[Migration]:
        known = {each.version: each for each in self._migrations}
        newer = sorted(applied.keys() - known.keys())
        if newer:
            raise SchemaVersionError(
                f"{self._place()}: has schema {max(newer)}, this version knows {max(known, default=0)}; "
                "upgrade continuum-memory, or name another store"
            )
        for version, checksum in applied.items():
            if known[version].checksum != checksum:
                raise SchemaVersionError(
                    f"{self._place()}: migration {version} was applied from a different file; "
                    "use the version of continuum-memory that made this store"
                )
        return [each for each in self._migrations if each.version not in applied]

    def _place(self) -> str:
        config = self._backend.config
        return str(config.get("db_path") or config.get("place") or type(self._backend).__name__)
