"""Whole rows, as they are, for copying a tenant from one store to another; and the mark of a copy that is not done.

While a tenant is being copied, the target has no row of it in `tenants`, which is written last, together with what
would wake background work: nobody finds the tenant, lists it or tends it. The mark stands in the target's log at
the position that the first entry of a new tenant would take: who learns into the tenant meanwhile is refused by the
key of the log, with nothing kept. The mark says which run holds it (a later run takes it over, and the earlier one
is refused at its next step), which state of the source is being copied, and how far that has come; it moves in the
transaction that writes the rows, so it is true after a crash at any point. The entry whose place it takes is
written when the mark goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from continuum.domain.clock import Micros
from continuum.storage.base import Dialect, Row
from continuum.storage.repositories.base import Repository
from continuum.storage.statements import AS_ARRAYS, Statement, parse_statements

Key = tuple[int | str, ...]

MARK_SEQ = 1
FIRST_PAGE_ROWS = 16
PAGE_ROWS = 1_024
PAGE_BYTES = 4 << 20
"""Pages begin small and grow while they stay below this: texts may be long, and memory is bounded."""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table, its key behind the tenant, and all columns that are stored, the key's first."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    def key_of(self, row: Row) -> Key:
        """The key of one of its rows."""
        return tuple(row[: len(self.key)])


def _table(name: str, key: str, others: str = "") -> CopiedTable:
    return CopiedTable(name, tuple(key.split()), (*key.split(), *others.split()))


_MESSAGE = "id exchange_id session_id instance_id message_number role speaker origin content timestamp recorded_at "
_FACT = (
    "valid_from valid_to recorded_at message_id start_at end_at origin source user_id agent_id project_id "
)  # fmt: skip

LOG = _table("log", "seq", "kind entry_id recorded_at payload sealed")
TENANTS = _table(
    "tenants",
    "",
    "created_at last_active last_seq secret metadata sealed messages entities decisions attention_links "
    "compound_concepts sessions vectors extractors facts adjustments notes latest_said in_order policy uses "
    "text_bytes limits",
)
FIRST_TABLES = (
    LOG,
    _table("auto_messages", "seq", _MESSAGE + "user_id agent_id project_id metadata same_key sealed origin_proof"),
    _table("message_index", "seq", "timestamp session_id role speaker terms tags sealed"),
    _table("sessions", "session_id", "created_at last_active message_count sealed summary_seq"),
    _table(
        "entities",
        "id",
        "name entity_type name_key description created_at last_seen occurrences aliases metadata first_seq last_seq "
        "degree joined sealed",
    ),
    _table("mentions", "message_seq start_at entity_id", "end_at exchange_id"),
    _table(
        "attention_links",
        "concept_a concept_b link_type",
        "strength raw_strength use_strength tier co_occurrences sources created_at last_accessed first_seq last_seq",
    ),
    _table(
        "decisions",
        "id",
        "decision_text context role instance_id timestamp extracted_from message_seq start_at end_at sealed entity_id",
    ),
    _table(
        "compound_concepts",
        "id",
        "compound_name component_concepts co_occurrence_count last_seen first_seq last_seq sealed",
    ),
    _table("compound_members", "entity_id compound_id"),
    _table("vectors", "model message_seq chunk", "vector sealed"),
    _table("idempotency", "idempotency_key", "request_hash result created_at sealed seq"),
    _table("evidence", "exchange_id", "first_seq last_seq taught sealed"),
    _table("meetings", "subject_a subject_b first_seq", "last_seq at sources"),
    _table("entry_subjects", "subject_id seq"),
    _table("adjustments", "seq", "entry_id kind subject_id object_id name undone_seq sealed"),
    _table(
        "fact_statements",
        "seq number",
        "slot_id subject subject_key attribute value value_key mode polarity single replaces confidence "
        + _FACT
        + "refers_seq refers_number since_seq until_seq sealed",
    ),
    _table(
        "facts",
        "id",
        "slot_id subject subject_key attribute attribute_key value polarity single status confidence "
        + _FACT
        + "first_seq first_number last_seq witnesses replaced_by reason sealed",
    ),
    _table("message_history", "seq until_seq", "since_seq content sealed"),
    _table("message_notes", "seq", "expires_at superseded_seq superseded_at superseded_by"),
    _table("tombstones", "entry_id", "seq erasure_id"),
    _table("hidden_entries", "seq", "quarantine_seq same_key"),
    _table("hidden_messages", "seq", _MESSAGE + "user_id agent_id project_id metadata sealed origin_proof"),
    _table("hidden_statements", "seq number", "refers_seq refers_number until_seq statement"),
    _table("waiting_statements", "value_key seq"),
    _table(
        "api_keys", "key_id", "secret_hash role scopes name created_at created_by expires_at revoked_at last_used_at"
    ),
    _table("audit_log", "number", "recorded_at actor action target source outcome request_id details digest"),
    _table("instances", "instance_id", "joined_at state beat beat_at lease_ms session_id acked_seq details changed"),
)
"""What is copied page by page, in this order."""

LAST_TABLES = (
    _table("quarantines", "seq", "entry_id state rule reason remaining counts"),
    _table("erasures", "number", "id state remaining receipt"),
    TENANTS,
)
"""What is written with the end of a copy: background work looks for unfinished erasures and quarantines."""

COPIED_TABLES = (*FIRST_TABLES, *LAST_TABLES)
"""The one list of what belongs to a tenant; a test compares it with the schema."""

# Five statements for each of the tables, all alike: written out, six hundred lines that a new column would have to
# be added to in three places. They are made from the list above, and read by the parser that reads `sql/`, so that
# each states its scope and is refused if it leaves the tenant out.
_STATEMENTS = """
-- name: copy_first_{name}
-- scope: tenant
SELECT {columns} FROM {name} WHERE tenant_id = :tenant_id ORDER BY {order} LIMIT :limit;

