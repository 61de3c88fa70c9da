-- name: happened_messages
-- scope: tenant
-- The first words are cut in the database: a message may be megabytes.
SELECT seq, id, session_id, instance_id, role, recorded_at, substr(content, 1, :chars)
FROM auto_messages WHERE tenant_id = :tenant_id AND seq > :after AND seq <= :upto ORDER BY seq;

-- name: happened_concepts
-- scope: tenant
SELECT first_seq, id, name, entity_type
FROM entities WHERE tenant_id = :tenant_id AND first_seq > :after AND first_seq <= :upto ORDER BY first_seq, id;

-- name: happened_decisions
-- scope: tenant
SELECT message_seq, id, decision_text
FROM decisions WHERE tenant_id = :tenant_id AND message_seq > :after AND message_seq <= :upto
ORDER BY message_seq, start_at, id;
