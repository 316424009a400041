import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { client } from 'millrace/client';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReportData } from '../../src/report/report-data.js';
import type { RunDifference } from '../../src/runtime/past/compare-runs.js';
import { type Shell, shellIn, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-kept-code-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FLOW = `
import { cache, flow, param, secret, task } from 'millrace';
import settings from './settings.json' with { type: 'json' };
import { half } from './src/half.js';

export const key = secret('KEPT_CODE_KEY');
/** Halves them all. */
export const clean = task((rows: number[]) => rows.map(half), { name: 'clean', cache: cache.default });
const later = task(async (rows: number[]) => (await import('./src/late.js')).late(rows) + settings.plus, { name: 'later' });
export default flow('numbers', { params: { n: param({ default: 3 }) }, retries: 0 }, ({ n }) => later(clean([1, 2, n])));
`;

let folder: string;
let shell: Shell;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'project-'));
  shell = shellIn(folder);
  mkdirSync(join(folder, 'src'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(fileURLToPath(new URL('../../', import.meta.url)), join(folder, 'node_modules', 'millrace'), 'dir');
  write('package.json', '{ "name": "numbers", "type": "module" }');
  write('flow.ts', FLOW);
  write('settings.json', '{ "plus": 1 }');
  write('src/half.ts', '// Halves.\nexport const half = (n: number): number => n / by();\nfunction by(): number {\n  return 2;\n}\n');
  write('src/late.ts', "export const late = (rows: number[]): number => rows.length;\nexport const token = 'hunter2-hunter2';\n");
});

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

const run = async (...options: readonly string[]) => (await shell.json<{ run: string }>('run', 'flow.ts', ...options)).run;
interface Kept {
  readonly digest: string;
  readonly files: readonly { readonly path: string; readonly digest: string; readonly bytes: number; readonly left?: string }[];
  readonly packages: Readonly<Record<string, string>>;
}
const codeOf = async (id: string) => await shell.json<Kept>('inspect', id, '--code');

describe('the code of a run', () => {
  it('is every file that the flow loads, byte for byte, kept once for all runs that had it', async () => {
    const [first, second] = [await run(), await run()];
    const kept = await codeOf(first);
    expect(kept.files.map(({ path }) => path)).toEqual(['flow.ts', 'settings.json', 'src/half.ts', 'src/late.ts']);
    expect(await codeOf(second)).toEqual({ ...kept, run: second });
    expect(await shell.millrace('inspect', first, '--code', 'flow.ts')).toMatchObject({ code: 0, out: FLOW });
    expect((await shell.millrace('inspect', second, '--code', 'half.ts')).out).toContain('// Halves.');
    expect((await shell.millrace('inspect', first, '--code')).out).toMatch(/^src\/late\.ts +\d+ B +[0-9a-f]{12}$/m);
    const unknown = await shell.millrace('inspect', first, '--code', 'src/hlf.ts');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringMatching(/CODE_FILE_UNKNOWN[\s\S]*Did you mean 'src\/half\.ts'/)]);
  });

  it('S18: holds no secret, and what is masked is what is digested', async () => {
    const open = await run();
    const { run: masked } = await shellIn(folder, { KEPT_CODE_KEY: 'hunter2-hunter2' }).json<{ run: string }>('run', 'flow.ts');
    expect((await shell.millrace('inspect', open, '--code', 'late.ts')).out).toContain('hunter2-hunter2');
    const shown = (await shell.millrace('inspect', masked, '--code', 'late.ts')).out;
    expect(shown).toContain("token = '***'");
    const [before, after] = [await codeOf(open), await codeOf(masked)];
    expect(after.files.filter(({ path, digest }) => before.files.some((one) => one.path === path && one.digest !== digest))).toMatchObject([
      { path: 'src/late.ts' },
    ]);
  });

  it('is kept of scripts too, and reached by the client; a run without says so', async () => {
    write(
      'src/script.mjs',
      "import { flow, task } from 'millrace';\nexport const one = task(() => 1, { name: 'one' });\nawait flow('script', () => one()).run();\n",
    );
    expect(await spawnNode([join(folder, 'src', 'script.mjs')], { cwd: folder }).ended).toMatchObject({ code: 0 });
    const found = await client({ home: join(folder, '.millrace') }).get('script/latest');
    const code = await found.code();
    expect(code.files.map(({ path }) => path)).toEqual(['src/script.mjs']);
    expect(await code.files[0]?.text()).toContain("flow('script'");
  });

  it('goes with the last run that had it', async () => {
    const first = await run();
    write('src/half.ts', 'export const half = (n: number): number => n / 4;\n');
    const second = await run();
    const before = await codeOf(second);
    expect((await shell.millrace('runs', 'rm', first)).code).toBe(0);
    expect(await codeOf(second)).toEqual(before);
    expect((await shell.millrace('inspect', second, '--code', 'late.ts')).code).toBe(0);
  });
});

