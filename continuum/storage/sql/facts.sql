-- name: append_statements
-- scope: tenant
INSERT INTO fact_statements (tenant_id, seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq, subject_key, value_key)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, seq, number) DO NOTHING;

-- name: statements_of_slot
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements
WHERE tenant_id = :tenant_id AND slot_id = :slot_id AND since_seq <= :known AND (until_seq IS NULL OR until_seq > :known)
ORDER BY seq, number;

-- name: every_statement_of_slot
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements WHERE tenant_id = :tenant_id AND slot_id = :slot_id;

-- name: statements_of_seqs
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements
WHERE tenant_id = :tenant_id AND seq IN :list AND since_seq <= :known AND (until_seq IS NULL OR until_seq > :known);

-- name: slots_stated
-- scope: tenant
SELECT seq, slot_id, value, polarity, mode
FROM fact_statements
WHERE tenant_id = :tenant_id AND seq IN :list AND since_seq <= :known AND (until_seq IS NULL OR until_seq > :known);

-- name: every_statement_of_seqs
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: statements_with_value
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements
WHERE tenant_id = :tenant_id AND value_key = :value_key AND until_seq IS NULL AND seq <= :before
ORDER BY seq DESC, number DESC LIMIT :limit;

-- name: statements_replacing_after
-- scope: tenant
SELECT seq FROM fact_statements
WHERE tenant_id = :tenant_id AND seq > :after AND replaces <> '' AND until_seq IS NULL
  AND mode IN ('state', 'change', 'correction');

-- name: statements_referring
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements
WHERE tenant_id = :tenant_id AND refers_seq IS NOT NULL AND refers_seq IN :list AND until_seq IS NULL;

-- name: close_statements
-- scope: tenant
-- They make room for the numbers of the new words; what they were is the rest of a division by 1000.
UPDATE fact_statements SET until_seq = :until, number = number + 1000 * CAST(:until AS BIGINT)
WHERE tenant_id = :tenant_id AND seq IN :list AND until_seq IS NULL;

-- name: remove_statements
-- scope: tenant
DELETE FROM fact_statements WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: remove_statement
-- scope: tenant
DELETE FROM fact_statements WHERE tenant_id = :tenant_id AND seq = :seq AND number = :number;

-- name: remove_every_statement
-- scope: tenant
-- Closed statements too, whose numbers were moved by multiples of 1000.
DELETE FROM fact_statements WHERE tenant_id = :tenant_id AND seq = :seq AND number % 1000 = :number;

-- name: prune_statements
-- scope: tenant
DELETE FROM fact_statements WHERE tenant_id = :tenant_id AND until_seq IS NOT NULL AND until_seq <= :until;

-- name: remove_closed_referring
-- scope: tenant
-- Of one number of those positions, or of all; open ones are stated again by their own words.
DELETE FROM fact_statements
WHERE tenant_id = :tenant_id AND refers_seq IS NOT NULL AND refers_seq IN :list AND until_seq IS NOT NULL
  AND (CAST(:number AS BIGINT) IS NULL OR refers_number = :number)
RETURNING seq, number % 1000;

-- name: statements_counting_since
-- scope: tenant
SELECT seq, MAX(COALESCE(until_seq, since_seq))
FROM fact_statements
WHERE tenant_id = :tenant_id AND (until_seq IS NOT NULL OR since_seq > seq)
GROUP BY seq;

-- name: clear_statements
-- scope: tenant
-- Closed ones are no fold of the present log: what was known stays known.
DELETE FROM fact_statements WHERE tenant_id = :tenant_id AND until_seq IS NULL;

-- name: slots_changed_between
-- scope: tenant
SELECT DISTINCT slot_id
FROM fact_statements
WHERE tenant_id = :tenant_id AND ((since_seq > :after AND since_seq <= :until)
  OR (until_seq > :after AND until_seq <= :until))
LIMIT :limit;

-- name: every_slot
-- scope: tenant
SELECT DISTINCT slot_id FROM fact_statements WHERE tenant_id = :tenant_id AND slot_id > :after
ORDER BY slot_id LIMIT :limit;

-- name: write_facts
-- scope: tenant
INSERT INTO facts (tenant_id, id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason, subject_key, attribute_key)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO UPDATE
SET status = excluded.status, confidence = excluded.confidence, valid_from = excluded.valid_from,
    valid_to = excluded.valid_to, last_seq = excluded.last_seq, witnesses = excluded.witnesses,
    replaced_by = excluded.replaced_by, reason = excluded.reason;

-- name: remove_facts
-- scope: tenant
DELETE FROM facts WHERE tenant_id = :tenant_id AND id IN :list RETURNING id;

-- name: clear_facts
-- scope: tenant
DELETE FROM facts WHERE tenant_id = :tenant_id;

-- name: facts_of_slots
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts WHERE tenant_id = :tenant_id AND slot_id IN :list;

-- name: facts_by_id
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts WHERE tenant_id = :tenant_id AND id IN :list;

-- name: facts_of_attributes
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts WHERE tenant_id = :tenant_id AND attribute_key IN :list ORDER BY attribute_key, subject_key, id LIMIT :limit;

-- name: facts_of_attribute_and_subject
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts WHERE tenant_id = :tenant_id AND attribute_key = :attribute_key AND subject_key = :subject_key ORDER BY id LIMIT :limit;

-- name: list_facts
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts
WHERE tenant_id = :tenant_id AND id > :after
  AND (CAST(:subject_key AS TEXT) IS NULL OR subject_key = :subject_key)
  AND (CAST(:attribute_key AS TEXT) IS NULL OR attribute_key = :attribute_key)
  AND (CAST(:status AS TEXT) IS NULL OR status = :status)
ORDER BY id LIMIT :limit;

-- name: disputed_slots
-- scope: tenant
SELECT DISTINCT slot_id FROM facts WHERE tenant_id = :tenant_id AND status = 'disputed'
ORDER BY slot_id LIMIT :limit;
