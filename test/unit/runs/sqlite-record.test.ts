import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteConnection } from '../../../src/runs/sqlite/connection.js';
import { MIGRATIONS, migrate } from '../../../src/runs/sqlite/migrations.js';
import { recordError } from '../../../src/runs/sqlite/record-error.js';
import { openSqliteRecord } from '../../../src/runs/sqlite/sqlite-record.js';
import { NEWEST_VERSION } from '../../../src/runs/sqlite/version.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'));
  path = join(folder, 'record.db');
});
afterEach(() => rm(folder, { recursive: true }));

function startProcess(fixture: string, ...args: readonly string[]) {
  const script = fileURLToPath(new URL(`../../fixtures/runs/${fixture}.ts`, import.meta.url));
  return spawn(process.execPath, ['--import', 'tsx', script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function recordOfTasks(count: number): Promise<void> {
  await using record = await openSqliteRecord({ path });
  await record.open(runRow({ state: 'running' }));
  const taskRuns = Array.from({ length: count }, (_, index) => taskRow(index, { label: 'x'.repeat(200) }));
  await record.append({ run: 'r1', epoch: 0, taskRuns, change: { state: 'success' } });
}

describe('opening', () => {
  it('makes the folder, and says where the record is', async () => {
    path = join(folder, 'a', 'b', 'record.db');
    await using record = await openSqliteRecord({ path });
    expect(record.location).toBe(path);
    expect(await record.runs()).toEqual([]);
  });

  it('refuses a folder', async () => {
    await mkdir(path);
    await expect(openSqliteRecord({ path })).rejects.toMatchObject({ code: 'RECORD_UNOPENABLE', message: expect.stringContaining('it is a folder') });
  });

  it('refuses what is no database', async () => {
    await writeFile(path, 'no database at all '.repeat(1_000));
    await expect(openSqliteRecord({ path })).rejects.toMatchObject({ code: 'RECORD_NOT_A_DATABASE', hint: expect.stringContaining(`mv ${path}`) });
  });

  it("refuses somebody else's database, and leaves it as it was", async () => {
    const other = new Database(path);
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    await expect(openSqliteRecord({ path })).rejects.toMatchObject({ code: 'RECORD_NOT_OURS' });
    expect(new Database(path).prepare('SELECT name FROM sqlite_master').all()).toMatchObject([{ name: 'theirs' }]);
  });

  it('refuses a record that a newer Millrace has written', async () => {
    await recordOfTasks(1);
    new Database(path).exec('PRAGMA user_version=99');
    await expect(openSqliteRecord({ path })).rejects.toMatchObject({ code: 'RECORD_TOO_NEW', message: expect.stringContaining('version 99') });
  });

  it('may be done by several at once', async () => {
    const records = await Promise.all(Array.from({ length: 4 }, () => openSqliteRecord({ path })));
    for (const [n, record] of records.entries()) await record.open(runRow({ id: `r${n}` }));
    expect(await records[0]?.runs()).toHaveLength(4);
    for (const record of records) await record[Symbol.asyncDispose]();
  });
});

describe('read-only', () => {
  it('is asked for where a record is', async () => {
    await expect(openSqliteRecord({ path, readOnly: true })).rejects.toMatchObject({ code: 'RECORD_MISSING' });
  });

  it('reads, and writes nothing', async () => {
    path = join(folder, 'odd name #1 %41?.db');
    await recordOfTasks(3);
    await using record = await openSqliteRecord({ path, readOnly: true });
    expect(await record.taskRuns('r1')).toHaveLength(3);
    await expect(record.open(runRow({ id: 'r2' }))).rejects.toMatchObject({ code: 'RECORD_READ_ONLY' });
    await expect(record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(9)] })).rejects.toMatchObject({ code: 'RECORD_READ_ONLY' });
    expect(await record.runs()).toHaveLength(1);
  });
});

describe('damage', () => {
  it('is told of with the file, the finding and what to do', async () => {
    await recordOfTasks(2_000);
    const bytes = await readFile(path);
    // Everything but the schema: the first page stays as it was.
    await writeFile(path, Buffer.concat([bytes.subarray(0, 8_192), Buffer.alloc(bytes.length - 8_192, 0x5a)]));
    const looking = (async () => {
      await using record = await openSqliteRecord({ path });
      await record.taskRuns('r1');
    })();
    await expect(looking).rejects.toMatchObject({
      code: 'RECORD_CORRUPTED',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('results in the store are not lost'),
    });
  });

  it('by truncation is noticed', async () => {
    await recordOfTasks(2_000);
    await truncate(path, 8_192 * 3);
    const looking = (async () => {
      await using record = await openSqliteRecord({ path });
      await record.taskRuns('r1');
    })();
    await expect(looking).rejects.toMatchObject({ code: 'RECORD_CORRUPTED' });
  });
});

