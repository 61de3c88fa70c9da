-- phase: before-code
-- How often feedback was given, changed or taken away: who knows this number need not look for more.
ALTER TABLE tenants ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;

-- Where an origin is sealed: an HMAC over a message's words, origin and instance.
ALTER TABLE auto_messages ADD COLUMN origin_proof BLOB;

-- What was hidden and put back: rules and reasons, while one is at work what is left to do, and then what went.
CREATE TABLE quarantines (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  entry_id TEXT NOT NULL,
  state TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  remaining TEXT NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX quarantines_by_id ON quarantines (tenant_id, entry_id);
CREATE INDEX quarantines_at_work ON quarantines (tenant_id, state) WHERE state IN ('hiding', 'restoring');

-- The messages and entries that are hidden, each by the quarantine at `quarantine_seq`. A hidden message gives up the
-- key by which it is known again: who says the same is heard.
CREATE TABLE hidden_entries (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  quarantine_seq INTEGER NOT NULL,
  same_key BLOB,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;
CREATE INDEX hidden_entries_by_quarantine ON hidden_entries (tenant_id, quarantine_seq, seq);

-- Hidden messages stand apart, so that nothing which reads messages can forget to leave them out.
CREATE TABLE hidden_messages (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  id TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  message_number INTEGER NOT NULL,
  role TEXT NOT NULL,
  speaker TEXT,
  origin TEXT NOT NULL,
  content TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  user_id TEXT,
  agent_id TEXT,
  project_id TEXT,
  metadata TEXT NOT NULL,
  sealed INTEGER NOT NULL,
  origin_proof BLOB,
  PRIMARY KEY (tenant_id, seq)
);
CREATE UNIQUE INDEX hidden_messages_by_id ON hidden_messages (tenant_id, id);
CREATE INDEX hidden_messages_by_session ON hidden_messages (tenant_id, session_id, seq);

-- What no fold of the log gives again: statements of former words, and since when later ones count.
CREATE TABLE hidden_statements (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  refers_seq INTEGER,
  refers_number INTEGER,
  until_seq INTEGER,
  statement TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq, number)
) WITHOUT ROWID;

-- Messages and entries that name a former value which nothing had stated: they may mean what is put back.
CREATE TABLE waiting_statements (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  value_key TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, value_key, seq)
) WITHOUT ROWID;
CREATE INDEX waiting_statements_by_seq ON waiting_statements (tenant_id, seq);

-- Entries that are no messages are few, and are asked for by kind.
CREATE INDEX log_by_kind ON log (tenant_id, kind, seq) WHERE kind <> 'message';

-- With one column more the planner would walk an index of equal messages instead of looking each key up.
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('auto_messages', 'auto_messages_same_again', '1000000 100000 1'),
  ('auto_messages', 'auto_messages_by_session', '1000000 100000 100 1');
ANALYZE sqlite_master;
