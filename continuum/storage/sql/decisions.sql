-- name: append_decisions
-- scope: tenant
INSERT INTO decisions (tenant_id, id, decision_text, context, role, instance_id, timestamp, extracted_from,
  message_seq, start_at, end_at, entity_id)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO NOTHING
RETURNING id;

-- name: list_decisions
-- scope: tenant
SELECT id, decision_text, context, role, instance_id, timestamp, extracted_from, message_seq, start_at, end_at,
  entity_id
FROM decisions WHERE tenant_id = :tenant_id AND message_seq < :before
ORDER BY message_seq DESC, start_at DESC, id DESC LIMIT :limit;

-- name: list_decisions_before
-- scope: tenant
SELECT id, decision_text, context, role, instance_id, timestamp, extracted_from, message_seq, start_at, end_at,
  entity_id
FROM decisions WHERE tenant_id = :tenant_id AND (message_seq, start_at, id) < (:seq, :start, :own)
ORDER BY message_seq DESC, start_at DESC, id DESC LIMIT :limit;

-- name: decisions_of_messages
-- scope: tenant
SELECT id, decision_text, context, role, instance_id, timestamp, extracted_from, message_seq, start_at, end_at,
  entity_id
FROM decisions WHERE tenant_id = :tenant_id AND message_seq IN :list
ORDER BY message_seq, start_at, id;

-- name: clear_decisions
-- scope: tenant
DELETE FROM decisions WHERE tenant_id = :tenant_id;

-- name: remove_decisions
-- scope: tenant
DELETE FROM decisions WHERE tenant_id = :tenant_id AND message_seq IN :list RETURNING id;
