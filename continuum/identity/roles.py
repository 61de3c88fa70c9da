"""Roles and the permissions they carry; the scopes of a key or a token narrow them and never widen them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, cast, get_args

from continuum.errors import InvalidInputError, shown

Role = Literal["owner", "admin", "member", "reader", "service", "operator"]

Permission = Literal[
    "memories:read",
    "memories:write",
    "memories:erase",  # forget, scrub, sweep, retention
    "memories:export",
    "memories:import",
    "trust:manage",  # quarantine, release
    "graph:manage",  # merge, rename, prune, rebuild, consolidate, reset the ranking
    "keys:manage",
    "audit:read",
    "instances:use",  # the sync socket, instances
    "settings:manage",  # quotas and settings of the tenant
    "tenants:manage",
    "metrics:read",
]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)
SCOPES_MAX: Final = 64
"""Scopes of one key; there are fewer permissions than that."""

_ALL: Final = frozenset(PERMISSIONS)
_PLATFORM: Final[frozenset[Permission]] = frozenset({"tenants:manage", "metrics:read"})
_OF_ROLE: Final[Mapping[Role, frozenset[Permission]]] = {
    "operator": _ALL,
    "owner": _ALL - _PLATFORM,
    "admin": _ALL - _PLATFORM - {"settings:manage"},
    "service": frozenset(
        {
            "memories:read",
            "memories:write",
            "memories:erase",
            "memories:export",
            "memories:import",
            "instances:use",
        }
    ),
    "member": frozenset({"memories:read", "memories:write", "instances:use"}),
    "reader": frozenset({"memories:read"}),
}


def checked_role(value: str) -> Role:
    """A role by its name. Raises InvalidInputError, which lists the known ones."""
    for role in ROLES:
        if value == role:
            return role
    raise InvalidInputError("role", f"must be one of {', '.join(ROLES)}; got {shown(value)}", limit=list(ROLES))


def permissions_of(role: Role) -> frozenset[Permission]:
    """What a role may do at most."""
    return _OF_ROLE[role]


def checked_scopes(scopes: Iterable[str]) -> frozenset[Permission]:
    """Permissions by their names. Raises InvalidInputError for an unknown one, and lists the known."""
    wanted = tuple(scopes)
    if len(wanted) > SCOPES_MAX:
        raise InvalidInputError("scopes", f"at most {SCOPES_MAX}; got {len(wanted)}", limit=SCOPES_MAX)
    for scope in wanted:
        if not isinstance(scope, str) or scope not in PERMISSIONS:
            known = ", ".join(PERMISSIONS)
            raise InvalidInputError(
                "scopes", f"{shown(scope)} is not known; known are {known}", limit=list(PERMISSIONS)
            )
    return cast("frozenset[Permission]", frozenset(wanted))


def narrowed(role: Role, scopes: Iterable[str]) -> frozenset[Permission]:
    """What remains of a role under scopes: all of it without any, and never more than the role has.

    Raises InvalidInputError for an unknown scope.

    >>> sorted(narrowed("member", ["memories:read", "keys:manage"]))
    ['memories:read']
    """
    named = checked_scopes(scopes)
    return permissions_of(role) & named if named else permissions_of(role)
