import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { FlowRunError, flow, param, type Serializer, TaskError, task } from '../../../src/index.js';
import { refusal, thrownBy } from './refusal.js';

const before = task(() => 'kept', { name: 'before' });

describe('a result that does not survive its round trip (S16)', () => {
  class Model {
    readonly weights = [1, 2];
  }
  const train = task((_: string) => ({ models: [{ fit: new Model() }] }), { name: 'train' });

  it('is a failure of its task, which names the path inside the value and what to do; what ran before is kept', async () => {
    const training = flow('training', () => train(before()));
    const error = await refusal(training.run());
    expect(error).toMatchObject({
      code: 'RUN_FAILED',
      message: expect.stringContaining("task 'train#0' failed: the result cannot be stored faithfully: '.models[0].fit' is an instance of Model"),
    });
    expect(error.hint).toMatch(/registerClass/);
    const run = await training.latest();
    expect([run?.state, await run?.output(before)]).toEqual(['failed', 'kept']);
  });

  it('functions, symbols and cycles are refused by their path as well', async () => {
    const circular: Record<string, unknown> = { rows: [] };
    circular.rows = [circular];
    const values: readonly unknown[] = [{ a: [() => 1] }, { key: Symbol('s') }, circular];
    for (const [at, path] of ['.a[0]', '.key', '.rows[0]'].entries()) {
      const odd = task(() => values[at], { name: 'odd' });
      const { message } = await refusal(flow('odd-values', () => odd()).run());
      expect(message).toContain(`task 'odd#0' failed: the result cannot be stored faithfully: '${path}' `);
    }
  });

  it('a serializer that is not exact and says it is: the serializer is blamed', async () => {
    const lossy: Serializer<number> = {
      name: 'lossy',
      ext: 'txt',
      exact: true,
      encode: (value) => Buffer.from(value.toFixed(0)),
      decode: (bytes) => Number(bytes),
    };
    const half = task(() => 0.5, { name: 'half', serializer: lossy });
    const { message, hint } = await refusal(flow('lossy', () => half()).run());
    expect(message).toContain("serializer 'lossy' does not give back the value it was given");
    expect(hint).toContain('exact: false');
  });
});

describe('a thrown non-Error', () => {
  const hostile = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('read me not');
    },
  });
  const trap = (): never => {
    throw new Error('trapped');
  };
  const thrown: Readonly<Record<string, unknown>> = {
    'a text': 'no rows',
    undefined,
    null: null,
    'a number': 42,
    'an object': { status: 503 },
    'an instance': new URLSearchParams('a=1'),
    'an error that cannot be read': hostile,
    'a proxy that refuses': new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap }),
  };
  const shown: Readonly<Record<string, string>> = {
    'a text': '"no rows"',
    undefined: 'undefined',
    null: 'null',
    'a number': '42',
    'an object': '{"status":503}',
    'an instance': '[object URLSearchParams]',
    'an error that cannot be read': '[object Error]',
    'a proxy that refuses': 'an object that cannot be read',
  };
  const thrower = task(
    (_: string, kind: string) => {
      throw thrown[kind];
    },
    { name: 'thrower' },
  );
  const throwing = flow('throwing', { params: { kind: param({ default: 'a text' }) } }, ({ kind }) => thrower(before(), kind));

  it.each(Object.keys(thrown))('%s: the task fails, and the error shows what came', async (kind) => {
    const error = (await thrownBy(throwing.run({ kind }))) as FlowRunError;
    expect(error).toBeInstanceOf(FlowRunError);
    expect(error.message).toContain(`1 task failed\n  - task 'thrower#0' failed: a value that is not an Error was thrown: ${shown[kind]}`);
    expect(error.hint).toBe('Throw an Error: it tells where it comes from.');
    expect(error.failures).toHaveLength(1);
    const cause = error.failures[0]?.cause as { code?: string; cause?: unknown };
    expect(cause.code).toBe('THROWN_NON_ERROR');
    // What was thrown is not lost, where it can be looked at.
    if (!kind.includes('cannot') && !kind.includes('refuses')) expect(cause.cause).toBe(thrown[kind]);
    const run = await throwing.latest({ params: { kind } });
    expect([run?.state, await run?.output(before)]).toEqual(['failed', 'kept']);
  });

  it('thrown by the body itself: the run says that, whatever it was', async () => {
    for (const kind of Object.keys(thrown)) {
      const body = flow('body-throws', () => {
        throw thrown[kind];
      });
      expect((await refusal(body.run())).message).toBe(
        `run <run> of flow 'body-throws' failed: its body threw: a value that is not an Error was thrown: ${shown[kind]}`,
      );
    }
  });

  it('an error of another realm is an error', async () => {
    const foreign = task(
      () => {
        throw runInNewContext('new TypeError("from afar")');
      },
      { name: 'foreign' },
    );
    expect((await refusal(flow('realms', () => foreign()).run())).message).toContain("task 'foreign#0' failed: from afar");
  });
});

describe('the error of a run (S12)', () => {
  const boom = task(
    (text: string) => {
      throw new RangeError(text);
    },
    { name: 'boom' },
  );

  it('lists every failed task once, though the body awaited one of them', async () => {
    const error = (await thrownBy(
      flow('two-fail', async () => {
        boom('left');
        await boom('right');
      }).run(),
    )) as FlowRunError;
    expect(error.message).toMatch(/failed: 2 tasks failed\n {2}- task 'boom#0' failed: left\n {2}- task 'boom#1' failed: right$/);
    expect(error.failures.map((failure) => [failure.taskRunId, failure instanceof TaskError, (failure.cause as Error).message])).toEqual([
      ['boom#0', true, 'left'],
      ['boom#1', true, 'right'],
    ]);
  });

  it('a task kept from running is told by what kept it', async () => {
    const after = task((value: unknown) => value, { name: 'after' });
    const { message } = await refusal(flow('chain', () => after(boom('first'))).run());
    expect(message).toMatch(/failed: 1 task failed\n {2}- task 'boom#0' failed: first$/);
  });
});
