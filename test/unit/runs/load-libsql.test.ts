import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { loadLibSql } from '../../../src/runs/sqlite/load-libsql.js';

const report = process.report as unknown as { getReport: () => object; excludeNetwork?: boolean };

it('loads the driver, and leaves reports of the process as they were', () => {
  const { getReport, excludeNetwork = false } = report;
  const LibSql = loadLibSql();
  expect(new LibSql(':memory:').prepare('SELECT 1 AS one').get()).toMatchObject({ one: 1 });
  expect(report.getReport).toBe(getReport);
  expect(report.excludeNetwork ?? false).toBe(excludeNetwork);
});

it('leaves the packages that libsql asks to others as they are', () => {
  loadLibSql();
  const asked = createRequire(createRequire(import.meta.url).resolve('libsql'));
  expect(Object.keys(asked('detect-libc') as object)).toContain('versionSync');
  expect(Object.keys(asked('@neon-rs/load') as object)).toContain('load');
});
