import { describe, expect, it } from 'vitest';
import { TaskPacker, whyOf } from '../../../src/report/task-columns.js';
import { details, modelOf, ran } from './sample.js';

describe('the columns of a report', () => {
  it('give back what the record says of a task run', () => {
    const error = { name: 'TaskError', message: 'task failed', cause: { name: 'Error', message: 'no "x" <b>' } };
    const rows = [
      ran(0, 'load#0', 10, 30),
      ran(1, 'clean#0', 31, 40, {
        state: 'failed',
        error,
        attempts: 2,
        label: 'day 1',
        reason: { kind: 'code-changed', detail: 'src/a.ts: f' },
        upstream: [
          { from: 0, kind: 'data', label: 'rows' },
          { from: 0, kind: 'control-as' },
        ],
        inputs: { rows: { digest: 'abcdef0123456789' }, when: { digest: '99', shown: '{"$millrace":"Date","value":"2026-01-31T00:00:00.000Z"}' } },
      }),
    ];
    const model = modelOf(rows);
    expect([model.id(1), model.task(1), model.label(1), model.state(1)]).toEqual(['clean#0', 'clean', 'day 1', 'failed']);
    expect(model.why(1)).toBe('code changed: src/a.ts: f');
    expect(model.errorMessage(1)).toBe('no "x" <b>');
    expect([model.start(1), model.endOf(1), model.took(1)]).toEqual([31, 40, 9]);
    const { tasks } = model.data;
    expect(tasks.upstream[1]).toEqual([0, 0, expect.any(Number)]);
    expect(tasks.inputs[1]?.map((number) => model.text(number))).toEqual([
      'rows',
      undefined,
      'abcdef012345',
      'when',
      '2026-01-31T00:00:00.000Z',
      '99',
    ]);
    expect(model.placeOf('clean#0')).toBe(1);
    expect(model.attempts(1)).toEqual([1]);
    expect(model.data.attempts.queued).toEqual([9, 30]);
  });

  it('keep each text and each error once, so that 5,000 task runs stay small', () => {
    const error = { name: 'Error', message: 'the same for all', stack: 'x'.repeat(2_000) };
    const rows = Array.from({ length: 5_000 }, (_, at) =>
      ran(at, `score#0[${at}]`, at, at + 1, {
        state: 'failed',
        error,
        reason: { kind: 'no-result' },
        inputs: { part: { digest: `${at}`, shown: '"same"' } },
      }),
    );
    const packer = new TaskPacker(rows, 1_000);
    const packed = JSON.stringify([packer.tasks({}), packer.attempts(), packer.errors, packer.pool.texts]);
    expect(packer.errors).toHaveLength(1);
    expect(packed.length).toBeLessThan(1_000_000);
  });

  it('say that a map took as long as its children, also while they go on', () => {
    const rows = [
      details(0, { id: 'm#0', task: 'm', startedAt: undefined, finishedAt: undefined }),
      ran(1, 'm#0[0]', 5, 9, { parent: 0 }),
      ran(2, 'm#0[1]', 6, 20, { parent: 0 }),
    ];
    const over = modelOf(rows);
    expect([over.isMap(0), over.children(0), over.mapAround(2), over.start(0), over.took(0)]).toEqual([true, [1, 2], 0, 5, 15]);
    const going = modelOf(
      [
        { ...(rows[0] as (typeof rows)[0]), state: 'running' },
        rows[1] as (typeof rows)[0],
        { ...(rows[2] as (typeof rows)[0]), state: 'running', finishedAt: undefined },
      ],
      { state: 'running', end: null },
    );
    expect(going.took(0)).toBe(995);
  });

  it('tell where a reused result comes from', () => {
    expect(whyOf({ reason: undefined, origin: { run: 'r0', index: 3 }, state: 'cached' })).toBe('reused from run r0');
    expect(whyOf({ reason: { kind: 'forced' }, origin: undefined, state: 'success' })).toBe('forced');
    expect(whyOf({ reason: undefined, origin: undefined, state: 'success' })).toBeUndefined();
  });

  it('lack what the record lacks: a parent or an upstream that was not recorded', () => {
    const model = modelOf([ran(4, 'late#0', 0, 1, { parent: 2, upstream: [{ from: 1, kind: 'data' }] })]);
    expect([model.parent(0), model.data.tasks.upstream[0]]).toEqual([-1, []]);
  });
});
