import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI, spawnNode } from './spawned.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const TSX = join(REPOSITORY, 'node_modules/tsx/dist/cli.mjs');
const VITEST = join(REPOSITORY, 'node_modules/vitest/vitest.mjs');

const root = mkdtempSync(join(tmpdir(), 'millrace-code-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string>>;

function projectOf(files: Files) {
  const folder = mkdtempSync(join(root, 'project-'));
  mkdirSync(join(folder, 'node_modules'));
  for (const name of ['vitest', 'tsx']) symlinkSync(join(REPOSITORY, 'node_modules', name), join(folder, 'node_modules', name));
  symlinkSync(REPOSITORY, join(folder, 'node_modules/millrace'));
  const write = (written: Files): void => {
    for (const [file, text] of Object.entries(written)) writeFileSync(join(folder, file), text);
  };
  write({ 'package.json': '{ "name": "project", "type": "module" }', ...files });
  const node = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await spawnNode(args, { cwd: folder }).ended;
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${out}${err}`);
    return out;
  };
  return {
    folder,
    write,
    node,
    /** Key and state of each task, as `visualize` of the command line knows them. */
    async keys(file: string): Promise<Record<string, string>> {
      return keysIn(await node(CLI, 'visualize', file, '--format', 'json'));
    },
    async preview(file: string): Promise<Record<string, string>> {
      const lines = (await node(CLI, 'preview', file)).split('\n');
      return Object.fromEntries(lines.flatMap((line) => [...line.matchAll(/(\S+)#0 \(([^)]*)\)/g)].map(([, id = '', said = '']) => [id, said])));
    },
  };
}

/** From what a program printed between marks, or a document. */
function keysIn(out: string): Record<string, string> {
  const text = /KEYS (.*) END/.exec(out)?.[1] ?? out;
  const { nodes } = JSON.parse(text) as { nodes: readonly { id: string; key?: string }[] };
  return Object.fromEntries(nodes.map(({ id, key }) => [id, key ?? 'none']));
}

const BODY = `
// What moves lines in a compiled file: a comment,
const double = task(async (n) => normalise(n) * 2);
const named = ['a', 'bb'].map((name) => task((x) => x + name.length, { name, captures: { name } }));
const step = (name, fn) => task(fn, { name });
const stepped = step('stepped', (x) => normalise(x) + 1);
const command = shell('command', (n) => ['echo', String(normalise(n))]);
const inner = flow('inner', () => double(3));
export const main = flow('main', { cache: cache.default }, () => {
  const inline = task(function inline(x) { return normalise(x); });
  return [double(2), ...named.map((one) => one(1)), stepped(1), command(1), inner.asTask()(), inline(1)];
});
`;
const HEAD = "import { cache, flow, shell, task } from 'millrace';\nimport { normalise } from './normalise.js';\n";
const TYPED = `${HEAD}\nexport interface Row {\n  readonly a: number;\n}\ntype Step = (x: number) => number;${BODY}`
  .replace('async (n)', 'async (n: number): Promise<number>')
  .replace('(name, fn)', '(name: string, fn: Step)')
  .replace('(n) => [', '(n: number) => [')
  .replaceAll('(x)', '(x: number)')
  .replaceAll('normalise(x: number)', 'normalise(x)');
const MAIN = (file: string): string =>
  `import { main } from './${file}';\nconst graph = await main.graph();\nconsole.log('KEYS ' + JSON.stringify(graph) + ' END');\n`;

describe.concurrent('the code part of a key', { timeout: 120_000 }, () => {
  it('is the same under the command line, tsx and vitest, for TypeScript', async () => {
    const p = projectOf({
      'flow.ts': TYPED,
      'normalise.ts': 'export function normalise(n: number): number {\n  return n / 10;\n}\n',
      'main.ts': MAIN('flow.js'),
      'flow.test.ts': `import { it } from 'vitest';\nimport { main } from './flow.js';\nit('tells', async () => { console.log('KEYS ' + JSON.stringify(await main.graph()) + ' END'); }, 60_000);\n`,
      'vitest.config.ts': "export default { test: { include: ['*.test.ts'] } };\n",
    });
    const [cli, tsx, vitest] = await Promise.all([
      p.keys('flow.ts'),
      p.node(TSX, 'main.ts').then(keysIn),
      p.node(VITEST, 'run', '--root', p.folder).then(keysIn),
    ]);
    expect(Object.keys(cli)).toEqual(['double#0', 'a#0', 'bb#0', 'stepped#0', 'command#0', 'inner#0', 'inline#0', 'inner#0.double#0']);
    expect(Object.values(cli)).not.toContain('none');
    expect(tsx).toEqual(cli);
    expect(vitest).toEqual(cli);
  });

  it('is the same under the command line and plain Node, for JavaScript, wherever the project lies', async () => {
    const files = {
      'flow.mjs': HEAD.replace('normalise.js', 'normalise.mjs') + BODY,
      'normalise.mjs': 'export const normalise = (n) => n / 10;\n',
      'main.mjs': MAIN('flow.mjs'),
    };
    const [here, there] = [projectOf(files), projectOf(files)];
    const cli = await here.keys('flow.mjs');
    expect(Object.values(cli)).not.toContain('none');
    expect(keysIn(await here.node('main.mjs'))).toEqual(cli);
    expect(await there.keys('flow.mjs')).toEqual(cli);
  });

  it('S22, S23, S27: an edit re-runs what reaches it and tells which; reverting it hits again; other edits do nothing', async () => {
    const helper = 'export function normalise(n: number): number {\n  return n / 10;\n}\n';
    const p = projectOf({
      'flow.ts': `import { cache, flow, task } from 'millrace';
import { normalise } from './clean.js';
const clean = task((n: number) => normalise(n));
const plain = task((n: number) => n + 1);
export const main = flow('main', { cache: cache.default }, () => {
  const rate = Math.random();
  const captured = task((n: number) => n * rate);
  return [clean(1), plain(1), captured(1)];
});
`,
      'clean.ts': "export { normalise } from './lib.js';\n",
      'lib.ts': helper,
    });
    await p.node(CLI, 'run', 'flow.ts');
    const complete = { clean: 'complete', plain: 'complete', captured: 'pending: captured-variable: rate' };
    expect(await p.preview('flow.ts')).toEqual(complete);
    p.write({ 'lib.ts': `/* A comment. */\n${helper.replace(': number {', '{')}\nexport const other = 1;\n` });
    expect(await p.preview('flow.ts')).toEqual(complete);
    p.write({ 'lib.ts': helper.replace('10', '100') });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, clean: 'pending: code-changed: lib.ts: normalise' });
    await p.node(CLI, 'run', 'flow.ts');
    expect(await p.preview('flow.ts')).toEqual(complete);
    p.write({ 'lib.ts': helper });
    expect(await p.preview('flow.ts')).toEqual(complete);
  });

  it('of class tasks: the method and what it reaches, in its class and elsewhere', async () => {
    const base = (by: number): string =>
      `import { normalise } from './normalise.js';\nexport class Base {\n  clean(n: number): number {\n    return normalise(n) + ${by};\n  }\n}\n`;
    const flowFile = `import { cache } from 'millrace';
import { Flow, Task, tasksOf } from 'millrace/decorators';
import { Base } from './base.js';
@Flow({ cache: cache.default })
export class Training extends Base {
  @Task()
  first(n: number): number {
    return this.clean(n);
  }

  @Task()
  second(n: number): number {
    return this.twice(n);
  }

  twice(n: number): number {
    return n * 2;
  }

  run() {
    const t = tasksOf(this as Training);
    return [t.second(2), t.first(1)];
  }
}
`;
    const p = projectOf({ 'flow.ts': flowFile, 'base.ts': base(1), 'normalise.ts': 'export const normalise = (n: number) => n;\n' });
    await p.node(CLI, 'run', 'flow.ts');
    const [first, second] = ['Training.first', 'Training.second'];
    const complete = { [first]: 'complete', [second]: 'complete' };
    expect(await p.preview('flow.ts')).toEqual(complete);
    p.write({ 'normalise.ts': 'export const normalise = (n: number) => -n;\n' });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, [first]: 'pending: code-changed: normalise.ts: normalise' });
    p.write({ 'normalise.ts': 'export const normalise = (n: number) => n; // as before\n', 'base.ts': base(2) });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, [first]: 'pending: code-changed: base.ts: Base.clean' });
    p.write({ 'base.ts': base(1), 'flow.ts': flowFile.replace('n * 2', 'n * 3') });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, [second]: 'pending: code-changed: flow.ts: Training.twice' });
    p.write({ 'flow.ts': flowFile.replace('return n * 2;', '// twice\n    return (n * 2);') });
    expect(await p.preview('flow.ts')).toEqual(complete);
  });

  it('S22: of an instance that a task is only given: the methods that it calls', async () => {
    const model = (factor: number, text = 'a model'): string =>
      `export class Model {\n  constructor(readonly at: number) {}\n  score(n: number) {\n    return n * this.at * ${factor};\n  }\n  describe() {\n    return '${text}';\n  }\n}\n`;
    const p = projectOf({
      'flow.ts': `import { cache, flow, registerClass, task } from 'millrace';
import { Model } from './model.js';
registerClass(Model, { name: 'Model', encode: ({ at }) => at, decode: (at: number) => new Model(at) });
const train = task((at: number) => new Model(at), { version: '1' });
const evaluate = task((model: Model) => model.score(10));
const label = task((model: Model) => \`\${model.describe()}!\`);
const plain = task((n: number) => n + 1);
export const main = flow('main', { cache: cache.default }, () => {
  const model = train(2);
  return [evaluate(model), label(model), plain(1)];
});
`,
      'model.ts': model(1),
    });
    const scores = async (): Promise<unknown> => JSON.parse(await p.node(CLI, 'run', 'flow.ts', '--json')).result;
    expect(await scores()).toEqual([20, 'a model!', 2]);
    const complete = { train: 'complete, see above', evaluate: 'complete', label: 'complete', plain: 'complete' };
    expect(await p.preview('flow.ts')).toEqual(complete);
    p.write({ 'model.ts': model(3) });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, evaluate: 'pending: code-changed: model.ts: Model.score' });
    expect(await scores()).toEqual([60, 'a model!', 2]);
    p.write({ 'model.ts': model(3, 'the model') });
    expect(await p.preview('flow.ts')).toEqual({ ...complete, label: 'pending: code-changed: model.ts: Model.describe' });
    p.write({ 'model.ts': model(1) });
    expect(await p.preview('flow.ts')).toEqual(complete);
  });

  it('is looked for once: once it is kept, the parser is loaded for changed code alone', async () => {
    const flowFile = (options: string): string =>
      `import { cache, flow, task } from 'millrace';\nimport { createRequire } from 'node:module';\nconst t = task((n) => n + 1, ${options});\nawait flow('main', () => t(1)).run();\nconsole.log(process.report.getReport().sharedObjects.filter((one) => /rolldown/.test(one)).length);\n`;
    const p = projectOf({
      'none.mjs': flowFile('{}'),
      'versions.mjs': flowFile("{ cache: cache.default, version: '1' }"),
      'inputs.mjs': flowFile('{ cache: cache.inputs }'),
      'cached.mjs': flowFile('{ cache: cache.default }'),
    });
    const names = ['none', 'versions', 'inputs', 'cached'];
    const load = async (): Promise<readonly string[]> => {
      const loaded: string[] = [];
      for (const name of names) loaded.push((await p.node(`${name}.mjs`)).trim());
      return loaded;
    };
    // What is kept with a run (M10) is looked for after its tasks have begun; what is part of a key, before.
    expect((await load()).at(-1)).toBe('1');
    // The next process reads what this one wrote down.
    expect(await load()).toEqual(['0', '0', '0', '0']);
  });
});
