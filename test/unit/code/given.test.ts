import { describe, expect, it } from 'vitest';
import { changes, type Files, names, project } from './sources.js';

const MODEL = `import { scale } from './scale.js';
export class Model {
  readonly weights: readonly number[];
  constructor(weights: readonly number[]) {
    this.weights = weights;
  }
  score(row: number) {
    return this.total(row) * 2;
  }
  total(row: number) {
    return scale(this.weights.length + row);
  }
  describe() {
    return 'a model';
  }
  get size() {
    return this.weights.length;
  }
  *[Symbol.iterator]() {
    yield* this.weights;
  }
  toJSON() {
    return 1;
  }
}
`;
const FLOW = `import { registerClass, task } from 'millrace';
import { Model } from './model.js';
registerClass(Model, { name: 'Model', encode: ({ weights }) => weights, decode: (weights: number[]) => new Model(weights) });
export const train = task((n: number) => new Model([n]));
export const evaluate = task((model: Model) => model.score(1));
export const plain = task((rows: { a: number }[]) => rows.map((row) => row.a));
`;
const SCALE = 'export const scale = (x: number) => x / 10;\nexport const other = 1;\n';
const FILES: Files = { 'flow.ts': FLOW, 'model.ts': MODEL, 'scale.ts': SCALE };
const TASKS = ['train', 'evaluate', 'plain'];

function edited(file: string, from: string, to: string, files = FILES): Files {
  const text = files[file] as string;
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  return { [file]: text.replace(from, to) };
}

