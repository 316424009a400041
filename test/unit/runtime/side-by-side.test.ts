import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { cache, ctx, flow, param, task } from '../../../src/index.js';
import { openProject } from '../../../src/runtime/project.js';
import { freshHome, gate, recorded } from '../engine/workbench.js';

let home = '';

beforeEach(() => {
  home = freshHome();
});

const FIXTURE = fileURLToPath(new URL('../../fixtures/engine/shared-home.ts', import.meta.url));

describe('two runs at once', () => {
  it('in one process know their own tasks, contexts and logs', async () => {
    const both = [gate(), gate()];
    const meet = task(
      async (me: number) => {
        both[me]?.open();
        await both[1 - me]?.opened;
        console.log(`I am ${me}`);
        return [ctx().runId, ctx().taskRunId, me];
      },
      { name: 'meet' },
    );
    const f = flow('meeting', { params: { me: param({ default: 0 }) } }, ({ me }) => meet(me));
    const handles = [0, 1].map((me) => f.start({ me }));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results).toEqual(handles.map(({ id }, me) => [id, 'meet#0', me]));
    await using project = await openProject();
    for (const [me, { id }] of handles.entries()) {
      const logs = await project.record.logs(id);
      expect(logs.map(({ node, text }) => [node, text])).toEqual([['meet#0', `I am ${me}`]]);
    }
  });

  it('share what is cached as soon as it is recorded', async () => {
    let ran = 0;
    const t = task(() => ++ran, { name: 't', version: '1', cache: cache.default });
    const f = flow('shared', () => t());
    await f.run();
    expect(await Promise.all([f.run(), f.run(), f.run()])).toEqual([1, 1, 1]);
  });

  it('in two processes share one home: every run is whole, and results are reused', async () => {
    const start = async (): Promise<{ runId: string; result: number[] }> => {
      const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', FIXTURE, '30'], {
        env: { ...process.env, MILLRACE_HOME: home },
      });
      return JSON.parse(stdout) as { runId: string; result: number[] };
    };
    const runs = await Promise.all([start(), start()]);
    const again = await start();
    const expected = Array.from({ length: 30 }, (_, n) => n * n);
    for (const { runId, result } of [...runs, again]) {
      expect(result).toEqual(expected);
      const { run, tasks } = await recorded(runId);
      expect([run.state, tasks.length]).toEqual(['success', 30]);
    }
    expect((await recorded(again.runId)).run.counts).toEqual({ cached: 30 });
    // Three processes that compile what they load.
  }, 60_000);
});
