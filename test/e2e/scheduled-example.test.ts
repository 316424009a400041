import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import type { NewDueRun } from '../../src/model/due-run.js';
import { ServiceRecord } from '../../src/runs/service/service-record.js';
import type { FlowData } from '../../src/service/flow-data.js';
import { followedRule } from '../../src/service/followed-rule.js';
import { shellIn } from './spawned.js';

const FOLDER = fileURLToPath(new URL('../../examples/scheduled', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'millrace-scheduled-'));
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));

it('S34, S35: examples/scheduled runs for the days that it is due, each with the parameters of its schedule', async () => {
  const shell = shellIn(root);
  // As a service reads it: a flow that is new is followed from now on, so that nothing is due yet.
  const { out: text } = await shell.millrace('read-flows', join(FOLDER, 'flow.ts'), '0');
  const [data] = (JSON.parse(text) as { reading: { flows: readonly FlowData[] } }).reading.flows;
  const began = await shell.millrace('serve', FOLDER, '--once');
  expect(began.code).toBe(0);
  const due = (data?.schedules ?? []).flatMap((schedule, place): NewDueRun[] => {
    const [instant] = followedRule(schedule).between(Date.UTC(2026, 2, 6, 20), Date.UTC(2026, 2, 9, 20));
    if (instant === undefined) return [];
    const { at, from } = instant;
    const run = `20260309-000000-aaaaa${place}`;
    const { text: own, params } = schedule;
    return [
      {
        flow: 'weather-of-the-day',
        key: `${own}@${at}`,
        run,
        cause: 'schedule',
        schedule: own,
        params,
        tags: [],
        scheduled: { at, from },
        dueAt: at,
        createdAt: at,
      },
    ];
  });
  // On the Sunday clocks go forward: the week's run is at 7 in the new time, Monday's at 6:30.
  expect(due.map(({ scheduled }) => new Date(scheduled?.at ?? 0).toISOString())).toEqual(['2026-03-09T13:30:00.000Z', '2026-03-08T14:00:00.000Z']);
  await using record = await ServiceRecord.open({ kind: 'sqlite', address: join(root, '.millrace', 'millrace.db') });
  await record.addDue(due);
  const { code, out } = await shell.millrace('serve', FOLDER, '--once');
  expect(code).toBe(0);
  expect(out.match(/"state":"success"/g)).toHaveLength(2);
  const results = await Promise.all(due.map(async ({ run }) => (await shell.millrace('inspect', `${run}/onThisDay`)).out));
  expect(results[0]).toContain('2026-03-09');
  expect(results[0]).toMatch(/days: 4\b|"days": 4\b/);
  expect(results[1]).toMatch(/days: 28\b|"days": 28\b/);
});
