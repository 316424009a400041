import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type {
  ArtifactRow,
  AttemptRow,
  CacheEntryRow,
  LogRow,
  MetricRow,
  ProgressRow,
  RunArtifactRow,
  RunChange,
  TaskRunRow,
} from '../../../src/model/records.js';
import { RUN_STATES, TASK_STATES } from '../../../src/model/states.js';
import { memoryRecord } from '../../../src/runs/memory-record.js';
import { openPostgresRecord } from '../../../src/runs/postgres/postgres-record.js';
import type { RecordBatch, RunRecord } from '../../../src/runs/run-record.js';
import { openSqliteRecord } from '../../../src/runs/sqlite/sqlite-record.js';
import { runRow } from '../../fixtures/runs/rows.js';
import { freshSchema } from '../../postgres/fresh-schema.js';

const RUNS = ['a', 'b'];
const clock = { now: () => 5_000.5, schedule: () => () => undefined };

const hex = (length: number) => fc.integer({ min: 0, max: 3 }).map((n) => `${n}`.repeat(length));
const time = fc.integer({ min: 0, max: 40_000 }).map((n) => n / 4);
const place = fc.integer({ min: 0, max: 60 });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const name = fc.constantFrom('clean', 'load', 'fit');
const error = fc.record(
  { name: text, message: text, code: text, cause: fc.record({ name: text, message: text }) },
  { requiredKeys: ['name', 'message'] },
);
const inputs = fc.dictionary(fc.constantFrom('rows', 'rate'), fc.record({ digest: hex(32), shown: text }, { requiredKeys: ['digest'] }), {
  noNullPrototype: true,
});
/** Enough hits of one task in one batch to be packed. */
const state = fc.oneof(fc.constantFrom(...TASK_STATES), fc.constant('cached' as const));
const elsewhere = fc.record({ uri: text, key: text, contentDigest: hex(64), valueDigest: hex(32), bytes: fc.nat(), format: name });
const inRecord = elsewhere.map((ref) => ({ ...ref, uri: `record:${ref.contentDigest}`, key: ref.contentDigest }));
const ref = fc.oneof(elsewhere, inRecord);

const taskRun: fc.Arbitrary<TaskRunRow> = fc.record({
  index: place,
  id: text,
  task: name,
  label: maybe(text),
  parent: maybe(place),
  state,
  nodeKey: maybe(hex(32)),
  cacheKey: maybe(fc.oneof(hex(32), hex(64))),
  attempts: fc.nat({ max: 9 }),
  reason: maybe(fc.record({ kind: fc.constantFrom('no-result' as const, 'expired' as const), detail: text }, { requiredKeys: ['kind'] })),
  createdAt: time,
  startedAt: maybe(time),
  finishedAt: maybe(time),
  error: maybe(error),
  upstream: fc.array(
    fc.record(
      { from: place, kind: fc.constantFrom('data' as const, 'order' as const, 'control' as const), label: text },
      { requiredKeys: ['from', 'kind'] },
    ),
    { maxLength: 3 },
  ),
  inputs: maybe(inputs),
  // What is reused is not checked, and is kept without.
  checks: fc.constant(undefined),
  origin: maybe(fc.record({ run: text, index: place })),
});
const attempt: fc.Arbitrary<AttemptRow> = fc.record({
  index: place,
  attempt: fc.integer({ min: 1, max: 3 }),
  state,
  changes: text,
  startedAt: time,
  finishedAt: maybe(time),
  error: maybe(error),
});
// Bytes follow from their digest, as they do in life.
const artifact: fc.Arbitrary<ArtifactRow> = fc
  .record({ index: place, name: fc.constantFrom('', 'model', 'Model', 'größe'), ref, small: fc.boolean() })
  .map(({ small, ...row }) => ({ ...row, inline: small ? Uint8Array.from(Buffer.from(row.ref.contentDigest.slice(0, 6))) : undefined }));
const entry: fc.Arbitrary<CacheEntryRow> = fc.record({
  taskVersion: hex(32),
  key: hex(32),
  task: name,
  run: fc.constantFrom(...RUNS),
  index: place,
  createdAt: time,
  code: text,
  version: maybe(text),
  inputs,
  artifacts: fc.array(fc.record({ name: fc.oneof(text, fc.constant('')), ref }), { maxLength: 2 }),
});
const log: fc.Arbitrary<LogRow> = fc.record(
  {
    seq: fc.nat({ max: 60 }),
    at: time,
    level: fc.constantFrom('debug' as const, 'info' as const, 'warn' as const, 'error' as const),
    text,
    node: text,
    attempt: place,
  },
  { requiredKeys: ['seq', 'at', 'level', 'text'] },
);
const runArtifact: fc.Arbitrary<RunArtifactRow> = fc
  .record({
    index: fc.integer({ min: -2, max: 3 }),
    attempt: fc.nat({ max: 2 }),
    name: fc.constantFrom('plot', 'Plot', 'größe'),
    kind: fc.constantFrom('table' as const, 'image' as const),
    contentType: text,
    at: time,
    ref,
    small: fc.boolean(),
  })
  .map(({ small, ...row }) => ({ ...row, inline: small ? Uint8Array.from(Buffer.from(row.ref.contentDigest.slice(0, 6))) : undefined }));
