/**
 * What tasks give beside their results. Points of a metric come in pieces of many: 64-bit floats, lowest byte first. \`steps\` is NULL where each is
 * one more than the last; \`last_value\` is text, since a column holds no NaN.
 */
export const SCHEMA_5 = `
CREATE TABLE run_artifact (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  content_type TEXT NOT NULL,
  at REAL NOT NULL,
  uri TEXT NOT NULL,
  address TEXT NOT NULL,
  content_digest BLOB NOT NULL,
  value_digest BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  format TEXT NOT NULL,
  PRIMARY KEY (run, place, attempt, name)
) WITHOUT ROWID;

CREATE TABLE metric (
  number INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  first INTEGER NOT NULL,
  points INTEGER NOT NULL,
  at REAL NOT NULL,
  lowest REAL,
  highest REAL,
  first_step REAL NOT NULL,
  last_step REAL NOT NULL,
  last_value TEXT NOT NULL,
  steps BLOB,
  floats BLOB NOT NULL,
  UNIQUE (run, place, attempt, name, first)
);

CREATE TABLE progress (
  run INTEGER NOT NULL,
  place INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  fraction REAL NOT NULL,
  message TEXT,
  at REAL NOT NULL,
  PRIMARY KEY (run, place)
) WITHOUT ROWID;
`;

/**
 * Lines of a log, packed: those of one attempt and one level that were written together are one row. `seqs` are the places of its lines after the first,
 * or nothing where none is left out; `times` a list of JSON, or the doubles as base64. Old lines become rows of one line.
 */
export const SCHEMA_6 = `
CREATE TABLE log_pack (
  run INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  level INTEGER NOT NULL,
  node TEXT,
  attempt INTEGER,
  seqs TEXT,
  times TEXT NOT NULL,
  texts TEXT NOT NULL,
  PRIMARY KEY (run, first_seq)
) WITHOUT ROWID;
CREATE INDEX log_pack_by_level ON log_pack (run, level, first_seq);
CREATE INDEX log_pack_by_node ON log_pack (run, node, first_seq);
INSERT INTO log_pack (run, first_seq, last_seq, level, node, attempt, seqs, times, texts)
  SELECT run, seq, seq, level, node, attempt, NULL, printf('[%!.17g]', at), json_array(text) FROM log;
DROP TABLE log;
`;
