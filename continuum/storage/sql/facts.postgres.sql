-- name: facts_of_pairs
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason, subject_key, attribute_key
FROM facts
WHERE tenant_id = :tenant_id AND attribute_key = ANY(CAST(:attributes AS TEXT[]))
  AND subject_key = ANY(CAST(:subjects AS TEXT[]))
ORDER BY id LIMIT :limit;
