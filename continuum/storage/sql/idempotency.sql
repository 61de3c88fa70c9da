-- name: get_idempotent
-- scope: tenant
SELECT idempotency_key, request_hash, result, created_at
FROM idempotency WHERE tenant_id = :tenant_id AND idempotency_key = :key;

-- name: put_idempotent
-- scope: tenant
INSERT INTO idempotency (tenant_id, idempotency_key, request_hash, result, created_at, seq)
VALUES (:tenant_id, :key, :request_hash, :result, :now, :seq)
ON CONFLICT (tenant_id, idempotency_key) DO UPDATE
SET request_hash = excluded.request_hash, result = excluded.result, created_at = excluded.created_at,
    seq = excluded.seq;

-- name: expire_idempotent
-- scope: tenant
DELETE FROM idempotency WHERE tenant_id = :tenant_id AND created_at < :before RETURNING idempotency_key;

-- name: forget_idempotent
-- scope: tenant
DELETE FROM idempotency WHERE tenant_id = :tenant_id AND seq IS NOT NULL AND seq IN :list;

-- name: blank_answers_of_http
-- scope: tenant
UPDATE idempotency SET result = ''
WHERE tenant_id = :tenant_id AND idempotency_key >= 'http:' AND idempotency_key < 'http;';
