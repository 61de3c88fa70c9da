"""The keys of a tenant: their public parts, what they may do, and a hash of each secret part."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from continuum.domain.clock import Micros
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """One key. `scopes` narrow its role, unless there are none; times are None for what never happened."""

    key_id: str
    secret_hash: bytes = field(repr=False)
    role: str
    scopes: tuple[str, ...]
    name: str
    created_at: Micros
    created_by: str
    expires_at: Micros | None = None
    revoked_at: Micros | None = None
    last_used_at: Micros | None = None


class ApiKeyRows(Repository):
    """Keys by their ids. The secrets themselves are never here."""

    def put(self, key: ApiKeyRow) -> None:
        """Keep a new key. ConflictError if the id is taken."""
        self._rows(
            "put_api_key",
            key_id=key.key_id,
            secret_hash=key.secret_hash,
            role=key.role,
            scopes=json.dumps(key.scopes),
            label=key.name,
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
        )

    def foresee(self, key_id: str) -> None:
        """`get` will be asked for this."""
        self._foresee("get_api_key", key_id=key_id)

    def get(self, key_id: str) -> ApiKeyRow | None:
        rows = self._rows("get_api_key", key_id=key_id)
        return _key_of(rows[0]) if rows else None

    def list(self, *, limit: int = 100, after: str = "") -> list[ApiKeyRow]:
        """Keys by id, revoked and expired ones too; go on with the last id as `after`."""
        return [_key_of(row) for row in self._rows("list_api_keys", limit=limit, after=after)]

    def revoke(self, key_id: str, now: Micros) -> bool:
        """Let a key count no more; whether it did until now."""
        return bool(self._rows("revoke_api_key", key_id=key_id, now=now))

    def note_used(self, key_id: str, now: Micros) -> None:
        """Note when a key was used last."""
        self._rows("note_api_key_used", key_id=key_id, now=now)


def _key_of(row: Row) -> ApiKeyRow:
    return ApiKeyRow(row[0], bytes(row[1]), row[2], tuple(json.loads(row[3])), *row[4:])
