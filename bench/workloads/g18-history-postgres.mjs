import { createRequire } from 'node:module';
import process from 'node:process';
import { loadMillrace } from '../millrace.mjs';
import { ALL_FLOWS, FIRST_MS, FLOWS, home, LOOK_UPS, PAGES, RUNS, slowest, TASKS } from './g18-history.mjs';

/** A server to measure against; the schema `millrace_bench` of its database is made anew, and stays. */
const server = process.env.MILLRACE_BENCH_POSTGRES_URL;
const SCHEMA = 'millrace_bench';

const onServer =
  (kinds) =>
  ({ folder }) => {
    process.env.MILLRACE_DATABASE_URL = address();
    return slowest(folder, kinds);
  };

export const workload =
  server === undefined
    ? undefined
    : {
        goal: 'G18P',
        title: 'the same record in PostgreSQL',
        repetitions: 3,
        prepare,
        variants: { pages: onServer(PAGES), 'look-ups': onServer(LOOK_UPS), flows: onServer(ALL_FLOWS) },
        rows: [
          { title: 'a page of 50 of 100,000 runs, p95 of the slowest of 14 kinds of pages', ours: 'pages', unit: 'ms', bar: 50, stretch: 25 },
          { title: 'a look-up of one run, task or value, p95 of the slowest kind', ours: 'look-ups', unit: 'ms', bar: 20, stretch: 10 },
          { title: 'all 40 flows', ours: 'flows', unit: 'ms' },
        ],
      };

function address() {
  const url = new URL(server);
  url.searchParams.set('schema', SCHEMA);
  return url.href;
}

/** As for SQLite: a run makes the tables, the database fills them. */
async function prepare({ folder }) {
  const pg = createRequire(import.meta.url)('pg');
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
  process.env.MILLRACE_DATABASE_URL = address();
  const { flow, task } = await loadMillrace(home(folder));
  const one = task(() => ({ rows: 3 }), { name: 'step-0' });
  await flow('seed', () => one()).run();
  const at = `${FIRST_MS}::float8 + i * 1000`;
  await client.query(`SET search_path TO ${SCHEMA}; BEGIN;
    INSERT INTO run (number, id, flow, state, params, tags, created_at, started_at, finished_at, owner, epoch, counts)
      SELECT 10 + i, 'r' || lpad(i::text, 6, '0'), 'flow-' || (i % ${FLOWS}), CASE WHEN i % 50 = 0 THEN 'failed' ELSE 'success' END,
        json_build_object('x', (i % 1000)::text, 'model', '"knn"')::text, CASE WHEN i % 2 = 0 THEN '["nightly"]' ELSE '[]' END,
        ${at}, ${at}, ${at} + 500, (SELECT owner FROM run LIMIT 1), 1, '{"success":${TASKS}}' FROM generate_series(1, ${RUNS}) i;
    INSERT INTO run_tag SELECT 'nightly', ${at}, 10 + i FROM generate_series(1, ${RUNS}) i WHERE i % 2 = 0;
    INSERT INTO run_tag SELECT 'rare', ${at}, 10 + i FROM generate_series(1, ${RUNS}) i WHERE i % 20000 = 7;
    INSERT INTO run_param SELECT 'flow-' || (i % ${FLOWS}), 'x', (i % 1000)::text, ${at}, 10 + i FROM generate_series(1, ${RUNS}) i;
    INSERT INTO run_param SELECT 'flow-' || (i % ${FLOWS}), 'model', '"knn"', ${at}, 10 + i FROM generate_series(1, ${RUNS}) i;
    INSERT INTO task_run (run, place, id, task, state, node_key, attempts, created_at, started_at, finished_at, upstream, inputs)
      SELECT 10 + i, p, 'step-' || p || '#0', 'step-' || p, 5, decode(md5(i || '-' || p), 'hex'), 1, ${at}, ${at}, ${at} + 9,
        CASE WHEN p = 0 THEN '[]' ELSE '[{"from":' || (p - 1) || ',"kind":"data","label":"rows"}]' END, '{"rows":{"digest":"6e31323b","shown":"12"}}'
      FROM generate_series(1, ${RUNS}) i, generate_series(0, ${TASKS - 1}) p;
    INSERT INTO attempt (run, place, attempt, state, changes, started_at, finished_at)
      SELECT 10 + i, p, 1, 5, 'queued@-0.2 running@0 success@9', ${at}, ${at} + 9 FROM generate_series(1, ${RUNS}) i, generate_series(0, ${TASKS - 1}) p;
    INSERT INTO artifact SELECT 10 + i, p, '', a.uri, a.address, a.content_digest, a.value_digest, a.bytes, a.format
      FROM generate_series(1, ${RUNS}) i, generate_series(0, ${TASKS - 1}) p, (SELECT * FROM artifact WHERE place = 0 LIMIT 1) a;
    INSERT INTO log_pack (run, first_seq, last_seq, level, node, attempt, times, texts)
      SELECT 10 + i, p, p, 1, 'step-' || p || '#0', 1, '[' || ${at} || ']', '["a line"]' FROM generate_series(1, ${RUNS}) i, generate_series(0, 1) p;
    COMMIT; ANALYZE`);
  await client.end();
}