describe('S22: the code of an instance that a task is only given', () => {
  it.each([
    ['the method that it calls', 'model.ts', '* 2', '* 3', ['train', 'evaluate']],
    ['a method that this one calls', 'model.ts', 'length + row', 'length - row', ['train', 'evaluate']],
    ['a helper that this one calls', 'scale.ts', 'x / 10', 'x / 100', ['train', 'evaluate']],
    ['the constructor', 'model.ts', '= weights;', '= [...weights];', ['train', 'evaluate']],
    ['how it is read back', 'flow.ts', 'new Model(weights) }', 'new Model([...weights]) }', ['train', 'evaluate']],
    ['another method of it', 'model.ts', "'a model'", "'the model'", ['train']],
    ['a getter that it does not read', 'model.ts', 'return this.weights.length;', 'return 0;', ['train']],
    ['another export of its file', 'scale.ts', 'other = 1', 'other = 2', []],
    ['a comment', 'model.ts', 'score(row', '/* the score */ score(row', []],
  ])('%s', async (_what, file, from, to, expected) => {
    const p = project(FILES);
    expect(await p.changedBy(edited(file, from, to), TASKS)).toEqual(expected);
  });

  it('tells which method changed', async () => {
    const p = project(FILES);
    const before = await p.code('evaluate');
    expect(names(before)).toContain('model.ts: Model.score');
    p.write(edited('model.ts', '* 2', '* 3'));
    expect(changes(before, await p.code('evaluate'))).toEqual(['model.ts: Model.score']);
  });

  it.each([
    ['a getter', 'model.size', 'return this.weights.length;', 'return 0;'],
    ['by a text', "(model as any)['score'](1)", '* 2', '* 3'],
    ['by a name that is calculated', '(model as any)[String(Math.random())](1)', '* 2', '* 3'],
    ['taken out of it', '(({ score }) => score.call(model, 1))(model)', '* 2', '* 3'],
    ['inside a list', '[model].map((one) => one.score(1))', '* 2', '* 3'],
    ['if it is there', 'model?.score?.(1)', '* 2', '* 3'],
    ['in a loop over it', 'sum(...model)', 'yield* this.weights', 'yield 1'],
    ['as JSON', 'JSON.stringify(model)', 'return 1', 'return 2'],
    ['through a helper', 'helper(model)', '* 2', '* 3'],
    ['through a package that is told its name', "sum(model, 'score')", '* 2', '* 3'],
  ])('%s', async (_what, expression, from, to) => {
    const text = `${FLOW}import { sum } from 'a-package';\nconst helper = (one: Model) => one.score(1);\nexport const t = task((model: Model) => ${expression});\n`;
    const p = project({ ...FILES, 'flow.ts': text });
    expect(await p.changedBy(edited('model.ts', from, to), ['t', 'plain'])).toEqual(['t']);
  });

  it.each([
    ['inherited', 'class Base { score(n: number) { return n * 2; } }\nclass Model extends Base {}', 'Model', 'new Model()'],
    ['of a class that extends it', 'class Model {}\nclass Tree extends Model { score(n: number) { return n * 2; } }', 'Model', 'new Model()'],
    ['of what it holds', 'class Tree { score(n: number) { return n * 2; } }\nclass Model { root = new Tree(); }', 'Model', 'new Model()'],
    ['of a class that is made elsewhere', 'class Model {}\nclass Tree { score(n: number) { return n * 2; } }', 'Model', 'make()'],
    ['a field', 'class Model { score = (n: number) => n * 2; }', 'Model', 'new Model()'],
    ['set on its prototype', 'function Model(this: any) {}\nModel.prototype.score = function (n: number) { return n * 2; };', 'Model', 'new Model()'],
    ['a class as a value', 'const Model = class { score(n: number) { return n * 2; } };', 'Model', 'new Model()'],
    ['of an object', 'class Model {}\nconst proto = { score(n: number) { return n * 2; } };', 'Model', 'Object.create(proto)'],
  ])('methods: %s', async (_what, classes, taught, made) => {
    const text = `import { registerClass, task } from 'millrace';
${classes}
const make = () => typeof Tree === 'undefined' ? undefined : new Tree();
registerClass(${taught} as any, { name: 'M', encode: () => 1, decode: () => ${made} });
export const t = task((model: any) => model.score(1));
export const plain = task((x: number) => x + 1);
`;
    const p = project({ 'flow.ts': text });
    expect(await p.changedBy({ 'flow.ts': text.replace('n * 2', 'n * 3') }, ['t', 'plain'])).toEqual(['t']);
  });

  it.each([
    ['in a loop', 'for (const C of [Model]) registerClass(C, { name: C.name, encode: () => 1, decode: () => new C() });'],
    ['by a function', 'const teach = (C: any) => registerClass(C, { name: C.name, encode: () => 1, decode: () => new C() });\nteach(Model);'],
    ['by another name', "teaching(Model);\nimport { registerClass as teaching } from 'millrace';"],
    ['by a serializer', "export const format = { name: 'm', ext: 'm', encode: () => new Uint8Array(), decode: () => new Model() };"],
    ['by a serializer that is a class', 'export class Format { encode() { return 1; } decode() { return new Model(); } }'],
    ['by a serializer that a function makes', 'export const format = (x: number) => ({ encode: () => x, decode: () => new Model() });'],
  ])('however the class is taught: %s', async (_what, teaching) => {
    const text = `import { registerClass, task } from 'millrace';
class Model {
  score(n: number) {
    return n * 2;
  }
}
${teaching}
export const t = task((model: any) => model.score(1));
`;
    const p = project({ 'flow.ts': text });
    expect(await p.changedBy({ 'flow.ts': text.replace('n * 2', 'n * 3') }, ['t'])).toEqual(['t']);
  });

  it('is found in the files that the flow loads, though the task imports none of them', async () => {
    const files = {
      'flow.ts':
        "import { flow } from 'millrace';\nimport './teach.js';\nimport { t } from './tasks.js';\nexport const main = flow('main', () => t(1));",
      'tasks.ts': "import { task } from 'millrace';\nexport const t = task((model: any) => model.score(1));",
      'teach.ts':
        "import { registerClass } from 'millrace';\nimport { Model } from './model.js';\nregisterClass(Model, { name: 'M', encode: () => 1, decode: () => new Model([]) });",
      'model.ts': MODEL,
      'scale.ts': SCALE,
    };
    const p = project(files);
    const before = await p.code('tasks.ts: t', { flow: 'flow.ts' });
    p.write(edited('model.ts', '* 2', '* 3'));
    expect(changes(before, await p.code('tasks.ts: t', { flow: 'flow.ts' }))).toEqual(['model.ts: Model.score']);
  });

  it('of a package: its version counts for who calls a method that only a class can have', async () => {
    const p = project({
      'flow.ts': `import { Forest } from 'forest';
import { registerClass, task } from 'millrace';
registerClass(Forest, { name: 'Forest', encode: (forest) => forest.toJSON(), decode: (json) => Forest.load(json) });
export const t = task((forest: Forest) => forest.predict([1]));
export const plain = task((rows: { a: number }[]) => rows.map((row) => row.a));
`,
      'node_modules/forest/package.json': '{ "name": "forest", "version": "1.0.0", "main": "index.js" }',
      'node_modules/forest/index.js': 'exports.Forest = class {};\n',
    });
    const next = { 'node_modules/forest/package.json': '{ "name": "forest", "version": "1.0.1", "main": "index.js" }' };
    expect(await p.changedBy(next, ['t', 'plain'])).toEqual(['t']);
  });

  it('a class that nobody can be given does not count by the names of its methods', async () => {
    const text = `import { task } from 'millrace';
export class Memo { get(key: string) { return key.length * 2; } }
export const other = task((x: string) => new Memo().get(x));
export const t = task((table: Map<string, number>) => table.get('a'));
`;
    const p = project({ 'flow.ts': text });
    expect(await p.changedBy({ 'flow.ts': text.replace('* 2', '* 3') }, ['t', 'other'])).toEqual(['other']);
  });
});
