-- phase: before-code
-- What a service keeps beside the memory: keys, an audit log, running instances, and what a tenant may hold.
ALTER TABLE tenants ADD COLUMN text_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN limits TEXT COLLATE "C" NOT NULL DEFAULT '{}';
-- The walls hold for the owner too: they stand aside for this one statement, in this transaction.
ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE auto_messages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE hidden_messages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE message_history NO FORCE ROW LEVEL SECURITY;
UPDATE tenants SET text_bytes =
  (SELECT COALESCE(SUM(OCTET_LENGTH(content)), 0) FROM auto_messages AS m WHERE m.tenant_id = tenants.tenant_id)
  + (SELECT COALESCE(SUM(OCTET_LENGTH(content)), 0) FROM hidden_messages AS m WHERE m.tenant_id = tenants.tenant_id)
  + (SELECT COALESCE(SUM(OCTET_LENGTH(content)), 0) FROM message_history AS m WHERE m.tenant_id = tenants.tenant_id);
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
ALTER TABLE auto_messages FORCE ROW LEVEL SECURITY;
ALTER TABLE hidden_messages FORCE ROW LEVEL SECURITY;
ALTER TABLE message_history FORCE ROW LEVEL SECURITY;

-- Who may call: keys by their public part, with a hash of the secret part and never the secret itself.
CREATE TABLE api_keys (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  key_id TEXT COLLATE "C" NOT NULL,
  secret_hash BYTEA NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  scopes TEXT COLLATE "C" NOT NULL DEFAULT '[]',
  name TEXT COLLATE "C" NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  created_by TEXT COLLATE "C" NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  last_used_at BIGINT,
  PRIMARY KEY (tenant_id, key_id)
) PARTITION BY HASH (tenant_id);

-- Who did what, from where, with which result. Each row's digest covers the row and the digest before it.
CREATE TABLE audit_log (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  number BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  actor TEXT COLLATE "C" NOT NULL,
  action TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  outcome TEXT COLLATE "C" NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  details TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  digest BYTEA NOT NULL,
  PRIMARY KEY (tenant_id, number)
) PARTITION BY HASH (tenant_id);

-- The running instances of a tenant's agents. `beat` counts their signs of life; `changed` grows with each that joins
-- or leaves.
CREATE TABLE instances (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  instance_id TEXT COLLATE "C" NOT NULL,
  joined_at BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  beat BIGINT NOT NULL,
  beat_at BIGINT NOT NULL,
  lease_ms BIGINT NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL DEFAULT '',
  acked_seq BIGINT NOT NULL DEFAULT 0,
  details TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  changed BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, instance_id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX instances_by_change ON instances (tenant_id, changed);

-- Partitions, walls and grants, for every table that has none yet. The application's role gets no grant on a partition:
-- whoever names one directly would pass the policy by. `continuum.partitions` is set by whoever migrates.
DO $$
DECLARE
  wanted integer := current_setting('continuum.partitions')::integer;
  own text;
  part integer;
BEGIN
  FOR own IN
    SELECT relname FROM pg_class
    WHERE relkind = 'p' AND NOT relispartition AND relnamespace = current_schema()::regnamespace
      AND NOT relforcerowsecurity
    ORDER BY relname
  LOOP
    FOR part IN 0 .. wanted - 1 LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
        own || '_p' || part, own, wanted, part);
      -- Room for the next version of a row on its own page.
      IF own IN ('tenants', 'entities', 'attention_links', 'compound_concepts', 'sessions') THEN
        EXECUTE format('ALTER TABLE %I SET (fillfactor = 80)', own || '_p' || part);
      END IF;
    END LOOP;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', own);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', own);
    EXECUTE format('CREATE POLICY own_rows ON %I TO continuum_app'
      ' USING (tenant_id = nullif(current_setting(''app.tenant_id'', true), ''''))'
      ' WITH CHECK (tenant_id = nullif(current_setting(''app.tenant_id'', true), ''''))', own);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO continuum_app', own);
  END LOOP;
END
$$;

GRANT SELECT (text_bytes, limits) ON tenants TO continuum_directory;
