import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cache, ctx, flow, flowRef, type Param, param, task } from '../../../src/index.js';
import { failureOf, freshHome, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const FINDER = Symbol.for('millrace.flow-finder');
const shared = globalThis as { [FINDER]?: (name: string) => Promise<void> };
afterEach(() => {
  delete shared[FINDER];
});

const inc = task((n: number) => n + 1, { name: 'inc' });
flow('ref-inc', { params: { n: param({ default: 1 }) }, description: 'adds one' }, ({ n }) => inc(n));
type N = { n: Param<number, number, true> };

describe('flowRef', () => {
  it('stands for the flow of that name: run, start, latest, graph, preview, visualize', async () => {
    const ref = flowRef<N, number>('ref-inc');
    expect(ref.flowName).toBe('ref-inc');
    expect(await ref.run({ n: 4 })).toBe(5);
    expect(await ref.start().result()).toBe(2);
    expect((await ref.latest())?.params).toEqual({ n: 1 });
    expect((await ref.graph()).nodes.map(({ id }) => id)).toEqual(['inc#0']);
    expect((await ref.preview()).complete).toBe(true);
    expect(await ref.visualize()).toContain('digraph "ref-inc"');
    expect(await ref.with({ tags: ['x'] }).run({ n: 1 })).toBe(2);
    expect((await ref.latest())?.tags).toEqual(['x']);
  });

  it('S7: as a child, and as a task, also where several references have the name', async () => {
    const handle = flow('caller', () => [
      flowRef<N, number>('ref-inc').startChild({ n: inc(1) }),
      flowRef<N, number>('ref-inc').startChild(),
      flowRef<N, number>('ref-inc').asTask()({ n: inc(5) }),
      flowRef<N, number>('ref-inc').asTask()(),
    ]).start();
    expect(await handle.result()).toEqual([3, 2, 7, 2]);
    expect(Object.keys((await recorded(handle.id)).states)).toEqual(expect.arrayContaining(['run ref-inc#1', 'ref-inc#0', 'ref-inc#0.inc#0']));
    expect((await recorded('ref-inc/latest')).run.parentRun).toBe(handle.id);
    const { runId } = await flow('starter', () => flowRef('ref-inc').startChild({}, { wait: false })).run();
    expect((await recorded(runId)).run.flow).toBe('ref-inc');
  });

  it('is looked for at its first use, not before: the flow may be defined later', async () => {
    const ref = flowRef<Record<never, never>, string>('ref-later');
    const asTask = ref.asTask();
    flow('ref-later', () => task(() => 'late', { name: 'late' })());
    expect(await ref.run()).toBe('late');
    expect(await flow('user', () => asTask()).run()).toBe('late');
  });

  it('S22: cached as a task, the code of the flow counts, not that of the reference', async () => {
    const ran = vi.fn();
    const once = task(() => void ran(), { name: 'once' });
    flow('ref-cached', () => once());
    const user = flow('user', () => flowRef('ref-cached').asTask({ cache: cache.default })());
    await user.run();
    await user.run();
    expect(ran).toHaveBeenCalledTimes(1);
    const text = async (name: string): Promise<string | undefined> => {
      const [node] = (await flow('drawn', () => flowRef(name).asTask({ cache: cache.code })()).preview()).nodes;
      return node?.key;
    };
    flow('ref-other', () => [once()]);
    expect(await text('ref-cached')).not.toBe(await text('ref-other'));
  });

  it('a name that nobody has: the nearest is suggested, where it is used', async () => {
    const unknown = { code: 'FLOW_UNKNOWN', hint: "Did you mean 'ref-inc'?" };
    const ref = flowRef('ref-icn');
    await expect(ref.run()).rejects.toMatchObject(unknown);
    expect(() => ref.start()).toThrow(expect.objectContaining(unknown));
    expect((await failureOf(flow('child', () => ref.startChild()).run())).cause).toMatchObject(unknown);
    const failed = await failureOf(flow('inline', () => ref.asTask()()).run());
    expect(failed.failures[0]?.cause).toMatchObject(unknown);
    expect(() => flowRef('a/b')).toThrow(expect.objectContaining({ code: 'FLOW_NAME_INVALID' }));
  });

  it('two flows of one name are an error when they are referred to, and only then; what `with` made of one is none', async () => {
    const first = flow('ref-twice', () => 1);
    first.with({ concurrency: 1 });
    expect(await flowRef('ref-twice').run()).toBe(1);
    flow('ref-twice', () => 2);
    await expect(flowRef('ref-twice').run()).rejects.toMatchObject({ code: 'FLOW_AMBIGUOUS' });
  });

  it('a flow may start itself as a child, or go in a circle by children', async () => {
    const down = flow('ref-down', { params: { n: param({ default: 2 }) } }, async ({ n }): Promise<number> => {
      return n === 0 ? 0 : 1 + (await flowRef<N, number>('ref-down').startChild({ n: n - 1 }));
    });
    expect(await down.run()).toBe(2);
  });

  it.each(['run', 'preview'] as const)('inline, a circle is refused, and says what to do (%s)', async (verb) => {
    const name = `ref-circle-${verb}`;
    flow(`${name}-b`, () => flowRef(name).asTask()());
    const a = flow(name, () => flowRef(`${name}-b`).asTask()());
    const error = verb === 'run' ? (await failureOf(a.run())).failures[0]?.cause : await a.preview().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'FLOW_CIRCLE', message: expect.stringContaining(`flowRef('${name}').asTask()`) });
  });

  it('where files can be looked into, it waits for them: as a child, as a task, and by itself', async () => {
    const asked: string[] = [];
    shared[FINDER] = async (name) => {
      const isFirst = !asked.includes(name);
      asked.push(name);
      await null;
      if (isFirst && name.startsWith('found-')) flow(name, () => inc(ctx().flowName.length));
    };
    expect(await flowRef('found-1').run()).toBe(8);
    expect(await flow('child', () => [flowRef('found-22').startChild(), flowRef('found-22').startChild()]).run()).toEqual([9, 9]);
    expect(await flow('inline', () => flowRef('found-333').asTask()()).run()).toBe(7);
    expect((await flow('drawn', () => flowRef('found-4444').asTask()()).graph()).nodes.map(({ id }) => id)).toEqual([
      'found-4444#0',
      'found-4444#0.inc#0',
    ]);
    await expect(flowRef('lost').run()).rejects.toMatchObject({ code: 'FLOW_UNKNOWN' });
    expect(new Set(asked)).toEqual(new Set(['found-1', 'found-22', 'found-333', 'found-4444', 'lost']));
  });
});
