-- name: append_messages
-- scope: tenant
INSERT INTO auto_messages (tenant_id, id, seq, exchange_id, session_id, instance_id, message_number, role, speaker,
  origin, content, timestamp, recorded_at, user_id, agent_id, project_id, metadata, same_key)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: messages_by_seq
-- scope: tenant
SELECT id, seq, exchange_id, session_id, instance_id, message_number, role, speaker, origin, content, timestamp,
  recorded_at, user_id, agent_id, project_id, metadata, same_key
FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: messages_by_id
-- scope: tenant
SELECT id, seq, exchange_id, session_id, instance_id, message_number, role, speaker, origin, content, timestamp,
  recorded_at, user_id, agent_id, project_id, metadata, same_key
FROM auto_messages WHERE tenant_id = :tenant_id AND id IN :list;

-- name: known_messages
-- scope: tenant
SELECT same_key, id, seq
FROM auto_messages WHERE tenant_id = :tenant_id AND same_key IS NOT NULL AND same_key IN :list;

-- name: list_messages
-- scope: tenant
SELECT id, seq, exchange_id, session_id, instance_id, message_number, role, speaker, origin, content, timestamp,
  recorded_at, user_id, agent_id, project_id, metadata, same_key
FROM auto_messages
WHERE tenant_id = :tenant_id AND seq < :before
  AND (CAST(:role AS TEXT) IS NULL OR role = :role) AND timestamp >= :since AND timestamp < :until
ORDER BY seq DESC LIMIT :limit;

-- name: list_session_messages
-- scope: tenant
SELECT id, seq, exchange_id, session_id, instance_id, message_number, role, speaker, origin, content, timestamp,
  recorded_at, user_id, agent_id, project_id, metadata, same_key
FROM auto_messages
WHERE tenant_id = :tenant_id AND session_id = :session_id AND seq < :before
  AND (CAST(:role AS TEXT) IS NULL OR role = :role) AND timestamp >= :since AND timestamp < :until
ORDER BY seq DESC LIMIT :limit;

-- name: index_messages
-- scope: tenant
INSERT INTO message_index (tenant_id, seq, timestamp, session_id, role, speaker, terms, tags)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, seq) DO UPDATE
SET timestamp = excluded.timestamp, session_id = excluded.session_id, role = excluded.role,
    speaker = excluded.speaker, terms = excluded.terms, tags = excluded.tags;

-- name: index_after
-- scope: tenant
SELECT seq, timestamp, session_id, role, speaker, terms, tags
FROM message_index WHERE tenant_id = :tenant_id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: clear_message_index
-- scope: tenant
DELETE FROM message_index WHERE tenant_id = :tenant_id;

-- name: put_seal
-- scope: tenant
UPDATE auto_messages SET origin_proof = :seal WHERE tenant_id = :tenant_id AND seq = :seq;

-- name: seals_of
-- scope: tenant
SELECT seq, origin_proof FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list;
