/** What tasks renewed, and how far flows that run because of others have followed them. */
export const SCHEMA_12 = `
CREATE TABLE asset_renewal (
  number INTEGER PRIMARY KEY,
  asset TEXT NOT NULL,
  flow TEXT NOT NULL,
  run TEXT NOT NULL,
  task TEXT NOT NULL,
  digest TEXT,
  at REAL NOT NULL,
  UNIQUE (asset, run, task)
);
CREATE INDEX asset_renewal_by_asset ON asset_renewal (asset, number);

CREATE TABLE trigger_cursor (
  flow TEXT NOT NULL,
  source TEXT NOT NULL,
  since REAL NOT NULL,
  until_at REAL NOT NULL,
  until_number INTEGER NOT NULL,
  PRIMARY KEY (flow, source)
) WITHOUT ROWID;

CREATE TABLE trigger_seen (
  flow TEXT NOT NULL,
  source TEXT NOT NULL,
  run TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (flow, source, run)
) WITHOUT ROWID;

CREATE INDEX run_by_end ON run (flow, finished_at) WHERE finished_at IS NOT NULL;
ALTER TABLE due_run ADD COLUMN triggers TEXT;
`;
