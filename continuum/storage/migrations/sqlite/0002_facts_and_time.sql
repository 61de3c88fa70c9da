-- phase: before-code
-- Facts with their times, the evidence under every derived row, and what forgetting needs.

-- Which version of the extractors derived the tenant's rows, and how much there is of what most recalls can skip.
ALTER TABLE tenants ADD COLUMN extractors INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN facts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN adjustments INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
-- The latest time that a message was said, and whether each was said at or after all before it.
ALTER TABLE tenants ADD COLUMN latest_said INTEGER NOT NULL DEFAULT -9223372036854775807;
ALTER TABLE tenants ADD COLUMN in_order INTEGER NOT NULL DEFAULT 1;
UPDATE tenants SET in_order = 0;
ALTER TABLE tenants ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';

CREATE INDEX tenants_with_ends ON tenants (tenant_id) WHERE notes > 0 OR policy <> '{}';

-- What each exchange taught, as it was observed: entities, links and compounds are the fold of these rows in their
-- order, so that any past state, and the state without an exchange, can be folded again. Merges and renames are
-- applied while folding, never here. Ids of exchanges ascend in time: a learn appends.
CREATE TABLE evidence (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  exchange_id TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  taught TEXT NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, exchange_id)
);

-- Where two concepts met (`subject_a` before `subject_b`), and where a compound was sighted (`subject_b` empty), by
-- the ids that words gave: how often, since when and on whose word can be told without reading any evidence.
CREATE TABLE meetings (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  subject_a TEXT NOT NULL,
  subject_b TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  sources INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, subject_a, subject_b, first_seq)
) WITHOUT ROWID;

-- Which entries made by hand speak of an entity.
CREATE TABLE entry_subjects (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  subject_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, subject_id, seq)
) WITHOUT ROWID;
CREATE INDEX entry_subjects_by_seq ON entry_subjects (tenant_id, seq);

-- Merges and renames by hand: in force from `seq` on, until the entry `undone_seq`.
CREATE TABLE adjustments (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  entry_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  object_id TEXT NOT NULL,
  name TEXT NOT NULL,
  undone_seq INTEGER,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;

-- Statements are evidence, facts their fold. A statement counts from `since_seq` until `until_seq`: a message that
-- is worded anew closes the statements of its old words.
CREATE TABLE fact_statements (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  number INTEGER NOT NULL,
  slot_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value TEXT NOT NULL,
  value_key TEXT NOT NULL,
  mode TEXT NOT NULL,
  polarity INTEGER NOT NULL,
  single INTEGER NOT NULL,
  replaces TEXT NOT NULL,
  confidence REAL NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  recorded_at INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  origin TEXT NOT NULL,
  source TEXT NOT NULL,
  user_id TEXT,
  agent_id TEXT,
  project_id TEXT,
  refers_seq INTEGER,
  refers_number INTEGER,
  since_seq INTEGER NOT NULL,
  until_seq INTEGER,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq, number)
) WITHOUT ROWID;
CREATE INDEX fact_statements_by_slot ON fact_statements (tenant_id, slot_id, seq, number);
CREATE INDEX fact_statements_by_value ON fact_statements (tenant_id, value_key, seq) WHERE until_seq IS NULL;
CREATE INDEX fact_statements_by_reference ON fact_statements (tenant_id, refers_seq) WHERE refers_seq IS NOT NULL;

CREATE TABLE facts (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  id TEXT NOT NULL,
  slot_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  subject_key TEXT NOT NULL,
  attribute TEXT NOT NULL,
  attribute_key TEXT NOT NULL,
  value TEXT NOT NULL,
  polarity INTEGER NOT NULL,
  single INTEGER NOT NULL,
  status TEXT NOT NULL,
  confidence REAL NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  recorded_at INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  origin TEXT NOT NULL,
  source TEXT NOT NULL,
  user_id TEXT,
  agent_id TEXT,
  project_id TEXT,
  first_seq INTEGER NOT NULL,
  first_number INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  witnesses INTEGER NOT NULL,
  replaced_by TEXT,
  reason TEXT NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX facts_by_slot ON facts (tenant_id, slot_id);
CREATE INDEX facts_by_attribute ON facts (tenant_id, attribute_key, subject_key);
CREATE INDEX facts_disputed ON facts (tenant_id, slot_id) WHERE status = 'disputed';

-- Earlier wordings of messages that were worded anew; each was in force from `since_seq` until `until_seq`.
CREATE TABLE message_history (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  until_seq INTEGER NOT NULL,
  since_seq INTEGER NOT NULL,
  content TEXT NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq, until_seq)
) WITHOUT ROWID;
CREATE INDEX message_history_by_end ON message_history (tenant_id, until_seq);

-- Few messages have an end, or were superseded as a whole.
CREATE TABLE message_notes (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  expires_at INTEGER,
  superseded_seq INTEGER,
  superseded_at INTEGER,
  superseded_by TEXT,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;
CREATE INDEX message_notes_by_end ON message_notes (tenant_id, expires_at) WHERE expires_at IS NOT NULL;

-- What was forgotten: receipts without words, and the ids that no copy may bring back.
CREATE TABLE erasures (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  number INTEGER NOT NULL,
  id TEXT NOT NULL,
  state TEXT NOT NULL,
  remaining TEXT NOT NULL,
  receipt TEXT NOT NULL,
  PRIMARY KEY (tenant_id, number)
) WITHOUT ROWID;
CREATE INDEX erasures_unfinished ON erasures (tenant_id, state) WHERE state <> 'scrubbed';
CREATE TABLE tombstones (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  entry_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  erasure_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, entry_id)
) WITHOUT ROWID;

ALTER TABLE sessions ADD COLUMN summary_seq INTEGER;
ALTER TABLE decisions ADD COLUMN entity_id TEXT;
CREATE INDEX decisions_by_entity ON decisions (tenant_id, entity_id) WHERE entity_id IS NOT NULL;

-- Answers kept under a key lead to their exchange instead of repeating its words.
ALTER TABLE idempotency ADD COLUMN seq INTEGER;
CREATE INDEX idempotency_by_seq ON idempotency (tenant_id, seq) WHERE seq IS NOT NULL;
UPDATE idempotency SET result = json_set(result, '$.concepts', json('[]'), '$.decisions', json('[]'))
WHERE idempotency_key LIKE 'key:%';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('evidence', 'sqlite_autoindex_evidence_1', '500000 50000 1'),
  ('meetings', 'meetings', '1000000 100000 1000 10 1'),
  ('fact_statements', 'fact_statements', '300000 30000 2 1'),
  ('fact_statements', 'fact_statements_by_slot', '300000 30000 3 1 1'),
  ('fact_statements', 'fact_statements_by_value', '300000 30000 3 1'),
  ('facts', 'facts', '200000 20000 1'),
  ('facts', 'facts_by_slot', '200000 20000 2'),
  ('facts', 'facts_by_attribute', '200000 20000 200 2');
ANALYZE sqlite_master;
