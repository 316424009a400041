/**
 * Named limits among processes (S14). `slot` is one process's part of one limit: how many units it has, and what waits in it. A part is worth as much
 * as the lives of the runs it lists. `starts` are those of the window of a rate: `[[ms since the epoch, how many], …]`.
 */
export const SCHEMA_11 = `
CREATE TABLE named_limit (
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  max INTEGER NOT NULL,
  period_ms REAL,
  said_at REAL NOT NULL,
  starts TEXT NOT NULL,
  PRIMARY KEY (name, kind)
) WITHOUT ROWID;

CREATE TABLE slot (
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  holder TEXT NOT NULL,
  held INTEGER NOT NULL,
  demand TEXT NOT NULL,
  users TEXT NOT NULL,
  seen_at REAL NOT NULL,
  PRIMARY KEY (name, kind, holder)
) WITHOUT ROWID;
`;
