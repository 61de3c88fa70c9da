-- name: put_quarantine
-- scope: tenant
INSERT INTO quarantines (tenant_id, seq, entry_id, state, rule, reason, remaining, counts)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, seq) DO UPDATE
SET state = excluded.state, remaining = excluded.remaining, counts = excluded.counts;

-- name: get_quarantine
-- scope: tenant
SELECT seq, entry_id, state, rule, reason, remaining, counts
FROM quarantines WHERE tenant_id = :tenant_id AND entry_id = :entry_id;

-- name: list_quarantines
-- scope: tenant
SELECT seq, entry_id, state, rule, reason, remaining, counts
FROM quarantines WHERE tenant_id = :tenant_id AND seq < :before ORDER BY seq DESC LIMIT :limit;

-- name: quarantines_at_work
-- scope: tenant
SELECT seq, entry_id, state, rule, reason, remaining, counts
FROM quarantines WHERE tenant_id = :tenant_id AND state IN ('hiding', 'restoring') ORDER BY seq;

-- name: tenants_with_quarantines_at_work
-- scope: system
SELECT DISTINCT tenant_id FROM quarantines WHERE state IN ('hiding', 'restoring') ORDER BY tenant_id LIMIT :limit;

-- name: any_quarantine
-- scope: tenant
SELECT seq FROM quarantines WHERE tenant_id = :tenant_id LIMIT 1;

-- name: messages_to_hide
-- scope: tenant
SELECT seq
FROM auto_messages
WHERE tenant_id = :tenant_id
  AND (CAST(:origin AS TEXT) IS NULL OR origin = :origin)
  AND (CAST(:source AS TEXT) IS NULL OR COALESCE(speaker, role) = :source)
  AND (CAST(:instance_id AS TEXT) IS NULL OR instance_id = :instance_id)
  AND (CAST(:session_id AS TEXT) IS NULL OR session_id = :session_id)
  AND (CAST(:user_id AS TEXT) IS NULL OR user_id = :user_id)
  AND (CAST(:agent_id AS TEXT) IS NULL OR agent_id = :agent_id)
  AND (CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id)
  AND recorded_at >= :since AND recorded_at < :until
ORDER BY seq;

-- name: hide_entries
-- scope: tenant
INSERT INTO hidden_entries (tenant_id, seq, quarantine_seq, same_key)
VALUES :rows(:tenant_id, ?, ?, ?)
ON CONFLICT (tenant_id, seq) DO NOTHING;

-- name: same_keys_of
-- scope: tenant
SELECT seq, same_key
FROM auto_messages WHERE tenant_id = :tenant_id AND same_key IS NOT NULL AND seq IN :list;

-- name: forget_same_keys
-- scope: tenant
UPDATE auto_messages SET same_key = NULL WHERE tenant_id = :tenant_id AND same_key IS NOT NULL AND seq IN :list;

-- name: give_same_key
-- scope: tenant
-- Unless the same was said again meanwhile.
UPDATE auto_messages SET same_key = :same_key
WHERE tenant_id = :tenant_id AND seq = :seq AND NOT EXISTS (
  SELECT 1 FROM auto_messages AS again
  WHERE again.tenant_id = :tenant_id AND again.same_key = :same_key AND again.same_key IS NOT NULL);

-- name: hidden_among
-- scope: tenant
SELECT seq, quarantine_seq, same_key FROM hidden_entries WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: hidden_by
-- scope: tenant
SELECT seq FROM hidden_entries WHERE tenant_id = :tenant_id AND quarantine_seq = :quarantine_seq ORDER BY seq;

-- name: unhide_entries
-- scope: tenant
DELETE FROM hidden_entries WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: hide_messages
-- scope: tenant
INSERT INTO hidden_messages (tenant_id, seq, id, exchange_id, session_id, instance_id, message_number, role, speaker,
  origin, content, timestamp, recorded_at, user_id, agent_id, project_id, metadata, sealed, origin_proof)
SELECT :tenant_id, seq, id, exchange_id, session_id, instance_id, message_number, role, speaker,
  origin, content, timestamp, recorded_at, user_id, agent_id, project_id, metadata, sealed, origin_proof
FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: drop_shown_messages
-- scope: tenant
DELETE FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list RETURNING seq;

-- name: show_messages
-- scope: tenant
INSERT INTO auto_messages (tenant_id, seq, id, exchange_id, session_id, instance_id, message_number, role, speaker,
  origin, content, timestamp, recorded_at, user_id, agent_id, project_id, metadata, sealed, origin_proof)
