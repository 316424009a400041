import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { loadMillrace } from '../millrace.mjs';

export const RUNS = 100_000;
export const TASKS = 10;
export const FLOWS = 40;
const PAGE = 50;
const ROUNDS = 40;
export const FIRST_MS = Date.UTC(2025, 0, 1);

export const workload = {
  goal: 'G18',
  title: 'a record of 100,000 runs and 1,000,000 task runs',
  repetitions: 3,
  prepare,
  variants: {
    pages: ({ folder }) => slowest(folder, PAGES),
    'look-ups': ({ folder }) => slowest(folder, LOOK_UPS),
    flows: ({ folder }) => slowest(folder, ALL_FLOWS),
  },
  rows: [
    { title: 'a page of 50 of 100,000 runs, p95 of the slowest of 14 kinds of pages', ours: 'pages', unit: 'ms', bar: 50, stretch: 25 },
    { title: 'a look-up of one run, task or value, p95 of the slowest kind', ours: 'look-ups', unit: 'ms', bar: 20, stretch: 10 },
    { title: 'all 40 flows', ours: 'flows', unit: 'ms' },
  ],
};

/** The project is made by a run; what fills it is written by the database itself, since nobody has time for a hundred thousand runs. */
async function prepare({ folder }) {
  const { flow, task } = await loadMillrace(home(folder));
  const one = task(() => ({ rows: 3 }), { name: 'step-0' });
  await flow('seed', () => one()).run();
  const LibSql = createRequire(import.meta.url)('libsql');
  const database = new LibSql(join(home(folder), 'millrace.db'));
  database.exec(`PRAGMA synchronous=OFF; PRAGMA cache_size=-200000; BEGIN;
    CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${RUNS}) SELECT i FROM n;
    INSERT INTO run (number, id, flow, state, params, tags, created_at, started_at, finished_at, owner, epoch, counts)
      SELECT 10 + i, printf('r%06d', i), 'flow-' || (i % ${FLOWS}), iif(i % 50 = 0, 'failed', 'success'),
        json_object('x', '' || (i % 1000), 'model', '"knn"'), iif(i % 2 = 0, '["nightly"]', '[]'),
        ${FIRST_MS} + i * 1000, ${FIRST_MS} + i * 1000, ${FIRST_MS} + i * 1000 + 500, (SELECT owner FROM run LIMIT 1), 1, '{"success":${TASKS}}' FROM n;
    INSERT INTO run_tag SELECT 'nightly', ${FIRST_MS} + i * 1000, 10 + i FROM n WHERE i % 2 = 0;
    INSERT INTO run_tag SELECT 'rare', ${FIRST_MS} + i * 1000, 10 + i FROM n WHERE i % 20000 = 7;
    INSERT INTO run_param SELECT 'flow-' || (i % ${FLOWS}), 'x', '' || (i % 1000), ${FIRST_MS} + i * 1000, 10 + i FROM n;
    INSERT INTO run_param SELECT 'flow-' || (i % ${FLOWS}), 'model', '"knn"', ${FIRST_MS} + i * 1000, 10 + i FROM n;
    CREATE TEMP TABLE k AS WITH RECURSIVE k(p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM k WHERE p < ${TASKS - 1}) SELECT p FROM k;
    INSERT INTO task_run (run, place, id, task, state, node_key, attempts, created_at, started_at, finished_at, upstream, inputs)
      SELECT 10 + i, p, 'step-' || p || '#0', 'step-' || p, 5, randomblob(16), 1, ${FIRST_MS} + i * 1000, ${FIRST_MS} + i * 1000, ${FIRST_MS} + i * 1000 + 9,
        iif(p = 0, '[]', json_array(json_object('from', p - 1, 'kind', 'data', 'label', 'rows'))), '{"rows":{"digest":"6e31323b","shown":"12"}}'
      FROM n, k;
    INSERT INTO attempt (run, place, attempt, state, changes, started_at, finished_at)
      SELECT 10 + i, p, 1, 5, 'queued@-0.2 running@0 success@9', ${FIRST_MS} + i * 1000, ${FIRST_MS} + i * 1000 + 9 FROM n, k;
    INSERT INTO artifact SELECT 10 + i, p, '', a.uri, a.address, a.content_digest, a.value_digest, a.bytes, a.format
      FROM n, k, (SELECT * FROM artifact WHERE place = 0 LIMIT 1) a;
    INSERT INTO log_pack (run, first_seq, last_seq, level, node, attempt, times, texts)
      SELECT 10 + i, p, p, 1, 'step-' || p || '#0', 1, json_array(${FIRST_MS} + i * 1000), '["a line"]' FROM n, k WHERE p < 2;
    COMMIT; PRAGMA wal_checkpoint(TRUNCATE);`);
  database.close();
}