describe('S30: the code of a result that a resume took over although its code has changed', () => {
  const STEPS = (day: string, isBroken: boolean): string => `
import { flow, task } from 'millrace';
const load = task(() => '${day}', { name: 'load' });
const same = task(() => 1, { name: 'same' });
const use = task((day: string, one: number) => { if (${isBroken}) throw new Error('not yet'); return day + one; }, { name: 'use' });
export default flow('days', () => use(load(), same()));
`;
  interface TaskCodeDocument {
    readonly madeBy?: string;
    readonly files: readonly { readonly path: string; readonly names: readonly string[]; readonly text: string }[];
  }

  it('is what it was made with, in look-ups and reports; where nobody knows, they say so', async () => {
    write('flow.ts', STEPS('monday', true));
    await shell.millrace('run', 'flow.ts');
    const { id: first } = await shell.json<{ id: string }>('inspect', 'days/latest');
    write('flow.ts', STEPS('tuesday', false));
    const { run: second, result } = await shell.json<{ run: string; result: string }>('resume', 'flow.ts');
    expect(result).toBe('monday1');

    const codeOfTask = async (task: string) => await shell.json<TaskCodeDocument>('inspect', `${second}/${task}`, '--code');
    const text = "const load = task(() => 'monday', { name: 'load' });";
    expect(await codeOfTask('load')).toMatchObject({ madeBy: first, files: [{ path: 'flow.ts', names: ['load'], text }] });
    expect((await codeOfTask('use')).madeBy).toBe(second);
    expect((await shell.millrace('inspect', `${second}/load`, '--code')).out).toContain(`# as it was in run ${first}, which made the result`);
    expect((await shell.millrace('inspect', `${second}/load`, '--code', 'flow.ts')).out).toContain('monday');
    expect((await shell.millrace('inspect', second, '--code', 'flow.ts')).out).toContain('tuesday');

    const task = await (await client({ home: join(folder, '.millrace') }).run(second)).task('load');
    expect(await (await task.code()).files[0]?.text()).toContain('monday');

    const dataOf = async () => {
      const { out } = await shell.millrace('report', second, '-o', '-');
      return JSON.parse(/<script type="application\/json"[^>]*>([\s\S]*?)<\/script>/.exec(out)?.[1] ?? '') as ReportData;
    };
    const before = await dataOf();
    expect(before.formerCode).toEqual([{ run: first, files: [{ path: 'flow.ts', names: ['load'], text }] }]);
    expect(before.madeWith).toEqual({ [before.tasks.id.indexOf('load#0')]: 0 });

    expect((await shell.millrace('runs', 'rm', first)).code).toBe(0);
    expect((await codeOfTask('load')).madeBy).toBeUndefined();
    await expect(task.code()).rejects.toMatchObject({ code: 'RUN_CODE_MISSING' });
    expect((await shell.millrace('inspect', `${second}/load`, '--code')).out).toContain('the run that made the result');
    const after = await dataOf();
    expect([after.formerCode, Object.values(after.madeWith)]).toEqual([[], [-1, -1]]);
  });
});

describe('millrace diff', () => {
  it('tells parameters, declarations, data files, inputs, results and times apart', async () => {
    const before = await run();
    write('src/half.ts', '// Thirds.\nexport const half = (n: number): number => n / by();\nfunction by(): number {\n  return 3;\n}\n');
    write('settings.json', '{ "plus": 2 }');
    const after = await run('-p', 'n=5');
    const { params, code, taskRuns, same } = await shell.json<RunDifference>('diff', before, after);
    expect(params).toEqual([{ name: 'n', before: '3', after: '5' }]);
    expect(code?.files).toEqual([
      { path: 'settings.json', kind: 'changed', text: { before: '{ "plus": 1 }', after: '{ "plus": 2 }' } },
      {
        path: 'src/half.ts',
        kind: 'changed',
        declarations: [{ name: 'by', before: 'function by(): number {\n  return 2;\n}', after: 'function by(): number {\n  return 3;\n}' }],
      },
    ]);
    expect(taskRuns.map(({ id, inputs, results }) => [id, inputs.map(({ name }) => name), results.length])).toEqual([
      ['clean#0', ['rows'], 1],
      ['later#0', ['rows'], 1],
    ]);
    expect(same).toBe(0);
    const { out } = await shell.millrace('diff', before, after);
    expect(out).toContain('n  3 -> 5');
    expect(out).toMatch(/by changed\n +function by\(\): number \{\n +- {3}return 2;\n +\+ {3}return 3;\n +\}/);
  });

  it('finds nothing between two runs of the same, but times', async () => {
    const [before, after] = [await run(), await run()];
    const difference = await shell.json<RunDifference>('diff', before, after);
    expect(difference).toMatchObject({ params: [], code: { files: [], packages: [] }, taskRuns: [], same: 2 });
    expect(difference.tasks).toMatchObject([{ task: 'clean', count: [1, 1] }, { task: 'later' }]);
  });
});
