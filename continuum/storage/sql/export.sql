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
SELECT id, decision_text, context, role, instance_id, timestamp, extracted_from, message_seq, start_at, end_at
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
