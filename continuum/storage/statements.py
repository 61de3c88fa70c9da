"""Named statements from `sql/`: read once, checked for tenant scope, compiled to ``?`` placeholders.

A statement names its parameters (``:now``). Two forms expand: ``VALUES :rows(:tenant_id, ?, ?)`` is repeated for
each row, and ``IN :list`` takes a list, the same one where it stands twice. Both grow in powers of two, so that few
texts are ever compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from continuum.errors import ConfigurationError
from continuum.storage.base import SQLITE, Dialect
from continuum.storage.columns import column_types

LIST_AT_ONCE = 256
ARRAY_AT_ONCE = 4_096
AS_ARRAY = -1
"""In place of a number of list items: the list is one parameter."""
AS_ARRAYS = -2
"""In place of a number of rows: each column is one parameter."""

_HEADER = re.compile(r"^-- (name|scope): *(\w+) *$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n?", re.MULTILINE)
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|(?<!DO )UPDATE)\s+(?!unnest\()([a-z_]+)")
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_INSERTED = re.compile(r"INTO ([a-z_]+) \(tenant_id, ([a-z_,\s]+)\)")
_ROWS = re.compile(r":rows\(:tenant_id((?:, \?)*)\)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One named statement: `before` and `after` stand around the part that expands, if there is one."""

    name: str
    scope: Literal["tenant", "system"]
    expands: Literal["", "rows", "list"]
    before: str
    after: str
    names_before: tuple[str, ...]
    names_after: tuple[str, ...]
    returns: bool = False
    """Whether it gives rows."""
    width: int = 0
    """Values in each row of ``:rows``, without the tenant."""

    def text(self, size: int, dialect: Dialect = SQLITE) -> str:
        """The SQL for `size` rows or list items, or for a list that is one parameter, or columns that are."""
        if not self.expands:
            return self.before
        if size == AS_ARRAY:
            first = f"{self.before[:-3]}= ANY(?)" if self.before.endswith("IN ") else f"{self.before}?"
            return first + self.after.replace("IN :list", "= ANY(?)")
        if self.expands == "rows" and size == AS_ARRAYS:
            return self._from_arrays(dialect)
        mark = "?" if self.expands == "list" else "(?" + ", ?" * self.width + ")"
        marks = ", ".join([mark] * size)
        if self.expands == "rows":
            return f"{self.before}{marks}{self.after}"
        return f"{self.before}({marks}){self.after.replace(':list', f'({marks})')}"

    def _from_arrays(self, dialect: Dialect) -> str:
        """All rows from one array for each column: one text, whatever the number of rows."""
        table, columns = _INSERTED.findall(self.before)[0]
        types = column_types(dialect.name)[table]
        arrays = ", ".join(f"CAST(? AS {types[column]}[])" for column in re.split(r",\s*", columns))
        return f"{self.before.removesuffix('VALUES ')}SELECT ?, * FROM unnest({arrays}){self.after}"  # noqa: S608  # all of it is ours


def _compiled(name: str, scope: str, body: str) -> Statement:
    if scope not in ("tenant", "system"):
        raise ConfigurationError(f"statement {name}: scope must be tenant or system, not {scope!r}")
    rows = _ROWS.search(body)
    if ":rows" in body and not rows:
        raise ConfigurationError(f"statement {name}: write VALUES :rows(:tenant_id, ?, ...) with nothing but ?")
    expands: Literal["", "rows", "list"] = "rows" if rows else "list" if ":list" in body else ""
    cut = rows.span() if rows else re.search(":list|$", body).span()  # type: ignore[union-attr]  # `$` always fits
    before, after = body[: cut[0]], body[cut[1] :]
    return Statement(
        name=name,
        scope=scope,  # type: ignore[arg-type]  # checked above
        expands=expands,
        before=_PARAMETER.sub("?", before),
        after=_PARAMETER.sub(lambda found: found[0] if found[1] == "list" else "?", after),
        names_before=tuple(_PARAMETER.findall(before)),
        names_after=tuple(_PARAMETER.findall(after)),
        returns=bool(re.search(r"\b(RETURNING|SELECT)\b", body)),
        width=rows.group(1).count("?") if rows else 0,
    )


def check_scope(name: str, body: str) -> None:
    """Refuse a tenant's statement that leaves out ``:tenant_id`` for one of its tables.

    Raises ConfigurationError.
    """
    tables = _TABLE.findall(body)
    if body.count(":tenant_id") < len(tables) or not tables:
        raise ConfigurationError(f"statement {name}: names {tables} but :tenant_id {body.count(':tenant_id')} times")


def parse_statements(text: str) -> Iterator[Statement]:
    """The statements of one file. Raises ConfigurationError for a scope that is missing, unknown or not kept."""
    for part in re.split(r"^(?=-- name:)", text, flags=re.MULTILINE):
        headers = dict(_HEADER.findall(part))
        body = _COMMENT.sub("", part).strip().rstrip(";")
        if not body:
            continue
        if "name" not in headers or "scope" not in headers:
            raise ConfigurationError(f"a statement needs a name and a scope: {body[:60]!r}")
        if headers["scope"] == "tenant":
            check_scope(headers["name"], body)
        yield _compiled(headers["name"], headers["scope"], body)


@cache
def statements(dialect_name: str) -> Mapping[str, Statement]:
    """Every statement, by name; a file ``NAME.DIALECT.sql`` replaces statements for that database alone."""
    found: dict[str, Statement] = {}
    folder = files("continuum.storage") / "sql"
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    for own in (False, True):
        for path in paths:
            if (path.name.count(".") == 2) is own and (not own or f".{dialect_name}." in path.name):
                found |= {each.name: each for each in parse_statements(path.read_text("utf-8"))}
    return found


@cache
def sql_text(dialect: Dialect, name: str, size: int) -> str:
    """The text of one statement for one database and one size, kept for the life of the process."""
    return dialect.adapt(statements(dialect.name)[name].text(size, dialect))


def row_chunks(count: int, width: int, dialect: Dialect) -> Iterator[int]:
    """Sizes, each a power of two, that add up to `count` and respect the database's parameter limit.

    >>> list(row_chunks(14, 5, Dialect(name="other", rows_at_once=64)))
    [8, 4, 2]
    """
    size = dialect.rows_at_once
    while size * (width + 1) > dialect.max_parameters - 16 and size > 1:
        size //= 2
    while count:
        while size > count:
            size //= 2
        yield size
        count -= size


def list_chunks(values: Iterable[Any], *, arrays: bool = False) -> Iterator[Sequence[Any]]:
    """Distinct values in pieces of a power of two, the last one filled up by repeating a value.

    As arrays, which are one parameter at any length, they are only cut where they get long.
    """
    distinct = list(dict.fromkeys(values))
    if arrays:
        for start in range(0, len(distinct), ARRAY_AT_ONCE):
            yield distinct[start : start + ARRAY_AT_ONCE]
        return
    for start in range(0, len(distinct), LIST_AT_ONCE):
        piece = distinct[start : start + LIST_AT_ONCE]
        size = 1 << (len(piece) - 1).bit_length()
        yield piece + [piece[-1]] * (size - len(piece))
