"""API keys as the store keeps them, for `identity`, which knows no store."""

from __future__ import annotations

from collections.abc import Callable

from continuum.core.assembly import Engine
from continuum.core.stating import ensure_tenant
from continuum.core.tenant_limits import TenantLimits
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.identity.api_keys import StoredKey
from continuum.storage.repositories.api_keys import ApiKeyRow


class StoredKeys:
    """The keys of all tenants of one store; each look-up is one statement in the tenant's own rows."""

    def __init__(self, engine: Engine, heard: Callable[[TenantId, TenantLimits], None]) -> None:
        """`heard` is told a tenant's limits with each look-up: they are needed next, and read in the same trip."""
        self._engine = engine
        self._heard = heard

    def get(self, tenant_id: TenantId, key_id: str) -> StoredKey | None:
        """A key, or None. Raises StorageError."""
        with self._engine.unit(tenant_id, write=False) as work:
            work.tenants.foresee()
            work.api_keys.foresee(key_id)
            tenant = work.tenants.get()
            row = work.api_keys.get(key_id)
        if tenant is not None:
            self._heard(tenant_id, TenantLimits.from_text(tenant.limits))
        return None if row is None else _key(tenant_id, row)

    def put(self, key: StoredKey) -> None:
        """Keep a new key; the tenant is made if it is unknown. Raises StorageError."""
        with self._engine.unit(key.tenant_id, write=True) as work:
            ensure_tenant(work, key.created_at)
            work.api_keys.put(
                ApiKeyRow(
                    key.key_id,
                    key.secret_hash,
                    key.role,
                    tuple(key.scopes),
                    key.name,
                    key.created_at,
                    key.created_by,
                    key.expires_at,
                )
            )

    def list(self, tenant_id: TenantId, limit: int, after: str) -> list[StoredKey]:
        """Keys by id, those behind `after`. Raises StorageError."""
        with self._engine.unit(tenant_id, write=False) as work:
            return [_key(tenant_id, row) for row in work.api_keys.list(limit=limit, after=after)]

    def revoke(self, tenant_id: TenantId, key_id: str, now: Micros) -> bool:
        """Let a key count no more; whether it did. Raises StorageError."""
        with self._engine.unit(tenant_id, write=True) as work:
            return work.api_keys.revoke(key_id, now)

    def note_used(self, tenant_id: TenantId, key_id: str, at: Micros) -> None:
        """Note when a key was used last. Raises StorageError."""
        with self._engine.unit(tenant_id, write=True) as work:
            work.api_keys.note_used(key_id, at)


def _key(tenant_id: TenantId, row: ApiKeyRow) -> StoredKey:
    return StoredKey(
        tenant_id=tenant_id,
        key_id=row.key_id,
        secret_hash=row.secret_hash,
        role=row.role,
        scopes=row.scopes,
        name=row.name,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
