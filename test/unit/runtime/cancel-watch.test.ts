import { describe, expect, it } from 'vitest';
import { CancelWatch } from '../../../src/runtime/cancel-watch.js';
import { handClock } from '../hand-clock.js';

function bench(answer: () => ReadonlyMap<string, string> = () => new Map()) {
  const clock = handClock();
  const looks: string[] = [];
  const record = {
    heartbeat: { kind: 'sqlite', address: 'x' } as const,
    async cancelAsked(runs: readonly string[]) {
      looks.push(`${clock.now()}: ${runs.join(' ')}`);
      return answer();
    },
  };
  return { clock, looks, watch: new CancelWatch(record, clock) };
}

describe('CancelWatch', () => {
  it('asks nothing for runs that are over within a second', async () => {
    const { clock, looks, watch } = bench();
    const release = watch.watch('short', () => {});
    await clock.pass(999);
    release();
    await clock.pass(10_000);
    expect(looks).toEqual([]);
  });

  it('looks once a second for all runs together, until the last has ended', async () => {
    const { clock, looks, watch } = bench();
    const one = watch.watch('one', () => {});
    await clock.pass(500);
    const two = watch.watch('two', () => {});
    await clock.pass(2_000);
    one();
    await clock.pass(1_000);
    two();
    await clock.pass(10_000);
    expect(looks).toEqual(['1000: one', '2000: one two', '3000: two', '4000: ']);
  });

  it('tells each run once, with the reason, and goes on after a look that failed', async () => {
    let asked: ReadonlyMap<string, string> | undefined;
    const { clock, looks, watch } = bench(() => {
      if (asked === undefined) throw new Error('the database is busy');
      return asked;
    });
    const told: string[] = [];
    watch.watch('one', (why) => told.push(`one: ${why}`));
    watch.watch('two', (why) => told.push(`two: ${why}`));
    await clock.pass(1_000);
    asked = new Map([['one', 'not needed']]);
    await clock.pass(3_000);
    expect(told).toEqual(['one: not needed']);
    expect(looks.slice(1).every((look) => !look.includes('one') || look.startsWith('2000'))).toBe(true);
  });

  it('asks nothing of a record that nobody shares', async () => {
    const clock = handClock();
    const watch = new CancelWatch({ heartbeat: undefined, cancelAsked: () => Promise.reject(new Error('never asked')) }, clock);
    watch.watch('run', () => {});
    await clock.pass(5_000);
  });
});
