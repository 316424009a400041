import { beforeEach, describe, expect, it } from 'vitest';
import { pastDurations } from '../../../src/cli/past-durations.js';
import { flow, task } from '../../../src/index.js';
import { freshHome, gate } from '../engine/workbench.js';

beforeEach(() => void freshHome());

describe('what is known of earlier runs', () => {
  it('comes from the record of the project, also while a run is going on; of failures nothing', async () => {
    const one = task(async () => await new Promise((resolve) => setTimeout(resolve, 5)), { name: 'one' });
    const fails = task(() => Promise.reject(new Error('no')), { name: 'fails' });
    await flow('known', () => [one(), one(), fails().orElse(1)]).run();
    const door = gate();
    const going = flow('known', () => task(() => door.opened, { name: 'waits' })()).start();
    const { byTask, parallelism = 0 } = (await pastDurations('known')) ?? {};
    door.open();
    await going.result();
    expect([...(byTask?.keys() ?? [])]).toEqual(['one']);
    expect(byTask?.get('one')).toBeGreaterThanOrEqual(4);
    expect(parallelism).toBeGreaterThan(1);
  });

  it('where there is no project, or none that can be read, it is nothing', async () => {
    expect((await pastDurations('known'))?.byTask.size).toBe(0);
  });
});
