-- name: put_api_key
-- scope: tenant
INSERT INTO api_keys (tenant_id, key_id, secret_hash, role, scopes, name, created_at, created_by, expires_at)
VALUES (:tenant_id, :key_id, :secret_hash, :role, :scopes, :label, :created_at, :created_by, :expires_at);

-- name: get_api_key
-- scope: tenant
SELECT key_id, secret_hash, role, scopes, name, created_at, created_by, expires_at, revoked_at, last_used_at
FROM api_keys WHERE tenant_id = :tenant_id AND key_id = :key_id;

-- name: list_api_keys
-- scope: tenant
SELECT key_id, secret_hash, role, scopes, name, created_at, created_by, expires_at, revoked_at, last_used_at
FROM api_keys WHERE tenant_id = :tenant_id AND key_id > :after ORDER BY key_id LIMIT :limit;

-- name: revoke_api_key
-- scope: tenant
-- The first revocation counts.
UPDATE api_keys SET revoked_at = :now
WHERE tenant_id = :tenant_id AND key_id = :key_id AND revoked_at IS NULL RETURNING key_id;

-- name: note_api_key_used
-- scope: tenant
UPDATE api_keys SET last_used_at = :now
WHERE tenant_id = :tenant_id AND key_id = :key_id AND (last_used_at IS NULL OR last_used_at < :now);
