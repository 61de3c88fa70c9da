-- name: add_wording
-- scope: tenant
INSERT INTO message_history (tenant_id, seq, until_seq, since_seq, content)
VALUES :rows(:tenant_id, ?, ?, ?, ?);

-- name: wordings_in_force
-- scope: tenant
SELECT seq, until_seq, since_seq, content
FROM message_history WHERE tenant_id = :tenant_id AND until_seq > :known AND since_seq <= :known
ORDER BY seq;

-- name: wordings_of
-- scope: tenant
SELECT seq, until_seq, since_seq, content
FROM message_history WHERE tenant_id = :tenant_id AND seq IN :list
ORDER BY seq, until_seq;

-- name: every_wording
-- scope: tenant
SELECT seq, until_seq, since_seq, content FROM message_history WHERE tenant_id = :tenant_id ORDER BY seq, until_seq;

-- name: summaries_of_session
-- scope: tenant
-- Only a session that was summed up is looked through.
SELECT a.seq
FROM sessions AS s JOIN auto_messages AS a ON a.tenant_id = :tenant_id AND a.session_id = s.session_id
WHERE s.tenant_id = :tenant_id AND s.session_id = :session_id AND s.summary_seq IS NOT NULL
  AND a.role = 'system' AND a.metadata LIKE '%"summary_of"%'
ORDER BY a.seq;

-- name: remove_wordings
-- scope: tenant
DELETE FROM message_history WHERE tenant_id = :tenant_id AND seq IN :list RETURNING content;

-- name: wordings_until
-- scope: tenant
SELECT seq FROM message_history WHERE tenant_id = :tenant_id AND until_seq <= :until LIMIT 1;

-- name: prune_wordings
-- scope: tenant
DELETE FROM message_history WHERE tenant_id = :tenant_id AND until_seq <= :until RETURNING content;

-- name: reword_message
-- scope: tenant
UPDATE auto_messages SET content = :content WHERE tenant_id = :tenant_id AND seq = :seq;

-- name: remove_messages
-- scope: tenant
DELETE FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list RETURNING content;

-- name: remove_index_rows
-- scope: tenant
DELETE FROM message_index WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: remove_mentions
-- scope: tenant
DELETE FROM mentions WHERE tenant_id = :tenant_id AND message_seq IN :list;

-- name: models_with_vectors
-- scope: tenant
SELECT DISTINCT model FROM vectors WHERE tenant_id = :tenant_id;

-- name: remove_vectors_of_model
-- scope: tenant
DELETE FROM vectors WHERE tenant_id = :tenant_id AND model = :model AND message_seq IN :list RETURNING message_seq;

-- name: messages_of_exchanges
-- scope: tenant
-- Positions of one exchange follow each other: its evidence says from where to where.
SELECT a.seq
FROM evidence AS e JOIN auto_messages AS a ON a.tenant_id = :tenant_id
  AND a.seq >= e.first_seq AND a.seq <= e.last_seq AND a.exchange_id = e.exchange_id
WHERE e.tenant_id = :tenant_id AND e.exchange_id IN :list;

-- name: log_entries
-- scope: tenant
SELECT seq, kind, entry_id, recorded_at, payload
FROM log WHERE tenant_id = :tenant_id AND seq IN :list ORDER BY seq;

-- name: entry_at_or_before
-- scope: tenant
SELECT seq, recorded_at FROM log WHERE tenant_id = :tenant_id AND seq <= :seq ORDER BY seq DESC LIMIT 1;

-- name: blank_entries
-- scope: tenant
-- The place in the log stays, the words go.
UPDATE log SET kind = 'erased', payload = '{}' WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: rewrite_entry
-- scope: tenant
UPDATE log SET payload = :payload WHERE tenant_id = :tenant_id AND seq = :seq;

-- name: put_expiry
-- scope: tenant
INSERT INTO message_notes (tenant_id, seq, expires_at)
VALUES :rows(:tenant_id, ?, ?)
ON CONFLICT (tenant_id, seq) DO UPDATE SET expires_at = excluded.expires_at;

