-- name: put_evidence
-- scope: tenant
INSERT INTO evidence (tenant_id, exchange_id, first_seq, last_seq, taught)
VALUES :rows(:tenant_id, ?, ?, ?, ?)
ON CONFLICT (tenant_id, exchange_id) DO UPDATE
SET first_seq = excluded.first_seq, last_seq = excluded.last_seq, taught = excluded.taught;

-- name: evidence_of_exchanges
-- scope: tenant
SELECT exchange_id, first_seq, last_seq, taught
FROM evidence WHERE tenant_id = :tenant_id AND exchange_id IN :list;

-- name: all_evidence
-- scope: tenant
SELECT exchange_id, first_seq, last_seq, taught
FROM evidence WHERE tenant_id = :tenant_id AND exchange_id > :after ORDER BY exchange_id LIMIT :limit;

-- name: remove_evidence
-- scope: tenant
DELETE FROM evidence WHERE tenant_id = :tenant_id AND exchange_id IN :list;

-- name: clear_evidence
-- scope: tenant
DELETE FROM evidence WHERE tenant_id = :tenant_id;

-- name: exchanges_of_entities
-- scope: tenant
SELECT entity_id, exchange_id
FROM mentions WHERE tenant_id = :tenant_id AND entity_id IN :list AND message_seq <= :seq;

-- name: exchanges_of_decisions
-- scope: tenant
SELECT d.entity_id, m.exchange_id
FROM decisions AS d JOIN auto_messages AS m ON m.tenant_id = :tenant_id AND m.seq = d.message_seq
WHERE d.tenant_id = :tenant_id AND d.entity_id IS NOT NULL AND d.entity_id IN :list AND d.message_seq <= :seq;

-- name: exchanges_of_session
-- scope: tenant
SELECT exchange_id
FROM auto_messages WHERE tenant_id = :tenant_id AND session_id = :session_id AND seq <= :seq;

-- name: add_entry_subjects
-- scope: tenant
INSERT INTO entry_subjects (tenant_id, subject_id, seq)
VALUES :rows(:tenant_id, ?, ?)
ON CONFLICT (tenant_id, subject_id, seq) DO NOTHING;

-- name: entries_of_subjects
-- scope: tenant
SELECT subject_id, seq FROM entry_subjects WHERE tenant_id = :tenant_id AND subject_id IN :list AND seq <= :seq;

-- name: subjects_of_entries
-- scope: tenant
SELECT subject_id, seq FROM entry_subjects WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: clear_entry_subjects
-- scope: tenant
DELETE FROM entry_subjects WHERE tenant_id = :tenant_id;

-- name: remove_entry_subjects
-- scope: tenant
DELETE FROM entry_subjects WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: add_adjustment
-- scope: tenant
INSERT INTO adjustments (tenant_id, seq, entry_id, kind, subject_id, object_id, name)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?);

-- name: undo_adjustment
-- scope: tenant
UPDATE adjustments SET undone_seq = :undone
WHERE tenant_id = :tenant_id AND seq = :seq AND undone_seq IS NULL RETURNING seq;

-- name: list_adjustments
-- scope: tenant
SELECT seq, entry_id, kind, subject_id, object_id, name, undone_seq
FROM adjustments WHERE tenant_id = :tenant_id ORDER BY seq;

-- name: remove_adjustments
-- scope: tenant
DELETE FROM adjustments WHERE tenant_id = :tenant_id AND seq IN :list;

-- name: clear_adjustments
-- scope: tenant
DELETE FROM adjustments WHERE tenant_id = :tenant_id;

