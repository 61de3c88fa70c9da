-- name: append_to_session
-- scope: tenant
-- The count grows in the statement, so that no two learners get the same message number.
INSERT INTO sessions (tenant_id, session_id, created_at, last_active, message_count)
VALUES (:tenant_id, :session_id, :timestamp, :timestamp, :count)
ON CONFLICT (tenant_id, session_id) DO UPDATE
SET message_count = sessions.message_count + excluded.message_count,
    created_at = CASE WHEN excluded.created_at < sessions.created_at
                      THEN excluded.created_at ELSE sessions.created_at END,
    last_active = CASE WHEN excluded.last_active > sessions.last_active
                       THEN excluded.last_active ELSE sessions.last_active END
RETURNING message_count;

-- name: list_sessions
-- scope: tenant
SELECT session_id, created_at, last_active, message_count
FROM sessions WHERE tenant_id = :tenant_id ORDER BY last_active DESC, session_id DESC LIMIT :limit;

-- name: list_sessions_before
-- scope: tenant
SELECT session_id, created_at, last_active, message_count
FROM sessions
WHERE tenant_id = :tenant_id AND (last_active, session_id) < (:last_active, :session_id)
ORDER BY last_active DESC, session_id DESC LIMIT :limit;

-- name: get_session
-- scope: tenant
SELECT session_id, created_at, last_active, message_count
FROM sessions WHERE tenant_id = :tenant_id AND session_id = :session_id;
