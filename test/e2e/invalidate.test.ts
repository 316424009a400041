import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runMillrace } from './run-millrace.js';

const FLOW = `
import { cache, flow, task } from 'millrace';

const load = task(() => [1, 2], { cache: cache.default });
const double = task((rows: number[]) => rows.map((n) => 2 * n), { cache: cache.default });
const sum = task((rows: number[]) => rows.reduce((a, b) => a + b, 0), { cache: cache.default });

export default flow('sums', () => sum(double(load())));
`;

let folder: string;
const millrace = async (...args: readonly string[]) => await runMillrace(folder, args);
const executed = async (...args: readonly string[]): Promise<number> =>
  (JSON.parse((await millrace('run', 'flow.ts', '--json', ...args)).out) as { counts: { success?: number } }).counts.success ?? 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-invalidate-'));
  writeFileSync(join(folder, 'flow.ts'), FLOW);
  expect(await executed()).toBe(3);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('forgetting and forcing, by the command line (S28)', () => {
  it('invalidate --dry-run says what would be forgotten, and changes nothing', async () => {
    const { code, out } = await millrace('invalidate', 'flow.ts', '--task', 'double', '--downstream', '--dry-run');
    expect({ code, out }).toEqual({ code: 0, out: 'would forget what is stored of 2 calls:\n  double#0\n  sum#0\n' });
    expect(await executed()).toBe(0);
  });

  it('invalidate forgets a task, by name or pattern, with --upstream and --downstream', async () => {
    expect((await millrace('invalidate', 'flow.ts', '-t', 'double')).out).toBe('forgot what is stored of 1 call:\n  double#0\n');
    expect(await executed()).toBe(1);
    const { out } = await millrace('invalidate', 'flow.ts', '-t', 's*', '--upstream', '--json');
    expect(JSON.parse(out)).toEqual({ dryRun: false, invalidated: ['load#0', 'double#0', 'sum#0'] });
    expect((await millrace('invalidate', 'flow.ts', '-t', 'load')).out).toBe('nothing to forget: no stored result is concerned\n');
    expect(await executed()).toBe(3);
  });

  it('reset forgets all', async () => {
    expect((await millrace('reset', 'flow.ts')).out).toBe('forgot what is stored of 3 calls:\n  load#0\n  double#0\n  sum#0\n');
    expect(await executed()).toBe(3);
  });

  it('run --force-task takes downstream along, --force-only does not; patterns too', async () => {
    expect(await executed('--force-task', 'do*')).toBe(2);
    expect(await executed('--force-only', 'load')).toBe(1);
    expect(await executed('--force')).toBe(3);
  });

  it('an unknown task: wrong use, with the tasks there are', async () => {
    const unknown = await millrace('invalidate', 'flow.ts', '-t', 'dubble');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("error[TASK_UNKNOWN]: expected a task of flow 'sums'; got 'dubble'");
    expect(unknown.err).toContain('Its tasks are load, double, sum.');
    expect((await millrace('run', 'flow.ts', '--force-only', 'dubble')).err).toContain("Did you mean 'double'?");
    expect((await millrace('invalidate', 'flow.ts')).code).toBe(2);
  });
});
