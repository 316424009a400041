/**
 * The tables of version 1. Written so that PostgreSQL can have the same: only INTEGER, REAL, TEXT and BLOB; parts that are only ever read as a
 * whole are JSON text. Digests and keys are bytes, times are milliseconds since the epoch. What is written once per task is keyed by (run,
 * place): whole numbers that only grow, so each table is one tree that is filled at its end, which a second index would double the price of.
 * For the same reason those tables carry no foreign keys: the writer has looked the run up in the same transaction. What is written for many tasks
 * at once and never changes by itself is packed: one row for all of them (columns.ts).
 */
export const SCHEMA_1 = `
CREATE TABLE run (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  flow TEXT NOT NULL,
  name TEXT,
  state TEXT NOT NULL,
  params TEXT NOT NULL,
  tags TEXT NOT NULL,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  error TEXT,
  parent_run TEXT,
  origin_run TEXT,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lease_until REAL,
  counts TEXT NOT NULL,
  result TEXT
);
CREATE INDEX run_by_time ON run (created_at);
CREATE INDEX run_by_flow ON run (flow, created_at);
CREATE INDEX run_by_state ON run (state, created_at);
CREATE INDEX run_by_flow_and_state ON run (flow, state, created_at);
CREATE INDEX run_by_parent ON run (parent_run) WHERE parent_run IS NOT NULL;

-- Holds the time too, so that a page of the runs of a tag comes in order from the index.
CREATE TABLE run_tag (
  tag TEXT NOT NULL,
  created_at REAL NOT NULL,
  run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  PRIMARY KEY (tag, created_at, run)
) WITHOUT ROWID;
CREATE INDEX run_tag_by_run ON run_tag (run);

CREATE TABLE task_run (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  id TEXT NOT NULL,
  task TEXT NOT NULL,
  label TEXT,
  parent INTEGER,
  state INTEGER NOT NULL,
  node_key BLOB,
  cache_key BLOB,
  attempts INTEGER NOT NULL,
  reason TEXT,
  created_at REAL NOT NULL,
  started_at REAL,
  finished_at REAL,
  error TEXT,
  upstream TEXT NOT NULL,
  inputs TEXT,
  origin_run TEXT,
  origin_place INTEGER,
  checks TEXT,
  PRIMARY KEY (run, place)
) WITHOUT ROWID;

-- Task runs that were answered by earlier results: many of one task to a row, by column, as lists of JSON. A place is either here or in task_run.
CREATE TABLE reused (
  number INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  task TEXT NOT NULL,
  first_place INTEGER NOT NULL,
  last_place INTEGER NOT NULL,
  places TEXT NOT NULL,
  columns TEXT NOT NULL
);
CREATE INDEX reused_by_place ON reused (run, last_place, first_place);

CREATE TABLE attempt (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  state INTEGER NOT NULL,
  changes TEXT NOT NULL,
  started_at REAL NOT NULL,
  finished_at REAL,
  error TEXT,
  PRIMARY KEY (run, place, attempt)
) WITHOUT ROWID;

CREATE TABLE artifact (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  name TEXT NOT NULL,
  uri TEXT NOT NULL,
  address TEXT NOT NULL,
  content_digest BLOB NOT NULL,
  value_digest BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  format TEXT NOT NULL,
  PRIMARY KEY (run, place, name)
) WITHOUT ROWID;

-- Bytes of small results; equal ones are kept once.
CREATE TABLE content (
  number INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL
);

-- What many cache entries have in common, kept once.
CREATE TABLE task_version (
  number INTEGER PRIMARY KEY,
  digest BLOB NOT NULL,
  task TEXT NOT NULL,
  code TEXT NOT NULL,
  version TEXT NOT NULL,
  UNIQUE (digest, task, code, version)
);
CREATE INDEX task_version_by_task ON task_version (task);

-- What calls can be answered by: many entries to a row, those of one run and one version, by column, as lists of JSON. Several may answer one key;
-- \`reads\` are the digests of the files that each one read.
CREATE TABLE entry (
  number INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  task_version INTEGER NOT NULL,
  first_place INTEGER NOT NULL,
  last_place INTEGER NOT NULL,
  newest REAL NOT NULL,
  places TEXT NOT NULL,
  keys TEXT NOT NULL,
  times TEXT NOT NULL,
  reads TEXT,
  inputs TEXT NOT NULL,
  results TEXT NOT NULL,
  artifacts TEXT NOT NULL
);
CREATE INDEX entry_by_version ON entry (task_version, newest);
CREATE INDEX entry_by_place ON entry (run, last_place, first_place);

-- Who is computing a key at this moment.
CREATE TABLE claim (
  key BLOB PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  place INTEGER NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lease_until REAL NOT NULL
);

CREATE TABLE log (
  run INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at REAL NOT NULL,
  level INTEGER NOT NULL,
  text TEXT NOT NULL,
  node TEXT,
  attempt INTEGER,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;
`;

