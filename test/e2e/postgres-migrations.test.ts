import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheEntryRow } from '../../src/model/records.js';
import { postgresAddress } from '../../src/runs/postgres/address.js';
import { PostgresConnection } from '../../src/runs/postgres/connection.js';
import { migrate } from '../../src/runs/postgres/migrations.js';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import { POSTGRES_MIGRATIONS } from '../../src/runs/postgres/schema.js';
import type { RunRecord } from '../../src/runs/run-record.js';
import { SqliteConnection } from '../../src/runs/sqlite/connection.js';
import { MIGRATIONS, migrate as migrateSqlite } from '../../src/runs/sqlite/migrations.js';
import { openSqliteRecord } from '../../src/runs/sqlite/sqlite-record.js';
import type { SqlRow } from '../../src/runs/sqlite/statement.js';
import { runRow, taskRow } from '../fixtures/runs/rows.js';
import { freshSchema, onServer } from '../postgres/fresh-schema.js';
import { shellIn } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const NEWEST = MIGRATIONS.length;
const OLDER = MIGRATIONS.map((_, at) => at).filter((version) => version > 0);
const hex = (text: string, length: number): string => createHash('sha256').update(text).digest('hex').slice(0, length);

const LONG = JSON.stringify('\u{1F600}long "text" '.repeat(40));
const PARAMS = { x: '1', name: '"quoted \\"text\\" \\\\u0000 \u2028"', list: '[1,{"a":null}]', nothing: 'null', long: LONG, ünï: '""' };
const TIME = 1_760_000_000_123.25;

/** What a version wrote: rows by table, with the columns that it had. */
type Rows = readonly { readonly table: string; readonly columns: readonly string[]; readonly rows: readonly SqlRow[] }[];

/** Runs that took results from others, packed and not, with all that older versions had. */
async function fill(record: RunRecord): Promise<void> {
  for (let n = 0; n < 3; n++) {
    const run = `run-${n}`;
    await record.open(
      runRow({
        id: run,
        flow: `flow-${n % 2}`,
        createdAt: TIME + n,
        params: n === 2 ? {} : { ...PARAMS, x: `${n}` },
        tags: n === 1 ? [] : ['t', `n${n}`],
      }),
    );
    const origin = n === 0 ? undefined : { run: 'run-0', index: 0 };
    // As many as are worth a pack, and more.
    const hits = Array.from({ length: n === 0 ? 0 : 12 }, (_, at) =>
      taskRow(10 + at, { state: 'cached', origin: { run: `run-${at % n}`, index: at }, cacheKey: hex(`${at}`, 64) }),
    );
    const single = taskRow(1, origin === undefined ? {} : { state: 'cached', origin: { run: 'gone', index: 3 } });
    const entry: CacheEntryRow = {
      taskVersion: hex('version', 32),
      key: hex(`key ${n}`, 64),
      task: 'clean',
      run,
      index: 0,
      createdAt: TIME,
      code: hex('code', 32),
      version: '2',
      inputs: { rows: { digest: hex('in', 32), shown: '[…]' } },
      artifacts: [
        {
          name: '',
          ref: { uri: `record:${hex('a', 64)}`, key: '', contentDigest: hex('a', 64), valueDigest: hex('b', 64), bytes: 2, format: 'json' },
        },
      ],
    };
    const lines = ['plain', 'quoted "text" \\ \u2028\u{1F600}\ttab\n', '', '["json"]', 'null'];
    await record.append({
      run,
      epoch: 0,
      taskRuns: [taskRow(0), single, ...hits],
      attempts: [
        { index: 0, attempt: 1, state: 'success', changes: 'running@0 success@1', startedAt: TIME, finishedAt: TIME + 0.25, error: undefined },
      ],
      artifacts: entry.artifacts.map(({ name, ref }) => ({ index: 0, name, ref, inline: Uint8Array.of(91, 93) })),
      entries: [entry],
      logs: lines.map((text, seq) => ({
        seq,
        at: TIME + seq / 3,
        level: seq === 2 ? 'error' : 'info',
        text,
        ...(seq < 3 ? { node: 'clean#0', attempt: 1 } : {}),
      })),
      change: { state: 'success', finishedAt: TIME + 5, counts: { success: 2 } },
    });
  }
}

