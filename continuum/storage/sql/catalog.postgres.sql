-- name: catalog_unwalled_tables
-- scope: system
SELECT c.relname, 'row level security is not enabled and forced'
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
ORDER BY 1;

-- name: catalog_policies
-- scope: system
SELECT c.relname, p.polname, p.polpermissive, p.polcmd::text, (SELECT string_agg(r.rolname, ',' ORDER BY r.rolname)
  FROM pg_roles AS r WHERE r.oid = ANY(p.polroles)), 0::oid = ANY(p.polroles),
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
WHERE c.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2;

-- name: catalog_tenant_tables
-- scope: system
SELECT c.relname, pg_get_userbyid(c.relowner)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
ORDER BY 1;

-- name: catalog_grants_on_partitions
-- scope: system
SELECT c.relname, 'granted to '
  || string_agg(DISTINCT CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END, ', ')
FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS g
WHERE c.relnamespace = current_schema()::regnamespace AND c.relispartition AND g.grantee <> c.relowner
GROUP BY c.relname ORDER BY 1;

-- name: catalog_grants_to_strangers
-- scope: system
SELECT c.relname, 'granted to ' || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END || ': '
  || string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type)
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
CROSS JOIN LATERAL aclexplode(c.relacl) AS g
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND g.grantee <> c.relowner
  AND NOT (g.grantee <> 0 AND pg_get_userbyid(g.grantee) = 'continuum_app'
    AND g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
GROUP BY c.relname, g.grantee ORDER BY 1;

-- name: catalog_grants_on_columns
-- scope: system
SELECT c.relname || '.' || a.attname, 'granted to '
  || CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee) END || ': ' || g.privilege_type
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND NOT a.attisdropped
CROSS JOIN LATERAL aclexplode(a.attacl) AS g
WHERE c.relnamespace = current_schema()::regnamespace
  AND NOT (g.grantee <> 0 AND pg_get_userbyid(g.grantee) = 'continuum_directory' AND g.privilege_type = 'SELECT'
    AND (c.relname, a.attname) IN (
      ('tenants', 'tenant_id'), ('tenants', 'created_at'), ('tenants', 'last_active'), ('tenants', 'last_seq'),
      ('tenants', 'metadata'), ('tenants', 'extractors'), ('tenants', 'facts'), ('tenants', 'adjustments'),
      ('tenants', 'notes'), ('tenants', 'policy'), ('tenants', 'uses'), ('tenants', 'text_bytes'), ('tenants', 'limits'),
      ('erasures', 'tenant_id'), ('erasures', 'state'), ('quarantines', 'tenant_id'), ('quarantines', 'state')))
ORDER BY 1;

-- name: catalog_keys_without_tenant
-- scope: system
SELECT c.relname, i.relname || ': tenant_id is not its first column'
FROM pg_index AS x
JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition AND x.indkey[0] <> a.attnum
ORDER BY 1, 2;

-- name: catalog_foreign_keys_without_tenant
-- scope: system
SELECT c.relname, k.conname || ': names no tenant'
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
WHERE c.relnamespace = current_schema()::regnamespace AND k.contype = 'f' AND NOT c.relispartition
  AND NOT EXISTS (
    SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey) AND a.attname = 'tenant_id')
ORDER BY 1, 2;

-- name: catalog_empty_tenants
-- scope: system
SELECT c.relname, 'nothing refuses an empty tenant_id'
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT (a.attnotnull AND EXISTS (
    SELECT 1 FROM pg_constraint AS k
    WHERE k.conrelid = c.oid AND k.contype = 'c' AND pg_get_constraintdef(k.oid) LIKE '%tenant_id <> ''''%'))
ORDER BY 1;

-- name: catalog_definer_functions
-- scope: system
SELECT p.proname, CASE WHEN pg_get_userbyid(p.proowner) IN (SELECT rolname FROM pg_roles WHERE rolsuper OR rolbypassrls)
  THEN 'runs as a role that row level security does not bind'
  ELSE 'runs with its owner''s rights without a search_path of its own' END
FROM pg_proc AS p
WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef
  AND (pg_get_userbyid(p.proowner) IN (SELECT rolname FROM pg_roles WHERE rolsuper OR rolbypassrls)
    OR NOT EXISTS (SELECT 1 FROM unnest(p.proconfig) AS s (setting) WHERE s.setting LIKE 'search_path=%'))
ORDER BY 1;

-- name: catalog_views
-- scope: system
-- A view that reads with its owner's rights passes policies by. Materialized views always do.
SELECT c.relname, 'reads tenants'' rows with its owner''s rights; make it security_invoker'
FROM pg_class AS c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm')
  AND NOT (c.relkind = 'v' AND coalesce(c.reloptions::text, '') ~ 'security_invoker=(true|on|1)')
  AND EXISTS (
    SELECT 1 FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attname = 'tenant_id'
    WHERE r.ev_class = c.oid AND d.refobjid <> c.oid)
ORDER BY 1;

-- name: catalog_roles
-- scope: system
SELECT r.rolname, concat_ws(', ', CASE WHEN r.rolsuper THEN 'is a superuser' END,
  CASE WHEN r.rolbypassrls THEN 'has BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'may create roles' END,
  CASE WHEN r.rolname <> 'continuum_owner' AND pg_has_role(r.oid, 'continuum_owner', 'MEMBER')
    THEN 'is a member of continuum_owner' END,
  CASE WHEN r.rolname <> 'continuum_owner' AND EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relowner = r.oid)
    THEN 'owns tables' END,
  CASE WHEN r.rolname <> 'continuum_owner' AND has_schema_privilege(r.oid, current_schema(), 'CREATE')
    THEN 'may create objects' END)
FROM pg_roles AS r
WHERE r.rolname IN ('continuum_owner', 'continuum_app', 'continuum_directory')
  AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
    OR (r.rolname <> 'continuum_owner' AND (pg_has_role(r.oid, 'continuum_owner', 'MEMBER')
      OR EXISTS (SELECT 1 FROM pg_class AS c WHERE c.relowner = r.oid)
      OR has_schema_privilege(r.oid, current_schema(), 'CREATE'))))
ORDER BY 1;

-- name: catalog_collations
-- scope: system
SELECT c.relname, a.attname || ': text must be compared by its bytes (COLLATE "C"), or rankings differ between stores'
FROM pg_class AS c
JOIN pg_attribute AS t ON t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND l.collname <> 'C'
ORDER BY 1, 2;
