"""The three roles of a PostgreSQL store, and what a server must be like to hold one.

``continuum_owner`` owns the tables and changes the schema; ``continuum_app`` reads and writes the rows of one tenant
at a time, owns nothing and cannot pass row level security by; ``continuum_directory`` lists tenants, and sees none of
their words. None of them logs in: whoever does takes one on for a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from continuum.errors import ConfigurationError, StorageUnavailableError

GRANTS_TRIED_MAX = 10
OWNER, APP, DIRECTORY = "continuum_owner", "continuum_app", "continuum_directory"
ROLES = (OWNER, APP, DIRECTORY)
OLDEST = 14
"""The oldest version of PostgreSQL that this runs on."""

_ROLES = (
    "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, pg_has_role(session_user, oid, %s) "
    "FROM pg_roles WHERE rolname = ANY(%s)"
)


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself and of who logs in."""

    version: int
    """In the form of 180006."""
    login: str
    unlimited_login: bool
    """Whether the login itself may pass row level security by: a superuser, or with BYPASSRLS."""
    may_create_roles: bool
    roles: frozenset[str]
    """Which of ours there are."""
    taken_on: frozenset[str]
    """Which of ours the login may take on."""
    unlimited: frozenset[str]
    """Which of ours may do what they must not: superuser or BYPASSRLS."""
    direct: bool
    """Whether the server itself answers, and no pooler that gives each transaction another connection."""
    vectors: bool
    """Whether the extension ``vector`` is installed in the database."""

    @property
    def major(self) -> int:
        return self.version // 10_000


def look_at(connection: psycopg.Connection[Any], place: str) -> Server:
    """Ask a server what has to be known of it. Raises StorageUnavailableError if it is too old."""
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise StorageUnavailableError(
            f"{place}: PostgreSQL {version // 10_000} is too old; this needs {OLDEST} or newer"
        )
    login, pid = connection.execute("SELECT session_user, pg_backend_pid()").fetchone() or ("", 0)
    rows = {name: rest for name, *rest in connection.execute(_ROLES, [_taking_on(version), [login, *ROLES]]).fetchall()}
    ours = frozenset(rows) & frozenset(ROLES)
    vectors = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'").fetchone()
    return Server(
        version=version,
        login=login,
        unlimited_login=bool(rows[login][0] or rows[login][1]),
        may_create_roles=bool(rows[login][0] or rows[login][2]),
        roles=ours,
        taken_on=frozenset(name for name in ours if rows[name][3]),
        unlimited=frozenset(name for name in ours if rows[name][0] or rows[name][1]),
        # A pooler makes up the process number that it gives its clients.
        direct=connection.pgconn.backend_pid == pid,
        vectors=vectors is not None,
    )


def refuse_unlimited(server: Server, allowed: str | None, place: str) -> None:
    """Refuse a role that could pass row level security by, unless it is allowed by name. Raises ConfigurationError."""
    for role in sorted(server.unlimited & {APP, DIRECTORY} - {allowed}):
        raise ConfigurationError(
            f"{place}: the role {role} is a superuser or has BYPASSRLS, so nothing would keep tenants apart; "
            f"run ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS, or name it in POSTGRES_UNSAFE_ROLE"
        )


def create_roles(connection: psycopg.Connection[Any], server: Server, place: str) -> None:
    """Create the roles that are missing, and let the login take them on.

    Safe against others who do the same. Raises ConfigurationError if the login may not create roles.
    """
    missing = [role for role in ROLES if role not in server.roles]
    if missing and not server.may_create_roles:
        raise ConfigurationError(
            f"{place}: the roles {', '.join(missing)} are missing and {server.login} may not create them; as an "
            f"administrator run: {'; '.join(_creation(role) for role in missing)}; "
            f"GRANT {', '.join(ROLES)} TO {_quoted(server.login)}"
        )
    for role in missing:
        try:
            connection.execute(_creation(role))
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            continue  # somebody else was faster
    for role in ROLES:
        if role not in server.taken_on and not _is_member(connection, role):
            _grant(connection, f"GRANT {role} TO {_quoted(server.login)}")
    allowed = connection.execute(
        "SELECT current_schema(), has_schema_privilege(%s, current_schema(), 'CREATE')", [OWNER]
    ).fetchone()
    if allowed is not None and not allowed[1]:
        _grant(connection, f"GRANT USAGE, CREATE ON SCHEMA {_quoted(allowed[0])} TO {OWNER}")
        _grant(connection, f"GRANT USAGE ON SCHEMA {_quoted(allowed[0])} TO {APP}, {DIRECTORY}")


def _grant(connection: psycopg.Connection[Any], statement: str) -> None:
    """Grant something. Of two who grant the same at once the server refuses one, who only has to ask again."""
    for _ in range(GRANTS_TRIED_MAX - 1):
        try:
            connection.execute(statement.encode())
            return
        except psycopg.errors.InternalError_ as exc:
            if "concurrently updated" not in str(exc):
                raise
    connection.execute(statement.encode())


def _taking_on(version: int) -> str:
    """What a login must have to take on a role: from 16 on, who creates one is a member and may not."""
    return "SET" if version >= 160_000 else "MEMBER"


def _is_member(connection: psycopg.Connection[Any], role: str) -> bool:
    asked = [role, _taking_on(connection.info.server_version)]
    row = connection.execute("SELECT pg_has_role(session_user, %s, %s)", asked).fetchone()
    return bool(row and row[0])


def _creation(role: str) -> str:
    return f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
