import { afterEach, beforeEach, expect, it } from 'vitest';
import { flow } from '../../../src/flow/flow.js';
import { insideOf } from '../../../src/flow/flow-names.js';
import { installRuntime } from '../../../src/flow/flow-runtime.js';
import type { DueRun } from '../../../src/model/due-run.js';
import { startDue } from '../../../src/runtime/start-due.js';
import { settleUnbegun } from '../../../src/service/due-start.js';
import { fullRuntime } from '../../../src/serving/full-runtime.js';
import { ServiceWorld } from '../../fixtures/service/service-world.js';

installRuntime(fullRuntime);
const SECOND = 1_000;
let world: ServiceWorld;
beforeEach(async () => {
  world = await ServiceWorld.open(Date.UTC(2026, 4, 4, 12));
});
afterEach(async () => await world[Symbol.asyncDispose]());

it('a flow that runs on another is started by its end, once', async () => {
  world.serve('etl', {});
  world.serve('report', { on: flow('etl', () => 1).success });
  const services = [world.service(), world.service()] as const;
  for (const service of services) await world.turns(service, 1, SECOND);
  const now = world.clock.now();
  await world.record.addDue([{ flow: 'etl', key: 'asked', run: 'asked', cause: 'request', params: {}, tags: [], dueAt: now, createdAt: now }]);
  for (let turn = 0; turn < 4; turn++) for (const service of services) await world.turns(service, 1, SECOND);
  expect(world.begun.map(({ due }) => [due.flow, due.cause])).toEqual([
    ['etl', 'request'],
    ['report', 'flow'],
  ]);
});

it('of a crash is told beside the turns; what fails is tried again after a pause, and said once', async () => {
  world.serve('etl', {});
  world.life = () => ({ startMs: 0, lastsMs: SECOND, state: 'crashed' });
  const told: string[] = [];
  let isDown = true;
  const service = world.service({
    tellCrash: async ({ run, flow: name }, file) => {
      told.push(`${name} ${run} ${file}`);
      if (isDown) throw new Error('the file is broken');
      await world.record.claimCrash(run, world.clock.now());
    },
  });
  const now = world.clock.now();
  await world.record.addDue([{ flow: 'etl', key: 'asked', run: 'asked', cause: 'request', params: {}, tags: [], dueAt: now, createdAt: now }]);
  await world.turns(service, 12, SECOND);
  expect(told).toEqual(['etl asked undefined']);
  await world.turns(service, 40, SECOND);
  expect(told).toHaveLength(2);
  isDown = false;
  await world.turns(service, 200, SECOND);
  expect(told).toHaveLength(3);
  expect(world.told('trouble')).toEqual([{ type: 'trouble', step: 'telling of the crash of run asked', error: 'the file is broken' }]);
});

it('S30: a due run that goes on with one that has succeeded is refused, with why; tasks that are to be repeated are', async () => {
  const made = flow('done', () => 1);
  const first = made.start();
  await first.result();
  const due = (run: string, again?: DueRun['again']): DueRun => ({
    flow: 'done',
    key: run,
    run,
    cause: 'request',
    params: {},
    tags: ['mine'],
    resumes: first.id,
    ...(again === undefined ? {} : { again }),
    dueAt: 0,
    createdAt: 0,
    state: 'claimed',
  });
  const inside = insideOf(made);
  const refused: unknown = await startDue(inside, due('again-1'), { echo: false }).catch((error: unknown) => error);
  const settled: unknown[] = [];
  await settleUnbegun(refused, async (...state) => void settled.push(state));
  expect(settled).toEqual([['refused', expect.stringContaining(`run ${first.id} of flow 'done' has succeeded`)]]);
  const handle = await startDue(inside, due('again-2', { tasks: ['*'], downstream: false }), { echo: false });
  await handle.result();
  expect(handle.id).toBe('again-2');
});
