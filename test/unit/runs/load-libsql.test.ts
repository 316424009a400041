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
