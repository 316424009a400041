import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { postgresRecord } from 'millrace/postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheEntryRow } from '../../../src/model/records.js';
import { postgresAddress } from '../../../src/runs/postgres/address.js';
import { PostgresConnection } from '../../../src/runs/postgres/connection.js';
import { migrate } from '../../../src/runs/postgres/migrations.js';
import { openPostgresRecord } from '../../../src/runs/postgres/postgres-record.js';
import { POSTGRES_MIGRATIONS, TABLES } from '../../../src/runs/postgres/schema.js';
import type { RunRecord } from '../../../src/runs/run-record.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';
import { freshSchema, onServer } from '../../postgres/fresh-schema.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';

const digest = (text: string, length = 32): string => createHash('sha256').update(text).digest('hex').slice(0, length);

function entryRow(run: string, index: number): CacheEntryRow {
  return {
    taskVersion: digest('v1'),
    key: digest(`key ${run} ${index}`),
    task: 'clean',
    run,
    index,
    createdAt: 1_000 + index,
    code: digest('code'),
    version: undefined,
    inputs: {},
    artifacts: [],
  };
}

describe('the address of a record', () => {
  it.each([
    ['postgres://u:geheim@db.example:6543/runs', 'postgres://db.example:6543/runs', 'millrace'],
    ['postgresql://u:geheim@db/runs?sslmode=require&schema=team_a', 'postgres://db/runs?schema=team_a', 'team_a'],
    ['postgres:///runs?host=/var/run/postgresql&password=geheim', 'postgres:///var/run/postgresql/runs', 'millrace'],
  ])('%s is shown without what nobody is to see', (url, shown, schema) => {
    const address = postgresAddress(url);
    expect([address.shown, address.schema]).toEqual([shown, schema]);
    expect(address.url).not.toContain('schema=');
  });

  it.each(['mysql://u:geheim@db/runs', 'postgres://u:geheim@db:port/runs', 'postgres://u:geheim@db/runs?schema=Robert"); DROP'])(
    '%s is refused, without telling the password',
    (url) => {
      const refused = (): unknown => {
        try {
          return postgresAddress(url);
        } catch (error) {
          return error;
        }
      };
      expect(refused()).toMatchObject({ code: 'RECORD_ADDRESS_INVALID' });
      expect(inspect(refused(), { depth: 9 })).not.toContain('geheim');
    },
  );

  it('where nobody listens is told of at once, without the password', async () => {
    const thrown: unknown = await openPostgresRecord('postgres://u:geheim@127.0.0.1:1/runs').catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'RECORD_UNREACHABLE' });
    expect(inspect(thrown, { depth: 9 })).not.toContain('geheim');
  });
});

it('the entry millrace/postgres opens the same record', () => {
  expect(postgresRecord).toBe(openPostgresRecord);
});

describe('the tables', () => {
  it('of published versions are made by the same text for ever', () => {
    expect(POSTGRES_MIGRATIONS.slice(0, 2).map((sql) => digest(sql, 16))).toEqual(PUBLISHED);
  });
});

/** Changed by nothing but an error: records of these versions are out there. */
const PUBLISHED = ['ca1bf86a477f0cca', '07495e3be74b98b0'];

let schemas = 0;

