import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkFloors, FLOORS } from '../../../scripts/check-floors.mjs';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A source tree made of `path: text`, in a temporary folder. */
function tree(files: Readonly<Record<string, string>>): string {
  const src = mkdtempSync(join(tmpdir(), 'millrace-floors-'));
  folders.push(src);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(src, path)), { recursive: true });
    writeFileSync(join(src, path), text);
  }
  return src;
}

const problems = (files: Readonly<Record<string, string>>): readonly string[] => checkFloors(tree(files)).problems;

describe('check-floors', () => {
  it('accepts imports that point downward, and files of one folder that know each other', () => {
    const src = tree({
      'base/error.ts': 'export class E {}',
      'engine/loop.ts': "import { E } from '../base/error.js';\nimport { plan } from './plan.js';\nexport const loop = [E, plan];",
      'engine/plan.ts': "export const plan = 1;\nimport fs from 'node:fs';\nimport pino from 'pino';",
      'index.ts': "export { loop } from './engine/loop.js';\nexport * from './base/error.js';",
    });
    expect(checkFloors(src)).toEqual({ files: 4, imports: 6, problems: [] });
  });

  it('reports an import that points upward with its file, line and floors', () => {
    expect(problems({ 'flow/task.ts': "// first line\n\nimport { loop } from '../engine/loop.js';" })).toEqual([
      'src/flow/task.ts:3 imports upward: flow (3) -> engine (4)',
    ]);
  });

  it('reports siblings of one floor that know each other', () => {
    expect(problems({ 'cache/key.ts': "import { keep } from '../results/keep.js';" })).toEqual([
      'src/cache/key.ts:1 imports sideways: cache (3) -> results (3)',
    ]);
  });

  it.each([
    ['a type import', "import type { Loop } from '../engine/loop.js';"],
    ['an inline type import', "import { type Loop } from '../engine/loop.js';"],
    ['an import for its side effects', "import '../engine/loop.js';"],
    ['a re-export', "export { loop } from '../engine/loop.js';"],
    ['a re-export of types', "export type { Loop } from '../engine/loop.js';"],
    ['a re-export of everything', "export * from '../engine/loop.js';"],
    ['a dynamic import', "export const load = () => import('../engine/loop.js');"],
    ['a type of a module', "export type Loop = import('../engine/loop.js').Loop;"],
    ['the type of a whole module', "export let loop: typeof import('../engine/loop.js');"],
    ['an import assignment', "import loop = require('../engine/loop.js');"],
  ])('sees %s', (_, text) => {
    expect(problems({ 'model/states.ts': text })).toEqual(['src/model/states.ts:1 imports upward: model (1) -> engine (4)']);
  });

  it('is not fooled by comments, strings and regular expressions that look like imports', () => {
    const text = [
      "// import { loop } from '../engine/loop.js';",
      "/** {@link import('../engine/loop.js')} */",
      'export const text = "import \'../engine/loop.js\'";',
      "export const pattern = /import '..\\/engine\\/loop.js'/;",
      "export const template = `export * from '../engine/loop.js'`;",
    ].join('\n');
    expect(problems({ 'model/states.ts': text })).toEqual([]);
  });

  it('reports a folder that is on no floor', () => {
    expect(problems({ 'utils/misc.ts': 'export {};' })).toEqual([
      "src/utils/misc.ts:1 lies in 'utils', which is on no floor: add it to the table in scripts/check-floors.mjs",
    ]);
  });

  it('reports an import of the top, of the outside, and of the package by its own name', () => {
    expect(
      problems({ 'cli/main.ts': "import '../index.js';\nimport '../../scripts/build.mjs';\nimport 'millrace';\nimport 'millrace/testing';" }),
    ).toEqual([
      'src/cli/main.ts:1 imports upward: cli (9) -> index.ts (top)',
      "src/cli/main.ts:2 imports from outside src/: '../../scripts/build.mjs'",
      "src/cli/main.ts:3 imports the package by its own name: 'millrace'",
      "src/cli/main.ts:4 imports the package by its own name: 'millrace/testing'",
    ]);
  });

  it('reports each circle once, also one of types only, and not what merely leads to it', () => {
    expect(
      problems({
        'graph/a.ts': "import { b } from './b.js';\nexport const a = () => b;",
        'graph/b.ts': "import type { C } from './c.js';\nexport const b = () => 1 as C;",
        'graph/c.ts': "\nexport type C = ReturnType<typeof import('./a.js').a>;",
        'graph/leads-there.ts': "import './a.js';",
        'graph/self.ts': "import './self.js';",
      }),
    ).toEqual([
      'src/graph/c.ts:2 closes a circle: graph/a.ts -> graph/b.ts -> graph/c.ts -> graph/a.ts',
      'src/graph/self.ts:1 closes a circle: graph/self.ts -> graph/self.ts',
    ]);
  });

  it('names the file that cannot be parsed', () => {
    expect(() => problems({ 'base/broken.ts': 'export const = ;' })).toThrow('src/base/broken.ts cannot be parsed');
  });

  it('gives every folder one floor', () => {
    const all = FLOORS.flat();
    expect(new Set(all).size).toBe(all.length);
  });
});
