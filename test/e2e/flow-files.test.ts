import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Shell, shellIn } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A project of these files, as its author would have it. */
function project(files: Readonly<Record<string, string>>): Shell {
  const folder = mkdtempSync(join(root, 'project-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return shellIn(folder);
}

const run = async (shell: Shell, ...more: readonly string[]): Promise<unknown> =>
  (await shell.json<{ result: unknown }>('run', 'flow.ts', ...more)).result;

describe.concurrent('a TypeScript flow file runs as it is', () => {
  it('with path aliases of tsconfig.json, JSON, import.meta.url and a dynamic import', async () => {
    const shell = project({
      'tsconfig.json': '{ "compilerOptions": { "paths": { "#lib/*": ["./source/lib/*"] } } } // comments are allowed',
      'source/lib/double.ts': 'export const double = (value: number): number => value * 2;',
      'data/rows.json': '[1, 2, 3]',
      'late.ts': 'export const late = (value: number): string => "late " + value;',
      'flow.ts': `
        import { readFileSync } from 'node:fs';
        import { flow, task } from 'millrace';
        import { double } from '#lib/double.js';
        import rows from './data/rows.json' with { type: 'json' };
        const sum = task((values: readonly number[]) => double(values.reduce((a, b) => a + b, 0)));
        const say = task(async (value: number) => (await import('./late.js')).late(value));
        const read = task(() => readFileSync(new URL('./data/rows.json', import.meta.url), 'utf8'));
        export const main = flow('main', () => ({ said: say(sum(rows)), read: read(), url: import.meta.url }));`,
    });
    expect(await run(shell)).toEqual({ said: 'late 12', read: '[1, 2, 3]', url: pathToFileURL(join(shell.folder, 'flow.ts')).href });
  });

  it('with decorators: the older ones under experimentalDecorators', async () => {
    const shell = project({
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'flow.ts': `
        import { flow, task } from 'millrace';
        const names: string[] = [];
        const note = (prefix: string) => (target: object, key: string, descriptor: PropertyDescriptor) => { names.push(prefix + key); };
        const sealed = (made: Function) => { names.push(made.name); };
        @sealed class Model { @note('method ') fit(): number { return 7; } }
        const fit = task(() => new Model().fit());
        export default flow('legacy', () => [fit(), names]);`,
    });
    expect(await run(shell)).toEqual([7, ['method fit', 'Model']]);
  });

  it('that starts runs itself when it is loaded: they are runs of their own', async () => {
    const shell = project({
      'flow.ts': `
        import { flow, task } from 'millrace';
        const prepare = task(() => 20);
        const prepared = await flow('prepare', () => prepare()).run();
        const add = task((value: number) => value + 1);
        export const main = flow('main', () => add(prepared));`,
    });
    expect(await run(shell)).toBe(21);
    expect((await shell.json<readonly { flow: string; state: string }[]>('runs')).map(({ flow, state }) => `${flow} ${state}`)).toEqual([
      'main success',
      'prepare success',
    ]);
  });
});

describe.concurrent('an error in TypeScript is shown where it is in TypeScript', () => {
  it('thrown in a helper of a task: file, line and column of the source, and its line with inspect', async () => {
    const shell = project({
      'model.ts':
        "export interface Model { readonly k: number }\n\nexport function fit(model: Model): number {\n  if (model.k < 1) throw new RangeError('k is too small');\n  return model.k;\n}\n",
      'flow.ts':
        "import { flow, task } from 'millrace';\nimport { fit } from './model.js';\nconst train = task(() => fit({ k: 0 }));\nexport const main = flow('main', () => train());\n",
    });
    const { code, err } = await shell.millrace('run', 'flow.ts', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain(`at ${join(shell.folder, 'model.ts')}:4:26`);
    const { out } = await shell.millrace('inspect', 'main/latest/train');
    expect(out).toContain("> 4 |   if (model.k < 1) throw new RangeError('k is too small');\n");
    expect(out).toMatch(/^\s*\| {26}\^$/m);
  });

  it('thrown by the body: the same', async () => {
    const shell = project({
      'flow.ts': "import { flow } from 'millrace';\n\nexport const main = flow('main', (): number => {\n  throw new Error('no data');\n});\n",
    });
    const { code, err } = await shell.millrace('run', 'flow.ts', '--quiet');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/failed: its body threw: no data\n/) });
    expect(err).toContain(`at ${join(shell.folder, 'flow.ts')}:4:9`);
  });
});

describe.concurrent('a flow file that cannot be used: code, place and what to do (S32)', () => {
  const SEVERAL = "import { flow } from 'millrace';\nexport const load = flow('load', () => 1);\nexport const train = flow('train', () => 2);\n";
  it('of several flows, a run that is named knows its own; resume says how else to name one', async () => {
    const shell = project({ 'flow.ts': SEVERAL });
    expect((await shell.millrace('run', 'flow.ts', 'train', '-q')).code).toBe(0);
    expect(await shell.millrace('visualize', 'flow.ts', '--run', 'train/latest')).toMatchObject({ code: 0, out: expect.stringMatching(/^digraph/) });
    expect((await shell.millrace('resume', 'flow.ts')).err).toContain('hint: name the one you mean: --flow load');
  });

  it.each([
    ['does not compile', 'const rows = [1, 2;\n', 'FLOW_FILE_SYNTAX', /flow\.ts:1:\d+: .+\n\n> 1 \| const rows = \[1, 2;\n {4}\| +\^/],
    [
      'imports what is not there',
      "import { x } from './nowhere.js';\nexport { x };\n",
      'FLOW_FILE_IMPORT',
      /flow\.ts:1:19: cannot find '\.\/nowhere\.js'[\s\S]*hint: check the path/,
    ],
    [
      'imports a package that is not installed',
      "import x from 'not-installed-here';\nexport { x };\n",
      'FLOW_FILE_IMPORT',
      /flow\.ts:1:15[\s\S]*hint: npm install not-installed-here/,
    ],
    ['has no flow', 'export const rows = [1, 2];\n', 'NO_FLOW', /flow\.ts has no flow\nhint: export one: /],
    [
      'has several and none is named',
      SEVERAL,
      'FLOW_AMBIGUOUS',
      /flow\.ts has several flows: 'load', 'train'\nhint: name the one you mean after the file, such as: load/,
    ],
  ])('%s', async (_, text, code, expected) => {
    const shell = project({ 'flow.ts': text });
    const ended = await shell.millrace('run', 'flow.ts');
    expect({ code: ended.code, out: ended.out }).toEqual({ code: 2, out: '' });
    expect(ended.err).toContain(`error[${code}]: `);
    expect(ended.err).toMatch(expected);
    // It was refused before anything ran: there is nothing to look up.
    expect((await shell.millrace('runs')).err).toContain('error[NO_PROJECT]');
  });

  it('has several, and the one named is not among them: the nearest', async () => {
    const { code, err } = await project({ 'flow.ts': SEVERAL }).millrace('run', 'flow.ts', 'trian');
    expect(code).toBe(2);
    expect(err).toMatch(/error\[FLOW_UNKNOWN\]: flow\.ts has no flow named 'trian'; it has 'load', 'train'\nhint: did you mean 'train'\?/);
  });
});
