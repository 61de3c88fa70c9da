-- name: reinforce_links
-- scope: tenant
-- Strengthen links, or create them at :initial (in the row). All arithmetic is in the statement and none of it
-- depends on the order of learners: raw strength is a function of the number of meetings, the sources are a set
-- of bits, and the walkable strength is a function of both (bit 1 is the user; two bits are two sources).
INSERT INTO attention_links (tenant_id, concept_a, concept_b, link_type, raw_strength, strength, tier,
  co_occurrences, sources, created_at, last_accessed, first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, concept_a, concept_b, link_type) DO UPDATE
SET raw_strength = attention_links.raw_strength + :rate * (1 - attention_links.raw_strength),
    strength = CASE
      WHEN ((attention_links.sources | excluded.sources) & 1) <> 0
        OR ((attention_links.sources | excluded.sources)
            & ((attention_links.sources | excluded.sources) - 1)) <> 0
        OR attention_links.raw_strength + :rate * (1 - attention_links.raw_strength) < :cap
      THEN attention_links.raw_strength + :rate * (1 - attention_links.raw_strength)
      ELSE :cap END,
    co_occurrences = attention_links.co_occurrences + 1,
    sources = attention_links.sources | excluded.sources,
    created_at = CASE WHEN excluded.created_at < attention_links.created_at
                      THEN excluded.created_at ELSE attention_links.created_at END,
    last_accessed = CASE WHEN excluded.last_accessed > attention_links.last_accessed
                         THEN excluded.last_accessed ELSE attention_links.last_accessed END,
    first_seq = CASE WHEN excluded.first_seq < attention_links.first_seq
                     THEN excluded.first_seq ELSE attention_links.first_seq END,
    last_seq = CASE WHEN excluded.last_seq > attention_links.last_seq
                    THEN excluded.last_seq ELSE attention_links.last_seq END
RETURNING concept_a, concept_b, link_type, co_occurrences, strength, sources, tier;

-- name: set_links
-- scope: tenant
INSERT INTO attention_links (tenant_id, concept_a, concept_b, link_type, raw_strength, strength, tier,
  co_occurrences, sources, created_at, last_accessed, first_seq, last_seq)
VALUES :rows(:tenant_id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tenant_id, concept_a, concept_b, link_type) DO UPDATE
SET raw_strength = excluded.raw_strength,
    strength = excluded.strength,
    co_occurrences = attention_links.co_occurrences + 1,
    sources = attention_links.sources | excluded.sources,
    last_accessed = CASE WHEN excluded.last_accessed > attention_links.last_accessed
                         THEN excluded.last_accessed ELSE attention_links.last_accessed END,
    last_seq = CASE WHEN excluded.last_seq > attention_links.last_seq
                    THEN excluded.last_seq ELSE attention_links.last_seq END
RETURNING concept_a, concept_b, link_type, co_occurrences, strength, sources, tier;

-- name: move_link
-- scope: tenant
UPDATE attention_links SET tier = :tier
WHERE tenant_id = :tenant_id AND concept_a = :concept_a AND concept_b = :concept_b AND link_type = :link_type;

-- name: links_from
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, co_occurrences, sources, created_at, last_accessed, first_seq,
  last_seq
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_a = :id AND tier > 0 AND tier >= :tier AND strength >= :least
ORDER BY tier DESC, concept_b LIMIT :limit;

-- name: links_to
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, co_occurrences, sources, created_at, last_accessed, first_seq,
  last_seq
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_b = :id AND tier > 0 AND tier >= :tier AND strength >= :least
ORDER BY tier DESC, concept_a LIMIT :limit;

-- name: steps_from
-- scope: tenant
SELECT concept_b, strength
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_a = :id AND tier > 0 AND tier >= :tier AND strength >= :least
ORDER BY tier DESC, concept_b LIMIT :limit;

-- name: steps_to
-- scope: tenant
SELECT concept_a, strength
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_b = :id AND tier > 0 AND tier >= :tier AND strength >= :least
ORDER BY tier DESC, concept_a LIMIT :limit;

-- name: links_between
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, co_occurrences, sources, created_at, last_accessed, first_seq,
  last_seq
FROM attention_links
WHERE tenant_id = :tenant_id AND concept_a IN :list AND concept_b IN :list;

-- name: clear_links
-- scope: tenant
DELETE FROM attention_links WHERE tenant_id = :tenant_id;

-- name: prune_links
-- scope: tenant
DELETE FROM attention_links
WHERE tenant_id = :tenant_id AND link_type = 'hebbian' AND strength < :below AND last_accessed < :before
RETURNING concept_a, concept_b;

-- name: weak_links
-- scope: tenant
SELECT concept_a, concept_b, link_type, strength, co_occurrences, sources, created_at, last_accessed, first_seq, last_seq
FROM attention_links
WHERE tenant_id = :tenant_id AND link_type = 'hebbian' AND strength < :below AND last_accessed < :before
ORDER BY strength, last_accessed, concept_a, concept_b LIMIT :limit;

-- name: count_weak_links
-- scope: tenant
SELECT count(*) FROM attention_links
WHERE tenant_id = :tenant_id AND link_type = 'hebbian' AND strength < :below AND last_accessed < :before;

-- name: links_by_strength
-- scope: tenant
-- Tenths of strength; a link of strength 1 counts to the last one.
SELECT CASE WHEN strength >= 1 THEN 9 ELSE CAST(strength * 10 AS INTEGER) END AS tenth, count(*)
FROM attention_links WHERE tenant_id = :tenant_id GROUP BY 1 ORDER BY 1;

-- name: links_by_type
-- scope: tenant
SELECT link_type, count(*) FROM attention_links WHERE tenant_id = :tenant_id GROUP BY link_type ORDER BY link_type;
