-- name: put_erasure
-- scope: tenant
INSERT INTO erasures (tenant_id, number, id, state, remaining, receipt)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, number) DO UPDATE
SET state = excluded.state, remaining = excluded.remaining, receipt = excluded.receipt;

-- name: get_erasure
-- scope: tenant
SELECT number, id, state, remaining, receipt FROM erasures WHERE tenant_id = :tenant_id AND id = :id;

-- name: last_erasure
-- scope: tenant
SELECT number, id, state, remaining, receipt
FROM erasures WHERE tenant_id = :tenant_id AND number > 0 ORDER BY number DESC LIMIT 1;

-- name: lowest_erasure
-- scope: tenant
SELECT number FROM erasures WHERE tenant_id = :tenant_id ORDER BY number LIMIT 1;

-- name: remove_erasure
-- scope: tenant
DELETE FROM erasures WHERE tenant_id = :tenant_id AND number = :number;

-- name: list_erasures
-- scope: tenant
SELECT number, id, state, remaining, receipt
FROM erasures WHERE tenant_id = :tenant_id AND number > :after ORDER BY number LIMIT :limit;

-- name: erasures_in_state
-- scope: tenant
SELECT number, id, state, remaining, receipt
FROM erasures WHERE tenant_id = :tenant_id AND state = :state ORDER BY number;

-- name: unfinished_erasures
-- scope: system
SELECT DISTINCT tenant_id FROM erasures WHERE state <> 'scrubbed' ORDER BY tenant_id LIMIT :limit;

-- name: add_tombstones
-- scope: tenant
INSERT INTO tombstones (tenant_id, entry_id, seq, erasure_id)
VALUES :rows(:tenant_id, ?, ?, ?)
ON CONFLICT (tenant_id, entry_id) DO NOTHING;

-- name: list_tombstones
-- scope: tenant
SELECT entry_id, seq, erasure_id FROM tombstones WHERE tenant_id = :tenant_id AND entry_id > :after
ORDER BY entry_id LIMIT :limit;