/** All that is looked up, of what the oldest version had. */
async function everything(record: RunRecord): Promise<unknown> {
  const runs = await record.runs();
  const found: unknown[] = [runs, await record.flows(), await record.runs({ tags: ['t'] }), await record.entries([hex('version', 32)])];
  for (const [name, text] of Object.entries(PARAMS)) {
    found.push(
      (await record.runs({ params: { [name]: [text] } })).map(({ id }) => id),
      (await record.runs({ flow: 'flow-0', params: { [name]: [text] } })).length,
    );
  }
  for (const { id } of runs)
    found.push(await record.taskRuns(id), await record.logs(id), await record.logs(id, { level: 'error' }), await record.logs(id, { node: 'clean' }));
  return [...found, await record.inline([hex('a', 64)])];
}

describe.skipIf(server === '')('records of older versions, with runs in them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-migrations-'));
  const drops: (() => Promise<void>)[] = [];
  let newest: SqliteConnection;
  let expected: unknown;
  let logs: readonly SqlRow[];

  beforeAll(async () => {
    const path = join(folder, 'newest.db');
    const record = await openSqliteRecord({ path });
    await fill(record);
    expected = await everything(record);
    await record[Symbol.asyncDispose]();
    newest = await SqliteConnection.open({ path });
    const again = await openSqliteRecord({ path });
    const numbers = newest.prepare('SELECT number, id FROM run').all();
    logs = (
      await Promise.all(
        numbers.map(async ([number, id]) =>
          (
            await again.logs(id as string)
          ).map(
            ({ seq, at, level, text, node, attempt }): SqlRow => [
              number as number,
              seq,
              at,
              ['debug', 'info', 'warn', 'error'].indexOf(level),
              text,
              node ?? null,
              attempt ?? null,
            ],
          ),
        ),
      )
    ).flat();
    await again[Symbol.asyncDispose]();
  });
  afterAll(async () => {
    newest?.close();
    rmSync(folder, { recursive: true, force: true });
    for (const drop of drops) await drop();
  });

  function rowsOf(old: SqliteConnection): Rows {
    const tables = old.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY rowid").all();
    return tables.map(([name]) => {
      const table = name as string;
      const columns = old
        .prepare(`SELECT name FROM pragma_table_info('${table}')`)
        .all()
        .map(([column]) => column as string);
      return { table, columns, rows: table === 'log' ? logs : newest.prepare(`SELECT ${columns.join(', ')} FROM ${table}`).all() };
    });
  }

  const schema = (): { readonly name: string; readonly url: string } => {
    const name = `older_${process.pid}_${drops.length}`;
    const { url, drop } = freshSchema(server, name);
    drops.push(drop);
    return { name, url };
  };

  /** The same rows in a file and on the server, as that version kept them. */
  async function older(version: number): Promise<{ readonly path: string; readonly name: string; readonly url: string }> {
    const path = join(folder, `v${version}-${drops.length}.db`);
    const sqlite = await SqliteConnection.open({ path });
    await migrateSqlite(sqlite, MIGRATIONS.slice(0, version));
    const all = rowsOf(sqlite);
    await sqlite.write(() => {
      for (const { table, columns, rows } of all) {
        const insert = sqlite.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`);
        for (const row of rows) insert.run([...row]);
      }
    });
    sqlite.close();
    const { name, url } = schema();
    await connected(url, async (connection) => {
      await migrate(connection, POSTGRES_MIGRATIONS.slice(0, version));
      await connection.write(async (session) => {
        for (const { table, columns, rows } of all) {
          const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
          for (const row of rows) await session.rows(text, ...row);
          if (columns[0] === 'number') await session.rows(`SELECT setval(pg_get_serial_sequence('${table}', 'number'), 1000)`);
        }
      });
    });
    return { path, name, url };
  }

  async function connected<T>(url: string, job: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const connection = await PostgresConnection.open(postgresAddress(url));
    try {
      return await job(connection);
    } finally {
      await connection.finish();
    }
  }

  /** Of one table, in one order, as text: what only PostgreSQL has is left out. */
  const tables = async (path: string, url: string, sql: string): Promise<readonly (readonly SqlRow[])[]> => {
    const sqlite = await SqliteConnection.open({ path, readOnly: true });
    const inFile = sqlite.prepare(sql).all();
    sqlite.close();
    return [inFile, await connected(url, (connection) => connection.read((session) => session.rows(sql)))];
  };

  it.each(OLDER)('version %d reads the same after it was brought on, in both databases, as if it had been written today', async (version) => {
    const { path, url } = await older(version);
    await using sqlite = await openSqliteRecord({ path });
    await using postgres = await openPostgresRecord(url);
    expect(await everything(sqlite)).toEqual(expected);
    expect(await everything(postgres)).toEqual(expected);
    for (const sql of ['SELECT * FROM run_param ORDER BY flow, name, value, run', 'SELECT * FROM run_origin ORDER BY origin, run']) {
      const [inFile, onTheServer] = await tables(path, url, sql);
      expect(onTheServer).toEqual(inFile);
      expect(inFile).toEqual(newest.prepare(sql).all());
    }
    // New rows come after the old ones.
    for (const record of [sqlite, postgres]) {
      await record.open(runRow({ id: 'later', createdAt: TIME + 100 }));
      await record.append({ run: 'later', epoch: 0, taskRuns: [taskRow(0)], logs: [{ seq: 0, at: TIME, level: 'info', text: 'new' }] });
      expect((await record.runs({ limit: 2 })).map(({ id }) => id)).toEqual(['later', 'run-2']);
    }
  });

  it('the oldest is brought on once by processes that come at the same time, and none of them fails', async () => {
    const { name, url } = await older(1);
    const shell = shellIn(folder, { MILLRACE_DATABASE_URL: url });
    const ended = await Promise.all([
      shell.millrace('db', 'migrate', '--json'),
      shell.millrace('db', 'migrate', '--json'),
      shell.millrace('runs', '--json'),
    ]);
    expect(ended.map(({ code, err }) => [code, err])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    const moves = ended.slice(0, 2).map(({ out }) => JSON.parse(out) as { from: number; to: number });
    expect(moves.filter(({ from, to }) => from !== to).length).toBeLessThanOrEqual(1);
    expect(await onServer(server, `SELECT version::int FROM ${name}.millrace_record`)).toEqual([{ version: NEWEST }]);
    expect(await onServer(server, `SELECT count(*)::int AS runs FROM ${name}_v1_bak.run`)).toEqual([{ runs: 3 }]);
    await using record = await openPostgresRecord(url);
    expect(await everything(record)).toEqual(expected);
  });

  it('one that cannot be brought on stays as it was, whole', async () => {
    const { name, url } = await older(3);
    const dump = async (): Promise<string> => {
      const rows = await onServer(
        server,
        `SELECT query_to_xml('SELECT * FROM ${name}.' || relname || ' x ORDER BY x::text', true, false, '')::text AS rows FROM pg_class WHERE relnamespace = '${name}'::regnamespace AND relkind = 'r' ORDER BY relname`,
      );
      return JSON.stringify(rows);
    };
    const before = await dump();
    await expect(connected(url, (connection) => migrate(connection, [...POSTGRES_MIGRATIONS, 'SELECT 1/0']))).rejects.toMatchObject({
      code: 'RECORD_FAILED',
    });
    expect(await dump()).toBe(before);
    expect(await onServer(server, `SELECT 1 FROM pg_namespace WHERE nspname = '${name}_v3_bak'`)).toEqual([]);
    // What was in the way is gone.
    await using record = await openPostgresRecord(url);
    expect(await everything(record)).toEqual(expected);
  });

  it('a newer one is refused by every command with a sentence that says what to do', async () => {
    const { name, url } = await older(NEWEST - 1);
    await onServer(server, `UPDATE ${name}.millrace_record SET version = ${NEWEST + 3}`);
    const shell = shellIn(folder, { MILLRACE_DATABASE_URL: url });
    for (const args of [['runs'], ['db', 'status'], ['db', 'migrate']]) {
      const { code, err } = await shell.millrace(...args);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/RECORD_TOO_NEW.*version \d+; this Millrace knows versions up to \d+\n.*newer Millrace/s),
      ]);
    }
    expect(await onServer(server, `SELECT version::int FROM ${name}.millrace_record`)).toEqual([{ version: NEWEST + 3 }]);
  });
});
