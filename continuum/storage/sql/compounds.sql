-- name: count_compounds
-- scope: tenant
INSERT INTO compound_concepts (tenant_id, id, compound_name, component_concepts, co_occurrence_count, last_seen,
  first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO UPDATE
SET co_occurrence_count = compound_concepts.co_occurrence_count + excluded.co_occurrence_count,
    last_seen = CASE WHEN excluded.last_seen > compound_concepts.last_seen
                     THEN excluded.last_seen ELSE compound_concepts.last_seen END,
    first_seq = CASE WHEN excluded.first_seq < compound_concepts.first_seq
                     THEN excluded.first_seq ELSE compound_concepts.first_seq END,
    last_seq = CASE WHEN excluded.last_seq > compound_concepts.last_seq
                    THEN excluded.last_seq ELSE compound_concepts.last_seq END
RETURNING id, co_occurrence_count;

-- name: add_compound_members
-- scope: tenant
INSERT INTO compound_members (tenant_id, entity_id, compound_id)
VALUES :rows(:tenant_id, ?, ?)
ON CONFLICT (tenant_id, entity_id, compound_id) DO NOTHING;

-- name: list_repeated_compounds
-- scope: tenant
SELECT id, compound_name, component_concepts, co_occurrence_count, last_seen, first_seq, last_seq
FROM compound_concepts WHERE tenant_id = :tenant_id AND co_occurrence_count >= 2
ORDER BY co_occurrence_count DESC, id LIMIT :limit;

-- name: list_single_compounds
-- scope: tenant
SELECT id, compound_name, component_concepts, co_occurrence_count, last_seen, first_seq, last_seq
FROM compound_concepts WHERE tenant_id = :tenant_id AND co_occurrence_count < 2
ORDER BY id LIMIT :limit;

-- name: compounds_of_entity
-- scope: tenant
SELECT compound_id FROM compound_members
WHERE tenant_id = :tenant_id AND entity_id = :entity_id ORDER BY compound_id LIMIT :limit;

-- name: compounds_by_id
-- scope: tenant
SELECT id, compound_name, component_concepts, co_occurrence_count, last_seen, first_seq, last_seq
FROM compound_concepts WHERE tenant_id = :tenant_id AND id IN :list;

-- name: clear_compounds
-- scope: tenant
DELETE FROM compound_concepts WHERE tenant_id = :tenant_id;

-- name: clear_compound_members
-- scope: tenant
DELETE FROM compound_members WHERE tenant_id = :tenant_id;
