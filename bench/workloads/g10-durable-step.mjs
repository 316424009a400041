import { randomUUID } from 'node:crypto';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import process from 'node:process';
import pLimit from 'p-limit';
import { loadMillrace } from '../millrace.mjs';
import { importPeer, missingPeers } from '../peers.mjs';
import { missingServers, postgresUrl, redisUrl, startServers } from '../servers.mjs';

/** OpenWorkflow allows a thousand in a workflow. */
const STEPS = 1_000;
/** One after another: what each waits for is what it costs. */
const IN_TURN = 100;
const CONCURRENCY = 16;
const DIVISOR = 7_919;

const step = (n) => ({ n, remainder: (n * n) % DIVISOR });
const sum = (results) => results.reduce((total, { remainder }) => total + remainder, 0);

/** Of so many steps. */
const EXPECTED = Object.fromEntries([1, IN_TURN, STEPS].map((count) => [count, sum(Array.from({ length: count }, (_, n) => step(n)))]));

const inParallel = { steps: STEPS, isInTurn: false };
const inTurn = { steps: IN_TURN, isInTurn: true };

/** What OpenWorkflow keeps its tables in when there is no server; Node 20 has it not. */
const hasSqlite = isBuiltin('node:sqlite');

export const workload = {
  goal: 'G10',
  title: 'a workflow of 1,000 durable steps, 16 at a time, all results read',
  repetitions: 2,
  missing: missingPeers(['@dbos-inc/dbos-sdk', 'bullmq', 'ioredis', 'openworkflow', 'postgres']) ?? missingServers(),
  start: startServers,
  variants: {
    millrace: ({ folder }) => inMillrace(folder, inParallel),
    DBOS: ({ folder }) => inDbos(folder, inParallel),
    'BullMQ flow': ({ folder }) => inBullMq(folder),
    OpenWorkflow: ({ folder }) => inOpenWorkflow(folder, inParallel),
    'millrace (PostgreSQL)': ({ folder }) => inMillracePostgres(folder, inParallel),
    ...(hasSqlite ? { 'OpenWorkflow (SQLite)': ({ folder }) => inOpenWorkflowFile(folder, inParallel) } : {}),
    'millrace (in turn)': ({ folder }) => inMillrace(folder, inTurn),
    'DBOS (in turn)': ({ folder }) => inDbos(folder, inTurn),
    'OpenWorkflow (in turn)': ({ folder }) => inOpenWorkflow(folder, inTurn),
  },
  rows: [
    { ours: 'millrace', peer: 'DBOS', bar: 0.0667, stretch: 0.04 },
    { title: 'the same', ours: 'millrace', peer: 'BullMQ flow', bar: 0.667, stretch: 0.333 },
    { title: 'the same', ours: 'millrace', peer: 'OpenWorkflow', bar: 0.125, stretch: 0.0667 },
    { title: 'the same, recorded in the same PostgreSQL', ours: 'millrace (PostgreSQL)', peer: 'DBOS', bar: 0.0667, stretch: 0.04 },
    ...(hasSqlite ? [{ title: 'the same, each in a file of SQLite', ours: 'millrace', peer: 'OpenWorkflow (SQLite)' }] : []),
    { title: '100 durable steps, each awaited before the next', ours: 'millrace (in turn)', peer: 'DBOS (in turn)' },
    { title: 'the same', ours: 'millrace (in turn)', peer: 'OpenWorkflow (in turn)' },
  ],
};

/** The whole run, its rows and results committed with `synchronous=FULL`; nothing is cached, so each repetition runs them all. */
async function inMillrace(folder, { steps, isInTurn }) {
  const { all, flow, param, task } = await loadMillrace(join(folder, isInTurn ? 'in-turn' : 'parallel'));
  const durable = task(step, { name: 'step' });
  const squares = flow('squares', { concurrency: CONCURRENCY, params: { count: param({ default: steps }) } }, async ({ count }) => {
    if (!isInTurn) return sum(await all(Array.from({ length: count }, (_, n) => durable(n))));
    const results = [];
    for (let n = 0; n < count; n++) results.push(await durable(n));
    return sum(results);
  });
  return await repeated(steps, async (count) => await squares.run({ count }));
}

async function inMillracePostgres(folder, kind) {
  const url = new URL(postgresUrl());
  url.searchParams.set('schema', schemaOf(folder, 'millrace'));
  process.env.MILLRACE_DATABASE_URL = url.href;
  return await inMillrace(folder, kind);
}

