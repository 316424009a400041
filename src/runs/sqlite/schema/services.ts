/**
 * What services share (S34–S36). A due run is a run that is to be: one row for one (flow, key), whoever adds it, and one run, whoever starts it.
 * `schedule_cursor` is up to when a schedule has been followed; what a service has loaded is there as long as its lease.
 */
export const SCHEMA_8 = `
ALTER TABLE run ADD COLUMN cause TEXT;
ALTER TABLE run ADD COLUMN scheduled_at REAL;
ALTER TABLE run ADD COLUMN scheduled_from REAL;
ALTER TABLE run ADD COLUMN cancel_asked TEXT;
ALTER TABLE run ADD COLUMN crash_told REAL;
CREATE INDEX run_untold_crash ON run (finished_at) WHERE state = 'crashed' AND crash_told IS NULL;
CREATE INDEX run_by_instant ON run (flow, scheduled_at) WHERE scheduled_at IS NOT NULL;

CREATE TABLE due_run (
  number INTEGER PRIMARY KEY,
  flow TEXT NOT NULL,
  key TEXT NOT NULL,
  run TEXT NOT NULL UNIQUE,
  cause TEXT NOT NULL,
  schedule TEXT,
  backfill TEXT,
  params TEXT NOT NULL,
  tags TEXT NOT NULL,
  resumes TEXT,
  again TEXT,
  scheduled_at REAL,
  scheduled_from REAL,
  due_at REAL NOT NULL,
  created_at REAL NOT NULL,
  state TEXT NOT NULL,
  why TEXT,
  service TEXT,
  lease_until REAL,
  UNIQUE (flow, key)
);
CREATE INDEX due_run_by_state ON due_run (state, due_at);
CREATE INDEX due_run_by_flow ON due_run (flow, state, due_at);
CREATE INDEX due_run_by_schedule ON due_run (flow, schedule, scheduled_at);
CREATE INDEX due_run_by_backfill ON due_run (backfill, state, due_at, number) WHERE backfill IS NOT NULL;
CREATE INDEX due_run_beside_backfills ON due_run (state, flow, due_at) WHERE backfill IS NULL;
CREATE INDEX due_run_by_backfill_instant ON due_run (backfill, scheduled_at) WHERE backfill IS NOT NULL;

CREATE TABLE schedule_cursor (
  flow TEXT NOT NULL,
  schedule TEXT NOT NULL,
  followed_until REAL NOT NULL,
  PRIMARY KEY (flow, schedule)
) WITHOUT ROWID;

CREATE TABLE flow_setting (
  flow TEXT PRIMARY KEY,
  paused_at REAL,
  paused_why TEXT
) WITHOUT ROWID;

CREATE TABLE service (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  folder TEXT NOT NULL,
  started_at REAL NOT NULL,
  seen_at REAL NOT NULL,
  lease_until REAL NOT NULL,
  draining INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE served_file (
  service TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT,
  error TEXT,
  loaded_at REAL NOT NULL,
  flows TEXT NOT NULL,
  PRIMARY KEY (service, path)
) WITHOUT ROWID;

CREATE TABLE backfill (
  id TEXT PRIMARY KEY,
  flow TEXT NOT NULL,
  schedule TEXT NOT NULL,
  from_at REAL NOT NULL,
  to_at REAL NOT NULL,
  params TEXT NOT NULL,
  reprocess TEXT NOT NULL,
  direction TEXT NOT NULL,
  max_active INTEGER NOT NULL,
  file TEXT,
  state TEXT NOT NULL,
  created_at REAL NOT NULL,
  filled_at REAL,
  finished_at REAL
) WITHOUT ROWID;
CREATE INDEX backfill_by_flow ON backfill (flow, created_at);
`;
