-- name: observe_entities
-- scope: tenant
-- Type, aliases and first_seq are indexed or need reading: the repository corrects them in the rare case.
INSERT INTO entities (tenant_id, id, name, entity_type, name_key, description, created_at, last_seen, occurrences,
  aliases, metadata, first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, id) DO UPDATE
SET joined = entities.joined + 1,
    occurrences = entities.occurrences + excluded.occurrences,
    description = CASE WHEN entities.description = '' THEN excluded.description ELSE entities.description END,
    created_at = CASE WHEN excluded.created_at < entities.created_at
                      THEN excluded.created_at ELSE entities.created_at END,
    last_seen = CASE WHEN excluded.last_seen > entities.last_seen
                     THEN excluded.last_seen ELSE entities.last_seen END,
    last_seq = CASE WHEN excluded.last_seq > entities.last_seq
                    THEN excluded.last_seq ELSE entities.last_seq END
RETURNING id, joined, entity_type, aliases, first_seq;

-- name: correct_entity
-- scope: tenant
UPDATE entities SET entity_type = :entity_type, aliases = :aliases, first_seq = :first_seq
WHERE tenant_id = :tenant_id AND id = :id;

-- name: state_entity
-- scope: tenant
UPDATE entities
SET description = CASE WHEN :description = '' THEN entities.description ELSE :description END,
    metadata = CASE WHEN :metadata = '{}' THEN entities.metadata ELSE :metadata END
WHERE tenant_id = :tenant_id AND id = :id;

-- name: entities_by_id
-- scope: tenant
SELECT id, name, entity_type, name_key, description, created_at, last_seen, occurrences, aliases, metadata,
  first_seq, last_seq
FROM entities WHERE tenant_id = :tenant_id AND id IN :list;

-- name: list_entities
-- scope: tenant
SELECT id, name, entity_type, name_key, description, created_at, last_seen, occurrences, aliases, metadata,
  first_seq, last_seq
FROM entities
WHERE tenant_id = :tenant_id AND name_key >= :low AND name_key < :high
  AND (name_key, id) > (:after_key, :after_id)
ORDER BY name_key, id LIMIT :limit OFFSET :offset;

-- name: list_entities_of_type
-- scope: tenant
SELECT id, name, entity_type, name_key, description, created_at, last_seen, occurrences, aliases, metadata,
  first_seq, last_seq
FROM entities
WHERE tenant_id = :tenant_id AND entity_type = :entity_type AND name_key >= :low AND name_key < :high
  AND (name_key, id) > (:after_key, :after_id)
ORDER BY entity_type, name_key, id LIMIT :limit OFFSET :offset;

-- name: entity_names_after
-- scope: tenant
SELECT id, name, first_seq
FROM entities WHERE tenant_id = :tenant_id AND first_seq > :after ORDER BY first_seq, id LIMIT :limit;

-- name: add_degree
-- scope: tenant
UPDATE entities SET degree = degree + :links WHERE tenant_id = :tenant_id AND id = :id;

-- name: degrees
-- scope: tenant
SELECT id, degree FROM entities WHERE tenant_id = :tenant_id AND id IN :list;

-- name: clear_entities
-- scope: tenant
DELETE FROM entities WHERE tenant_id = :tenant_id;

-- name: most_connected
-- scope: tenant
SELECT id, name, entity_type, degree FROM entities
WHERE tenant_id = :tenant_id AND degree > 0 ORDER BY degree DESC, id LIMIT :limit;

-- name: orphans
-- scope: tenant
SELECT id, name, entity_type, degree FROM entities
WHERE tenant_id = :tenant_id AND degree = 0 AND entity_type NOT IN ('session', 'decision')
ORDER BY name_key, id LIMIT :limit;

-- name: count_orphans
-- scope: tenant
SELECT count(*) FROM entities
WHERE tenant_id = :tenant_id AND degree = 0 AND entity_type NOT IN ('session', 'decision');
