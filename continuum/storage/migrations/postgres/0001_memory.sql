-- phase: before-code
-- The memory of every tenant: the tables of the embedded store, hash partitioned by tenant. The tenant leads each key
-- and index, so that every statement touches one partition, and one shard of a distributed engine. Text is compared
-- by its bytes, as SQLite compares it. Times are microseconds since 1970 in UTC; `seq` is the position in the
-- tenant's log. `sealed` is the version of the key that a row's words are sealed with, 0 for plain words.

CREATE TABLE tenants (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  created_at BIGINT NOT NULL,
  last_active BIGINT NOT NULL,
  last_seq BIGINT NOT NULL DEFAULT 0,
  secret BYTEA NOT NULL,
  metadata TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  sealed BIGINT NOT NULL DEFAULT 0,
  messages BIGINT NOT NULL DEFAULT 0,
  entities BIGINT NOT NULL DEFAULT 0,
  decisions BIGINT NOT NULL DEFAULT 0,
  attention_links BIGINT NOT NULL DEFAULT 0,
  compound_concepts BIGINT NOT NULL DEFAULT 0,
  sessions BIGINT NOT NULL DEFAULT 0,
  vectors BIGINT NOT NULL DEFAULT 0,
  extractors BIGINT NOT NULL DEFAULT 1,
  facts BIGINT NOT NULL DEFAULT 0,
  adjustments BIGINT NOT NULL DEFAULT 0,
  notes BIGINT NOT NULL DEFAULT 0,
  latest_said BIGINT NOT NULL DEFAULT -9223372036854775807,
  in_order BIGINT NOT NULL DEFAULT 1,
  policy TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  uses BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX tenants_with_ends ON tenants (tenant_id)
  WHERE notes > 0 OR policy <> '{}';

CREATE TABLE log (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  entry_id TEXT COLLATE "C" NOT NULL,
  recorded_at BIGINT NOT NULL,
  payload TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
-- Entries that are no messages are few, and are asked for by kind.
CREATE INDEX log_by_kind ON log (tenant_id, kind, seq)
  WHERE kind <> 'message';

-- Rows lie in the order they came, so that a learn appends; long texts stay in one piece.
CREATE TABLE auto_messages (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  exchange_id TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  message_number BIGINT NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  speaker TEXT COLLATE "C",
  origin TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  timestamp BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  user_id TEXT COLLATE "C",
  agent_id TEXT COLLATE "C",
  project_id TEXT COLLATE "C",
  metadata TEXT COLLATE "C" NOT NULL DEFAULT '{}',
  same_key BYTEA,
  sealed BIGINT NOT NULL DEFAULT 0,
  origin_proof BYTEA,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE UNIQUE INDEX auto_messages_by_id ON auto_messages (tenant_id, id);
CREATE INDEX auto_messages_by_session ON auto_messages (tenant_id, session_id, seq);
CREATE UNIQUE INDEX auto_messages_same_again ON auto_messages (tenant_id, same_key)
  WHERE same_key IS NOT NULL;

-- What an index needs of a message.
CREATE TABLE message_index (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  timestamp BIGINT NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  speaker TEXT COLLATE "C",
  terms BYTEA NOT NULL,
  tags BYTEA NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);

CREATE TABLE sessions (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  session_id TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  last_active BIGINT NOT NULL,
  message_count BIGINT NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  summary_seq BIGINT,
  PRIMARY KEY (tenant_id, session_id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX sessions_by_time ON sessions (tenant_id, last_active);

-- `degree` counts the links that touch the entity, `joined` how often a sighting was joined to the row. No index
-- holds a column that every learn changes, so most updates stay on their page.
CREATE TABLE entities (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  id TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  entity_type TEXT COLLATE "C" NOT NULL,
  name_key TEXT COLLATE "C" NOT NULL,
  description TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  occurrences BIGINT NOT NULL,
  aliases TEXT COLLATE "C" NOT NULL,
  metadata TEXT COLLATE "C" NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  degree BIGINT NOT NULL DEFAULT 0,
  joined BIGINT NOT NULL DEFAULT 0,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX entities_by_key ON entities (tenant_id, name_key, id);
CREATE INDEX entities_by_type ON entities (tenant_id, entity_type, name_key, id);
CREATE INDEX entities_by_birth ON entities (tenant_id, first_seq, id);

CREATE TABLE mentions (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  message_seq BIGINT NOT NULL,
  start_at BIGINT NOT NULL,
  entity_id TEXT COLLATE "C" NOT NULL,
  end_at BIGINT NOT NULL,
  exchange_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, message_seq, start_at, entity_id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX mentions_by_entity ON mentions (tenant_id, entity_id, message_seq, start_at);

-- `raw_strength` is what repetition gave, `strength` what may be walked (bounded for a single untrusted source),
-- `use_strength` is kept for strength from use. `tier` is a coarse step of `strength`, 0 while nobody but one
-- untrusted source says so: the two indexes give a node's neighbours in the order of tiers, so that a hub of
-- thousands of links costs what a small node costs, while a link that only grows a little moves in no index, and
-- one that may not be walked is in none. Rows lie in the order they came: a new link appends, and only its key is
-- put in its place among the others.
CREATE TABLE attention_links (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  concept_a TEXT COLLATE "C" NOT NULL,
  concept_b TEXT COLLATE "C" NOT NULL,
  link_type TEXT COLLATE "C" NOT NULL DEFAULT 'hebbian',
  strength DOUBLE PRECISION NOT NULL,
  raw_strength DOUBLE PRECISION NOT NULL,
  use_strength DOUBLE PRECISION NOT NULL DEFAULT 0,
  tier BIGINT NOT NULL,
  co_occurrences BIGINT NOT NULL,
  sources BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_accessed BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, concept_a, concept_b, link_type)
) PARTITION BY HASH (tenant_id);
CREATE INDEX attention_links_from ON attention_links (tenant_id, concept_a, tier DESC, concept_b)
  WHERE tier > 0;
CREATE INDEX attention_links_to ON attention_links (tenant_id, concept_b, tier DESC, concept_a)
  WHERE tier > 0;

CREATE TABLE decisions (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  id TEXT COLLATE "C" NOT NULL,
  decision_text TEXT COLLATE "C" NOT NULL,
  context TEXT COLLATE "C" NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  timestamp BIGINT NOT NULL,
  extracted_from TEXT COLLATE "C" NOT NULL,
  message_seq BIGINT NOT NULL,
  start_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  entity_id TEXT COLLATE "C",
  PRIMARY KEY (tenant_id, id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX decisions_by_message ON decisions (tenant_id, message_seq, start_at, id);
CREATE INDEX decisions_by_entity ON decisions (tenant_id, entity_id)
  WHERE entity_id IS NOT NULL;

CREATE TABLE compound_concepts (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  id TEXT COLLATE "C" NOT NULL,
  compound_name TEXT COLLATE "C" NOT NULL,
  component_concepts TEXT COLLATE "C" NOT NULL,
  co_occurrence_count BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY HASH (tenant_id);
-- Most compounds are met once and never again: they are in no index, and have no members, until they are.
CREATE INDEX compound_concepts_by_count ON compound_concepts (tenant_id, co_occurrence_count DESC, id)
  WHERE co_occurrence_count >= 2;

CREATE TABLE compound_members (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  entity_id TEXT COLLATE "C" NOT NULL,
  compound_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, entity_id, compound_id)
) PARTITION BY HASH (tenant_id);

-- A long message has several vectors, numbered by `chunk`.
CREATE TABLE vectors (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  model TEXT COLLATE "C" NOT NULL,
  message_seq BIGINT NOT NULL,
  chunk BIGINT NOT NULL,
  vector BYTEA NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, model, message_seq, chunk)
) PARTITION BY HASH (tenant_id);

CREATE TABLE idempotency (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  idempotency_key TEXT COLLATE "C" NOT NULL,
  request_hash BYTEA NOT NULL,
  result TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  seq BIGINT,
  PRIMARY KEY (tenant_id, idempotency_key)
) PARTITION BY HASH (tenant_id);
CREATE INDEX idempotency_by_time ON idempotency (tenant_id, created_at);
CREATE INDEX idempotency_by_seq ON idempotency (tenant_id, seq)
  WHERE seq IS NOT NULL;

-- What each exchange taught, as it was observed: entities, links and compounds are the fold of these rows in their
-- order, so that any past state, and the state without an exchange, can be folded again. Merges and renames are
-- applied while folding, never here. Ids of exchanges ascend in time: a learn appends.
CREATE TABLE evidence (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  exchange_id TEXT COLLATE "C" NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  taught TEXT COLLATE "C" NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, exchange_id)
) PARTITION BY HASH (tenant_id);

-- Where two concepts met (`subject_a` before `subject_b`), and where a compound was sighted (`subject_b` empty), by
-- the ids that words gave: how often, since when and on whose word can be told without reading any evidence.
CREATE TABLE meetings (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  subject_a TEXT COLLATE "C" NOT NULL,
  subject_b TEXT COLLATE "C" NOT NULL,
  first_seq BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  sources BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, subject_a, subject_b, first_seq)
) PARTITION BY HASH (tenant_id);

-- Which entries made by hand speak of an entity.
CREATE TABLE entry_subjects (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  subject_id TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, subject_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE INDEX entry_subjects_by_seq ON entry_subjects (tenant_id, seq);

-- Merges and renames by hand: in force from `seq` on, until the entry `undone_seq`.
CREATE TABLE adjustments (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  entry_id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  subject_id TEXT COLLATE "C" NOT NULL,
  object_id TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  undone_seq BIGINT,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);

-- Statements are evidence, facts their fold. A statement counts from `since_seq` until `until_seq`: a message that
-- is worded anew closes the statements of its old words.
CREATE TABLE fact_statements (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  slot_id TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  subject_key TEXT COLLATE "C" NOT NULL,
  attribute TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  value_key TEXT COLLATE "C" NOT NULL,
  mode TEXT COLLATE "C" NOT NULL,
  polarity BIGINT NOT NULL,
  single BIGINT NOT NULL,
  replaces TEXT COLLATE "C" NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT,
  recorded_at BIGINT NOT NULL,
  message_id TEXT COLLATE "C" NOT NULL,
  start_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  origin TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C",
  agent_id TEXT COLLATE "C",
  project_id TEXT COLLATE "C",
  refers_seq BIGINT,
  refers_number BIGINT,
  since_seq BIGINT NOT NULL,
  until_seq BIGINT,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq, number)
) PARTITION BY HASH (tenant_id);
CREATE INDEX fact_statements_by_slot ON fact_statements (tenant_id, slot_id, seq, number);
CREATE INDEX fact_statements_by_value ON fact_statements (tenant_id, value_key, seq)
  WHERE until_seq IS NULL;
CREATE INDEX fact_statements_by_reference ON fact_statements (tenant_id, refers_seq)
  WHERE refers_seq IS NOT NULL;

CREATE TABLE facts (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  id TEXT COLLATE "C" NOT NULL,
  slot_id TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  subject_key TEXT COLLATE "C" NOT NULL,
  attribute TEXT COLLATE "C" NOT NULL,
  attribute_key TEXT COLLATE "C" NOT NULL,
  value TEXT COLLATE "C" NOT NULL,
  polarity BIGINT NOT NULL,
  single BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  confidence DOUBLE PRECISION NOT NULL,
  valid_from BIGINT NOT NULL,
  valid_to BIGINT,
  recorded_at BIGINT NOT NULL,
  message_id TEXT COLLATE "C" NOT NULL,
  start_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  origin TEXT COLLATE "C" NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  user_id TEXT COLLATE "C",
  agent_id TEXT COLLATE "C",
  project_id TEXT COLLATE "C",
  first_seq BIGINT NOT NULL,
  first_number BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  witnesses BIGINT NOT NULL,
  replaced_by TEXT COLLATE "C",
  reason TEXT COLLATE "C" NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) PARTITION BY HASH (tenant_id);
CREATE INDEX facts_by_slot ON facts (tenant_id, slot_id);
CREATE INDEX facts_by_attribute ON facts (tenant_id, attribute_key, subject_key);
CREATE INDEX facts_disputed ON facts (tenant_id, slot_id)
  WHERE status = 'disputed';

-- Earlier wordings of messages that were worded anew; each was in force from `since_seq` until `until_seq`.
CREATE TABLE message_history (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  until_seq BIGINT NOT NULL,
  since_seq BIGINT NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  sealed BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, seq, until_seq)
) PARTITION BY HASH (tenant_id);
CREATE INDEX message_history_by_end ON message_history (tenant_id, until_seq);

-- Few messages have an end, or were superseded as a whole.
CREATE TABLE message_notes (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  expires_at BIGINT,
  superseded_seq BIGINT,
  superseded_at BIGINT,
  superseded_by TEXT COLLATE "C",
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE INDEX message_notes_by_end ON message_notes (tenant_id, expires_at)
  WHERE expires_at IS NOT NULL;

-- What was forgotten: receipts without words, and the ids that no copy may bring back.
CREATE TABLE erasures (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  number BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  remaining TEXT COLLATE "C" NOT NULL,
  receipt TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, number)
) PARTITION BY HASH (tenant_id);
CREATE INDEX erasures_unfinished ON erasures (tenant_id, state)
  WHERE state NOT IN ('erased', 'scrubbed');

CREATE TABLE tombstones (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  entry_id TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  erasure_id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, entry_id)
) PARTITION BY HASH (tenant_id);

-- What was hidden and put back: rules and reasons, while one is at work what is left to do, and then what went.
CREATE TABLE quarantines (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  entry_id TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  rule TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  remaining TEXT COLLATE "C" NOT NULL,
  counts TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE UNIQUE INDEX quarantines_by_id ON quarantines (tenant_id, entry_id);
CREATE INDEX quarantines_at_work ON quarantines (tenant_id, state)
  WHERE state IN ('hiding', 'restoring');

-- The messages and entries that are hidden, each by the quarantine at `quarantine_seq`. A hidden message gives up the
-- key by which it is known again: who says the same is heard.
CREATE TABLE hidden_entries (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  quarantine_seq BIGINT NOT NULL,
  same_key BYTEA,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE INDEX hidden_entries_by_quarantine ON hidden_entries (tenant_id, quarantine_seq, seq);

-- Hidden messages stand apart, so that nothing which reads messages can forget to leave them out.
CREATE TABLE hidden_messages (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  exchange_id TEXT COLLATE "C" NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  instance_id TEXT COLLATE "C" NOT NULL,
  message_number BIGINT NOT NULL,
  role TEXT COLLATE "C" NOT NULL,
  speaker TEXT COLLATE "C",
  origin TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  timestamp BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  user_id TEXT COLLATE "C",
  agent_id TEXT COLLATE "C",
  project_id TEXT COLLATE "C",
  metadata TEXT COLLATE "C" NOT NULL,
  sealed BIGINT NOT NULL,
  origin_proof BYTEA,
  PRIMARY KEY (tenant_id, seq)
) PARTITION BY HASH (tenant_id);
CREATE UNIQUE INDEX hidden_messages_by_id ON hidden_messages (tenant_id, id);
CREATE INDEX hidden_messages_by_session ON hidden_messages (tenant_id, session_id, seq);

-- What no fold of the log gives again: statements of former words, and since when later ones count.
CREATE TABLE hidden_statements (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  seq BIGINT NOT NULL,
  number BIGINT NOT NULL,
  refers_seq BIGINT,
  refers_number BIGINT,
  until_seq BIGINT,
  statement TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant_id, seq, number)
) PARTITION BY HASH (tenant_id);

-- Messages and entries that name a former value which nothing had stated: they may mean what is put back.
CREATE TABLE waiting_statements (
  tenant_id TEXT COLLATE "C" NOT NULL CHECK (tenant_id <> ''),
  value_key TEXT COLLATE "C" NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, value_key, seq)
) PARTITION BY HASH (tenant_id);
CREATE INDEX waiting_statements_by_seq ON waiting_statements (tenant_id, seq);

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

-- What is listed across tenants: names, times and counters, never a word and never a secret.
GRANT SELECT (tenant_id, created_at, last_active, last_seq, metadata, extractors, facts, adjustments, notes, policy,
  uses) ON tenants TO continuum_directory;
GRANT SELECT (tenant_id, state) ON erasures, quarantines TO continuum_directory;
CREATE POLICY listing ON tenants FOR SELECT TO continuum_directory USING (true);
CREATE POLICY listing ON erasures FOR SELECT TO continuum_directory USING (true);
CREATE POLICY listing ON quarantines FOR SELECT TO continuum_directory USING (true);
GRANT SELECT ON schema_migrations TO continuum_app, continuum_directory;