-- name: copy_next_{name}
-- scope: tenant
SELECT {columns} FROM {name} WHERE tenant_id = :tenant_id AND ({order}) > ({after}) ORDER BY {order} LIMIT :limit;

-- name: copy_count_{name}
-- scope: tenant
SELECT COUNT(*) FROM {name} WHERE tenant_id = :tenant_id;

-- name: copy_put_{name}
-- scope: tenant
INSERT INTO {name} (tenant_id, {columns}) VALUES :rows(:tenant_id{marks});

-- name: copy_remove_{name}
-- scope: tenant
DELETE FROM {name} WHERE tenant_id = :tenant_id AND ({order}) = ({after});
"""


@cache
def copy_statements() -> Mapping[str, Statement]:
    """The statements that read, write, count and remove rows of each table, by name."""
    found: dict[str, Statement] = {}
    for table in COPIED_TABLES:
        key = table.key or ("tenant_id",)
        text = _STATEMENTS.format(
            name=table.name,
            columns=", ".join(table.columns),
            order=", ".join(key),
            after=", ".join(f":{column}" for column in key),
            marks=", ?" * len(table.columns),
        )
        found |= {each.name: each for each in parse_statements(text)}
    return found


@cache
def _text(dialect: Dialect, name: str, size: int) -> str:
    return dialect.adapt(copy_statements()[name].text(size, dialect))


@dataclass(frozen=True, slots=True)
class CopyMark:
    """How far a copy has come: the last row that is there, and of which state of the source it is.

    `run` is the run that holds the mark. `source` is empty while the rows of an earlier copy are being removed.
    """

    run: str
    source: str
    table: str = ""
    key: Key = ()


class Copying(Repository):
    """Reads and writes the rows of one tenant as they are."""

    __slots__ = ()

    @classmethod
    def beside(cls, other: Repository) -> Copying:
        """The one of the unit of work that another repository belongs to."""
        return cls(other._session)

    def tenant(self) -> Row | None:
        """The tenant's own row."""
        rows = self.page(TENANTS, None, 1)
        return rows[0] if rows else None

    def page(self, table: CopiedTable, after: Key | None, limit: int) -> list[Row]:
        """The next rows behind a key, in the order of their keys; the first ones if it is None."""
        if after is None:
            return self._run(f"copy_first_{table.name}", limit=limit)
        return self._run(f"copy_next_{table.name}", **dict(zip(table.key, after, strict=True)), limit=limit)

    def rows(self, table: CopiedTable, after: Key | None = None) -> Iterator[Row]:
        """All rows behind a key, read in pages of up to 1,024 rows or some 4 MB."""
        limit = FIRST_PAGE_ROWS
        while page := self.page(table, after, limit):
            yield from page
            if len(page) < limit:
                return
            after = table.key_of(page[-1])
            limit = min(limit * 2, PAGE_ROWS) if _bytes_of(page) * 2 < PAGE_BYTES else max(limit // 2, 1)

    def count(self, table: CopiedTable) -> int:
        """How many rows there are."""
        return int(self._run(f"copy_count_{table.name}")[0][0])

    def put(self, table: CopiedTable, rows: Sequence[Row]) -> None:
        """Write rows. Raises ConflictError if one of them is there."""
        session, name = self._session, f"copy_put_{table.name}"
        dialect = session.dialect
        if not dialect.arrays:
            if rows:
                every = [(session.tenant_id, *row) for row in rows]
                session.connection.executemany(_text(dialect, name, 1), every)
            return
        for start in range(0, len(rows), dialect.rows_at_once):
            columns = [list(column) for column in zip(*rows[start : start + dialect.rows_at_once], strict=True)]
            session.connection.execute(_text(dialect, name, AS_ARRAYS), [session.tenant_id, *columns])

    def remove(self, table: CopiedTable, keys: Sequence[Key]) -> None:
        """Delete the rows with these keys."""
        session, name = self._session, f"copy_remove_{table.name}"
        if keys:
            every = [(session.tenant_id, *key) for key in keys]
            session.connection.executemany(_text(session.dialect, name, 0), every)

    def mark(self) -> CopyMark | None:
        """The mark of a copy that is not done."""
        rows = self._rows("get_copy_mark", seq=MARK_SEQ)
        if not rows:
            return None
        told = json.loads(rows[0][1])
        return CopyMark(rows[0][0], told["source"], told["table"], tuple(told["key"]))

    def take_mark(self, mark: CopyMark, now: Micros) -> bool:
        """Set the mark, whoever held it; False if an entry of a tenant stands in its place."""
        return bool(self._rows("take_copy_mark", seq=MARK_SEQ, run=mark.run, now=now, payload=_payload(mark)))

    def move_mark(self, mark: CopyMark) -> bool:
        """Note how far this run has come; False if another run has taken the mark."""
        return bool(self._rows("move_copy_mark", seq=MARK_SEQ, run=mark.run, payload=_payload(mark)))

    def drop_mark(self, run: str) -> bool:
        """Take this run's mark away; False if another run has taken it."""
        return bool(self._rows("drop_copy_mark", seq=MARK_SEQ, run=run))

    def drop_unused_tenant(self) -> bool:
        """Delete the row of a tenant that holds no entries; False if there is none such."""
        return bool(self._rows("drop_unused_tenant", nothing=0))

    def _run(self, name: str, **values: int | str) -> list[Row]:
        session = self._session
        values["tenant_id"] = session.tenant_id
        parameters = [values[each] for each in copy_statements()[name].names_before]
        found = session.connection.execute(_text(session.dialect, name, 0), parameters).fetchall()
        return [tuple(row) for row in found]


def _payload(mark: CopyMark) -> str:
    return json.dumps({"source": mark.source, "table": mark.table, "key": mark.key})


def _bytes_of(page: Sequence[Row]) -> int:
    return sum(len(value) for row in page for value in row if isinstance(value, str | bytes | memoryview))
