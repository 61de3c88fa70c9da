-- name: get_copy_mark
-- scope: tenant
-- What stands at the first position of a log while the tenant is being copied: see repositories/copying.py.
SELECT entry_id, payload FROM log WHERE tenant_id = :tenant_id AND seq = :seq AND kind = 'copy';

-- name: take_copy_mark
-- scope: tenant
-- No row if an entry of a tenant's own stands there.
INSERT INTO log (tenant_id, seq, kind, entry_id, recorded_at, payload)
VALUES (:tenant_id, :seq, 'copy', :run, :now, :payload)
ON CONFLICT (tenant_id, seq) DO UPDATE
SET entry_id = excluded.entry_id, recorded_at = excluded.recorded_at, payload = excluded.payload
WHERE log.kind = 'copy'
RETURNING seq;

-- name: move_copy_mark
-- scope: tenant
-- No row if another copy has taken the mark.
UPDATE log SET payload = :payload
WHERE tenant_id = :tenant_id AND seq = :seq AND kind = 'copy' AND entry_id = :run
RETURNING seq;

-- name: drop_copy_mark
-- scope: tenant
-- No row if another copy has taken the mark.
DELETE FROM log WHERE tenant_id = :tenant_id AND seq = :seq AND kind = 'copy' AND entry_id = :run
RETURNING seq;

-- name: drop_unused_tenant
-- scope: tenant
-- The row of a tenant that nothing was ever said to.
DELETE FROM tenants WHERE tenant_id = :tenant_id AND last_seq = :nothing RETURNING last_seq;
