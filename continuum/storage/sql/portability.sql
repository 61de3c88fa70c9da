-- name: message_places
-- scope: tenant
-- Hidden ones are here, too.
SELECT id, seq FROM auto_messages WHERE tenant_id = :tenant_id AND id IN :list
UNION ALL
SELECT id, seq FROM hidden_messages WHERE tenant_id = :tenant_id AND id IN :list;

-- name: tombstones_by_id
-- scope: tenant
SELECT entry_id, seq, erasure_id FROM tombstones WHERE tenant_id = :tenant_id AND entry_id IN :list;

-- name: entries_by_hand
-- scope: tenant
SELECT seq, entry_id FROM log
WHERE tenant_id = :tenant_id AND seq > :after AND kind <> 'message' ORDER BY seq LIMIT :limit;

-- name: sessions_by_name
-- scope: tenant
SELECT session_id, created_at, last_active, message_count, summary_seq
FROM sessions WHERE tenant_id = :tenant_id AND session_id > :after ORDER BY session_id LIMIT :limit;

-- name: restore_session
-- scope: tenant
UPDATE sessions
SET created_at = :created_at, last_active = :last_active, message_count = :message_count, summary_seq = :summary_seq
WHERE tenant_id = :tenant_id AND session_id = :session_id;