describe('errors of the driver', () => {
  it.each([
    ['SQLITE_FULL', 'RECORD_FULL'],
    ['ENOSPC', 'RECORD_FULL'],
    ['SQLITE_READONLY_DBMOVED', 'RECORD_READ_ONLY'],
    ['EROFS', 'RECORD_READ_ONLY'],
    ['SQLITE_BUSY_RECOVERY', 'RECORD_BUSY'],
    ['SQLITE_CORRUPT_INDEX', 'RECORD_CORRUPTED'],
    ['SQLITE_IOERR_WRITE', 'RECORD_FAILED'],
  ])('%s becomes %s', (code, expected) => {
    const error = recordError(Object.assign(new Error('driver'), { code }), path);
    expect(error).toMatchObject({ code: expected, message: expect.stringContaining(path), cause: { code } });
    expect(error.hint).toBeTruthy();
  });

  it.each([
    [1544, 'RECORD_READ_ONLY'],
    [1288, 'RECORD_READ_ONLY'],
    [2826, 'RECORD_FAILED'],
    [517, 'RECORD_BUSY'],
  ])('an extended result that the driver has no name for counts as its primary one: %i becomes %s', (rawCode, expected) => {
    const thrown = Object.assign(new Error('driver'), { code: `UNKNOWN_SQLITE_ERROR_${rawCode}`, rawCode });
    expect(recordError(thrown, path).code).toBe(expected);
  });

  it('a full database keeps what was recorded before', async () => {
    await recordOfTasks(1);
    const connection = await SqliteConnection.open({ path });
    connection.exec(`PRAGMA max_page_count=${Number(connection.prepare('PRAGMA page_count').get()?.[0]) + 1}`);
    const filling = connection.write(() =>
      connection.prepare('INSERT INTO content (digest, bytes) VALUES (?, ?)').run([Buffer.from('d'), Buffer.alloc(100_000)]),
    );
    await expect(filling).rejects.toMatchObject({ code: 'RECORD_FULL' });
    expect(await connection.read(() => connection.prepare('SELECT count(*) FROM task_run').get())).toEqual([1]);
    connection.close();
  });
});

describe('parameters', () => {
  it.each([[[true]], [[undefined]], [[Number.NaN]], [[1n]], [[]], [[1, 2]]])('%o are refused before the driver sees them', async (values) => {
    const connection = await SqliteConnection.open({ path });
    expect(() => connection.prepare('SELECT ?').get(values as never)).toThrow(expect.objectContaining({ code: 'RECORD_VALUE_INVALID' }));
    connection.close();
  });

  it('a row with NaN for a time is refused as a whole', async () => {
    await using record = await openSqliteRecord({ path });
    await record.open(runRow());
    await expect(record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0), taskRow(1, { finishedAt: Number.NaN })] })).rejects.toMatchObject({
      code: 'RECORD_VALUE_INVALID',
    });
    expect(await record.taskRuns('r1')).toEqual([]);
  });
});

