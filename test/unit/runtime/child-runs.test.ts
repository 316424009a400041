import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ctx, type Flow, flow, param, type RunEvent, task } from '../../../src/index.js';
import type { RunWatch, WatchedRun } from '../../../src/runtime/run-watch.js';
import type { StartOptions } from '../../../src/runtime/start-run.js';
import { eventually, failureOf, freshHome, gate, recorded } from '../engine/workbench.js';

beforeEach(() => void freshHome());

const inc = task((n: number) => n + 1, { name: 'inc' });
const child = flow('child', { params: { n: param({ default: 1 }) } }, ({ n }) => inc(n));
const fails = flow('fails', () =>
  task(
    (): number => {
      throw new Error('boom');
    },
    { name: 'boom' },
  )(),
);

describe('a run started by another', () => {
  it('S7: startChild() is a run of its own, whose result the parent waits for without holding a slot', async () => {
    const handle = flow('parent', { concurrency: 1 }, () => [child.startChild({ n: inc(1) }), child.startChild()]).start();
    expect(await handle.result()).toEqual([3, 2]);
    const parent = await recorded(handle.id);
    expect(parent.states).toEqual({ 'inc#0': 'success', 'run child#0': 'success', 'run child#1': 'success' });
    const latest = await recorded('child/latest');
    expect([latest.run.parentRun, latest.states]).toEqual([handle.id, { 'inc#0': 'success' }]);
  });

  it('S7, S12: its failure is a failure of the parent that waits', async () => {
    const error = await failureOf(flow('parent', () => fails.startChild()).run());
    expect(error.failures).toMatchObject([{ taskRunId: 'run fails#0', cause: { code: 'RUN_FAILED' } }]);
    expect(await flow('calm', () => fails.startChild().orElse(7)).run()).toBe(7);
  });

  it('S7: with wait: false the parent has its id at once, and is not concerned by its end', async () => {
    const finish = gate();
    const slow = flow('slow', () => task(() => finish.opened, { name: 'wait' })());
    const { runId } = await flow('parent', () => slow.startChild({}, { wait: false })).run();
    expect((await recorded(runId)).run.state).toBe('running');
    finish.open();
    await slow.latest({ state: 'running' });
    const { runId: failing } = await flow('parent', () => fails.startChild({}, { wait: false })).run();
    expect(failing).not.toBe(runId);
  });

  it('flow.run() inside a task, or a body, is a run of its own with a parent', async () => {
    const nested = task(async () => [ctx().taskRunId, await child.run({ n: 5 }), ctx().taskRunId], { name: 'nested' });
    const handle = flow('outer', () => nested()).start();
    expect(await handle.result()).toEqual(['nested#0', 6, 'nested#0']);
    expect((await recorded('child/latest')).run.parentRun).toBe(handle.id);
    const body = flow('body', async () => [await child.run({ n: 6 }), ctx().flowName]).start();
    expect(await body.result()).toEqual([7, 'body']);
    expect((await recorded('child/latest')).run.parentRun).toBe(body.id);
  });
});

describe('a run that is watched, and what it starts', () => {
  const says = task((text: string) => console.log(text), { name: 'says' });
  const quiet = flow('quiet', () => says('from the child'));

  /** Who told what: `parent: says#0 log`. */
  class Notes implements RunWatch {
    readonly started: (of: WatchedRun) => void;
    readonly lines: string[] = [];
    readonly runs = new Map<string, WatchedRun>();

    constructor() {
      this.started = (of) => void this.runs.set(of.run, of);
    }

    event({ type, node, data }: RunEvent, { run, flow: name }: WatchedRun): void {
      expect(this.runs.has(run)).toBe(true);
      const { state, text } = data as { state?: string; text?: string };
      this.lines.push(`${name}: ${node ?? 'run'} ${type === 'log' ? text : state}`);
    }

    gone(): void {}
  }

  // biome-ignore lint/suspicious/noExplicitAny: a flow of any parameters
  const run = async (started: Flow<any, unknown>, options: StartOptions): Promise<string> => {
    const handle = started.start({}, options);
    await handle.result();
    return handle.id;
  };

  it('each event comes with the run it is of; a child prints nothing itself', async () => {
    const printed = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    const watch = new Notes();
    const nested = task(async () => void (await quiet.run({}, { name: 'by hand' })), { name: 'nested' });
    const id = await run(
      flow('parent', () => [says('from the parent'), quiet.startChild(), nested()]),
      { echo: false, watch },
    );
    expect(printed).not.toHaveBeenCalled();
    expect(watch.lines.filter((line) => line.includes('from'))).toEqual([
      'parent: says#0 from the parent',
      'quiet: says#0 from the child',
      'quiet: says#0 from the child',
    ]);
    expect(watch.lines.filter((line) => line.startsWith('quiet: run'))).toEqual(expect.arrayContaining(['quiet: run running', 'quiet: run success']));
    expect([...watch.runs.values()].map(({ flow: of, name, parent }) => [of, name, parent])).toEqual([
      ['parent', undefined, undefined],
      ['quiet', undefined, id],
      ['quiet', 'by hand', id],
    ]);
    expect(watch.lines.at(-1)).toBe('parent: run success');
  });

  it('S15: what it started and did not wait for is cancelled by the signal of who watches', async () => {
    const stop = new AbortController();
    const watch = Object.assign(new Notes(), { signal: stop.signal });
    const waits = task(() => new Promise((_, reject) => ctx().signal.addEventListener('abort', () => reject(ctx().signal.reason))), {
      name: 'waits',
    });
    const long = flow('long', () => waits());
    await run(
      flow('parent', () => long.startChild({}, { wait: false })),
      { echo: false, watch },
    );
    await eventually(() => expect(watch.lines).toContain('long: waits#0 running'));
    stop.abort(new Error('enough'));
    await eventually(() => expect(watch.lines).toContain('long: run cancelled'));
  });

  it('a run that nobody watches prints what its tasks print, and so does its child', async () => {
    const printed: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
    await flow('parent', () => quiet.startChild()).run();
    expect(printed).toEqual(['from the child\n']);
  });
});
