import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { flow, type RunHandle, secret, sensorFor } from '../../../src/index.js';
import { firstValue } from '../../../src/results/sql/first-value.js';
import { freshSchema, onServer } from '../../postgres/fresh-schema.js';
import { failureOf, freshHome, recorded } from '../engine/workbench.js';

let root = '';
beforeEach(() => {
  root = freshHome();
});

/** Resolves when the run has said that it waits, and with why. */
async function waits(handle: RunHandle<unknown>): Promise<string> {
  for await (const { type, data } of handle.events()) if (type === 'log') return (data as { text: string }).text;
  return '';
}

function sqlite(path: string, sql: string): void {
  const LibSql = createRequire(import.meta.url)('libsql') as new (path: string) => { exec(sql: string): void; close(): void };
  const db = new LibSql(path);
  db.exec(sql);
  db.close();
}

async function duckdb(path: string, sql: string): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}

describe('sensorFor.sql', () => {
  it('SQLite: a file that is not there, then no rows, then a row', async () => {
    const path = join(mkdtempSync(join(root, 'db-')), 'orders.db');
    const arrived = sensorFor.sql('SELECT count(*) FROM orders', { db: path, every: 2, name: 'arrived' });
    const handle = flow('sqlite', () => arrived()).start();
    expect(await waits(handle)).toBe('waits for a row: no rows');
    sqlite(path, 'CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (1)');
    await handle.result();
    expect((await recorded(handle.id)).states).toEqual({ 'arrived#0': 'success' });
  });

  it('SQLite: what counts as a row; nothing can be changed', async () => {
    const path = join(mkdtempSync(join(root, 'db-')), 'a.db');
    sqlite(path, 'CREATE TABLE t (a)');
    const values: unknown[] = [];
    for (const query of ['SELECT 1', 'SELECT 0', 'SELECT NULL', "SELECT ''", "SELECT 'yes'", 'SELECT a FROM t', 'SELECT 0.5'])
      values.push(Boolean(await firstValue(`sqlite:${path}`, query)));
    expect(values).toEqual([true, false, false, false, true, false, true]);
    await expect(firstValue(path, 'INSERT INTO t VALUES (1) RETURNING a')).rejects.toMatchObject({ code: 'SQL_FAILED' });
    expect(await firstValue(path, 'SELECT count(*) FROM t')).toBe(0n);
    await expect(firstValue(path, 'SELECT a FROM nowhere')).rejects.toMatchObject({
      code: 'SQL_FAILED',
      message: expect.stringContaining('nowhere'),
    });
  });

  it('a query that cannot be run is a failed attempt', async () => {
    const path = join(mkdtempSync(join(root, 'db-')), 'a.db');
    sqlite(path, 'CREATE TABLE t (a)');
    const broken = sensorFor.sql('SELECT a FROM nowhere', { db: path, retries: 1, name: 'broken' });
    expect((await failureOf(flow('broken', () => broken()).run())).failures[0]).toMatchObject({ attempts: 2, cause: { code: 'SQL_FAILED' } });
    expect(() => sensorFor.sql('', { db: path })).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
    expect(() => sensorFor.sql('SELECT 1', {} as never)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });

  it('DuckDB: decimals, sums, booleans; makes no file, changes nothing', async () => {
    const path = join(mkdtempSync(join(root, 'db-')), 'a.duckdb');
    expect(await firstValue(`duckdb:${path}`, 'SELECT 1')).toBeUndefined();
    await duckdb(path, 'CREATE TABLE t AS SELECT 1 AS a');
    const values: unknown[] = [];
    for (const query of ['SELECT sum(a) FROM t', 'SELECT 0.00', 'SELECT 1.50', 'SELECT false', 'SELECT count(*) FROM t WHERE a > 1', 'SELECT NULL'])
      values.push(Boolean(await firstValue(`duckdb:${path}`, query)));
    expect(values).toEqual([true, false, true, false, false, false]);
    await expect(firstValue(`duckdb:${path}`, 'INSERT INTO t VALUES (2)')).rejects.toMatchObject({ code: 'SQL_FAILED' });
    const handle = flow('duckdb', () => sensorFor.sql('SELECT a FROM t WHERE a = 7', { db: `duckdb:${path}`, every: 2 })()).start();
    expect(await waits(handle)).toBe('waits for a row: no rows');
    await duckdb(path, 'INSERT INTO t VALUES (7)');
    await handle.result();
  });

  const server = process.env.MILLRACE_TEST_POSTGRES_URL;
  describe.skipIf(server === undefined)('PostgreSQL', () => {
    it('by a secret address: numbers and booleans count as such; a row that comes', async () => {
      vi.stubEnv('SENSOR_DATABASE_URL', server as string);
      const db = secret('SENSOR_DATABASE_URL');
      const schema = `sensor_${process.pid}`;
      const { drop } = freshSchema(server as string, schema);
      await onServer(server as string, `CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.orders (id int)`);
      try {
        const values: unknown[] = [];
        const queries = ['SELECT 0', 'SELECT 0::bigint', 'SELECT 0.00', 'SELECT false', 'SELECT NULL', "SELECT ''", 'SELECT 1::bigint', 'SELECT 0.1'];
        for (const query of [...queries, 'SELECT true', "SELECT '0'", `SELECT id FROM ${schema}.orders`])
          values.push(Boolean(await firstValue(server as string, query)));
        expect(values).toEqual([false, false, false, false, false, false, true, true, true, true, false]);
        await expect(firstValue(server as string, `DELETE FROM ${schema}.orders RETURNING id`)).rejects.toMatchObject({ code: 'SQL_FAILED' });
        const handle = flow('postgres', () =>
          sensorFor.sql(`SELECT true FROM ${schema}.orders WHERE id = 7`, { db, every: 5, name: 'order 7' })(),
        ).start();
        expect(await waits(handle)).toBe('waits for a row: no rows');
        await onServer(server as string, `INSERT INTO ${schema}.orders VALUES (7)`);
        await handle.result();
      } finally {
        await drop();
      }
    });
  });
});