-- name: write_entity
-- scope: tenant
-- The fold of an entity anew; its degree is counted by the links.
INSERT INTO entities (tenant_id, id, name, entity_type, name_key, description, created_at, last_seen, occurrences,
  aliases, metadata, first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO UPDATE
SET name = excluded.name, entity_type = excluded.entity_type, name_key = excluded.name_key,
    description = excluded.description, created_at = excluded.created_at, last_seen = excluded.last_seen,
    occurrences = excluded.occurrences, aliases = excluded.aliases, metadata = excluded.metadata,
    first_seq = excluded.first_seq, last_seq = excluded.last_seq, joined = entities.joined + 1
RETURNING id, joined;

-- name: remove_entities
-- scope: tenant
DELETE FROM entities WHERE tenant_id = :tenant_id AND id IN :list RETURNING id;

-- name: write_link
-- scope: tenant
INSERT INTO attention_links (tenant_id, concept_a, concept_b, link_type, raw_strength, strength, tier,
  co_occurrences, sources, created_at, last_accessed, first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, concept_a, concept_b, link_type) DO UPDATE
SET raw_strength = excluded.raw_strength, strength = excluded.strength, tier = excluded.tier,
    co_occurrences = excluded.co_occurrences, sources = excluded.sources, created_at = excluded.created_at,
    last_accessed = excluded.last_accessed, first_seq = excluded.first_seq, last_seq = excluded.last_seq;

-- name: remove_link
-- scope: tenant
DELETE FROM attention_links
WHERE tenant_id = :tenant_id AND concept_a = :concept_a AND concept_b = :concept_b AND link_type = :link_type;

-- name: one_link
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, co_occurrences, sources, created_at, last_accessed, first_seq,
  last_seq, raw_strength
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_a = :concept_a AND concept_b = :concept_b AND link_type = :link_type;

-- name: write_compound
-- scope: tenant
INSERT INTO compound_concepts (tenant_id, id, compound_name, component_concepts, co_occurrence_count, last_seen,
  first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO UPDATE
SET compound_name = excluded.compound_name, component_concepts = excluded.component_concepts,
    co_occurrence_count = excluded.co_occurrence_count, last_seen = excluded.last_seen,
    first_seq = excluded.first_seq, last_seq = excluded.last_seq;

-- name: remove_compounds
-- scope: tenant
DELETE FROM compound_concepts WHERE tenant_id = :tenant_id AND id IN :list RETURNING id;

-- name: remove_compound_members
-- scope: tenant
DELETE FROM compound_members WHERE tenant_id = :tenant_id AND compound_id = :compound_id AND entity_id = :entity_id;

-- name: add_meetings
-- scope: tenant
INSERT INTO meetings (tenant_id, subject_a, subject_b, first_seq, last_seq, at, sources)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, subject_a, subject_b, first_seq) DO UPDATE
SET last_seq = excluded.last_seq, at = excluded.at, sources = excluded.sources;

-- name: meetings_of
-- scope: tenant
SELECT first_seq, last_seq, at, sources FROM meetings
WHERE tenant_id = :tenant_id AND subject_a = :subject_a AND subject_b = :subject_b AND first_seq <= :seq
ORDER BY first_seq;

-- name: remove_meeting
-- scope: tenant
DELETE FROM meetings
WHERE tenant_id = :tenant_id AND subject_a = :subject_a AND subject_b = :subject_b AND first_seq = :first_seq;

-- name: clear_meetings
-- scope: tenant
DELETE FROM meetings WHERE tenant_id = :tenant_id;

-- name: first_mentions
-- scope: tenant
SELECT message_seq, exchange_id FROM mentions WHERE tenant_id = :tenant_id AND entity_id = :entity_id
ORDER BY entity_id, message_seq, start_at LIMIT :limit;

-- name: last_mentions
-- scope: tenant
SELECT message_seq, exchange_id FROM mentions
WHERE tenant_id = :tenant_id AND entity_id = :entity_id AND message_seq <= :seq
ORDER BY entity_id DESC, message_seq DESC, start_at DESC LIMIT :limit;

-- name: times_of_entity
-- scope: tenant
SELECT MIN(a.timestamp), MAX(a.timestamp)
FROM mentions AS m JOIN auto_messages AS a ON a.tenant_id = :tenant_id AND a.seq = m.message_seq
WHERE m.tenant_id = :tenant_id AND m.entity_id = :entity_id;

-- name: extent_of_session
-- scope: tenant
SELECT MIN(timestamp), MAX(timestamp), MIN(seq), MAX(seq), COUNT(*)
FROM auto_messages WHERE tenant_id = :tenant_id AND session_id = :session_id;
