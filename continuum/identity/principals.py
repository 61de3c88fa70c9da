"""Who is calling: a tenant, a role, and what may be done in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import PermissionDeniedError
from continuum.identity.roles import Permission, Role


@dataclass(frozen=True, slots=True)
class Principal:
    """A known caller.

    `tenant_id` is None only for who has not named a tenant yet: the operator, and programs of this machine.
    `credential` names the key or token in limits and in the audit log and is no secret: ``key:<public id>``,
    ``token:<issuer>|<subject>``, ``operator`` or ``local``. At `expires_at` the credential stops to count.
    """

    tenant_id: TenantId | None
    role: Role
    credential: str
    permissions: frozenset[Permission]
    name: str = ""
    expires_at: Micros | None = None

    def allows(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise PermissionDeniedError unless this caller has the permission."""
        if permission not in self.permissions:
            raise PermissionDeniedError(
                f"this needs the permission {permission}, which a credential with the role {self.role} "
                "does not have here; use another role, or a key with wider scopes"
            )

    def acting_on(self, tenant: TenantId) -> Principal:
        """The same caller on the tenant it names. Raises PermissionDeniedError if it belongs to another one."""
        if self.tenant_id is not None and self.tenant_id != tenant:
            raise PermissionDeniedError("the credential belongs to another tenant than the one that is named")
        return replace(self, tenant_id=tenant)