/** What the code of a version was made of (S27). */
export const SCHEMA_2 = 'ALTER TABLE task_version ADD COLUMN parts TEXT;';

/** `lease_until` by the clock of the owner's machine, for who looks from there (S31). */
export const SCHEMA_3 = 'ALTER TABLE run ADD COLUMN lease_until_here REAL;';

/**
 * What runs are found by, and how they are removed. `run_param` holds the beginning of each value, in the order in which runs are listed, once within
 * its flow and once across flows; the run's own row has the whole. `run_origin` says who took results from whom; `moved`, who has those of removed runs
 * now, for runs that go on and do not know yet; `garbage`, which results were those of removed runs: their bytes are looked for and deleted later.
 */
export const SCHEMA_4 = `
ALTER TABLE run ADD COLUMN notes TEXT;
ALTER TABLE run ADD COLUMN system_tags TEXT;

CREATE TABLE run_param (
  flow TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at REAL NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (flow, name, value, created_at, run)
) WITHOUT ROWID;
CREATE INDEX run_param_by_value ON run_param (name, value, created_at, run);
INSERT INTO run_param SELECT run.flow, p.key, substr(p.value, 1, 200), run.created_at, run.number FROM run, json_each(run.params) p;

CREATE TABLE run_origin (
  origin TEXT NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY (origin, run)
) WITHOUT ROWID;
CREATE INDEX run_origin_by_run ON run_origin (run);
INSERT INTO run_origin SELECT DISTINCT origin_run, run FROM task_run WHERE origin_run IS NOT NULL;
INSERT OR IGNORE INTO run_origin
  SELECT DISTINCT origin.value, reused.run FROM reused, json_each(json_extract(reused.columns, '$.originRun')) origin WHERE origin.value IS NOT NULL;

CREATE TABLE moved (
  origin TEXT NOT NULL,
  origin_place INTEGER NOT NULL,
  run TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (origin, origin_place)
) WITHOUT ROWID;

CREATE TABLE garbage (
  digest BLOB NOT NULL,
  address TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (digest, address)
) WITHOUT ROWID;
`;

/** What a run was told to execute, and what the code of its tasks was: for who resumes it (S30). */
export const SCHEMA_7 = 'ALTER TABLE run ADD COLUMN forced TEXT; ALTER TABLE run ADD COLUMN codes TEXT;';

/** The tasks that a run was limited to. */
export const SCHEMA_9 = 'ALTER TABLE run ADD COLUMN only_tasks TEXT;';

/** The source files of runs (M10): what belongs to a package, itself and its texts, lies in `content`. */
export const SCHEMA_10 = `
ALTER TABLE run ADD COLUMN code_package BLOB;
CREATE INDEX run_by_code_package ON run (code_package) WHERE code_package IS NOT NULL;

CREATE TABLE code_part (
  package BLOB NOT NULL,
  content_digest BLOB NOT NULL,
  PRIMARY KEY (package, content_digest)
) WITHOUT ROWID;
`;

/** `left_at`: since when a file is known not to lie where it was looked for. On a server another machine may have it, and deletes it when it comes by. */
export const SCHEMA_13 = `
ALTER TABLE garbage ADD COLUMN left_at REAL;
`;