const metric: fc.Arbitrary<MetricRow> = fc
  .record({
    index: fc.integer({ min: -1, max: 2 }),
    attempt: fc.integer({ min: 1, max: 2 }),
    name: fc.constantFrom('loss', 'Loss', 'größe'),
    first: fc.nat({ max: 5 }),
    at: time,
    points: fc.array(fc.tuple(fc.nat({ max: 9 }), fc.oneof(fc.double(), fc.constant(Number.NaN))), { minLength: 1, maxLength: 5 }),
  })
  .map(({ points, ...row }) => ({ ...row, steps: points.map(([at]) => at), values: points.map(([, value]) => value) }));
const progress: fc.Arbitrary<ProgressRow> = fc.record({
  index: fc.nat({ max: 60 }),
  attempt: fc.nat({ max: 2 }),
  fraction: fc.constantFrom(0, 0.25, 1),
  message: maybe(text),
  at: time,
});
const change = fc.record(
  { state: fc.constantFrom(...RUN_STATES), startedAt: time, finishedAt: time, error, counts: fc.constant({ success: 3 }), result: ref },
  { requiredKeys: [] },
) as fc.Arbitrary<RunChange>;

type Step = { readonly append: RecordBatch } | { readonly discard: string } | { readonly crash: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        run: fc.constantFrom(...RUNS),
        epoch: fc.constantFrom(0, 0, 0, 1),
        taskRuns: fc.array(taskRun, { maxLength: 60, size: 'max' }),
        attempts: fc.array(attempt, { maxLength: 20 }),
        artifacts: fc.array(artifact, { maxLength: 20 }),
        entries: fc.array(entry, { maxLength: 20, size: 'max' }),
        logs: fc.array(log, { maxLength: 20 }),
        runArtifacts: fc.array(runArtifact, { maxLength: 20 }),
        metrics: fc.array(metric, { maxLength: 20 }),
        progress: fc.array(progress, { maxLength: 10 }),
        change,
      })
      .map((append) => ({ append })),
  },
  { weight: 1, arbitrary: hex(64).map((discard) => ({ discard })) },
  { weight: 1, arbitrary: fc.constantFrom(...RUNS).map((crash) => ({ crash })) },
);

/** What came of a step: nothing, or the code of the refusal. */
async function take(record: RunRecord, given: Step): Promise<unknown> {
  try {
    if ('append' in given) await record.append(given.append);
    else if ('discard' in given) await record.discard([given.discard]);
    else record.crashNow(given.crash, 0, 'the end');
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

/** SQLite's entries read their parts when they are asked for. */
function plain(row: CacheEntryRow | undefined): unknown {
  if (row === undefined) return undefined;
  const { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts } = row;
  return { taskVersion, key, task, run, index, createdAt, code, version, inputs, artifacts };
}

async function everything(record: RunRecord): Promise<unknown> {
  const found: unknown[] = [await record.runs(), (await record.entries(['0', '1', '2', '3'].map((digit) => digit.repeat(32)))).map(plain)];
  for (const task of ['clean', 'load', 'fit']) found.push(plain(await record.latestEntry(task)));
  found.push(await record.inline(['0', '1', '2', '3'].map((digit) => digit.repeat(64))));
  for (const run of RUNS) {
    found.push(await record.taskRuns(run), await record.taskRuns(run, { task: 'clean' }), await record.taskRuns(run, { state: 'success' }));
    found.push(await record.runArtifacts(run), await record.runArtifacts(run, { index: 1 }));
    found.push(await record.metrics(run, { points: true }), await record.metrics(run, { index: 1, name: 'loss' }));
    found.push(await record.logs(run), await record.logs(run, { node: 'fit', level: 'warn', after: 3, limit: 4 }));
  }
  return found;
}

/** The steps taken by a record and by the one in memory: what they refuse, and what they say at the end. */
async function agrees(record: RunRecord, steps: readonly Step[]): Promise<void> {
  const memory = memoryRecord({ clock });
  for (const one of [record, memory]) for (const id of RUNS) await one.open(runRow({ id }));
  for (const given of steps) expect(await take(record, given)).toEqual(await take(memory, given));
  expect(await everything(record)).toEqual(await everything(memory));
}

it('S19, S25, S31: after the same steps the records in SQLite and in memory say the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-agree-'));
      const sqlite = await openSqliteRecord({ path: join(folder, 'record.db'), clock });
      try {
        await agrees(sqlite, steps);
      } finally {
        await sqlite[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

const server = process.env.MILLRACE_TEST_POSTGRES_URL;
let schemas = 0;

it.skipIf(server === undefined)(
  'S19, S25: so do the records in PostgreSQL and in memory',
  async () => {
    // A process of its own writes last words there, which takes its time: the contract has them.
    const spoken = step.filter((given) => !('crash' in given));
    await fc.assert(
      fc.asyncProperty(fc.array(spoken, { maxLength: 6 }), async (steps) => {
        const { url, drop } = freshSchema(server as string, `agree_${process.pid}_${++schemas}`);
        const postgres = await openPostgresRecord(url, { clock });
        try {
          await agrees(postgres, steps);
        } finally {
          await postgres[Symbol.asyncDispose]();
          await drop();
        }
      }),
      { numRuns: 30 },
    );
  },
  120_000,
);
