-- phase: before-code
-- What a service keeps beside the memory: keys, an audit log, running instances, and what a tenant may hold.
ALTER TABLE tenants ADD COLUMN text_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
UPDATE tenants SET text_bytes =
  (SELECT COALESCE(SUM(LENGTH(CAST(content AS BLOB))), 0) FROM auto_messages AS m WHERE m.tenant_id = tenants.tenant_id)
  + (SELECT COALESCE(SUM(LENGTH(CAST(content AS BLOB))), 0) FROM hidden_messages AS m WHERE m.tenant_id = tenants.tenant_id)
  + (SELECT COALESCE(SUM(LENGTH(CAST(content AS BLOB))), 0) FROM message_history AS m WHERE m.tenant_id = tenants.tenant_id);

-- Who may call: keys by their public part, with a hash of the secret part and never the secret itself.
CREATE TABLE api_keys (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  key_id TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL DEFAULT '[]',
  name TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  PRIMARY KEY (tenant_id, key_id)
) WITHOUT ROWID;

-- Who did what, from where, with which result. Each row's digest covers the row and the digest before it.
CREATE TABLE audit_log (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  number INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  source TEXT NOT NULL,
  outcome TEXT NOT NULL,
  request_id TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{}',
  digest BLOB NOT NULL,
  PRIMARY KEY (tenant_id, number)
) WITHOUT ROWID;

-- The running instances of a tenant's agents. `beat` counts their signs of life; `changed` grows with each that joins
-- or leaves.
CREATE TABLE instances (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  instance_id TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  beat INTEGER NOT NULL,
  beat_at INTEGER NOT NULL,
  lease_ms INTEGER NOT NULL,
  session_id TEXT NOT NULL DEFAULT '',
  acked_seq INTEGER NOT NULL DEFAULT 0,
  details TEXT NOT NULL DEFAULT '{}',
  changed INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, instance_id)
) WITHOUT ROWID;
CREATE INDEX instances_by_change ON instances (tenant_id, changed);
