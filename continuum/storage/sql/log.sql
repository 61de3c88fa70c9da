-- name: append_log
-- scope: tenant
INSERT INTO log (tenant_id, seq, kind, entry_id, recorded_at, payload)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?);

-- name: read_log
-- scope: tenant
SELECT seq, kind, entry_id, recorded_at, payload
FROM log WHERE tenant_id = :tenant_id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: read_log_of_kind
-- scope: tenant
-- Messages are most of a log and no kind to ask for: the index leaves them out.
SELECT seq, kind, entry_id, recorded_at, payload
FROM log WHERE tenant_id = :tenant_id AND seq > :after AND kind = :kind AND kind <> 'message'
ORDER BY seq LIMIT :limit;
