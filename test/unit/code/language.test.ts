import { describe, expect, it } from 'vitest';
import { type Files, names, project } from './sources.js';

/** The task's function calls `use(x)`; what differs is how `use` comes to it. */
const HEAD = "import { task } from 'millrace';\n";
const TASK = 'export const t = task((x: number) => use(x));\n';

/** [what, files, a change that counts, a change that does not] */
const CASES: readonly (readonly [what: string, files: Files, counts: Files, counts_not: Files | undefined])[] = [
  [
    'a default export, a function',
    { 'flow.ts': `${HEAD}import use from './a.js';\n${TASK}`, 'a.ts': 'export default function (x: number) { return x; }\nexport const other = 1;' },
    { 'a.ts': 'export default function (x: number) { return -x; }\nexport const other = 1;' },
    { 'a.ts': 'export default function (x: number) { return x; }\nexport const other = 2;' },
  ],
  [
    'a default export, an expression',
    { 'flow.ts': `${HEAD}import use from './a.js';\n${TASK}`, 'a.ts': 'const k = 1;\nexport default (x: number) => x + k;' },
    { 'a.ts': 'const k = 2;\nexport default (x: number) => x + k;' },
    undefined,
  ],
  [
    'a renamed export of a renamed import',
    {
      'flow.ts': `${HEAD}import { b as use } from './a.js';\n${TASK}`,
      'a.ts': "import { c as d } from './c.js';\nexport { d as b };",
      'c.ts': 'export const c = (x: number) => x, e = 1;',
    },
    { 'c.ts': 'export const c = (x: number) => x + 1, e = 1;' },
    { 'c.ts': 'export const c = (x: number) => x, e = 2;' },
  ],
  [
    'one member of a namespace import',
    {
      'flow.ts': `${HEAD}import * as a from './a.js';\nexport const t = task((x: number) => a.use(x));`,
      'a.ts': 'export const use = (x: number) => x;\nexport const other = 1;',
    },
    { 'a.ts': 'export const use = (x: number) => x * 2;\nexport const other = 1;' },
    { 'a.ts': 'export const use = (x: number) => x;\nexport const other = 2;' },
  ],
  [
    'a namespace as a value: all of it',
    {
      'flow.ts': `${HEAD}import * as a from './a.js';\nexport const t = task((x: string) => a[x as 'use']);`,
      'a.ts': "export const use = 1;\nexport * from './b.js';",
      'b.ts': 'export const other = 1;',
    },
    { 'b.ts': 'export const other = 2;' },
    { 'a.ts': "export const use = 1;\n// nothing\nexport * from './b.js';" },
  ],
  [
    'a re-exported namespace',
    {
      'flow.ts': `${HEAD}import { a } from './index.js';\nexport const t = task((x: number) => a.use(x));`,
      'index.ts': "export * as a from './a.js';",
      'a.ts': 'export const use = (x: number) => x;\nexport const other = 1;',
    },
    { 'a.ts': 'export const use = (x: number) => x * 2;\nexport const other = 1;' },
    { 'a.ts': 'export const use = (x: number) => x;\nexport const other = 2;' },
  ],
  [
    'a barrel that points elsewhere',
    {
      'flow.ts': `${HEAD}import { use } from './index.js';\n${TASK}`,
      'index.ts': "export { use } from './a.js';",
      'a.ts': 'export const use = (x: number) => x;',
      'b.ts': 'export const use = (x: number) => -x;',
    },
    { 'index.ts': "export { use } from './b.js';" },
    { 'b.ts': 'export const use = 1;' },
  ],
  [
    'an import cycle',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\n${TASK}`,
      'a.ts': "import { b } from './b.js';\nexport const use = (x: number): number => b(x);",
      'b.ts': "import { use } from './a.js';\nexport const b = (x: number): number => x > 0 ? use(x - 1) : 0;",
    },
    { 'b.ts': "import { use } from './a.js';\nexport const b = (x: number): number => x > 0 ? use(x - 1) : 1;" },
    { 'b.ts': "import { use } from './a.js';\nexport const b = (x: number): number => /* down */ (x > 0 ? use(x - 1) : 0)" },
  ],
  [
    'barrels that point at each other',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\n${TASK}`,
      'a.ts': "export * from './b.js';",
      'b.ts': "export * from './a.js';\nexport * from './c.js';",
      'c.ts': 'export const use = (x: number) => x;',
    },
    { 'c.ts': 'export const use = (x: number) => x + 1;' },
    undefined,
  ],
  [
    'a JSON import, by its content',
    {
      'flow.ts': `${HEAD}import rates from './rates.json' with { type: 'json' };\nexport const t = task((x: number) => x * rates.a);`,
      'rates.json': '{"a":1}',
    },
    { 'rates.json': '{"a":2}' },
    { 'rates.json': '{ "a": 1 }\n' },
  ],
  [
    'a shadowed name is another one',
    { 'flow.ts': `${HEAD}import { use } from './a.js';\nexport const t = task((use: number) => use);`, 'a.ts': 'export const use = 1;' },
    { 'flow.ts': `${HEAD}import { use } from './a.js';\nexport const t = task((use: number) => use + 1);` },
    { 'a.ts': 'export const use = 2;' },
  ],
  [
    'names shadowed in blocks, loops, catch and var',
    {
      'flow.ts': `${HEAD}import { a, b, c, d, use } from './a.js';\nexport const t = task((x: number) => { { let a = 1; x += a; } for (const b of [1]) x += b; try {} catch (c) { x += Number(c); } var d = 1; return use + x + d; });`,
      'a.ts': 'export const a = 1, b = 1, c = 1, d = 1, use = 1;',
    },
    { 'a.ts': 'export const a = 1, b = 1, c = 1, d = 1, use = 2;' },
    { 'a.ts': 'export const a = 2, b = 2, c = 2, d = 2, use = 1;' },
  ],
  [
    'destructured declarations',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\n${TASK}`,
      'a.ts': 'const make = () => ({ use: (x: number) => x, rest: [1] });\nexport const { use, rest: [first = 2] } = make();',
    },
    { 'a.ts': 'const make = () => ({ use: (x: number) => x * 2, rest: [1] });\nexport const { use, rest: [first = 2] } = make();' },
    undefined,
  ],
  [
    'an enum',
    { 'flow.ts': `${HEAD}import { E } from './a.js';\nexport const t = task((x: number) => x + E.A);`, 'a.ts': 'export enum E { A = 1, B = A + 1 }' },
    { 'a.ts': 'export enum E { A = 2, B = A + 1 }' },
    { 'a.ts': 'export enum E {\n  A = 1,\n  B = A + 1,\n}\nexport enum F { X }' },
  ],
  [
    'a namespace of TypeScript, and functions merged with one',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\n${TASK}`,
      'a.ts': 'export function use(x: number) { return x + use.k; }\nexport namespace use { export const k = 1; }',
    },
    { 'a.ts': 'export function use(x: number) { return x + use.k; }\nexport namespace use { export const k = 2; }' },
    {
      'a.ts':
        'export function use(x: number): number;\nexport function use(x: number) { return x + use.k; }\nexport namespace use { export const k = 1; }\nexport namespace Types { export type A = 1; }',
    },
  ],
  [
    'object methods, getters, computed keys',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\nexport const t = task((x: number) => use.total(x) + use.rate);`,
      'a.ts': "const KEY = 'total';\nconst base = 1;\nexport const use = { [KEY](x: number) { return x; }, get rate() { return base; } };",
    },
    { 'a.ts': "const KEY = 'total';\nconst base = 2;\nexport const use = { [KEY](x: number) { return x; }, get rate() { return base; } };" },
    {
      'a.ts': "const KEY = 'total';\nconst base = 1;\nexport const use = { [KEY](x: number): number { return (x) }, get 'rate'() { return base } };",
    },
  ],
  [
    'generators, async, templates and tagged templates',
    {
      'flow.ts': `${HEAD}import { each, tag, unit } from './a.js';\nexport const t = task(async (x: number) => { for await (const y of each(x)) return tag\`\${y} \${unit}\`; });`,
      'a.ts': 'export async function* each(x: number) { yield x; }\nexport const tag = String.raw;\nexport const unit = `m`;',
    },
    { 'a.ts': 'export async function* each(x: number) { yield x; }\nexport const tag = String.raw;\nexport const unit = `km`;' },
    {
      'a.ts':
        'export async function* each(x: number): AsyncGenerator<number> { yield x }\nexport const tag = String.raw;\nexport const unit = `m`;\nexport const other = `x`;',
    },
  ],
  [
    'optional chaining is code, an optional parameter is none',
    { 'flow.ts': `${HEAD}export const t = task((x: { y?: { z: number } }) => x.y?.z);` },
    { 'flow.ts': `${HEAD}export const t = task((x: { y?: { z: number } }) => x.y!.z);` },
    { 'flow.ts': `${HEAD}export const t = task((x?: { y?: { z: number } } | undefined) => x.y?.z);` },
  ],
  [
    'classes whole: methods, private members, statics, what they extend',
    {
      'flow.ts': `${HEAD}import { Model } from './a.js';\nexport const t = task((x: number) => new Model().fit(x));`,
      'a.ts':
        'class Base { protected k() { return 1; } }\nexport class Model extends Base { #seed = 1; static n = 2; fit(x: number) { return x + this.#seed + this.k(); } }',
    },
    {
      'a.ts':
        'class Base { protected k() { return 2; } }\nexport class Model extends Base { #seed = 1; static n = 2; fit(x: number) { return x + this.#seed + this.k(); } }',
    },
    {
      'a.ts':
        'abstract class Base { public k(): number { return 1; } abstract q?(): void }\nexport class Model<T = 1> extends Base implements Iface { #seed: number = 1; public static readonly n = 2; fit(x: number): number; fit(x: number) { return x + this.#seed + this.k(); } }\ninterface Iface {}',
    },
  ],
  [
    'JSX, and components',
    {
      'flow.ts': `${HEAD}import { page } from './page.js';\nexport const t = task((x: string) => page(x));`,
      'page.tsx': 'const Row = (p: { x: string }) => <td>{p.x}</td>;\nexport const page = (x: string) => <table>\n  <Row x={x} />\n</table>;',
    },
    { 'page.tsx': 'const Row = (p: { x: string }) => <th>{p.x}</th>;\nexport const page = (x: string) => <table>\n  <Row x={x} />\n</table>;' },
    { 'page.tsx': 'const Row = (p: { x: string }) => <td>{p.x}</td>;\nexport const page = (x: string) => <table><Row x={x} /></table>;' },
  ],
  [
    'top-level await',
    {
      'flow.ts': `${HEAD}import { use } from './a.js';\nexport const t = task((x: number) => x + use);`,
      'a.ts': 'const load = async () => 1;\nexport const use = await load();',
    },
    { 'a.ts': 'const load = async () => 2;\nexport const use = await load();' },
    undefined,
  ],
  [
    'a dynamic import',
    {
      'flow.ts': `${HEAD}export const t = task(async (x: number) => (await import('./a.js')).use(x));`,
      'a.ts': 'export const use = (x: number) => x;',
    },
    { 'a.ts': 'export const use = (x: number) => -x;' },
    { 'a.ts': 'export const use = (x: number) => x; // same' },
  ],
  [
    'require, and CommonJS whole',
    {
      'flow.ts': `${HEAD}import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nimport use from './a.cjs';\n${TASK}`,
      'a.cjs': "const { k } = require('./b.cjs');\nmodule.exports = (x) => x + k;",
      'b.cjs': 'exports.k = 1;',
    },
    { 'b.cjs': 'exports.k = 2;' },
    { 'b.cjs': 'exports.k = 1; // same' },
  ],
  [
    'what is imported as a type is no code',
    {
      'flow.ts': `${HEAD}import { type Row, use } from './a.js';\nimport type { Cell } from './b.js';\n${TASK}`,
      'a.ts': 'export interface Row { a: 1 }\nexport const use = (x: number) => x;',
      'b.ts': 'export type Cell = 1;',
    },
    { 'a.ts': 'export interface Row { a: 1 }\nexport const use = (x: number) => x + 1;' },
    { 'a.ts': 'export interface Row { a: 2 }\nexport const use = (x: number) => x;', 'b.ts': 'export type Cell = 2;' },
  ],
  [
    'two helpers that swap their names',
    {
      'flow.ts': `${HEAD}import { a as p, b as q } from './a.js';\nexport const t = task((x: number) => p - q + x);`,
      'a.ts': 'export const a = 1;\nexport const b = 2;',
    },
    { 'flow.ts': `${HEAD}import { b as p, a as q } from './a.js';\nexport const t = task((x: number) => p - q + x);` },
    { 'flow.ts': `${HEAD}import { b as q, a as p } from './a.js';\nexport const t = task((x: number) => p - q + x);` },
  ],
  [
    'an alias of tsconfig.json',
    {
      'tsconfig.json': '{ "compilerOptions": { "paths": { "~/*": ["./lib/*"] } } }',
      'flow.ts': `${HEAD}import { use } from '~/a';\n${TASK}`,
      'lib/a.ts': 'export const use = (x: number) => x;',
    },
    { 'lib/a.ts': 'export const use = (x: number) => -x;' },
    undefined,
  ],
  [
    'a function given by its name, a member, a call of a factory',
    {
      'flow.ts': `${HEAD}import { make } from './a.js';\nexport const t = task(make('x'));`,
      'a.ts': 'export const make = (s: string) => (x: number) => s + x;',
    },
    { 'a.ts': 'export const make = (s: string) => (x: number) => x + s;' },
    undefined,
  ],
];

describe.each(CASES)('%s', (_what, files, counts, countsNot) => {
  it('counts where it is code, and not where it is none', async () => {
    const p = project(files);
    const part = await p.code('t');
    expect(part).toMatchObject({ unsure: undefined, captured: [], outdated: undefined });
    if (countsNot) expect(await p.changedBy(countsNot, ['t']), `of ${names(part).join('; ')}`).toEqual([]);
    expect(await p.changedBy(counts, ['t']), `of ${names(part).join('; ')}`).toEqual(['t']);
  });
});