export function home(folder) {
  return join(folder, '.millrace');
}

/** Some are rare, some common, some are asked for together and have little or nothing in common. */
export const PAGES = {
  newest: page({}),
  deep: page({}, true),
  flow: page({ flow: 'flow-7' }, true),
  failed: page({ state: 'failed' }, true),
  'failed of a flow': page({ flow: 'flow-10', state: 'failed' }),
  none: page({ flow: 'flow-7', state: 'failed' }),
  tag: page({ tags: ['nightly'] }, true),
  'rare tag': page({ tags: ['rare'] }),
  'two tags': page({ tags: ['nightly', 'rare'] }),
  'tag and state': page({ tags: ['nightly'], state: 'failed' }, true),
  parameter: page({ params: { x: 7 } }),
  'parameter of a flow': page({ flow: 'flow-7', params: { x: 7 } }, true),
  'common parameter, rare state': page({ params: { model: 'knn' }, state: 'failed' }, true),
  'a month': page({ since: new Date(FIRST_MS + 1_000_000), until: new Date(FIRST_MS + 3_000_000), params: { model: 'knn' } }),
};

function page(query, isDeep = false) {
  return async (looked, n) => {
    const { flow, ...rest } = query;
    const asked = { ...rest, limit: PAGE, ...(isDeep ? { before: idOf(n) } : {}) };
    const runs = flow === undefined ? looked.runs(asked) : looked.flow(flow).runs(asked);
    return await runs.toArray();
  };
}

export const LOOK_UPS = {
  run: async (looked, n) => await looked.run(idOf(n)),
  latest: async (looked) => await looked.run('flow-7/latest'),
  'by path': async (looked, n) => await looked.get(`flow-${numberOf(n) % FLOWS}/${idOf(n)}/step-3/0/result`),
  task: async (looked, n) => await (await looked.run(idOf(n))).task('step-4'),
  value: async (looked, n) => await (await (await looked.run(idOf(n))).task('step-4')).value(),
  graph: async (looked, n) => await (await looked.run(idOf(n))).graph(),
  logs: async (looked, n) => await (await looked.run(idOf(n))).logs().toArray(),
};

export const ALL_FLOWS = { flows: async (looked) => await looked.flows().toArray() };

function numberOf(n) {
  return 1 + ((n * 7_919) % RUNS);
}

function idOf(n) {
  return `r${String(numberOf(n)).padStart(6, '0')}`;
}

/** @returns the milliseconds of the slowest kind; which that is, and the others, with `MILLRACE_BENCH_DETAILS` */
export async function slowest(folder, kinds) {
  process.env.MILLRACE_HOME = home(folder);
  const { client } = await import('../../dist/client/index.js');
  const looked = client();
  // Opening the record is no part of a page.
  await looked.run(idOf(0));
  return async () => {
    const times = {};
    for (const [kind, look] of Object.entries(kinds)) {
      times[kind] = [];
      for (let n = 1; n <= ROUNDS; n++) {
        const startedAt = performance.now();
        await look(looked, n);
        times[kind].push(performance.now() - startedAt);
      }
    }
    const p95 = Object.fromEntries(
      Object.entries(times).map(([kind, all]) => [kind, all.toSorted((a, b) => a - b)[Math.ceil(all.length * 0.95) - 1]]),
    );
    if (process.env.MILLRACE_BENCH_DETAILS) console.error(p95);
    return Math.max(...Object.values(p95));
  };
}
