import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { FlowFileError } from '../../../src/cli/flow-file/flow-file-error.js';
import { loadFlowFile } from '../../../src/cli/load-flow-file.js';

/** A stand-in for the package, as a second copy of it would look: what counts are the shared symbols. */
const FLOW_SOURCE = `
export function flow(name: string, more: object = {}) {
  const made = { flowName: name, [Symbol.for('millrace.flow')]: { definition: { name } }, more };
  const shared = globalThis as any;
  (shared[Symbol.for('millrace.flows')] ??= new Set()).add(made);
  return made;
}
`;

const root = mkdtempSync(join(tmpdir(), 'millrace-loading-'));
let folder: string;
let count = 0;

beforeEach(() => {
  folder = join(root, String(count++));
  write({ 'flow-of.ts': FLOW_SOURCE, 'package.json': '{"type":"module"}' });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function failure(file: string, flow?: string): Promise<FlowFileError> {
  try {
    await (await loadFlowFile(file, folder)).choose(flow);
  } catch (error) {
    return error as FlowFileError;
  }
  throw new Error('expected the file to be refused');
}

async function chosen(file: string): Promise<string> {
  return (await (await loadFlowFile(file, folder)).choose()).flowName;
}

/** What a flow file saw, which it hands over as a flow's `more`. */
async function seenBy(file: string): Promise<Record<string, unknown>> {
  const loaded = await loadFlowFile(file, folder);
  const shared = globalThis as { [key: symbol]: Iterable<{ flowName: string; more: Record<string, unknown> }> | undefined };
  const flows = [...(shared[Symbol.for('millrace.flows')] ?? [])];
  const { flowName } = await loaded.choose();
  const found = flows.filter((one) => one.flowName === flowName).at(-1);
  return found?.more ?? {};
}

describe('loading TypeScript', () => {
  it('types are taken away, project files are inlined, JSON and tsconfig aliases resolve', async () => {
    write({
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
      'lib/double.ts': 'export const double = (n: number): number => n * 2;',
      'data.json': '{ "rows": [1, 2] }',
      'main.ts': `
        import { flow } from './flow-of.js';
        import { double } from '@lib/double.js';
        import data from './data.json';
        interface Seen { readonly sum: number }
        export const aliases = flow('aliases', { sum: double(data.rows.length) } satisfies Seen);`,
    });
    expect(await seenBy('main.ts')).toEqual({ sum: 4 });
  });

  it('import.meta speaks of the file it was written in, module by module; a string that looks like it stays', async () => {
    write({
      'deep/helper.ts': 'export const here = { url: import.meta.url, dir: import.meta.dirname };',
      'main.ts': `
        import { flow } from './flow-of.js';
        import { here } from './deep/helper.js';
        const { filename } = import.meta;
        export default flow('meta', { helper: here, filename, text: 'import.meta.url', sibling: import.meta.resolve('./x.csv') });`,
    });
    expect(await seenBy('main.ts')).toEqual({
      helper: { url: pathToFileURL(join(folder, 'deep/helper.ts')).href, dir: join(folder, 'deep') },
      filename: join(folder, 'main.ts'),
      text: 'import.meta.url',
      sibling: pathToFileURL(join(folder, 'x.csv')).href,
    });
  });

  it('import() of project files works, evaluated when reached, with a path known only then, also with top-level await', async () => {
    write({
      'late.ts': 'export const value: number = await Promise.resolve(41); (globalThis as any).millraceLate = true;',
      'models/forest.ts': 'export const name: string = "forest";',
      'main.ts': `
        import { flow } from './flow-of.js';
        const before = (globalThis as any).millraceLate === true;
        const load = async (name: string) => (await import(\`./models/\${name}.ts\`)).name;
        const { value } = await import('./late.js');
        export const main = flow('late', { before, value, model: await load('forest') });`,
    });
    expect(await seenBy('main.ts')).toEqual({ before: false, value: 41, model: 'forest' });
  });

  it('packages are imported from the place of the file that imports them, and are shared with the process', async () => {
    write({
      'node_modules/counter/package.json': '{ "name": "counter", "type": "module", "exports": { "import": "./index.js", "require": "./index.cjs" } }',
      'node_modules/counter/index.js': 'export const marker = Symbol("one"); export const kind = "esm";',
      'node_modules/counter/index.cjs': 'exports.kind = "cjs";',
      'main.ts': `
        import { flow } from './flow-of.js';
        import { kind, marker } from 'counter';
        const again = await import('counter');
        export const main = flow('packages', { kind, same: again.marker === marker });`,
    });
    expect(await seenBy('main.ts')).toEqual({ kind: 'esm', same: true });
  });

  it('two files may declare the same name, and each function keeps its own (S0)', async () => {
    write({
      'other.ts': 'export const load = () => 1;',
      'main.ts': `
        import { flow } from './flow-of.js';
        import { load as theirs } from './other.js';
        const load = () => 2;
        export const main = flow('names', { names: [load.name, theirs.name], values: [load(), theirs()] });`,
    });
    expect(await seenBy('main.ts')).toEqual({ names: ['load', 'load'], values: [2, 1] });
  });

  it('decorators are of the language, or of the older kind where experimentalDecorators says so', async () => {
    const source = `
      import { flow } from './flow-of.js';
      const seen: unknown[] = [];
      const note = (_: unknown, place: any) => { seen.push(place.kind ?? place); };
      class Model { @note fit() { return 1; } }
      export const main = flow('decorated', { seen, fitted: new Model().fit() });`;
    write({ 'plain/main.ts': source.replace('./flow-of', '../flow-of') });
    write({
      'legacy/main.ts': source.replace('./flow-of', '../flow-of'),
      'legacy/tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
    });
    expect(await seenBy('plain/main.ts')).toEqual({ seen: ['method'], fitted: 1 });
    expect(await seenBy('legacy/main.ts')).toEqual({ seen: ['fit'], fitted: 1 });
  });

  it('the temporary bundle is gone once the file is loaded, and when it failed', async () => {
    const temporary = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('millrace-flow-'));
    const before = temporary();
    write({ 'good.ts': "import { flow } from './flow-of.js'; export const main = flow('good');", 'bad.ts': 'throw new Error("no");' });
    await loadFlowFile('good.ts', folder);
    await failure('bad.ts');
    expect(temporary().filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('loading JavaScript', () => {
  it('is imported as it is, or bundled when it imports TypeScript', async () => {
    write({
      'native.mjs': `export const main = { flowName: 'native', [Symbol.for('millrace.flow')]: {} };`,
      'mixed.js': `import { flow } from './flow-of.ts'; export const main = flow('mixed');`,
    });
    expect(await chosen('native.mjs')).toBe('native');
    expect(await chosen('mixed.js')).toBe('mixed');
  });
});

describe('which flow is meant', () => {
  it('exported ones count, also in a list or an object; an unexported one only when none is exported', async () => {
    write({
      'listed.ts':
        "import { flow } from './flow-of.js'; flow('hidden'); export const all = [flow('a'), flow('b')]; export const byName = { c: flow('c') };",
      'hidden.ts': "import { flow } from './flow-of.js'; flow('alone');",
    });
    expect((await loadFlowFile('listed.ts', folder)).flows.map((one) => one.flowName)).toEqual(['a', 'b', 'c']);
    expect(await chosen('hidden.ts')).toBe('alone');
  });

  it('the default export is meant when none is named', async () => {
    write({
      'main.ts':
        "import { flow } from './flow-of.js'; export const child = flow('child'); const parent = flow('parent'); export { parent }; export default parent;",
    });
    const loaded = await loadFlowFile('main.ts', folder);
    expect(loaded.flows).toHaveLength(2);
    expect((await loaded.choose()).flowName).toBe('parent');
    expect((await loaded.choose('child')).flowName).toBe('child');
  });

  it('none, several, and an unknown one are told apart', async () => {
    write({
      'none.ts': 'export const x = 1;',
      'two.ts': "import { flow } from './flow-of.js'; export const a = flow('alpha'); export const b = flow('beta');",
    });
    expect(await failure('none.ts')).toMatchObject({ code: 'NO_FLOW', hint: expect.stringContaining('flow(') });
    expect(await failure('two.ts')).toMatchObject({ code: 'FLOW_AMBIGUOUS', message: expect.stringContaining("'alpha', 'beta'") });
    // Where the second argument of a command is something else.
    const two = await loadFlowFile('two.ts', folder);
    await expect(two.choose(undefined, 'option')).rejects.toMatchObject({ hint: 'name the one you mean: --flow alpha' });
    expect(await failure('two.ts', 'aplha')).toMatchObject({ code: 'FLOW_UNKNOWN', hint: "did you mean 'alpha'?" });
  });
});

describe('files that cannot be used', () => {
  it('a missing file: the one that was probably meant is named', async () => {
    write({ 'penguins.ts': '' });
    expect(await failure('pengiuns.ts')).toMatchObject({ code: 'FLOW_FILE_NOT_FOUND', hint: 'did you mean penguins.ts?' });
    expect(await failure('penguins')).toMatchObject({ code: 'FLOW_FILE_NOT_FOUND', hint: 'did you mean penguins.ts?' });
    expect(await failure('package.json')).toMatchObject({ code: 'FLOW_FILE_UNSUPPORTED' });
    expect(await failure('.')).toMatchObject({ code: 'FLOW_FILE_UNSUPPORTED', message: expect.stringContaining('a folder') });
  });

  it('a syntax error shows its line with a caret under the column', async () => {
    write({ 'broken.ts': 'const a = 1;\nconst b = { x: 1 y: 2 };\n' });
    const error = await failure('broken.ts');
    expect(error).toMatchObject({ code: 'FLOW_FILE_SYNTAX', at: { file: join(folder, 'broken.ts'), line: 2, column: 18 } });
    expect(error.frame).toBe('  1 | const a = 1;\n> 2 | const b = { x: 1 y: 2 };\n    |                  ^');
  });

  it('an import that leads nowhere names its place, and what to install', async () => {
    write({
      'file.ts': "import { x } from './nope.js';\nexport { x };",
      'package.ts': "\nimport z from '@scope/absent/part';\nexport { z };",
      'name.ts': "import { nope } from './flow-of.js';\nexport { nope };",
      'native.js': "import z from 'absent';",
    });
    expect(await failure('file.ts')).toMatchObject({
      code: 'FLOW_FILE_IMPORT',
      at: { line: 1, column: 19 },
      message: expect.stringContaining("'./nope.js'"),
    });
    expect(await failure('package.ts')).toMatchObject({ code: 'FLOW_FILE_IMPORT', at: { line: 2, column: 15 }, hint: 'npm install @scope/absent' });
    expect(await failure('name.ts')).toMatchObject({
      code: 'FLOW_FILE_IMPORT',
      at: { line: 1, column: 10 },
      message: expect.stringContaining('nope'),
    });
    expect(await failure('native.js')).toMatchObject({ code: 'FLOW_FILE_IMPORT', at: { line: 1, column: 15 }, hint: 'npm install absent' });
  });

  it('an import that may never be reached does not keep the file from loading', async () => {
    write({ 'main.ts': "import { flow } from './flow-of.js'; export const main = flow('optional'); export const later = () => import('absent');" });
    expect(await chosen('main.ts')).toBe('optional');
  });

  it('a file that throws: the place in the TypeScript file, the cause kept', async () => {
    write({
      'helper.ts': 'interface Row { readonly x: number }\n\nexport const first = (rows: readonly Row[]): number => (rows[0] as Row).x;\n',
      'main.ts': "import { first } from './helper.js';\nexport const x = first([]);\n",
    });
    const error = await failure('main.ts');
    // The test runner maps stacks in its own way, so the file itself and its frame are left to the end-to-end test.
    expect(error).toMatchObject({ code: 'FLOW_FILE_THREW', at: { file: expect.stringMatching(/helper\.ts$/), line: 3 } });
    expect(error.cause).toBeInstanceOf(TypeError);
  });
});
