-- name: get_tenant
-- scope: tenant
SELECT tenant_id, created_at, last_active, last_seq, secret, metadata, extractors, facts, adjustments,
  notes, policy, uses, limits
FROM tenants WHERE tenant_id = :tenant_id;

-- name: create_tenant
-- scope: tenant
INSERT INTO tenants (tenant_id, created_at, last_active, secret, extractors)
VALUES (:tenant_id, :now, :now, :secret, :extractors)
ON CONFLICT (tenant_id) DO NOTHING;

-- name: advance_tenant
-- scope: tenant
-- The row is the tenant's counter: whoever updates it is alone until the commit, so seq order is commit order.
UPDATE tenants
SET last_seq = last_seq + :count,
    last_active = CASE WHEN :now > last_active THEN :now ELSE last_active END
WHERE tenant_id = :tenant_id
RETURNING tenant_id, created_at, last_active, last_seq, secret, metadata, extractors, facts, adjustments,
  notes, policy, uses, limits;

-- name: is_in_order
-- scope: tenant
SELECT in_order FROM tenants WHERE tenant_id = :tenant_id;

-- name: get_position
-- scope: tenant
SELECT last_seq FROM tenants WHERE tenant_id = :tenant_id;

-- name: get_counts
-- scope: tenant
SELECT messages, entities, decisions, attention_links, compound_concepts, sessions, vectors, facts, text_bytes
FROM tenants WHERE tenant_id = :tenant_id;

-- name: add_counts
-- scope: tenant
-- In order is whether each message was said at or after all before it, as long as all were.
UPDATE tenants
SET in_order = CASE WHEN :earliest >= latest_said THEN in_order ELSE 0 END,
    latest_said = CASE WHEN :latest > latest_said THEN :latest ELSE latest_said END,
    messages = messages + :messages,
    entities = entities + :entities,
    decisions = decisions + :decisions,
    attention_links = attention_links + :attention_links,
    compound_concepts = compound_concepts + :compound_concepts,
    sessions = sessions + :sessions,
    vectors = vectors + :vectors,
    facts = facts + :facts,
    adjustments = adjustments + :adjustments,
    notes = notes + :notes,
    uses = uses + :uses,
    text_bytes = text_bytes + :text_bytes
WHERE tenant_id = :tenant_id;

-- name: forget_derived_counts
-- scope: tenant
UPDATE tenants
SET entities = 0, decisions = 0, attention_links = 0, compound_concepts = 0, facts = 0, adjustments = 0
WHERE tenant_id = :tenant_id;

-- name: set_extractors
-- scope: tenant
UPDATE tenants SET extractors = :extractors WHERE tenant_id = :tenant_id;

-- name: set_tenant_metadata
-- scope: tenant
UPDATE tenants SET metadata = :metadata WHERE tenant_id = :tenant_id;

-- name: set_policy
-- scope: tenant
UPDATE tenants SET policy = :policy WHERE tenant_id = :tenant_id;

-- name: set_limits
-- scope: tenant
UPDATE tenants SET limits = :limits WHERE tenant_id = :tenant_id;

-- name: list_tenants
-- scope: system
SELECT tenant_id, created_at, last_active, last_seq, metadata, extractors, facts, adjustments,
  notes, policy, uses, limits
FROM tenants WHERE tenant_id > :after ORDER BY tenant_id LIMIT :limit;

-- name: list_migrations
-- scope: system
SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version;

-- name: tenants_with_ends
-- scope: system
SELECT tenant_id FROM tenants WHERE (notes > 0 OR policy <> '{}') AND tenant_id > :after ORDER BY tenant_id LIMIT :limit;
