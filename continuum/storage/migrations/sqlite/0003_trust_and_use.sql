-- phase: before-code
-- How often feedback was given, changed or taken away: who knows this number need not look for more.
ALTER TABLE tenants ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;

-- Where an origin is sealed: an HMAC over a message's words, origin and instance.
ALTER TABLE auto_messages ADD COLUMN origin_proof BLOB;

-- What was hidden and put back: rules and reasons, and while one is at work what is left to do.
CREATE TABLE quarantines (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  entry_id TEXT NOT NULL,
  state TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  remaining TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;
CREATE INDEX quarantines_at_work ON quarantines (tenant_id, state) WHERE state IN ('hiding', 'restoring');

-- The messages and entries that are hidden, each by the quarantine at `quarantine_seq`.
CREATE TABLE hidden_entries (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  quarantine_seq INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;
CREATE INDEX hidden_entries_by_quarantine ON hidden_entries (tenant_id, quarantine_seq);

-- Entries that are no messages are few, and are asked for by kind.
CREATE INDEX log_by_kind ON log (tenant_id, kind, seq) WHERE kind <> 'message';

-- With one column more the planner would walk an index of equal messages instead of looking each key up.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('auto_messages', 'auto_messages_same_again', '1000000 100000 1'),
  ('auto_messages', 'auto_messages_by_session', '1000000 100000 100 1');
ANALYZE sqlite_master;
