-- phase: before-code
-- The memory of every tenant. The tenant leads each key and index; times are microseconds since 1970 in UTC;
-- `seq` is the position in the tenant's log. `sealed` is the version of the key that a row's words are sealed
-- with, 0 for plain words. A derived row says by first_seq and last_seq which log entries it stands for, and
-- the log says when those were recorded.

CREATE TABLE tenants (
  tenant_id TEXT NOT NULL PRIMARY KEY CHECK (tenant_id <> ''),
  created_at INTEGER NOT NULL,
  last_active INTEGER NOT NULL,
  last_seq INTEGER NOT NULL DEFAULT 0,
  secret BLOB NOT NULL,
  metadata TEXT NOT NULL DEFAULT '{}',
  sealed INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  entities INTEGER NOT NULL DEFAULT 0,
  decisions INTEGER NOT NULL DEFAULT 0,
  attention_links INTEGER NOT NULL DEFAULT 0,
  compound_concepts INTEGER NOT NULL DEFAULT 0,
  sessions INTEGER NOT NULL DEFAULT 0,
  vectors INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE log (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  recorded_at INTEGER NOT NULL,
  payload TEXT NOT NULL DEFAULT '{}',
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;

-- Rows lie in the order they came, so that a learn appends; long texts stay in one piece.
CREATE TABLE auto_messages (
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
  metadata TEXT NOT NULL DEFAULT '{}',
  same_key BLOB,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
);
CREATE UNIQUE INDEX auto_messages_by_id ON auto_messages (tenant_id, id);
CREATE INDEX auto_messages_by_session ON auto_messages (tenant_id, session_id, seq);
CREATE UNIQUE INDEX auto_messages_same_again ON auto_messages (tenant_id, same_key) WHERE same_key IS NOT NULL;

-- What an index needs of a message. Clustered, so that one tenant's rows are contiguous among ten thousand.
CREATE TABLE message_index (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  seq INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  role TEXT NOT NULL,
  speaker TEXT,
  terms BLOB NOT NULL,
  tags BLOB NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) WITHOUT ROWID;

CREATE TABLE sessions (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  session_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_active INTEGER NOT NULL,
  message_count INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, session_id)
) WITHOUT ROWID;
CREATE INDEX sessions_by_time ON sessions (tenant_id, last_active);

-- `degree` counts the links that touch the entity, `joined` how often a sighting was joined to the row. No index holds a column that every learn changes.
CREATE TABLE entities (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  entity_type TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  occurrences INTEGER NOT NULL,
  aliases TEXT NOT NULL,
  metadata TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  degree INTEGER NOT NULL DEFAULT 0,
  joined INTEGER NOT NULL DEFAULT 0,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX entities_by_key ON entities (tenant_id, name_key, id);
CREATE INDEX entities_by_type ON entities (tenant_id, entity_type, name_key, id);
CREATE INDEX entities_by_birth ON entities (tenant_id, first_seq, id);

CREATE TABLE mentions (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  message_seq INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  entity_id TEXT NOT NULL,
  end_at INTEGER NOT NULL,
  exchange_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, message_seq, start_at, entity_id)
) WITHOUT ROWID;
CREATE INDEX mentions_by_entity ON mentions (tenant_id, entity_id, message_seq, start_at);

-- `raw_strength` is what repetition gave, `strength` what may be walked (bounded for a single untrusted source),
-- `use_strength` is kept for strength from use. `tier` is a coarse step of `strength`, 0 while nobody but one
-- untrusted source says so: the two indexes give a node's neighbours in the order of tiers, so that a hub of
-- thousands of links costs what a small node costs, while a link that only grows a little moves in no index, and
-- one that may not be walked is in none. Rows lie in the order they came: a new link appends, and only its key is
-- put in its place among the others.
CREATE TABLE attention_links (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  concept_a TEXT NOT NULL,
  concept_b TEXT NOT NULL,
  link_type TEXT NOT NULL DEFAULT 'hebbian',
  id TEXT GENERATED ALWAYS AS (concept_a || ':' || concept_b || ':' || link_type) VIRTUAL,
  strength REAL NOT NULL,
  raw_strength REAL NOT NULL,
  use_strength REAL NOT NULL DEFAULT 0,
  tier INTEGER NOT NULL,
  co_occurrences INTEGER NOT NULL,
  sources INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_accessed INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, concept_a, concept_b, link_type)
);
CREATE INDEX attention_links_from ON attention_links (tenant_id, concept_a, tier DESC, concept_b) WHERE tier > 0;
CREATE INDEX attention_links_to ON attention_links (tenant_id, concept_b, tier DESC, concept_a) WHERE tier > 0;

CREATE TABLE decisions (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  id TEXT NOT NULL,
  decision_text TEXT NOT NULL,
  context TEXT NOT NULL,
  role TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  extracted_from TEXT NOT NULL,
  message_seq INTEGER NOT NULL,
  start_at INTEGER NOT NULL,
  end_at INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX decisions_by_message ON decisions (tenant_id, message_seq, start_at, id);

CREATE TABLE compound_concepts (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  id TEXT NOT NULL,
  compound_name TEXT NOT NULL,
  component_concepts TEXT NOT NULL,
  co_occurrence_count INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
-- Most compounds are met once and never again: they are in no index, and have no members, until they are.
CREATE INDEX compound_concepts_by_count ON compound_concepts (tenant_id, co_occurrence_count DESC, id)
  WHERE co_occurrence_count >= 2;

CREATE TABLE compound_members (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  entity_id TEXT NOT NULL,
  compound_id TEXT NOT NULL,
  PRIMARY KEY (tenant_id, entity_id, compound_id)
) WITHOUT ROWID;

-- A long message has several vectors, numbered by `chunk`.
CREATE TABLE vectors (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  model TEXT NOT NULL,
  message_seq INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  vector BLOB NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, model, message_seq, chunk)
);

CREATE TABLE idempotency (
  tenant_id TEXT NOT NULL CHECK (tenant_id <> ''),
  idempotency_key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  result TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sealed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, idempotency_key)
) WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (tenant_id, created_at);

-- Statistics to plan by, given once and never gathered, so that plans are the same for every store at any size.
-- Without them SQLite takes a tenant for ten rows, and walks all of its mentions to find those of one entity.
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('mentions', 'mentions', '1000000 100000 2 1 1'),
  ('mentions', 'mentions_by_entity', '1000000 100000 20 2 1'),
  ('entities', 'entities', '1000000 100000 1'),
  ('entities', 'entities_by_key', '1000000 100000 1 1'),
  ('entities', 'entities_by_type', '1000000 100000 10000 1 1'),
  ('entities', 'entities_by_birth', '1000000 100000 3 1');
ANALYZE sqlite_master;
