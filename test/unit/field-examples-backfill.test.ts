import { expect, it } from 'vitest';
import { ctx, every, flow, param, task } from '../../src/index.js';

const days: string[] = [];
const getData = task((path: string) => {
  days.push(ctx().dataInterval.start.toISOString().slice(0, 10));
  return [path];
});
const toTable = task((rows: readonly string[]) => rows.length);
const etl = flow('etl', { params: { path: param({ default: 'data.csv' }) }, schedule: every('1d') }, ({ path }) => toTable(getData(path)));

it('Airflow: backfill', async () => {
  const january = etl.backfill({ from: new Date('2018-01-08'), to: new Date('2018-02-01'), maxActive: 2 });
  const ended: (readonly [string, number])[] = [];
  for await (const run of january) ended.push([run.state, await run.result()]);
  expect(ended).toEqual(Array.from({ length: 25 }, () => ['success', 1]));
  expect(days.sort()).toEqual(Array.from({ length: 25 }, (_, day) => new Date(Date.UTC(2018, 0, 7 + day)).toISOString().slice(0, 10)));
});
