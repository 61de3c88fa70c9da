-- name: last_audit_row
-- scope: tenant
SELECT number, digest FROM audit_log WHERE tenant_id = :tenant_id ORDER BY number DESC LIMIT 1;

-- name: append_audit
-- scope: tenant
INSERT INTO audit_log (tenant_id, number, recorded_at, actor, action, target, source, outcome, request_id, details,
  digest)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: list_audit
-- scope: tenant
SELECT number, recorded_at, actor, action, target, source, outcome, request_id, details, digest
FROM audit_log WHERE tenant_id = :tenant_id AND number > :after ORDER BY number LIMIT :limit;
