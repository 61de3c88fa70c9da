"""Who may open a socket: the same callers as everywhere, asked again as long as the socket lives."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from continuum.api.callers import acting_for, credential_of, source_of, tenant_named
from continuum.compliance.audit import PLATFORM, AuditEntry
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, PermissionDeniedError
from continuum.identity.principals import Principal
from continuum.runtime.safety import origins_of
from continuum.runtime.service import Runtime

ACTION = "sync.connect"
COST = 1.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A caller on its tenant, with the credential that it is known by."""

    tenant_id: TenantId
    principal: Principal
    credential: str | None
    runtime: Runtime

    async def recheck(self) -> None:
        """Raise AuthenticationError or PermissionDeniedError once the credential does not count any more."""
        _require(await _known(self.runtime, self.credential))


class ServiceDoor:
    """Decides about one socket; what it refuses is written down."""

    def __init__(self, runtime: Runtime, connection: HTTPConnection) -> None:
        self._runtime = runtime
        self._connection = connection

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of this origin may connect: those that the settings name."""
        return origin in origins_of(self._runtime.config)

    async def caller(self, websocket: HTTPConnection, named: TenantId | None) -> Listener | None:
        """Who calls, by the headers; None without a credential where one is needed.

        Raises AuthenticationError, PermissionDeniedError, InvalidInputError.
        """
        credential = credential_of(websocket)
        if credential is None and self._runtime.gatekeeper.asks_for_credentials:
            return None
        return await self._admitted(credential, named)

    async def caller_by(self, token: str, named: TenantId | None) -> Listener:
        """Who calls, by a key or token from the first message. Raises as `caller` does."""
        return await self._admitted(token, named)

    async def _admitted(self, credential: str | None, named: TenantId | None) -> Listener:
        home, actor = PLATFORM, "unknown"
        # The header counts here too, and two names are none, as everywhere.
        named = tenant_named(self._connection) or named
        try:
            principal = await _known(self._runtime, credential)
            home, actor = principal.tenant_id or PLATFORM, principal.credential
            _require(principal)
            own = acting_for(principal, named, self._runtime.default_tenant)
            await self._runtime.limits.take(own, own.tenant_id or PLATFORM, COST)
        except (AuthenticationError, PermissionDeniedError) as error:
            source = source_of(self._connection, self._runtime.proxies)
            self._runtime.refusals.note(home, AuditEntry(actor, ACTION, error.code, source=source))
            raise
        assert own.tenant_id is not None
        return Listener(self._runtime.checked_tenant(own.tenant_id), own, credential, self._runtime)


async def _known(runtime: Runtime, credential: str | None) -> Principal:
    if credential is None:
        return runtime.gatekeeper.without_credential()
    return await runtime.gatekeeper.identify(credential)


def _require(principal: Principal) -> None:
    principal.require("instances:use")
    principal.require("memories:read")
