import { beforeEach, describe, expect, it } from 'vitest';
import { flow, task } from '../../../src/index.js';
import { failureOf, gate, inMemory } from '../engine/workbench.js';

beforeEach(inMemory);

describe('after()', () => {
  it('S7: orders without data, also through a task made by task.after() and for lists of futures', async () => {
    const order: string[] = [];
    const late = gate();
    const step = task(
      async (name: string) => {
        order.push(await Promise.resolve(name));
        if (order.includes('b') && order.includes('e')) late.open();
      },
      { name: 'step' },
    );
    await flow('ordered', () => {
      const wait = task(() => late.opened, { name: 'wait' });
      const [a, b] = [wait(), step('b')];
      step('c').after([a, b]);
      step.after(a)('d');
      step('e');
    }).run();
    expect(order.slice(0, 2).sort()).toEqual(['b', 'e']);
    expect(order.slice(2).sort()).toEqual(['c', 'd']);
  });

  it('S7: a map made by task.after() waits too, with all its children', async () => {
    const order: number[] = [];
    const first = gate();
    const note = task((place: number) => order.push(place), { name: 'note' });
    await flow('map-after', () => {
      const before = task(() => first.opened.then(() => order.push(0)), { name: 'before' })();
      task(() => first.open(), { name: 'opener' }).after(note(-1))();
      note.after(before).map([1, 2]);
      note.after(before).mapWith({ concurrency: 1 })([3]);
    }).run();
    expect(order).toHaveLength(5);
    expect(order.slice(0, 2)).toEqual([-1, 0]);
  });

  it('S7: what waits for a failure does not run', async () => {
    let ran = false;
    const boom = task(() => Promise.reject(new Error('boom')), { name: 'boom' });
    const next = task(
      () => {
        ran = true;
      },
      { name: 'next' },
    );
    const states: string[] = [];
    await flow('after-failure', async () => {
      states.push((await next().after(boom()).settled()).state);
    }).run();
    expect([states, ran]).toEqual([['upstream-failed'], false]);
  });

  it('GRAPH_CYCLE: a circle is refused, of one node and of several', async () => {
    const t = task((_: unknown) => 1, { name: 't' });
    const self = await failureOf(
      flow('self', () => {
        const a = t(0);
        a.after(a);
      }).run(),
    );
    expect(self.cause).toMatchObject({ code: 'GRAPH_CYCLE', message: "'t#0' cannot wait for 't#0', which already waits for it" });
    const several = await failureOf(
      flow('circle', () => {
        const a = t(0);
        a.after(t(t(a)));
      }).run(),
    );
    expect(several.cause).toMatchObject({ code: 'GRAPH_CYCLE', message: expect.stringContaining("'t#0' cannot wait for 't#2'") });
  });

  it('AFTER_STARTED: a node that has started, or ended, can wait for nothing more', async () => {
    const started = gate();
    const finish = gate();
    const busy = task(
      async () => {
        started.open();
        await finish.opened;
      },
      { name: 'busy' },
    );
    const other = task(() => 1, { name: 'other' });
    const codes: unknown[] = [];
    await flow('too-late', async () => {
      const running = busy();
      await started.opened;
      for (const future of [running, other()]) {
        if (future !== running) await future;
        try {
          future.after(other());
        } catch (error) {
          codes.push(error);
        }
      }
      finish.open();
    }).run();
    expect(codes).toMatchObject([
      { code: 'AFTER_STARTED', message: expect.stringContaining('it is running') },
      { code: 'AFTER_STARTED', message: expect.stringContaining('it is success') },
    ]);
  });

  it('S7: a node that nothing holds back can still be told to wait before it starts', async () => {
    const order: string[] = [];
    const t = task((name: string) => void order.push(name), { name: 't' });
    await flow('held', () => {
      const a = t('a');
      const b = t('b');
      a.after(b);
    }).run();
    expect(order).toEqual(['b', 'a']);
  });

  it('FUTURE_EXPECTED: what is no future cannot be waited for', async () => {
    const t = task(() => 1, { name: 't' });
    for (const odd of [5, undefined, Promise.resolve(1)]) {
      const error = await failureOf(flow('odd', () => t().after(odd as never)).run());
      expect(error.cause).toMatchObject({ code: 'FUTURE_EXPECTED' });
    }
  });
});