/** A workflow started and its result awaited in one process. */
async function inDbos(folder, { steps, isInTurn }) {
  const { DBOS } = await importPeer('@dbos-inc/dbos-sdk');
  const workflow = DBOS.registerWorkflow(
    async (count) => {
      const durable = (n) => DBOS.runStep(async () => step(n), { name: 'step' });
      return sum(await collect(count, durable, isInTurn));
    },
    { name: 'squares' },
  );
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: postgresUrl(),
    systemDatabaseSchemaName: schemaOf(folder, 'dbos'),
    systemDatabasePoolSize: CONCURRENCY + 4,
    logLevel: 'error',
  });
  await DBOS.launch();
  return await repeated(steps, async (count) => await (await DBOS.startWorkflow(workflow)(count)).getResult());
}

/** A parent job whose children are the steps: added, worked off and the parent's result there, in one process. */
async function inBullMq(folder) {
  const { FlowProducer, Worker } = await importPeer('bullmq');
  const { default: Redis } = await importPeer('ioredis');
  const connection = () => new Redis(redisUrl(), { maxRetriesPerRequest: null });
  const prefix = schemaOf(folder, 'bullmq');
  const producer = new FlowProducer({ connection: connection(), prefix });
  const failed = (_, error) => {
    throw error;
  };
  const workers = [
    new Worker('steps', async ({ data }) => step(data), { connection: connection(), prefix, concurrency: CONCURRENCY }).on('failed', failed),
    new Worker('squares', async (job) => sum(Object.values(await job.getChildrenValues())), { connection: connection(), prefix }).on(
      'failed',
      failed,
    ),
  ];
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return await repeated(STEPS, async (count) => {
    const jobId = randomUUID();
    const finished = new Promise((resolve) => {
      workers[1].on('completed', ({ id }, result) => id === jobId && resolve(result));
    });
    const children = Array.from({ length: count }, (_, n) => ({ name: 'step', queueName: 'steps', data: n }));
    await producer.add({ name: 'squares', queueName: 'squares', opts: { jobId }, children });
    return await finished;
  });
}

/** From the first line of the workflow to its last: its worker looks for work, and its caller for the result, only now and then. */
async function inOpenWorkflow(folder, kind) {
  const { BackendPostgres } = await importPeer('openworkflow/postgres');
  return await withBackend(
    await BackendPostgres.connect(postgresUrl(), { schema: schemaOf(folder, 'openworkflow'), namespaceId: randomUUID() }),
    kind,
  );
}

async function inOpenWorkflowFile(folder, kind) {
  const { BackendSqlite } = await importPeer('openworkflow/sqlite');
  return await withBackend(await BackendSqlite.connect(join(folder, 'openworkflow.db')), kind);
}

async function withBackend(backend, { steps, isInTurn }) {
  const { OpenWorkflow } = await importPeer('openworkflow');
  const client = new OpenWorkflow({ backend });
  const workflow = client.defineWorkflow({ name: 'squares' }, async ({ input: count, step: recorder }) => {
    const startedAt = performance.now();
    const durable = (n) => recorder.run({ name: `step ${n}` }, () => step(n));
    const total = sum(await collect(count, durable, isInTurn));
    return { total, took: performance.now() - startedAt };
  });
  await client.newWorker({ concurrency: 1 }).start();
  return await repeated(steps, async (count) => await (await workflow.run(count)).result());
}

async function collect(count, durable, isInTurn) {
  const limit = pLimit(isInTurn ? 1 : CONCURRENCY);
  return await Promise.all(Array.from({ length: count }, (_, n) => limit(durable, n)));
}

/**
 * Each has run one step, and so has its tables and connections, before anything is measured.
 * @param run gives the sum; or `{ total, took }` where not all of its time counts
 */
async function repeated(steps, run) {
  const checked = async (count) => {
    const result = await run(count);
    const { total, took } = typeof result === 'number' ? { total: result } : result;
    if (total !== EXPECTED[count]) throw new Error(`expected ${EXPECTED[count]} of ${count} steps; got ${total}`);
    return took;
  };
  await checked(1);
  return async () => await checked(steps);
}

/** The tables and keys of one system in one round. */
function schemaOf(folder, system) {
  return `${system}_${basename(folder).toLowerCase().replaceAll(/\W/g, '_')}`;
}
