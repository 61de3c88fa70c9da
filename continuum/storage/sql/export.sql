-- name: export_entities
-- scope: tenant
SELECT id, name, entity_type, name_key, description, created_at, last_seen, occurrences, aliases, metadata,
  first_seq, last_seq, degree
FROM entities WHERE tenant_id = :tenant_id ORDER BY id;

-- name: export_mentions
-- scope: tenant
SELECT message_seq, start_at, entity_id, end_at, exchange_id
FROM mentions WHERE tenant_id = :tenant_id ORDER BY message_seq, start_at, entity_id;

-- name: export_links
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, raw_strength, use_strength, tier, co_occurrences, sources,
  created_at, last_accessed, first_seq, last_seq
FROM attention_links WHERE tenant_id = :tenant_id ORDER BY concept_a, concept_b, link_type;

-- name: export_decisions
-- scope: tenant
SELECT id, decision_text, context, role, instance_id, timestamp, extracted_from, message_seq, start_at, end_at,
  entity_id
FROM decisions WHERE tenant_id = :tenant_id ORDER BY id;

-- name: export_compounds
-- scope: tenant
SELECT id, compound_name, component_concepts, co_occurrence_count, last_seen, first_seq, last_seq
FROM compound_concepts WHERE tenant_id = :tenant_id ORDER BY id;

-- name: export_compound_members
-- scope: tenant
SELECT entity_id, compound_id
FROM compound_members WHERE tenant_id = :tenant_id ORDER BY entity_id, compound_id;

-- name: export_message_index
-- scope: tenant
SELECT seq, timestamp, session_id, role, speaker, terms, tags
FROM message_index WHERE tenant_id = :tenant_id ORDER BY seq;

-- name: export_evidence
-- scope: tenant
SELECT exchange_id, first_seq, last_seq, taught
FROM evidence WHERE tenant_id = :tenant_id ORDER BY exchange_id;

-- name: export_meetings
-- scope: tenant
SELECT subject_a, subject_b, first_seq, last_seq, at, sources
FROM meetings WHERE tenant_id = :tenant_id ORDER BY subject_a, subject_b, first_seq;

-- name: export_entry_subjects
-- scope: tenant
SELECT subject_id, seq FROM entry_subjects WHERE tenant_id = :tenant_id ORDER BY subject_id, seq;

-- name: export_adjustments
-- scope: tenant
SELECT seq, entry_id, kind, subject_id, object_id, name, undone_seq
FROM adjustments WHERE tenant_id = :tenant_id ORDER BY seq;

-- name: export_statements
-- scope: tenant
SELECT seq, number, slot_id, subject, attribute, value, mode, polarity, single, replaces, confidence, valid_from, valid_to,
  recorded_at, message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, refers_seq, refers_number,
  since_seq, until_seq
FROM fact_statements WHERE tenant_id = :tenant_id ORDER BY seq, number;

-- name: export_facts
-- scope: tenant
SELECT id, slot_id, subject, attribute, value, polarity, single, status, confidence, valid_from, valid_to, recorded_at,
  message_id, start_at, end_at, origin, source, user_id, agent_id, project_id, first_seq, first_number, last_seq,
  witnesses, replaced_by, reason
FROM facts WHERE tenant_id = :tenant_id ORDER BY id;

-- name: export_superseded
-- scope: tenant
SELECT seq, superseded_seq, superseded_at, superseded_by
FROM message_notes WHERE tenant_id = :tenant_id AND superseded_seq IS NOT NULL ORDER BY seq;