-- name: put_superseded
-- scope: tenant
INSERT INTO message_notes (tenant_id, seq, superseded_seq, superseded_at, superseded_by)
VALUES :rows(:tenant_id, ?, ?, ?, ?)
ON CONFLICT (tenant_id, seq) DO UPDATE
SET superseded_seq = excluded.superseded_seq, superseded_at = excluded.superseded_at,
    superseded_by = excluded.superseded_by;

-- name: notes_of
-- scope: tenant
SELECT seq, expires_at, superseded_seq, superseded_at, superseded_by
FROM message_notes WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: superseded_by_messages
-- scope: tenant
SELECT seq, expires_at, superseded_seq, superseded_at, superseded_by
FROM message_notes WHERE tenant_id = :tenant_id AND superseded_by IS NOT NULL AND superseded_by IN :list;

-- name: expired
-- scope: tenant
SELECT seq FROM message_notes
WHERE tenant_id = :tenant_id AND expires_at IS NOT NULL AND expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: remove_notes
-- scope: tenant
DELETE FROM message_notes WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: unsupersede
-- scope: tenant
UPDATE message_notes SET superseded_seq = NULL, superseded_at = NULL, superseded_by = NULL
WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: clear_superseded
-- scope: tenant
UPDATE message_notes SET superseded_seq = NULL, superseded_at = NULL, superseded_by = NULL
WHERE tenant_id = :tenant_id;

-- name: sessions_of_seqs
-- scope: tenant
SELECT session_id FROM auto_messages WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: session_has_messages
-- scope: tenant
-- Hidden ones keep it, too.
SELECT seq FROM auto_messages WHERE tenant_id = :tenant_id AND session_id = :session_id
UNION ALL
SELECT seq FROM hidden_messages WHERE tenant_id = :tenant_id AND session_id = :session_id
LIMIT 1;

-- name: remove_session
-- scope: tenant
DELETE FROM sessions WHERE tenant_id = :tenant_id AND session_id = :session_id RETURNING session_id;

-- name: seqs_of_session
-- scope: tenant
SELECT seq FROM auto_messages WHERE tenant_id = :tenant_id AND session_id = :session_id ORDER BY seq;

-- name: seqs_following
-- scope: tenant
SELECT seq FROM auto_messages
WHERE tenant_id = :tenant_id AND session_id = :session_id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: seqs_of_scope
-- scope: tenant
SELECT seq FROM auto_messages
WHERE tenant_id = :tenant_id
  AND (CAST(:user_id AS TEXT) IS NULL OR user_id = :user_id)
  AND (CAST(:agent_id AS TEXT) IS NULL OR agent_id = :agent_id)
  AND (CAST(:project_id AS TEXT) IS NULL OR project_id = :project_id)
ORDER BY seq;

-- name: seqs_before
-- scope: tenant
SELECT seq FROM auto_messages WHERE tenant_id = :tenant_id AND timestamp < :before ORDER BY seq;

-- name: seqs_naming
-- scope: tenant
SELECT message_seq FROM mentions WHERE tenant_id = :tenant_id AND entity_id IN :list;

-- name: old_sessions
-- scope: tenant
SELECT session_id FROM sessions
WHERE tenant_id = :tenant_id AND last_active < :before AND EXISTS (
  SELECT 1 FROM auto_messages AS a
  WHERE a.tenant_id = :tenant_id AND a.session_id = sessions.session_id
    AND a.seq > COALESCE(sessions.summary_seq, CAST(0 AS BIGINT)))
ORDER BY last_active, session_id LIMIT :limit;

-- name: set_session_summary
-- scope: tenant
UPDATE sessions SET summary_seq = :seq WHERE tenant_id = :tenant_id AND session_id = :session_id;

-- name: forget_summaries
-- scope: tenant
UPDATE sessions SET summary_seq = NULL
WHERE tenant_id = :tenant_id AND summary_seq IS NOT NULL AND summary_seq IN :list;
