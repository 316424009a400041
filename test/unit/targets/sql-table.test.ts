import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { cache, flow, param, type SqlTableOptions, secret, sqlTable, task } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, recorded } from '../engine/workbench.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-sql-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => void freshHome());

let made = 0;
const name = (what: string): string => `${what}_${++made}_${randomBytes(3).toString('hex')}`;

interface Kind {
  readonly name: string;
  /** Undefined: it was not started, and `npm test` says so. */
  readonly url: string | undefined;
  readonly schemas: boolean;
}

const KINDS: readonly Kind[] = [
  { name: 'sqlite', url: `sqlite:${join(folder, 'a.db')}`, schemas: false },
  { name: 'duckdb', url: `duckdb:${join(folder, 'a.duckdb')}`, schemas: true },
  { name: 'postgres', url: process.env.MILLRACE_TEST_POSTGRES_URL, schemas: true },
];

for (const { name: kind, url: db = '', schemas } of KINDS) {
  describe.skipIf(db === '')(`sqlTable: ${kind}`, () => {
    // biome-ignore lint/suspicious/noExplicitAny: rows of every shape
    const table = (what: string, options: Partial<SqlTableOptions<any>> = {}) => sqlTable<any>(name(what), { db, ...options });

    it('gives back what was written: every kind of value, nulls, names that need quotes', async () => {
      const target = table(`odd "name' ; DROP`);
      const rows = [
        {
          id: 1,
          'a "b" c': 'größe ☃ \'"; --',
          big: 2n ** 62n,
          ratio: 0.1,
          ok: true,
          at: new Date('2026-03-09T10:20:30.456Z'),
          raw: new Uint8Array([0, 255, 7]),
          more: { x: [1, null, 'y'], z: { t: true } },
          none: null,
        },
        {
          id: -9007199254740991,
          'a "b" c': '',
          big: -5n,
          ratio: -1e300,
          ok: false,
          at: new Date('1969-12-31T23:59:59.999Z'),
          raw: new Uint8Array(),
          more: [1, 2],
          none: null,
        },
        { id: null, 'a "b" c': null, big: null, ratio: 3, ok: null, at: null, raw: null, more: null, none: null },
      ];
      expect(await target.exists()).toBe(false);
      await target.write(rows);
      expect(await target.exists()).toBe(true);
      const found = await target.read();
      expect(found).toEqual(rows);
      expect(found.map((row) => Object.values(row).map((value) => typeof value))).toEqual(
        rows.map((row) => Object.values(row).map((value) => typeof value)),
      );
      expect([found[0].at instanceof Date, found[0].raw instanceof Uint8Array]).toEqual([true, true]);
    });

    it('keeps the order, of many rows too; missing columns are null', async () => {
      const target = table('many');
      const rows = Array.from({ length: 5_000 }, (_, at) => ({ at, text: `row ${at}`, half: at / 2 }));
      await target.write([...rows, { at: 5_000 }]);
      const found = await target.read();
      expect(found).toHaveLength(5_001);
      expect(found.slice(0, 5_000)).toEqual(rows);
      expect(found[5_000]).toEqual({ at: 5_000, text: null, half: null });
    });

    it('replace: other columns, fewer rows, none at all; no table is left behind', async () => {
      const target = table('again');
      await target.write([{ a: 1 }, { a: 2 }]);
      await target.write([{ b: 'x', c: 1.5 }]);
      expect(await target.read()).toEqual([{ b: 'x', c: 1.5 }]);
      await target.write([]);
      expect(await target.read()).toEqual([]);
      await expect(table('none').write([])).rejects.toMatchObject({
        code: 'RESULT_NOT_STORABLE',
        message: expect.stringContaining('no rows that tell its columns'),
      });
    });

    it('a write that fails changes nothing', async () => {
      const target = table('kept');
      await target.write([{ a: 1 }]);
      await expect(target.write([{ a: 1 }, { a: 'x' }])).rejects.toMatchObject({ code: 'RESULT_NOT_STORABLE' });
      await expect(target.write([{ a: 2, A: 3 }].map((row) => (kind === 'postgres' ? { a: 'nul \0 byte' } : row)))).rejects.toMatchObject({
        code: 'SQL_FAILED',
      });
      expect(await target.read()).toEqual([{ a: 1 }]);
    });

    it('append: rows are added, in the types that are there', async () => {
      const target = table('log', { mode: 'append' });
      await target.write([{ a: 1.5, b: 'x' }]);
      await target.write([{ b: 'y', a: 2 }]);
      await target.write([]);
      expect(await target.read()).toEqual([
        { a: 1.5, b: 'x' },
        { a: 2, b: 'y' },
      ]);
      await expect(target.write([{ other: 1 }])).rejects.toMatchObject({
        code: 'SQL_COLUMNS_DIFFER',
        message: expect.stringContaining("no column 'other'; it has 'a', 'b'"),
      });
      expect(await target.read()).toHaveLength(2);
    });

    it('upsert: rows of a known key take its place, in order of the key', async () => {
      const target = table('orders', { mode: 'upsert', key: ['shop', 'id'] });
      await target.write([
        { shop: 'b', id: 1, cents: 5 },
        { shop: 'a', id: 2, cents: 6 },
      ]);
      await target.write([
        { shop: 'a', id: 2, cents: 60 },
        { shop: 'a', id: 1, cents: 7 },
      ]);
      expect(await target.read()).toEqual([
        { shop: 'a', id: 1, cents: 7 },
        { shop: 'a', id: 2, cents: 60 },
        { shop: 'b', id: 1, cents: 5 },
      ]);
      await expect(
        target.write([
          { shop: 'a', id: 1 },
          { shop: 'a', id: 1 },
        ]),
      ).rejects.toMatchObject({ message: expect.stringContaining('rows[0] and rows[1] have the same') });
      await expect(target.write([{ shop: 'a', id: null }])).rejects.toMatchObject({ message: expect.stringContaining('rows[0].id') });
      await expect(target.write([{ id: 1 }])).rejects.toMatchObject({ message: expect.stringContaining("key column 'shop'") });
      const keysOnly = table('keys', { mode: 'upsert', key: ['k'] });
      for (const k of [1, 1, 2]) await keysOnly.write([{ k }]);
      expect(await keysOnly.read()).toEqual([{ k: 1 }, { k: 2 }]);
    });

    it('a schema is made when it is missing', async () => {
      const target = table('inside', { schema: name('my schema') });
      if (!schemas) return void (await expect(target.exists()).rejects.toMatchObject({ code: 'SQL_OPTION_INVALID' }));
      await target.write([{ a: 1 }]);
      await target.write([{ a: 2 }]);
      expect(await target.read()).toEqual([{ a: 2 }]);
      expect(target.address).toMatch(/#my schema_/);
    });

    it('many at once come one after the other, or wait', async () => {
      const target = table('busy', { mode: 'append' });
      await target.write([{ a: 0 }]);
      await Promise.all(Array.from({ length: 8 }, (_, at) => target.write([{ a: at + 1 }])));
      expect((await target.read()).map(({ a }) => a).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    });

    it('S26: as a target: complete with the same inputs while the table is there', async () => {
      const target = table('flowing');
      let ran = 0;
      const rows = task(
        (n: number) => {
          ran++;
          return Array.from({ length: n }, (_, at) => ({ at, when: new Date(at) }));
        },
        { name: 'rows', version: '1', target },
      );
      const total = task((all: { at: number; when: Date }[]) => all.reduce((sum, { at, when }) => sum + at + when.getTime(), 0), {
        name: 'total',
        cache: cache.default,
      });
      const f = flow('sql', { params: { n: param({ default: 3 }) } }, ({ n }) => total(rows(n)));
      expect([await f.run(), await f.run(), ran]).toEqual([6, 6, 1]);
      expect((await f.preview()).nodes[0]).toMatchObject({ state: 'complete', target: target.address });
      expect([await f.run({ n: 2 }), ran]).toEqual([2, 2]);
      expect(await f.output(rows, { n: 2 })).toEqual(await target.read());
      const { ref } = (await recorded('sql/latest')).task('rows#0').artifacts[0] ?? (await recorded('sql/latest')).task('rows#0').artifacts[0]!;
      expect(ref).toMatchObject({ uri: target.address, format: kind });
    });
  });
}

describe('sqlTable', () => {
  it.each([
    ['a number among texts', [{ a: 'x' }, { a: 1 }], 'expected rows[1].a to be a text, as in rows[0].a'],
    ['a bigint among numbers', [{ a: 1 }, { a: 1n }], 'rows[1].a to be a number, as in rows[0].a'],
    ['a function', [{ a: () => 1 }], 'rows[0].a to be a value that a table can hold'],
    ['a map', [{ a: new Map() }], 'rows[0].a to be a value that JSON can hold'],
    ['a date inside', [{ a: { b: [new Date(0)] } }], 'rows[0].a.b[0] to be a value that JSON can hold'],
    ['no date', [{ a: new Date(Number.NaN) }], 'rows[0].a to be a valid date'],
    ['no row', [{ a: 1 }, 7], 'rows[1] to be an object of columns by name'],
    ['no list', { a: 1 }, 'expected a list of rows'],
    ['NaN, in SQLite', [{ a: Number.NaN }], 'rows[0].a to be a number, since SQLite has no NaN'],
    ['more than 64 bits, in SQLite', [{ a: 2n ** 63n }], 'rows[0].a to be of 64 bits'],
  ])('refuses %s, with its path', async (_, rows, message) => {
    await expect(sqlTable(name('refused'), { db: join(folder, 'refused.db') }).write(rows as never)).rejects.toMatchObject({
      code: 'RESULT_NOT_STORABLE',
      message: expect.stringContaining(message),
    });
  });

  it.each([
    ['', {}, 'SQL_NAME_INVALID'],
    ['a\nb', {}, 'SQL_NAME_INVALID'],
    ['x'.repeat(64), {}, 'SQL_NAME_INVALID'],
    ['t', { db: '' }, 'SQL_OPTION_INVALID'],
    ['t', { db: { name: 'X' } }, 'SQL_OPTION_INVALID'],
    ['t', { mode: 'merge' }, 'SQL_OPTION_INVALID'],
    ['t', { mode: 'upsert' }, 'SQL_OPTION_INVALID'],
    ['t', { key: ['a'] }, 'SQL_OPTION_INVALID'],
    ['t', { schema: '' }, 'SQL_NAME_INVALID'],
  ])('refuses table %j with %j', (table, options, code) => {
    expect(() => sqlTable(table, { db: 'a.db', ...options } as never)).toThrow(expect.objectContaining({ code }));
  });

  it('a database of another kind is refused; one that is not there says so without its password', async () => {
    await expect(sqlTable('t', { db: 'mysql://u:p@h/d' }).exists()).rejects.toMatchObject({ code: 'SQL_ADDRESS_INVALID' });
    const refused = sqlTable('t', { db: 'postgres://user:hunter2secret@127.0.0.1:9/d?sslmode=disable' });
    expect(refused.address).toBe('postgres://127.0.0.1:9/d#t');
    const error = await refused.exists().catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'SQL_FAILED', message: expect.stringContaining('table t of postgres://127.0.0.1:9/d: ') });
    expect(String(error)).not.toContain('hunter2');
  });

  it('reads tables of others: their types, and values that fit no type', async () => {
    const LibSql = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void; close(): void };
    const path = join(folder, 'theirs.db');
    const driver = new LibSql(path);
    driver.exec(
      "CREATE TABLE t (a INT, b VARCHAR(10), c REAL, d, e DATE); INSERT INTO t VALUES (1, 'x', 2, 'any', '2026-01-01'), ('odd', NULL, 2.5, 9007199254740993, NULL)",
    );
    driver.close();
    expect(await sqlTable('t', { db: path }).read()).toEqual([
      { a: 1, b: 'x', c: 2, d: 'any', e: '2026-01-01' },
      { a: 'odd', b: null, c: 2.5, d: 9007199254740993n, e: null },
    ]);
  });

  it('readers never see half a table', async () => {
    const target = sqlTable<{ a: number }>('swapped', { db: join(folder, 'swapped.db') });
    await target.write(Array.from({ length: 100 }, () => ({ a: 0 })));
    let writing = true;
    const writes = (async () => {
      for (let round = 1; round <= 6; round++) await target.write(Array.from({ length: 6_000 }, () => ({ a: round })));
      writing = false;
    })();
    const seen = new Set<string>();
    while (writing) {
      const rows = await target.read().catch((error: { cause?: { code?: string } }) => {
        // Without a write-ahead log a reader may find the file locked for a moment: it sees nothing then, not half of it.
        if (String(error.cause?.code).startsWith('SQLITE_BUSY')) return undefined;
        throw error;
      });
      if (rows) seen.add(`${rows.length} ${new Set(rows.map(({ a }) => a)).size}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writes;
    expect([...seen].every((shape) => shape === '100 1' || shape === '6000 1')).toBe(true);
  });
});

describe('secret', () => {
  it('is read when it is used, and shown nowhere', async () => {
    vi.stubEnv('SQL_TEST_URL', join(folder, 'hidden-place.db'));
    const target = sqlTable<{ a: number }>('t', { db: secret('SQL_TEST_URL') });
    expect(target.address).toBe('sql:$SQL_TEST_URL#t');
    const rows = task(
      () => {
        console.log(`using ${process.env.SQL_TEST_URL}`);
        return [{ a: 1 }];
      },
      { name: 'rows', target },
    );
    const handle = flow('hidden', () => rows()).start();
    const events = eventsOf(handle);
    expect(await handle.result()).toEqual([{ a: 1 }]);
    expect(JSON.stringify([await events, await recorded(handle.id)])).not.toContain('hidden-place');
    expect((await events).filter(({ type }) => type === 'log').map(({ data }) => (data as { text: string }).text)).toEqual(['using ***']);
  });

  it('one that is not set fails the task that needs it, by its name', async () => {
    const rows = task(() => [{ a: 1 }], { name: 'rows', target: sqlTable('t', { db: secret('SQL_TEST_NOT_SET') }), cache: false });
    const error = await failureOf(flow('unset', () => rows()).run());
    expect(error.failures[0]!.cause).toMatchObject({ code: 'SECRET_MISSING', message: "expected the secret 'SQL_TEST_NOT_SET'; it is not set" });
    expect(() => secret('not a name')).toThrow(expect.objectContaining({ code: 'SECRET_INVALID' }));
  });

  it('the password in an address is one too', async () => {
    vi.stubEnv('SQL_TEST_PASSWORD', 'postgres://me:s3cr3t-w%C3%B6rd@127.0.0.1:9/d');
    secret('SQL_TEST_PASSWORD');
    const tell = task(() => console.log('s3cr3t-w%C3%B6rd or s3cr3t-wörd'), { name: 'tell' });
    const handle = flow('password', () => tell()).start();
    const events = eventsOf(handle);
    await handle.result();
    expect((await events).filter(({ type }) => type === 'log').map(({ data }) => (data as { text: string }).text)).toEqual(['*** or ***']);
  });
});