describe('migration', () => {
  const NEXT = [...MIGRATIONS, 'ALTER TABLE run ADD COLUMN colour TEXT'];

  it('a record of the newest version is known without them', () => expect(NEWEST_VERSION).toBe(MIGRATIONS.length));

  it('copies a record that holds runs aside first', async () => {
    await recordOfTasks(5);
    const connection = await SqliteConnection.open({ path });
    await migrate(connection, NEXT);
    expect(connection.prepare('SELECT id, colour FROM run').all()).toEqual([['r1', null]]);
    expect(connection.prepare('PRAGMA user_version').get()).toEqual([NEXT.length]);
    await migrate(connection, NEXT);
    connection.close();
    await using copy = await openSqliteRecord({ path: `${path}.v${MIGRATIONS.length}.bak` });
    expect(await copy.taskRuns('r1')).toHaveLength(5);
    await expect(openSqliteRecord({ path })).rejects.toMatchObject({ code: 'RECORD_TOO_NEW' });
  });

  it('makes no copy of one without runs', async () => {
    await (await openSqliteRecord({ path }))[Symbol.asyncDispose]();
    const connection = await SqliteConnection.open({ path });
    await migrate(connection, NEXT);
    connection.close();
    expect((await readdir(folder)).filter((name) => name.includes('.bak'))).toEqual([]);
  });

  it('keeps the log lines of records that had a row for each', async () => {
    const connection = await SqliteConnection.open({ path });
    await migrate(connection, MIGRATIONS.slice(0, 2));
    const lines = [
      { seq: 0, at: 1_795_278_397_132.4163, level: 'info' as const, text: 'ü "x"\nnext' },
      { seq: 1, at: 5, level: 'warn' as const, text: '', node: 'clean#0', attempt: 2 },
    ];
    await connection.write(() => {
      const owner = JSON.stringify(runRow().owner);
      connection
        .prepare(
          "INSERT INTO run (number, id, flow, state, params, tags, created_at, owner, epoch, counts) VALUES (1, 'r1', 'f', 'success', '{}', '[]', 1, ?, 0, '{}')",
        )
        .run([owner]);
      const insert = connection.prepare('INSERT INTO log (run, seq, at, level, text, node, attempt) VALUES (1, ?, ?, ?, ?, ?, ?)');
      for (const { seq, at, level, text, node, attempt } of lines)
        insert.run([seq, at, level === 'warn' ? 2 : 1, text, node ?? null, attempt ?? null]);
    });
    connection.close();
    await using record = await openSqliteRecord({ path });
    expect(await record.logs('r1')).toEqual(lines);
    expect(await record.logs('r1', { level: 'warn', last: 3 })).toEqual(lines.slice(1));
  });

  it('that fails leaves the record as it was', async () => {
    await recordOfTasks(5);
    const connection = await SqliteConnection.open({ path });
    await expect(migrate(connection, [...NEXT, 'no sql at all'])).rejects.toMatchObject({ code: 'RECORD_FAILED' });
    connection.close();
    await using record = await openSqliteRecord({ path });
    expect(await record.taskRuns('r1')).toHaveLength(5);
  });

  it('is not done read-only', async () => {
    await recordOfTasks(1);
    const connection = await SqliteConnection.open({ path, readOnly: true });
    await expect(migrate(connection, NEXT)).rejects.toMatchObject({ code: 'RECORD_TOO_OLD' });
    connection.close();
  });
});

describe('several processes', () => {
  it('write to one record at once', async () => {
    const writers = ['a', 'b', 'c'].map((run) => startProcess('writer', path, run, '20'));
    for (const writer of writers) writer.stdout.resume();
    expect(await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]))).toEqual([0, 0, 0]);
    await using record = await openSqliteRecord({ path });
    for (const run of ['a', 'b', 'c']) expect(await record.taskRuns(run)).toHaveLength(200);
    expect((await record.runs()).map((row) => row.state)).toEqual(['success', 'success', 'success']);
  }, 60_000);

  it('O3, O4: a kill loses nothing that was acknowledged, and the run is crashed at the next look', async () => {
    const writer = startProcess('writer', path, 'r1', 'forever');
    const exited = once(writer, 'exit');
    let printed = '';
    for await (const chunk of writer.stdout) {
      printed += chunk;
      if (printed.split('\n').length > 30) writer.kill('SIGKILL');
    }
    await exited;
    const acknowledged = Number(printed.slice(0, printed.lastIndexOf('\n')).split('\n').at(-1));
    await using record = await openSqliteRecord({ path });
    expect(await record.run('r1')).toMatchObject({ state: 'crashed', epoch: 1 });
    const found = (await record.taskRuns('r1')).length;
    expect(found).toBeGreaterThanOrEqual(acknowledged);
    expect(found % 10).toBe(0);
    expect(new Database(path).prepare('PRAGMA integrity_check').raw().get()).toEqual(['ok']);
  }, 60_000);

  it('wait for a lock without holding up the event loop, and not for ever', async () => {
    await recordOfTasks(1);
    const holder = startProcess('lock-holder', path);
    await once(holder.stdout, 'data');
    await using impatient = await openSqliteRecord({ path, patienceMs: 20 });
    await expect(impatient.open(runRow({ id: 'r2' }))).rejects.toMatchObject({ code: 'RECORD_BUSY' });
    expect((await impatient.runs()).length).toBe(1);
    await using patient = await openSqliteRecord({ path });
    const opened = patient.open(runRow({ id: 'r3' }));
    holder.stdin.end();
    await Promise.all([opened, once(holder, 'exit')]);
    expect((await patient.runs()).map((row) => row.id)).toEqual(['r3', 'r1']);
  }, 60_000);
});

it('reading the module does not load the driver', async () => {
  const script = `await import(${JSON.stringify(new URL('../../../src/runs/sqlite/sqlite-record.ts', import.meta.url).href)});
    const loaded = process.report.getReport().sharedObjects.filter((name) => name.includes('libsql'));
    process.exit(loaded.length);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'ignore' });
  expect((await once(child, 'exit'))[0]).toBe(0);
}, 60_000);

it('leaves no other file behind when closed', async () => {
  await recordOfTasks(1);
  await access(path);
  expect((await readdir(folder)).filter((name) => !/^record\.db(-wal|-shm)?$/.test(name))).toEqual([]);
});
