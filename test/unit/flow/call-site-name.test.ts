import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript-5.9';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameFromCallSite } from '../../../src/flow/call-site-name.js';

const run = promisify(execFile);
const flowSources = fileURLToPath(new URL('../../../src/flow/', import.meta.url));

let folder: string;

/** A package of its own: the reader compiled as the build does, and a `task` beside it that says the name it found. */
async function makePackage(root: string): Promise<void> {
  const target = join(root, 'package', 'dist', 'flow');
  await mkdir(target, { recursive: true });
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  await mkdir(join(root, 'package', 'dist', 'base'), { recursive: true });
  for (const name of [
    'call-site-name',
    'assigned-name',
    'call-expression',
    'source-file',
    'call-site',
    'source-tokens',
    '../base/own-files',
    '../base/late-pattern',
  ]) {
    const source = await readFile(join(flowSources, `${name}.ts`), 'utf8');
    await writeFile(join(target, `${name}.js`), ts.transpileModule(source, { compilerOptions: options }).outputText);
  }
  await writeFile(
    join(target, 'task.js'),
    `import { nameFromCallSite } from './call-site-name.js';\nexport const found = [];\nexport function task() { const name = nameFromCallSite('task'); found.push(name); return name; }\n`,
  );
  await writeFile(
    join(target, 'task.d.ts'),
    'export declare const found: unknown[];\nexport declare function task<A = unknown, B = A>(...args: unknown[]): string;\n',
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-call-site-'));
  await makePackage(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const JAVASCRIPT = `import { found, task as step, task } from './package/dist/flow/task.js';
// A comment with task( in it, and a 'quote.
export const load = task(async () => 1);
const clean =
  step(
    async () => 2,
  ), fit = task(async () => 3);
export const steps = { score: task(async () => 4) };
class Steps { static publish = task(async () => 5); }
const wrapped = String(task(async () => 6));
const mapped = [1].map(task);
function make() { return task(async () => 7); }
const made = make();
console.log(JSON.stringify(found));
`;
const TYPESCRIPT = `import { found, task as step, task } from './package/dist/flow/task.js';

interface Gone { a: string; b: number }
type AlsoGone<T> = T extends string ? 1 : 2;

export const load: string = task<Gone>(async (): Promise<Gone> => ({ a: '', b: 1 }));
const clean =
  step<Gone, AlsoGone<string>>(
    async () => 2,
  ) as string, fit: string | undefined = task(async () => 3);
export const steps = { score: task(async () => 4) } satisfies Record<string, string>;
class Steps { static readonly publish: string = task(async () => 5); }
const wrapped = String(task(async () => 6));
const mapped = [1].map(task as never);
function make(): unknown { return task(async () => 7); }
const made = make();
console.log(JSON.stringify(found));
`;
const EXPECTED = ['load', 'clean', 'fit', 'score', 'publish', null, null, null];

describe('S0 nameFromCallSite', () => {
  it('finds names in modules run by node', async () => {
    await writeFile(join(folder, 'flow.mjs'), JAVASCRIPT);
    const { stdout } = await run(process.execPath, [join(folder, 'flow.mjs')]);
    expect(JSON.parse(stdout)).toEqual(EXPECTED);
  });

  it('finds names in TypeScript run by tsx', async () => {
    await writeFile(join(folder, 'flow.ts'), TYPESCRIPT);
    const { stdout } = await run(process.execPath, ['--import', import.meta.resolve('tsx'), join(folder, 'flow.ts')]);
    expect(JSON.parse(stdout)).toEqual(EXPECTED);
  });

  it('finds names in compiled TypeScript run with --enable-source-maps', async () => {
    const nested = join(folder, 'mapped');
    await mkdir(nested, { recursive: true });
    const source = TYPESCRIPT.replaceAll('./package', '../package');
    await writeFile(join(nested, 'flow.ts'), source);
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, inlineSourceMap: true };
    const compiled = ts.transpileModule(source, { compilerOptions: options, fileName: 'flow.ts' }).outputText;
    await writeFile(join(nested, 'flow.js'), compiled);
    const { stdout } = await run(process.execPath, ['--enable-source-maps', join(nested, 'flow.js')]);
    expect(JSON.parse(stdout)).toEqual(EXPECTED);
    expect(await readdir(nested)).toContain('flow.ts');
  });

  it('reads a module anew when it is imported anew', async () => {
    const path = join(folder, 'anew.mjs');
    const url = pathToFileURL(path).href;
    const text = (name: string): string =>
      `import { task } from ${JSON.stringify(pathToFileURL(join(folder, 'package', 'dist', 'flow', 'task.js')).href)};\nexport const ${name} = task(1);\n`;
    await writeFile(path, text('first'));
    const script = `import { writeFile } from 'node:fs/promises';
      const before = await import(${JSON.stringify(`${url}?t=1`)});
      await writeFile(${JSON.stringify(path)}, ${JSON.stringify(text('second'))});
      const after = await import(${JSON.stringify(`${url}?t=2`)});
      console.log(before.first, after.second);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout.trim()).toBe('first second');
  });

  it('finds names under vitest', () => {
    const task = (_: unknown): string | undefined => inside();
    const inside = (): string | undefined => nameFromCallSite('nameFromCallSite');
    // This file is outside the package, so the frame nearest to it is the call that `inside` makes, which is assigned to nothing.
    expect(task(() => 1)).toBeUndefined();
    const load = nameFromCallSite('nameFromCallSite');
    const clean: string | undefined =
      // task(
      nameFromCallSite('nameFromCallSite');
    const steps = { score: nameFromCallSite('nameFromCallSite') };
    expect([load, clean, steps.score]).toEqual(['load', 'clean', 'score']);
  });

  it('sees past a stack limit of its caller and leaves it as it was; knows no name in code without a file', () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      const load = nameFromCallSite('nameFromCallSite');
      expect(load).toBe('load');
      expect(Error.stackTraceLimit).toBe(0);
    } finally {
      Error.stackTraceLimit = limit;
    }
    expect(new Function('name', 'return name("nameFromCallSite")')(nameFromCallSite)).toBeUndefined();
  });
});
