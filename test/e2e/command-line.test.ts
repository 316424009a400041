import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runMillrace } from './run-millrace.js';

/** Outside of any project: 'millrace' is found all the same, as the copy that runs it. */
const FLOW = `
import { cache, ctx, flow, param, task } from 'millrace';

interface Row { readonly x: number }

const load = task(async (): Promise<Row[]> => {
  console.log('loading rows');
  return [{ x: 1 }, { x: 2 }];
});
const large = task((rows: readonly Row[], ratio: number) => rows.filter((row) => row.x > ratio), { cache: cache.default });
const count = task((rows: readonly Row[], fail: boolean): number => {
  if (fail) throw new TypeError('no rows today');
  return rows.length;
});
const sleep = task(async (): Promise<void> => {
  ctx().log.info('asleep');
  await new Promise((_, reject) => {
    const timer = setTimeout(() => {}, 60_000);
    ctx().signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Error('woken'));
    });
  });
});

export const rows = flow(
  'rows',
  { description: 'Counts large rows', params: { ratio: param({ default: 0.5, help: 'lower bound' }), fail: param({ default: false }) } },
  ({ ratio, fail }) => {
    console.log('in the body');
    return count(large(load(), ratio), fail);
  },
);
export const night = flow('night', () => sleep());
`;

let folder: string;
const millrace = async (...args: readonly string[]): Promise<CommandResult> => await runMillrace(folder, args);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  writeFileSync(join(folder, 'flow.ts'), FLOW);
  expect((await millrace('run', 'flow.ts', 'rows', '--name', 'first', '--tag', 'nightly')).code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the command line over a TypeScript flow', () => {
  it('show: parameters and graph; what the body prints stays out of it', async () => {
    const { code, out, err } = await millrace('show', 'flow.ts', 'rows');
    expect(code).toBe(0);
    expect(out).toMatch(/ratio +number +0\.5 +lower bound/);
    expect(out).toContain('large#0');
    expect(out).not.toContain('in the body');
    expect(err).toContain('in the body');
  });

  it('visualize: DOT to the standard output, SVG into a file', async () => {
    expect((await millrace('visualize', 'flow.ts', 'rows')).out).toMatch(/^digraph/);
    expect((await millrace('visualize', 'flow.ts', 'rows', '-o', 'rows.svg')).code).toBe(0);
    expect(readFileSync(join(folder, 'rows.svg'), 'utf8')).toContain('<svg');
  });

  it('visualize: refuses an ending that promises another kind of file', async () => {
    const { code, err } = await millrace('visualize', 'flow.ts', 'rows', '-o', 'rows.png');
    expect(code).toBe(2);
    expect(err).toContain("error[DRAWING_FORMAT_UNKNOWN]: expected a drawing named *.dot, *.gv, *.svg, *.mmd, *.mermaid, *.json; got '");
    expect(existsSync(join(folder, 'rows.png'))).toBe(false);
    expect((await millrace('visualize', 'flow.ts', 'rows', '-o', 'rows.png', '--format', 'dot')).code).toBe(0);
  });

  it('run --json: one document; the second time what is cached is reused (S20)', async () => {
    const { code, out } = await millrace('run', 'flow.ts', 'rows', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ flow: 'rows', state: 'success', result: 2, counts: { success: 2, cached: 1 } });
  });

  it('preview: a tree with states and reasons, no task runs (S27)', async () => {
    const { code, out } = await millrace('preview', 'flow.ts', 'rows', '-p', 'ratio=1.5');
    expect(code).toBe(0);
    expect(out).toContain('count#0');
    expect(out).not.toContain('loading rows');
  });

  it('a failed run: exit code 1, the place in the TypeScript source, and inspect shows its line (S12)', async () => {
    const { code, err } = await millrace('run', 'flow.ts', 'rows', '--quiet', '-p', 'fail=true', '--tag', 'broken');
    expect(code).toBe(1);
    expect(err).toContain('error[RUN_FAILED]');
    expect(err).toMatch(/at .*flow\.ts:12:19/);
    const [run] = JSON.parse((await millrace('runs', '--tag', 'broken', '--json')).out) as readonly { id: string }[];
    const inspected = await millrace('inspect', `${run?.id}/count`);
    expect(inspected.out).toContain('TypeError: no rows today');
    expect(inspected.out).toContain("> 12 |   if (fail) throw new TypeError('no rows today');");
  });

  it('wrong parameters: exit code 2, each named, before anything runs (S17)', async () => {
    const { code, err } = await millrace('run', 'flow.ts', 'rows', '-p', 'rati=1', '-p', 'fail=maybe');
    expect(code).toBe(2);
    expect(err).toContain("did you mean 'ratio'?");
    expect(err).toContain("'fail'");
  });
});

describe('looking up runs', () => {
  it('runs, inspect and logs tell of a run of the past', async () => {
    const [run] = JSON.parse((await millrace('runs', '--tag', 'nightly', '--json')).out) as readonly { id: string }[];
    expect((await millrace('runs', '--flow', 'rows', '--state', 'success')).out).toMatch(new RegExp(`${run?.id} +rows +success .*3 success +first`));
    const inspected = (await millrace('inspect', run?.id ?? '')).out;
    expect(inspected).toMatch(/parameters +ratio = 0\.5/);
    expect(inspected).toMatch(/load#0 +success/);
    expect((await millrace('inspect', `${run?.id}/load`)).out).toContain('[ { x: 1 }, { x: 2 } ]');
    expect((await millrace('logs', `${run?.id}/load`)).out).toMatch(/^\S+ \| INFO +\| Task 'load#0': loading rows\n$/);
  });

  it('a look-up that finds nothing is not success, and suggests (S32)', async () => {
    expect(await millrace('inspect', 'row/latest')).toMatchObject({ code: 1, out: '', err: expect.stringContaining('did you mean rows/latest?') });
    expect(await millrace('logs', 'rows/latest/laod')).toMatchObject({ code: 1, err: expect.stringMatching(/did you mean \S+\/load/) });
    expect(await millrace('runs', '--flow', 'rwos')).toMatchObject({ code: 1, err: expect.stringContaining('did you mean --flow rows?') });
  });
});

describe('signals (S15)', () => {
  it('SIGINT cancels the run: exit code 130, and the record says so', async () => {
    const { code } = await runMillrace(folder, ['run', 'flow.ts', 'night', '--tag', 'interrupted'], (child, out) => {
      if (out.includes('asleep') && !child.killed) child.kill('SIGINT');
    });
    expect(code).toBe(130);
    expect(JSON.parse((await millrace('runs', '--tag', 'interrupted', '--json')).out)).toMatchObject([{ flow: 'night', state: 'cancelled' }]);
  });

  it('a reader that goes away is no error (EPIPE)', async () => {
    const { code, err } = await runMillrace(folder, ['run', 'flow.ts', 'rows'], (child) => child.stdout?.destroy());
    expect({ code, err: err.includes('EPIPE') }).toEqual({ code: 0, err: false });
  });
});
