import { describe, expect, it } from 'vitest';
import { FlowClosedError, type Future, flow, task } from '../../../src/index.js';
import { refusal, thrownBy } from './refusal.js';

const one = task(() => 1, { name: 'one' });
const add = task((a: number, b: number) => a + b, { name: 'add' });
const sum = task((values: unknown) => values, { name: 'sum' });

describe('a graph that cannot be', () => {
  it('a cycle: both ends are named; the other tasks of the run are kept', async () => {
    const circle = flow('circle', () => {
      const first = one();
      first.after(add(first, 1));
    });
    expect(await refusal(circle.run())).toEqual({
      code: 'RUN_FAILED',
      message: "run <run> of flow 'circle' failed: its body threw: 'one#0' cannot wait for 'add#0', which already waits for it",
      hint: 'Remove the after(), or the argument, that closes the circle.',
    });
    expect(await (await circle.latest())?.output(one)).toBe(1);
  });

  it('a future in a Map: the argument, and where in it; in a Set or an instance as well (S1)', async () => {
    class Box {
      readonly inside: unknown;
      constructor(inside: unknown) {
        this.inside = inside;
      }
    }
    const misplaced = flow('misplaced', () => {
      sum({ table: new Map([['a', one()]]) });
    });
    expect(await refusal(misplaced.run())).toEqual({
      code: 'RUN_FAILED',
      message:
        "run <run> of flow 'misplaced' failed: its body threw: expected futures as arguments or inside plain objects and arrays; 'values.table' is a Map with a future inside",
      hint: 'Pass the future as an argument of its own, or await it first.',
    });
    for (const [what, wrap] of [
      ['a Set', (future: unknown) => new Set([future])],
      ['an instance of Box', (future: unknown) => new Box(future)],
    ] as const) {
      const { message } = await refusal(flow('wrapped', () => sum([wrap(one())])).run());
      expect(message).toContain(`'values[0]' is ${what} with a future inside`);
    }
  });

  it('two different tasks of one name in a run: both are told apart by a new name', async () => {
    const other = task(() => 2, { name: 'one' });
    const twins = flow('twins', () => [one(), other()]);
    const error = await refusal(twins.run());
    expect(error.message).toMatch(/'one'/);
    expect(error.hint).toMatch(/name/);
    expect(await (await twins.latest())?.output(one)).toBe(1);
  });
});

describe('a future where its run is not', () => {
  it('in another run: both runs and flows are named', async () => {
    let kept: Future<number> | undefined;
    const lender = flow('lender', () => {
      kept = one();
      return kept;
    });
    const borrower = flow('borrower', () => add(kept as Future<number>, 1));
    await lender.run();
    expect(await refusal(borrower.run())).toEqual({
      code: 'RUN_FAILED',
      message:
        "run <run> of flow 'borrower' failed: its body threw: expected a future of this run, <run> of flow 'borrower'; got future 'one#0' of run <run> (flow 'lender')",
      hint: 'Await it where it was made and pass the value on, or call the task inside this flow.',
    });
  });

  it('after its run it still gives its value', async () => {
    let kept: Future<number> | undefined;
    await flow('over', () => {
      kept = one();
    }).run();
    expect([await kept, kept?.state]).toEqual([1, 'success']);
  });

  it('a task called after the flow closed: FlowClosedError names task, flow and run (S4)', async () => {
    let fire: () => void = () => {};
    const fired = new Promise<void>((resolve) => {
      fire = resolve;
    });
    let late: Promise<unknown> | undefined;
    const closing = flow('closing', () => {
      late = thrownBy(fired.then(() => one()));
      return one();
    });
    expect(await closing.run()).toBe(1);
    fire();
    const error = await late;
    expect(error).toBeInstanceOf(FlowClosedError);
    expect(await refusal(Promise.reject(error))).toEqual({
      code: 'FLOW_CLOSED',
      message: "task 'one' was called after the body of flow 'closing' (run <run>) had returned",
      hint: 'Call it before the body returns; await what the body still waits for (timers, callbacks, promises).',
    });
  });

  it('taken for a value: the error says so, and what to do (S5)', async () => {
    const { message, hint } = await refusal(flow('early', () => `${one()}`).run());
    expect(message).toContain("future 'one#0' was calculated with, compared or put into a text, but its value does not exist yet");
    expect(hint).toBe('Pass the future to a task, take a part with .get(key), or await it first.');
  });
});
