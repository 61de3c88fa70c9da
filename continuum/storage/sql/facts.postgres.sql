-- name: facts_of_pairs
-- scope: tenant
SELECT f.id, f.slot_id, f.subject, f.attribute, f.value, f.polarity, f.single, f.status, f.confidence, f.valid_from,
  f.valid_to, f.recorded_at, f.message_id, f.start_at, f.end_at, f.origin, f.source, f.user_id, f.agent_id,
  f.project_id, f.first_seq, f.first_number, f.last_seq, f.witnesses, f.replaced_by, f.reason
FROM unnest(CAST(:attributes AS TEXT[]), CAST(:subjects AS TEXT[])) WITH ORDINALITY AS pair (attribute, subject, place)
CROSS JOIN LATERAL (
  SELECT * FROM facts
  WHERE tenant_id = :tenant_id AND attribute_key = pair.attribute AND subject_key = pair.subject
  ORDER BY id LIMIT :limit) AS f
ORDER BY pair.place, f.id;