describe.skipIf(server === '')('a record in PostgreSQL', () => {
  let name: string;
  let url: string;
  let drop: () => Promise<void>;
  const opened: RunRecord[] = [];

  beforeEach(() => {
    name = `record_${process.pid}_${++schemas}`;
    ({ url, drop } = freshSchema(server, name));
  });
  afterEach(async () => {
    for (const record of opened.splice(0)) await record[Symbol.asyncDispose]();
    await drop();
  });

  const open = async (address = url): Promise<RunRecord> => {
    const record = await openPostgresRecord(address);
    opened.push(record);
    return record;
  };
  const sql = (text: string) => onServer(server, `SET search_path TO ${name}; ${text}`);
  const connected = async <T>(job: (connection: PostgresConnection) => Promise<T>): Promise<T> => {
    const connection = await PostgresConnection.open(postgresAddress(url));
    try {
      return await job(connection);
    } finally {
      await connection.finish();
    }
  };

  it('has the columns that are read from the text of the migrations', async () => {
    await open();
    const found = await sql(`SELECT table_name, column_name, data_type FROM information_schema.columns
      WHERE table_schema = '${name}' AND table_name <> 'millrace_record' AND column_name <> 'written' ORDER BY table_name, ordinal_position`);
    const expected = [...TABLES.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((table) =>
        table.columns.map((column) => ({ table_name: table.name, column_name: column.name, data_type: column.type.replace('[]', '') })),
      );
    expect(found).toEqual(expected);
  });

  it('is made by whoever comes first, though many come at once', async () => {
    const records = await Promise.all(Array.from({ length: 6 }, () => open()));
    await records[0]?.open(runRow());
    expect((await records[5]?.run('r1'))?.id).toBe('r1');
  });

  it('of a newer Millrace is refused with a sentence; so is a schema that is somebody else’s, and a database that is not there', async () => {
    await open();
    await sql(`UPDATE millrace_record SET version = ${POSTGRES_MIGRATIONS.length + 1}`);
    await expect(openPostgresRecord(url)).rejects.toMatchObject({ code: 'RECORD_TOO_NEW', message: expect.stringContaining('knows versions up to') });
    await sql('DROP TABLE millrace_record');
    await expect(openPostgresRecord(url)).rejects.toMatchObject({ code: 'RECORD_NOT_OURS' });
    await expect(openPostgresRecord(url.replace(/\/[^/?]+\?/, '/nowhere?'))).rejects.toMatchObject({ code: 'RECORD_MISSING' });
    await expect(openPostgresRecord(url.replace('//millrace@', '//nobody_here:geheim@'))).rejects.toMatchObject({ code: 'RECORD_ACCESS_DENIED' });
  });

  describe('that is older', () => {
    const NEXT = [...POSTGRES_MIGRATIONS, 'ALTER TABLE run ADD COLUMN colour text; CREATE TABLE later (x bigint)'];
    const version = POSTGRES_MIGRATIONS.length;

    it('is brought on, and kept as it was: renamed, the copy is the record again', async () => {
      const record = await open();
      await record.open(runRow({ tags: ['t'] }));
      await record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0)], entries: [entryRow('r1', 0)] });
      const done = await connected((connection) => migrate(connection, NEXT));
      expect(done).toMatchObject({ from: version, to: NEXT.length, backup: `${name}_v${version}_bak` });
      expect(await sql('SELECT id, colour FROM run')).toEqual([{ id: 'r1', colour: null }]);
      expect(await connected((connection) => migrate(connection, NEXT))).toMatchObject({ from: NEXT.length, backup: undefined });
      await expect(openPostgresRecord(url)).rejects.toMatchObject({ code: 'RECORD_TOO_NEW' });
      await sql(`DROP SCHEMA ${name} CASCADE; ALTER SCHEMA ${name}_v${version}_bak RENAME TO ${name}`);
      const again = await open();
      expect(await again.taskRuns('r1')).toHaveLength(1);
      await again.open(runRow({ id: 'r2', tags: ['t'], createdAt: 2_000 }));
      expect((await again.runs({ tags: ['t'] })).map(({ id }) => id)).toEqual(['r2', 'r1']);
      await expect(sql(`INSERT INTO run_tag (tag, created_at, run) VALUES ('x', 1, 999)`)).rejects.toThrow(/foreign key/);
    });

    it('is not brought on by half, nor copied when there is nothing in it', async () => {
      await open();
      await expect(connected((connection) => migrate(connection, [...NEXT, 'SELECT 1/0']))).rejects.toMatchObject({ code: 'RECORD_FAILED' });
      expect(await sql('SELECT version::int FROM millrace_record')).toEqual([{ version }]);
      expect(await connected((connection) => migrate(connection, NEXT))).toMatchObject({ backup: undefined });
    });
  });

  it('is looked at by a user who may only look: nothing is marked, what is written is refused', async () => {
    const record = await open();
    await record.open(runRow({ owner: { ...runRow().owner, pid: 2 ** 22 + 1 } }));
    const viewer = `viewer_${name}`;
    await onServer(
      server,
      `CREATE ROLE ${viewer} LOGIN; GRANT USAGE ON SCHEMA ${name} TO ${viewer}; GRANT SELECT ON ALL TABLES IN SCHEMA ${name} TO ${viewer}`,
    );
    try {
      const look = await open(url.replace('//millrace@', `//${viewer}@`));
      expect((await look.run('r1'))?.state).toBe('running');
      await expect(look.open(runRow({ id: 'r2' }))).rejects.toMatchObject({ code: 'RECORD_ACCESS_DENIED' });
      expect((await record.run('r1'))?.state).toBe('crashed');
    } finally {
      await onServer(server, `DROP OWNED BY ${viewer}; DROP ROLE ${viewer}`);
    }
  });

  it('keeps text as it is; where it is a column of its own, a character of number 0 is shown by its sign', async () => {
    const record = await open();
    await record.open(runRow({ name: 'a\0b', params: { x: '"\\u0000 \' \\" $1 ?"' } }));
    const text = 'nul \0 "quoted" {a,b} \\ back\\slash NULL $1 ? \u2028 \u{1F600}\n\ttab';
    await record.append({
      run: 'r1',
      epoch: 0,
      logs: [
        { seq: 0, at: 1, level: 'info', text },
        { seq: 1, at: 1, level: 'info', text: 'NULL' },
      ],
    });
    expect((await record.logs('r1')).map((line) => line.text)).toEqual([text, 'NULL']);
    expect(await record.run('r1')).toMatchObject({ name: 'a\u2400b', params: { x: '"\\u0000 \' \\" $1 ?"' } });
  });

  it('NaN for a time is refused, with the whole batch', async () => {
    const record = await open();
    await record.open(runRow());
    const batch = { run: 'r1', epoch: 0, taskRuns: [taskRow(0), taskRow(1, { startedAt: Number.NaN })] };
    await expect(record.append(batch)).rejects.toMatchObject({ code: 'RECORD_VALUE_INVALID' });
    expect(await record.taskRuns('r1')).toEqual([]);
  });

  it('goes on when the server has cut its connections, between two jobs and in the middle of them', async () => {
    const record = await open(`${url}&application_name=${name}`);
    await record.open(runRow());
    await record.run('r1');
    const cut = async (): Promise<void> => {
      await onServer(server, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`);
    };
    await cut();
    await Promise.all([record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0)] }), record.runs()]);
    const batches = Array.from({ length: 40 }, (_, index) => record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(index)] }));
    await cut();
    await Promise.all(batches);
    expect(await record.taskRuns('r1')).toHaveLength(40);
  });

  it('S24: of many keys that two ask for at once, in different orders, each is given to one', async () => {
    const [one, two] = [await open(), await open()];
    await one.open(runRow({ id: 'r1' }));
    await two.open(runRow({ id: 'r2' }));
    const claims = Array.from({ length: 200 }, (_, index) => ({ key: digest(`k${index}`), index }));
    for (let round = 0; round < 10; round++) {
      const [a, b] = await Promise.all([
        one.claim({ run: 'r1', epoch: 0, claims, leaseMs: 60_000 }),
        two.claim({ run: 'r2', epoch: 0, claims: claims.toReversed(), leaseMs: 60_000 }),
      ]);
      for (const { key } of claims) expect([a.held.has(key), b.held.has(key)].filter(Boolean)).toHaveLength(1);
      const released = claims.map(({ key }) => key);
      await Promise.all([one.append({ run: 'r1', epoch: 0, released }), two.append({ run: 'r2', epoch: 0, released })]);
    }
  });

  it('S24: what was written first and committed last is told all the same, once', async () => {
    const [one, two] = [await open(), await open()];
    for (const [record, id] of [
      [one, 'r1'],
      [two, 'r2'],
    ] as const)
      await record.open(runRow({ id }));
    await two.append({ run: 'r2', epoch: 0, entries: [entryRow('r2', 0)] });
    const told = async (): Promise<readonly number[]> =>
      (await one.claim({ run: 'r1', epoch: 0, claims: [], leaseMs: 1 })).entries.map(({ index }) => index);
    expect(await told()).toEqual([0]);
    // As `append` would, by a process that takes its time: its pack has the lower number.
    await connected(async (slow) => {
      await slow.write(async (session) => {
        await session.rows(
          `INSERT INTO entry (run, task_version, first_place, last_place, newest, places, keys, times, inputs, results, artifacts)
           SELECT run, task_version, 7, 7, newest, '[7]', keys, times, inputs, results, artifacts FROM entry`,
        );
        await two.append({ run: 'r2', epoch: 0, entries: [entryRow('r2', 1)] });
        expect(await told()).toEqual([1]);
      });
      expect(await told()).toEqual([7]);
      expect(await told()).toEqual([]);
    });
  });

  it('S24: a dump loaded into another server does not tell its past as news for ever', async () => {
    const [one, two] = [await open(), await open()];
    for (const [record, id] of [
      [one, 'r1'],
      [two, 'r2'],
    ] as const)
      await record.open(runRow({ id }));
    await two.append({ run: 'r2', epoch: 0, entries: [entryRow('r2', 0)] });
    await sql("UPDATE entry SET written = '999999999999'");
    const later = await open();
    await later.open(runRow({ id: 'r3' }));
    expect((await later.claim({ run: 'r3', epoch: 0, claims: [], leaseMs: 1 })).entries).toEqual([]);
  });

  it('S19: lines are written now, also while a batch of the same process holds the row of the run and cannot go on', async () => {
    const record = await open();
    await record.open(runRow());
    await connected(async (other) => {
      await other.write(async (session) => {
        await session.rows('SELECT number FROM run WHERE id = ? FOR NO KEY UPDATE', 'r1');
        const line = { seq: 0, at: 1, level: 'info', text: 'in between' } as const;
        expect(record.appendNow({ run: 'r1', epoch: 0, logs: [line] })).toBe(true);
      });
    });
    expect(await record.logs('r1')).toHaveLength(1);
    await expect(async () => record.appendNow({ run: 'r1', epoch: 1, logs: [] })).rejects.toMatchObject({ code: 'OWNER_FENCED' });
  });

  it('S31: a batch that is held up in the middle gives way to heartbeats, and is written again', async () => {
    const record = await open();
    await record.open(runRow());
    const slow = await PostgresConnection.open(postgresAddress(url), { stalledMs: 100 });
    let tries = 0;
    await slow.writeShortly(async (session) => {
      tries++;
      await session.rows('SELECT number FROM run WHERE id = ? FOR NO KEY UPDATE', 'r1');
      // Waits for the row.
      if (tries === 1) expect(await record.renewLeases([{ run: 'r1', epoch: 0 }], 1_000)).toEqual([]);
      await session.rows('UPDATE run SET name = ? WHERE id = ?', 'written', 'r1');
    });
    await slow.finish();
    // Once more, or more often where the machine is busy.
    expect(tries).toBeGreaterThan(1);
    expect((await record.run('r1'))?.name).toBe('written');
  });

  it('S31: an owner that is fenced off while its batch waits for the lock writes nothing', async () => {
    const record = await open();
    await record.open(runRow());
    let late: Promise<unknown> = Promise.resolve();
    await connected(async (other) => {
      await other.write(async (session) => {
        await session.rows('UPDATE run SET epoch = epoch + 1 WHERE id = ?', 'r1');
        late = record.append({ run: 'r1', epoch: 0, taskRuns: [taskRow(0)] }).catch((error: unknown) => error);
        // Until it waits for the row.
        while ((await session.rows("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')")).length === 0);
      });
    });
    expect(await late).toMatchObject({ code: 'OWNER_FENCED' });
    expect(await record.taskRuns('r1')).toEqual([]);
  });
});
