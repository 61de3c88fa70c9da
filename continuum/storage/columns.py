"""The columns of every table and their types, as the migrations of a database give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from continuum.storage.migrate import known_migrations

_TABLE = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(
    r"^  ([a-z_]+) (TEXT|BIGINT|INTEGER|BYTEA|BLOB|DOUBLE PRECISION|REAL)\b(?!.*\bGENERATED\b)", re.MULTILINE
)
_ADDED = re.compile(
    r"^ALTER TABLE (\w+) ADD COLUMN ([a-z_]+) (TEXT|BIGINT|INTEGER|BYTEA|BLOB|DOUBLE PRECISION|REAL)\b", re.MULTILINE
)


@cache
def column_types(dialect_name: str) -> Mapping[str, Mapping[str, str]]:
    """By table and column, the type that a column was made with; generated columns are left out."""
    found: dict[str, dict[str, str]] = {}
    for each in known_migrations(dialect_name):
        for table, body in _TABLE.findall(each.text):
            found[table] = dict(_COLUMN.findall(body))
        for table, column, kind in _ADDED.findall(each.text):
            found[table][column] = kind
    return found
