"""Who calls, and for which tenant: from the credential a request carries, and from nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from continuum.domain.ids import TenantId, checked_name
from continuum.domain.ids import tenant_id as checked_tenant
from continuum.errors import AuthenticationError, InvalidInputError, PermissionDeniedError
from continuum.identity.principals import Principal

if TYPE_CHECKING:
    from continuum.runtime.service import Runtime

TENANT_HEADER = "X-Tenant-ID"
INSTANCE_HEADER = "X-Instance-ID"
KEY_PREFIX = "ck_"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


async def caller_of(runtime: Runtime, connection: HTTPConnection) -> Principal:
    """Who calls. Raises AuthenticationError; InvalidInputError for a credential that is given twice."""
    credential = credential_of(connection)
    if credential is None:
        return runtime.gatekeeper.without_credential()
    return await runtime.gatekeeper.identify(credential)


def credential_of(connection: HTTPConnection) -> str | None:
    """The key or token of a request. Raises AuthenticationError if it carries several, or one in another form."""
    keys = connection.headers.getlist("x-api-key")
    bearers = connection.headers.getlist("authorization")
    if len(keys) + len(bearers) > 1:
        raise AuthenticationError("the request carries several credentials; send one X-API-Key or Authorization header")
    if keys:
        return keys[0]
    if not bearers:
        return None
    scheme, _, token = bearers[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationError("the Authorization header must be: Bearer, a space, and a key or token")
    return token.strip()


def tenant_named(connection: HTTPConnection) -> TenantId | None:
    """The tenant that a request names in its header or query, if any. Raises InvalidInputError."""
    named = [*connection.headers.getlist(TENANT_HEADER), *connection.query_params.getlist("tenant_id")]
    if not named:
        return None
    if len(set(named)) > 1 or len(connection.headers.getlist(TENANT_HEADER)) > 1:
        raise InvalidInputError("tenant_id", f"is named by several {TENANT_HEADER} headers or parameters; send one")
    return checked_tenant(named[0])


def instance_named(connection: HTTPConnection) -> str | None:
    """The instance that a request names, if any. Raises InvalidInputError."""
    named = connection.headers.getlist(INSTANCE_HEADER)
    if len(named) > 1:
        raise InvalidInputError("instance_id", f"is named by several {INSTANCE_HEADER} headers; send one")
    return checked_name(named[0], "instance_id") if named else None


def acting_for(principal: Principal, named: TenantId | None, default: TenantId) -> Principal:
    """The caller on its tenant. What it names must agree with its credential; an operator names whom it acts on.

    Raises PermissionDeniedError, InvalidInputError.
    """
    if principal.credential == "local":
        return principal.acting_on(named or default)
    if principal.tenant_id is not None:
        if named is not None and named != principal.tenant_id:
            raise PermissionDeniedError("the credential belongs to another tenant than the one that is named")
        return principal
    if named is None:
        raise InvalidInputError("tenant_id", f"an operator names the tenant it acts on, in the header {TENANT_HEADER}")
    return principal.acting_on(named)


def source_of(connection: HTTPConnection, proxies: Sequence[Network]) -> str:
    """The address that the request came from; a proxy that is trusted may say on whose behalf it calls."""
    peer = connection.client.host if connection.client else ""
    hops = [each.strip() for header in connection.headers.getlist("x-forwarded-for") for each in header.split(",")]
    while hops and _is_among(peer, proxies):
        peer = hops.pop()
    return peer[:64]


def _is_among(address: str, networks: Sequence[Network]) -> bool:
    try:
        own = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(own in network for network in networks)
