-- name: append_mentions
-- scope: tenant
INSERT INTO mentions (tenant_id, entity_id, message_seq, start_at, end_at, exchange_id)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, message_seq, start_at, entity_id) DO NOTHING;

-- name: mentions_of_entity
-- scope: tenant
-- Ordered by the entity first, or SQLite prefers to walk all messages backwards (100 ms instead of 0.02).
SELECT entity_id, message_seq, start_at, end_at, exchange_id
FROM mentions WHERE tenant_id = :tenant_id AND entity_id = :entity_id
ORDER BY entity_id DESC, message_seq DESC, start_at DESC LIMIT :limit;

-- name: mentions_of_messages
-- scope: tenant
SELECT entity_id, message_seq, start_at, end_at, exchange_id
FROM mentions WHERE tenant_id = :tenant_id AND message_seq IN :list
ORDER BY message_seq, start_at, entity_id;

-- name: newest_mentions
-- scope: tenant
SELECT entity_id, message_seq FROM mentions WHERE tenant_id = :tenant_id
ORDER BY message_seq DESC, start_at DESC LIMIT :limit;

-- name: instances_of_messages
-- scope: tenant
SELECT seq, instance_id FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: clear_mentions
-- scope: tenant
DELETE FROM mentions WHERE tenant_id = :tenant_id;
