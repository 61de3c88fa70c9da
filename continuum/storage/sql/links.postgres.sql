-- name: surroundings
-- scope: tenant
-- The steps away from many nodes at once, as steps_from and steps_to give them for one.
SELECT node.id, step.other, step.strength, e.degree
FROM unnest(CAST(:list AS TEXT[])) AS node (id) CROSS JOIN LATERAL (
  (SELECT concept_b AS other, strength
   FROM attention_links
   WHERE tenant_id = :tenant_id AND concept_a = node.id AND tier > 0 AND tier >= :tier AND strength >= :least
   ORDER BY tier DESC, concept_b LIMIT :limit)
  UNION ALL
  (SELECT concept_a, strength
   FROM attention_links
   WHERE tenant_id = :tenant_id AND concept_b = node.id AND tier > 0 AND tier >= :tier AND strength >= :least
   ORDER BY tier DESC, concept_a LIMIT :limit)
) AS step LEFT JOIN entities AS e ON e.tenant_id = :tenant_id AND e.id = step.other;

-- name: add_degrees
-- scope: tenant
UPDATE entities SET degree = degree + changed.links
FROM unnest(CAST(:ids AS TEXT[]), CAST(:links AS BIGINT[])) AS changed (id, links)
WHERE tenant_id = :tenant_id AND entities.id = changed.id;
