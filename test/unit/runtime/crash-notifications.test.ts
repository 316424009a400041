import { beforeEach, expect, it } from 'vitest';
import { Fail, type Notification, type NotificationEvent, secret } from '../../../src/index.js';
import { ServiceRecord } from '../../../src/runs/service/service-record.js';
import { crashNotifications } from '../../../src/runtime/crash-notifications.js';
import { openProject } from '../../../src/runtime/project.js';
import { runRow, taskRow } from '../../fixtures/runs/rows.js';

const NOW = Date.now();
let runs = 0;
let run = '';

const taskRun = taskRow(0, {
  id: 'read#0',
  task: 'read',
  state: 'failed',
  attempts: 2,
  createdAt: NOW,
  startedAt: NOW,
  finishedAt: NOW,
  error: { name: 'TaskError', message: "task 'read#0' failed: no file", stack: 'at …' },
});

/** A run that was going on, with what it had to say. */
beforeEach(async () => {
  run = `r${++runs}`;
  await using project = await openProject();
  const params = { day: '"monday"', token: '"***"' };
  const scheduled = { at: NOW - 1_000, from: NOW - 2_000 };
  await project.record.open(runRow({ id: run, flow: 'etl', params, createdAt: NOW, startedAt: NOW, epoch: 1, scheduled }));
  await project.record.append({ run, epoch: 1, taskRuns: [taskRun], logs: [{ seq: 7, at: NOW, level: 'info', text: 'begins' }] });
});

async function crash(): Promise<void> {
  await using project = await openProject();
  process.env.CRASH_CANARY = 'canary-5511';
  secret('CRASH_CANARY');
  project.record.crashNow(run, 1, 'process 7, holding canary-5511, is gone');
}

function listener(on?: Notification['on']): Notification & { readonly events: NotificationEvent[] } {
  const events: NotificationEvent[] = [];
  return { name: 'a listener', ...(on ? { on } : {}), events, notify: (event) => void events.push(event) };
}

it('tells what the record knows of it', async () => {
  await crash();
  const [told, own, other] = [listener(), listener(), listener(['success'])];
  expect(await crashNotifications({ notify: [told, other] }, run, [own])).toEqual({ told: true, problems: [] });
  expect(told.events).toEqual([
    {
      id: expect.stringMatching(/^evt_[0-9a-f]{32}$/),
      event: 'crash',
      at: expect.any(String),
      text: `flow 'etl' crashed: process 7, holding ***, is gone (run ${run})`,
      flow: 'etl',
      run,
      state: 'crashed',
      params: { day: 'monday', token: '***' },
      error: { name: 'MillraceError', code: 'RUN_CRASHED', message: 'process 7, holding ***, is gone' },
      scheduledTime: new Date(NOW - 1_000).toISOString(),
      startedAt: new Date(NOW).toISOString(),
      finishedAt: expect.any(String),
      counts: expect.anything(),
      failed: [{ id: 'read#0', attempts: 2, state: 'failed', error: { name: 'TaskError', message: "task 'read#0' failed: no file" } }],
    },
  ]);
  expect(own.events).toEqual(told.events);
  expect(other.events).toEqual([]);
});

it('once, whoever asks', async () => {
  await crash();
  const told = listener();
  const asked = await Promise.all([1, 2, 3, 4].map(() => crashNotifications({ notify: [told] }, run)));
  expect(asked.filter((one) => one.told)).toHaveLength(1);
  expect(told.events).toHaveLength(1);
});

it('not of a run that has not crashed, or that nobody wants to know of', async () => {
  const told = listener();
  expect(await crashNotifications({ notify: [told] }, run)).toEqual({ told: false, problems: [] });
  expect(await crashNotifications({ notify: [told] }, 'no-such-run')).toEqual({ told: false, problems: [] });
  await crash();
  expect(await crashNotifications({ notify: [listener(['failure'])] }, run)).toEqual({ told: false, problems: [] });
  // So that no service asks again and again.
  expect(await crashNotifications({ notify: [told] }, run)).toEqual({ told: false, problems: [] });
  expect(told.events).toEqual([]);
});

it('what cannot be delivered is a warning in the log of the run', async () => {
  await crash();
  const dead: Notification = { name: 'a dead end', notify: () => Promise.reject(new Fail('nobody there')) };
  const told = listener();
  const problems = ['a dead end was not told of crash: nobody there'];
  expect(await crashNotifications({ notify: [dead, told] }, run)).toEqual({ told: true, problems });
  expect(told.events).toHaveLength(1);
  await using project = await openProject();
  expect((await project.record.logs(run)).map(({ seq, level, text }) => [seq, level, text])).toEqual([
    [7, 'info', 'begins'],
    [8, 'warn', problems[0]],
  ]);
});

it('services find those of which nobody has been told', async () => {
  await crash();
  await using project = await openProject();
  await using service = await ServiceRecord.open(project.record.heartbeat);
  expect(await service.untoldCrashes(NOW - 1_000)).toContainEqual({ run, flow: 'etl' });
  expect(await service.untoldCrashes(Date.now() + 60_000)).toEqual([]);
  await crashNotifications({ notify: [listener()] }, run);
  expect(await service.untoldCrashes(0)).not.toContainEqual({ run, flow: 'etl' });
});