SELECT :tenant_id, seq, id, exchange_id, session_id, instance_id, message_number, role, speaker,
  origin, content, timestamp, recorded_at, user_id, agent_id, project_id, metadata, sealed, origin_proof
FROM hidden_messages WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: drop_hidden_messages
-- scope: tenant
DELETE FROM hidden_messages WHERE tenant_id = :tenant_id AND seq IN :list RETURNING seq, content;

-- name: hidden_messages_by_seq
-- scope: tenant
SELECT m.id, m.seq, m.exchange_id, m.session_id, m.instance_id, m.message_number, m.role, m.speaker, m.origin,
  m.content, m.timestamp, m.recorded_at, m.user_id, m.agent_id, m.project_id, m.metadata, e.same_key
FROM hidden_messages AS m JOIN hidden_entries AS e ON e.tenant_id = :tenant_id AND e.seq = m.seq
WHERE m.tenant_id = :tenant_id AND m.seq IN :list;

-- name: hidden_messages_by_id
-- scope: tenant
SELECT seq, id FROM hidden_messages WHERE tenant_id = :tenant_id AND id IN :list;

-- name: list_hidden_messages
-- scope: tenant
SELECT m.id, m.seq, m.exchange_id, m.session_id, m.instance_id, m.message_number, m.role, m.speaker, m.origin,
  m.content, m.timestamp, m.recorded_at, m.user_id, m.agent_id, m.project_id, m.metadata, e.same_key
FROM hidden_messages AS m JOIN hidden_entries AS e ON e.tenant_id = :tenant_id AND e.seq = m.seq
WHERE m.tenant_id = :tenant_id AND m.seq < :before
  AND (CAST(:session_id AS TEXT) IS NULL OR m.session_id = :session_id)
  AND (CAST(:role AS TEXT) IS NULL OR m.role = :role) AND m.timestamp >= :since AND m.timestamp < :until
ORDER BY m.seq DESC LIMIT :limit;

-- name: statements_kept_apart
-- scope: tenant
SELECT seq, number, refers_seq, refers_number, until_seq, statement
FROM hidden_statements WHERE tenant_id = :tenant_id ORDER BY seq, number;

-- name: keep_statements_apart
-- scope: tenant
INSERT INTO hidden_statements (tenant_id, seq, number, refers_seq, refers_number, until_seq, statement)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, seq, number) DO UPDATE SET statement = excluded.statement;

-- name: drop_statement_kept_apart
-- scope: tenant
DELETE FROM hidden_statements WHERE tenant_id = :tenant_id AND seq = :seq AND number = :number;

-- name: prune_statements_kept_apart
-- scope: tenant
DELETE FROM hidden_statements WHERE tenant_id = :tenant_id AND until_seq IS NOT NULL AND until_seq <= :until;

-- name: closed_statements_referring
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements
WHERE tenant_id = :tenant_id AND refers_seq IS NOT NULL AND refers_seq IN :list AND until_seq IS NOT NULL;

-- name: former_values_after
-- scope: tenant
SELECT seq, replaces FROM fact_statements
WHERE tenant_id = :tenant_id AND seq > :after AND replaces <> '' AND until_seq IS NULL;

-- name: statements_about_values
-- scope: tenant
-- Those that may have looked for an earlier statement of their value.
SELECT seq FROM fact_statements
WHERE tenant_id = :tenant_id AND value_key IN :list AND until_seq IS NULL AND seq > :after
  AND (mode = 'end' OR polarity = 0 OR refers_seq IS NOT NULL);

-- name: wait_for_values
-- scope: tenant
INSERT INTO waiting_statements (tenant_id, value_key, seq)
VALUES :rows(:tenant_id, ?, ?)
ON CONFLICT (tenant_id, value_key, seq) DO NOTHING;

-- name: waiting_for_values
-- scope: tenant
SELECT seq FROM waiting_statements WHERE tenant_id = :tenant_id AND value_key IN :list;

-- name: waiting_among
-- scope: tenant
SELECT DISTINCT seq FROM waiting_statements WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: wait_no_more
-- scope: tenant
DELETE FROM waiting_statements WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: clear_waiting
-- scope: tenant
DELETE FROM waiting_statements WHERE tenant_id = :tenant_id;

-- name: hidden_summary_forgotten
-- scope: tenant
UPDATE sessions SET summary_seq = NULL
WHERE tenant_id = :tenant_id AND summary_seq IS NOT NULL AND summary_seq IN :list;

-- name: summary_put_back
-- scope: tenant
UPDATE sessions SET summary_seq = :seq
WHERE tenant_id = :tenant_id AND session_id = :session_id AND (summary_seq IS NULL OR summary_seq < :seq);
