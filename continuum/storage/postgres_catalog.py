"""Looks in the catalog of a PostgreSQL store for whatever would let one tenant see another, or break a promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from continuum.storage.base import Finding
from continuum.storage.postgres_roles import APP, DIRECTORY, OWNER
from continuum.storage.statements import statements

PORTABLE_POLICY = "(tenant_id = NULLIF(current_setting('app.tenant_id'::text, true), ''::text))"
"""As the catalog writes it back. A sub-select around the setting would be faster, and is refused by Citus."""
LISTED = frozenset({"tenants", "erasures", "quarantines"})
"""Tables of which a few columns may be listed across tenants."""

_RULES = {
    "catalog_unwalled_tables": "wall",
    "catalog_grants_on_partitions": "grant",
    "catalog_grants_to_strangers": "grant",
    "catalog_grants_on_columns": "grant",
    "catalog_keys_without_tenant": "key",
    "catalog_foreign_keys_without_tenant": "key",
    "catalog_empty_tenants": "tenant",
    "catalog_definer_functions": "function",
    "catalog_views": "view",
    "catalog_roles": "role",
    "catalog_collations": "collation",
}


def look_through_catalog(connection: psycopg.Connection[Any]) -> list[Finding]:
    """Everything that breaks a rule: a wall, policy, owner, grant, key, tenant, function, view, role or collation.

    Raises psycopg.Error.
    """
    schema = connection.execute("SELECT current_schema(), session_user").fetchone()
    if schema is None or schema[0] is None:
        login = "" if schema is None else str(schema[1])
        return [Finding("login", login, "sees no schema, so nothing can be looked at; log in as who migrates")]
    found = [
        Finding(rule, str(row[0]), str(row[1]))
        for name, rule in _RULES.items()
        for row in connection.execute(_text(name)).fetchall()
    ]
    policies = [Policy(*row) for row in connection.execute(_text("catalog_policies")).fetchall()]
    tables = {row[0]: row[1] for row in connection.execute(_text("catalog_tenant_tables")).fetchall()}
    found += [
        Finding("owner", t, f"belongs to {owner}, not to {OWNER}") for t, owner in tables.items() if owner != OWNER
    ]
    for table in tables:
        if not any(each.table == table and each.is_wall for each in policies):
            found.append(
                Finding("policy", table, f"has no policy that shows {APP} its own tenant's rows, and no others")
            )
    found += [
        Finding("policy", f"{each.table}.{each.name}", problem) for each in policies for problem in each.problems()
    ]
    return found


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy, as the catalog tells it."""

    table: str
    name: str
    permissive: bool
    command: str
    roles: str | None
    public: bool
    using: str | None
    check: str | None

    @property
    def is_wall(self) -> bool:
        """Whether it lets the application see and write the rows of the tenant that is named, and no others."""
        right = self.using == PORTABLE_POLICY and self.check == PORTABLE_POLICY
        return right and self.permissive and self.command == "*" and self.roles == APP and not self.public

    def problems(self) -> Iterator[str]:
        """What is wrong with it; policies widen each other."""
        is_listing = (self.roles, self.command, self.public) == (DIRECTORY, "r", False) and self.table in LISTED
        if self.permissive and not self.is_wall and not is_listing:
            who = "everybody" if self.public else self.roles or "nobody"
            yield f"lets {who} see rows where {self.using} and write rows where {self.check}"


def _text(name: str) -> bytes:
    return statements("postgres")[name].before.encode()
