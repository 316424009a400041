import { beforeEach, describe, expect, it } from 'vitest';
import { flow, param, task } from '../../../src/index.js';
import { inMemory } from '../engine/workbench.js';

beforeEach(inMemory);

const half = task(
  (n: number) => {
    if (n % 2) throw new Error(`${n} is odd`);
    return n / 2;
  },
  { name: 'half' },
);
const halves = flow('halves', { params: { n: param({ default: 4 }) } }, ({ n }) => half(n));

describe('throwOnFailure: false', () => {
  it('gives the result where there is one, else undefined', async () => {
    const [even, odd]: (number | undefined)[] = [
      await halves.run({}, { throwOnFailure: false }),
      await halves.run({ n: 3 }, { throwOnFailure: false }),
    ];
    expect([even, odd]).toEqual([2, undefined]);
  });

  it('S15: also of a run that was cancelled', async () => {
    expect(await halves.run({}, { throwOnFailure: false, signal: AbortSignal.abort(new Error('no time')) })).toBeUndefined();
  });

  it('S17: what keeps a run from beginning is an error all the same', async () => {
    await expect(halves.run({ n: 'x' } as never, { throwOnFailure: false })).rejects.toMatchObject({ code: 'PARAMETER_INVALID' });
    await expect(halves.run({}, { throwOnFailure: false, maxWorkers: 0 })).rejects.toMatchObject({ code: 'RUN_OPTION_INVALID' });
  });

  it('the handle of start() says why there is none', async () => {
    await expect(halves.start({ n: 3 }, { throwOnFailure: false }).result()).rejects.toMatchObject({ code: 'RUN_FAILED' });
  });
});
