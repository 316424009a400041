import { describe, expect, it } from 'vitest';
import { type Files, names, project } from './sources.js';

const HEAD = "import { task } from 'millrace';\n";

async function namesIn(files: Files, flow?: string, task = 't'): Promise<readonly string[]> {
  return names(await project(files).code(task, flow === undefined ? {} : { flow }));
}

describe('top-level statements that change what a task reaches', () => {
  it.each([
    ['an assignment to a member', 'table.x = 1;'],
    ['an assignment to the variable', 'table = {};'],
    ['delete', 'delete table.x;'],
    ['a method call', "table.set('x', 1);"],
    ['a call that takes it', 'Object.assign(table, { x: 1 });'],
    ['a call of one of our own that takes it, among other things', 'fill([{ table }]);\nfunction fill(all: unknown) {}'],
    ['a loop', 'for (const key of ["a"]) table[key] = 1;'],
    ['a condition', 'if (process.env.X) { table.x = 1; }'],
    ['through another name of it', 'const alias = table;\nalias.x = 1;'],
    ['through a part of it', 'const { part } = table;\npart.x = 1;'],
    ['in a function that is called', 'fill();\nfunction fill() { table.x = 1; }'],
    ['in a callback', "['a'].forEach((key) => { table[key] = 1; });"],
    ['in a function called by another', 'const go = () => fill();\ngo();\nfunction fill() { table.x = 1; }'],
    ['as a side effect of a declaration', 'export const size = fill(table);\nfunction fill(t: unknown) { return 1; }'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a tagged template
    ['with a tagged template', 'fill`a${table}`;\nfunction fill(...all: unknown[]) {}'],
    ['in a decorator', 'const put = (C: unknown) => { table.x = C; };\n@put class Part {}'],
    ['in a static block', 'class Part { static { table.x = 1; } }'],
  ])('%s', async (_what, statement) => {
    const files = { 'flow.ts': `${HEAD}export const t = task((x: number) => table.x + x);\nlet table: any = new Map();\n${statement}\n` };
    const p = project(files);
    expect((await p.code('t')).pieces.length).toBeGreaterThan(2);
    expect(await p.changedBy({ 'flow.ts': files['flow.ts'].replace('let table', 'const more = 1;\nlet table') }, ['t'])).toEqual([]);
    expect(await p.changedBy({ 'flow.ts': files['flow.ts'].replace(statement, '') }, ['t'])).toEqual(['t']);
  });

  it.each([
    ['reading it', 'console.log(table.x);'],
    ['listing it', 'export const keys = Object.keys(table);'],
    ['mapping over it', 'export const list = table.map((x: number) => x + 1);'],
    ['a task that uses it', "export const other = task((x: number) => { table.set('x', x); });"],
    ['tasks made in a loop over it', 'export const others = table.map((name: string) => task((x: number) => x, { name }));'],
    ['a flow that uses it', "import { flow } from 'millrace';\nexport const main = flow('main', () => { table.push(1); });"],
    ['a function that is not called', 'export function fill() { table.x = 1; }'],
    ['an object whose methods would', 'export const writer = { write() { table.x = 1; } };'],
    ['another variable of a package', "import { z } from 'zod';\nexport const Schema = z.object({ a: z.string() });"],
    [
      'a class with decorators of ours',
      "import { Flow, Task } from 'millrace/decorators';\n@Flow() export class Other { @Task() go() { table.x = 1; } }",
    ],
    ['another table', 'const other: any = {};\nother.x = 1;'],
  ])('not by %s', async (_what, statement) => {
    const files = { 'flow.ts': `${HEAD}export const t = task((x: number) => table.x + x);\nconst table: any = make();\nfunction make() {}\n` };
    const p = project(files);
    expect(await p.changedBy({ 'flow.ts': `${files['flow.ts']}${statement}\n` }, ['t'])).toEqual([]);
  });

  it('in a module that is imported for its side effects only', async () => {
    const files = {
      'flow.ts': `${HEAD}import './plugins.js';\nimport { registry } from './registry.js';\nexport const t = task((x: number) => registry[0](x));\nexport const u = task((x: number) => x);`,
      'registry.ts': 'export const registry: any[] = [];',
      'plugins.ts':
        "import { registry } from './registry.js';\nimport { double } from './double.js';\nregistry.push(double);\nconst unrelated: any = {};\nunrelated.x = 1;",
      'double.ts': 'export const double = (x: number) => x * 2;',
    };
    const p = project(files);
    expect(names(await p.code('t'))).toEqual(['flow.ts: t', 'registry.ts: registry', 'plugins.ts: registry.push(double);', 'double.ts: double']);
    expect(await p.changedBy({ 'double.ts': 'export const double = (x: number) => x + x;' }, ['t', 'u'])).toEqual(['t']);
    expect(await p.changedBy({ 'plugins.ts': files['plugins.ts'].replace('unrelated.x = 1', 'unrelated.x = 2') }, ['t', 'u'])).toEqual([]);
    expect(await p.changedBy({ 'plugins.ts': files['plugins.ts'].replace('registry.push(double);', '') }, ['t', 'u'])).toEqual(['t']);
  });

  it('in what only the flow imports, though the task is in another file', async () => {
    const files = {
      'flow.ts':
        "import { flow } from 'millrace';\nimport './plugins.js';\nimport { t } from './tasks.js';\nexport const main = flow('main', () => t(1));",
      'tasks.ts': `${HEAD}import { registry } from './registry.js';\nexport const t = task((x: number) => registry[0](x));`,
      'registry.ts': 'export const registry: any[] = [];',
      'plugins.ts': "import { registry } from './registry.js';\nregistry.push(Math.abs);",
    };
    expect(await namesIn(files, 'flow.ts', 'tasks.ts: t')).toEqual(['tasks.ts: t', 'registry.ts: registry', 'plugins.ts: registry.push(Math.abs);']);
  });

  it('of what everybody sees counts for everybody', async () => {
    const files = {
      'flow.ts': `${HEAD}import './setup.js';\nexport const t = task((x: number) => x);`,
      'setup.ts': "process.env.TZ = 'UTC';\nObject.defineProperty(Array.prototype, 'x', { value: 1 });\nprocess.on('exit', () => {});",
    };
    expect((await namesIn(files)).toSorted()).toEqual([
      'flow.ts: t',
      'setup.ts: Object.defineProperty(Array.prototype, …',
      "setup.ts: process.env.TZ = 'UTC';",
    ]);
  });

  it('of a package, for who reaches the package', async () => {
    const manifest = '{ "name": "dayjs", "version": "1.0.0", "main": "./index.js" }';
    const files = {
      'node_modules/dayjs/package.json': manifest,
      'node_modules/dayjs/index.js': 'module.exports = () => {};',
      'flow.ts': `${HEAD}import dayjs from 'dayjs';\nimport { zone } from './zone.js';\ndayjs.extend(zone);\nexport const t = task((x: number) => dayjs(x));\nexport const u = task((x: number) => x);`,
      'zone.ts': 'export const zone = 1;',
    };
    const p = project(files);
    expect(await p.changedBy({ 'zone.ts': 'export const zone = 2;' }, ['t', 'u'])).toEqual(['t']);
    expect((await p.code('t')).packages).toEqual({ dayjs: '1.0.0' });
    expect(await p.changedBy({ 'node_modules/dayjs/package.json': manifest.replace('1.0.0', '1.0.1') }, ['t', 'u'])).toEqual(['t']);
    expect(await p.changedBy({ 'node_modules/dayjs/index.js': 'module.exports = () => 1;' }, ['t', 'u'])).toEqual([]);
  });
});
