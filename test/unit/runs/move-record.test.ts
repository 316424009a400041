import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheEntryRow } from '../../../src/model/records.js';
import { moveRecord } from '../../../src/runs/postgres/move-record.js';
import { openPostgresRecord } from '../../../src/runs/postgres/postgres-record.js';
import { TABLES } from '../../../src/runs/postgres/schema.js';
import type { RunRecord } from '../../../src/runs/run-record.js';
import { openSqliteRecord } from '../../../src/runs/sqlite/sqlite-record.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';
import { freshSchema, onServer } from '../../postgres/fresh-schema.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const RUNS = 7;
const TASKS = 2_300;

let schemas = 0;

describe.skipIf(server === '')('moving a record from SQLite to PostgreSQL', () => {
  let folder: string;
  let path: string;
  let name: string;
  let url: string;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-move-'));
    path = join(folder, 'record.db');
    name = `move_${process.pid}_${++schemas}`;
    ({ url, drop } = freshSchema(server, name));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    await drop();
  });

  const hex = (n: number, length: number): string => n.toString(16).padStart(length, '0');

  /** Rows of every table; of some more than are read at a time. */
  async function fill(): Promise<void> {
    await using record = await openSqliteRecord({ path });
    for (let n = 0; n < RUNS; n++) {
      const run = `run-${n}`;
      await record.open(runRow({ id: run, createdAt: 1_000.25 + n, tags: ['t', `t${n}`], params: { p: '"ü \\u0000"' } }));
      const count = n === 0 ? TASKS : 20;
      const places = Array.from({ length: count }, (_, index) => index);
      const refs = places.map((index) => {
        const contentDigest = hex(n * 10_000 + index, 64);
        return { uri: `record:${contentDigest}`, key: contentDigest, contentDigest, valueDigest: hex(index, 32), bytes: 3, format: 'json' };
      });
      const entries = places.map(
        (index): CacheEntryRow => ({
          taskVersion: hex(1, 32),
          key: hex(n * 10_000 + index, 32),
          task: 'clean',
          run,
          index,
          createdAt: 2_000 + index / 8,
          code: 'c',
          version: undefined,
          inputs: {},
          artifacts: [{ name: '', ref: refs[index] as (typeof refs)[number] }],
        }),
      );
      await record.append({
        run,
        epoch: 0,
        taskRuns: places.map((index) =>
          taskRow(index, { cacheKey: hex(index, 64), ...(index % 2 === 0 ? {} : { state: 'cached', origin: { run: 'run-0', index } }) }),
        ),
        attempts: places.map((index) => ({ index, attempt: 1, state: 'success', changes: 'x', startedAt: 1.5, finishedAt: 2, error: undefined })),
        artifacts: refs.map((ref, index) => ({ index, name: '', ref, inline: Uint8Array.of(index % 256, 0, 255) })),
        entries,
        logs: places.map((seq) => ({ seq, at: seq, level: 'info', text: `line ${seq}`, node: `clean#${seq}` })),
        code: { digest: hex(999_999, 64), contents: [999_999, 999_998].map((part) => ({ digest: hex(part, 64), bytes: Uint8Array.of(1, 0, 255) })) },
        change: { state: 'success', finishedAt: 3_000, counts: { success: count } },
      });
    }
  }

  async function everything(record: RunRecord): Promise<unknown> {
    const runs = await record.runs();
    const entries = (await record.entries([hex(1, 32)])).map(({ key, run, index, createdAt, artifacts }) => ({
      key,
      run,
      index,
      createdAt,
      artifacts,
    }));
    const found: unknown[] = [runs, await record.runs({ tags: ['t'], before: 'run-5' }), entries];
    for (const { id } of runs) found.push(await record.taskRuns(id), await record.logs(id));
    return [...found, await record.inline(entries.flatMap(({ artifacts }) => artifacts.map(({ ref }) => ref.contentDigest)))];
  }

  it('takes everything along, as it was and in its order, and leaves the file as it is', async () => {
    await fill();
    const before = await readFile(path);
    const moved = await moveRecord(path, url);
    expect(moved.from).toBe(path);
    expect([...moved.rows.keys()]).toEqual([...TABLES.keys()]);
    expect(Object.fromEntries(moved.rows)).toMatchObject({
      run: RUNS,
      attempt: TASKS + 20 * (RUNS - 1),
      content: TASKS + 20 * (RUNS - 1) + 2,
      code_part: 2,
      claim: 0,
    });
    expect((await readFile(path)).equals(before)).toBe(true);
    await using sqlite = await openSqliteRecord({ path });
    await using postgres = await openPostgresRecord(url);
    expect(await everything(postgres)).toEqual(await everything(sqlite));
    // New rows have numbers of their own.
    await postgres.open(runRow({ id: 'later', createdAt: 9_000 }));
    expect((await postgres.runs({ limit: 2 })).map(({ id }) => id)).toEqual(['later', 'run-6']);
  });

  it('is whole or not at all: what fails leaves nothing, and can be done again; twice is refused', async () => {
    await fill();
    await (await openPostgresRecord(url))[Symbol.asyncDispose]();
    // One of the last tables.
    await onServer(server, `ALTER TABLE ${name}.log_pack ADD CONSTRAINT unlucky CHECK (last_seq < 2000)`);
    await expect(moveRecord(path, url)).rejects.toMatchObject({ code: 'RECORD_FAILED' });
    const count = `SELECT (SELECT count(*) FROM ${name}.run)::int + (SELECT count(*) FROM ${name}.content)::int AS count`;
    expect(await onServer(server, count)).toEqual([{ count: 0 }]);
    await onServer(server, `ALTER TABLE ${name}.log_pack DROP CONSTRAINT unlucky`);
    await moveRecord(path, url);
    await expect(moveRecord(path, url)).rejects.toMatchObject({ code: 'RECORD_NOT_EMPTY', message: expect.stringContaining('holds 7 runs') });
  });

  it('does not take a record from under a run; a run that is gone is crashed first', async () => {
    await expect(moveRecord(path, url)).rejects.toMatchObject({ code: 'RECORD_MISSING' });
    const record = await openSqliteRecord({ path });
    await record.open(runRow({ id: 'gone', owner: { ...runRow().owner, pid: 2 ** 22 + 1 } }));
    await record.open(runRow({ id: 'alive' }));
    await expect(moveRecord(path, url)).rejects.toMatchObject({ code: 'RECORD_IN_USE', message: expect.stringContaining('alive') });
    await record.append({ run: 'alive', epoch: 0, change: { state: 'success' } });
    await record[Symbol.asyncDispose]();
    await moveRecord(path, url);
    await using postgres = await openPostgresRecord(url);
    expect((await postgres.run('gone'))?.state).toBe('crashed');
  });
});
