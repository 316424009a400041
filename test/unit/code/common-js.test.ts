import { describe, expect, it } from 'vitest';
import { type Files, names, project } from './sources.js';

const HEAD = "const { task } = require('millrace');\n";

/** A CommonJS project of two helpers, a neighbour and a flow. */
const FILES: Files = {
  'package.json': '{ "name": "project" }',
  'flow.js':
    "const { cache, flow, task } = require('millrace');\nconst { helper } = require('./lib/listed.js');\nconst lib = require('./lib/named.js');\n" +
    "const config = require('./config.json');\n" +
    'const byListed = task((n) => helper(n));\nconst byNamed = task((n) => lib.third(n));\nconst byConfig = task((n) => n * config.k);\n' +
    'const inner = task((n) => byNamed(n));\nconst neighbour = task((n) => n);\n' +
    "exports.main = flow('main', { cache: cache.default }, () => [byListed(1), byNamed(1), neighbour(1)]);\nif (require.main === module) exports.main.run();\n",
  'lib/listed.js':
    'const K = 2;\nconst M = 5;\nfunction helper(n) { return n * K; }\nconst other = (n) => n * M;\nmodule.exports = { helper, other };\n',
  'lib/named.js': 'exports.third = (n) => n + 3;\nexports.fourth = (n) => n + 4;\n',
  'config.json': '{ "k": 1 }',
};
const TASKS = ['byListed', 'byNamed', 'byConfig', 'inner', 'neighbour'].map((name) => `flow.js: ${name}`);

function changed(file: string, from: string, to: string): Promise<readonly string[]> {
  return project(FILES)
    .changedBy({ [file]: (FILES[file] as string).replace(from, to) }, TASKS)
    .then((found) => found.map((one) => one.replace('flow.js: ', '')));
}

describe('CommonJS', () => {
  it.each([
    ['a neighbour', 'flow.js', 'task((n) => n)', 'task((n) => -n)', ['neighbour']],
    ['the flow', 'flow.js', '[byListed(1), ', '[', []],
    ['a helper that is listed', 'lib/listed.js', 'n * K', 'n / K', ['byListed']],
    ['a constant two steps away', 'lib/listed.js', 'K = 2', 'K = 3', ['byListed']],
    ['the neighbour of a helper', 'lib/listed.js', 'M = 5', 'M = 6', []],
    ['a named export', 'lib/named.js', 'n + 3', 'n + 30', ['byNamed', 'inner']],
    ['its neighbour', 'lib/named.js', 'n + 4', 'n + 40', []],
    ['a comment', 'lib/named.js', ';', '; // same', []],
    ['JSON', 'config.json', '1', '2', ['byConfig']],
  ])('S22: %s', async (_what, file, from, to, expected) => {
    expect(await changed(file, from, to)).toEqual(expected);
  });

  it.each([
    ['a call', 'module.exports = make();\nfunction make() { return { a: () => 1, b: () => 2 }; }'],
    ['what is spread', "module.exports = { ...require('./c.js') };", 'c.js', 'exports.a = () => 1;\nexports.b = () => 2;'],
    ['methods that use each other', 'module.exports = { a() { return this.b(); }, b() { return 2; } };'],
    ['functions that use exports', 'exports.a = () => exports.b();\nexports.b = () => 2;'],
    ['a class', 'module.exports = class { static a() { return 1; } static b() { return 2; } };'],
    ['exports by another name', 'const out = exports;\nout.a = () => out.b();\nout.b = () => 2;'],
    ['a loop', "for (const name of ['a', 'b']) exports[name] = () => [name, 2];"],
  ])('S22: all of what is given away by %s', async (_what, text, file = 'a.js', code = text) => {
    const files = {
      'package.json': '{}',
      'flow.js': `${HEAD}const lib = require('./a.js');\nconst t = task((n) => lib.a(n));`,
      'a.js': text,
      [file]: code,
    };
    expect(await project(files).changedBy({ [file]: code.replace('2', '3') }, ['flow.js: t'])).toEqual(['flow.js: t']);
  });

  it.each([
    ['by a bare require', "require('./side.js');"],
    ['by one of a value nobody uses', "const side = require('./side.js');"],
    ['by a variable', "let side = require('./side.js');\nside = 1;"],
    ['in a condition', "if (process.env.X) require('./side.js');"],
    ['through what is given away', "module.exports = require('./side.js');"],
  ])('S22: a file that changes what is reached, loaded %s', async (_what, statement) => {
    const files = {
      'package.json': '{}',
      'flow.js': `${HEAD}const { table } = require('./table.js');\n${statement}\nconst t = task((n) => table.x + n);`,
      'table.js': 'exports.table = { x: 1 };',
      'side.js': "require('./table.js').table.x = 7;\nexports.side = 1;",
      'other.js': '',
    };
    expect(await project(files).changedBy({ 'side.js': files['side.js'].replace('7', '8') }, ['flow.js: t'])).toEqual(['flow.js: t']);
  });

  it('S22: what a compiler made of modules, helpers that look at `this` and all', async () => {
    const files = {
      'package.json': '{}',
      'flow.js':
        '"use strict";\nvar __importDefault = (this && this.__importDefault) || function (mod) { return mod && mod.__esModule ? mod : { "default": mod }; };\n' +
        'Object.defineProperty(exports, "__esModule", { value: true });\nexports.neighbour = exports.main = void 0;\nconst millrace_1 = require("millrace");\n' +
        'const lib_1 = require("./lib");\nconst def_1 = __importDefault(require("./def"));\nconst byLib = millrace_1.task((n) => (0, lib_1.helper)(n));\n' +
        'const byDef = millrace_1.task((n) => (0, def_1.default)(n));\nexports.neighbour = (0, millrace_1.task)((n) => n);\n' +
        'exports.main = (0, millrace_1.flow)("main", () => [byLib(1), byDef(1), (0, exports.neighbour)(1)]);\n',
      'lib.js':
        '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.other = exports.K = void 0;\nexports.helper = helper;\n' +
        'exports.K = 2;\nfunction helper(n) { return n * exports.K; }\nconst other = (n) => n * 5;\nexports.other = other;\n',
      'def.js':
        '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.default = default_1;\nfunction default_1(n) { return n + 7; }\n',
    };
    const p = project(files);
    const tasks = ['flow.js: byLib', 'flow.js: byDef'];
    for (const task of tasks) expect(await p.code(task)).toMatchObject({ captured: [], unsure: undefined });
    const changedBy = (file: 'flow.js' | 'lib.js' | 'def.js', from: string, to: string) =>
      project(files).changedBy({ [file]: files[file].replace(from, to) }, tasks);
    expect(await changedBy('lib.js', 'K = 2', 'K = 3')).toEqual(['flow.js: byLib']);
    expect(await changedBy('lib.js', 'n * 5', 'n * 6')).toEqual([]);
    expect(await changedBy('def.js', '+ 7', '+ 8')).toEqual(['flow.js: byDef']);
    expect(await changedBy('flow.js', '((n) => n)', '((n) => -n)')).toEqual([]);
  });

  it('S22: what is given away and changed afterwards', async () => {
    const text = 'const table = { x: 1 };\nexports.table = table;\nexports.table.x = 7;';
    const files = {
      'package.json': '{}',
      'flow.js': `${HEAD}const { table } = require('./a.js');\nconst t = task((n) => table.x + n);`,
      'a.js': text,
    };
    expect(await project(files).changedBy({ 'a.js': text.replace('7', '8') }, ['flow.js: t'])).toEqual(['flow.js: t']);
  });

  it.each([
    [
      'const { task } = millrace',
      "const millrace = require('millrace');\nconst { task } = millrace;\nconst lib = require('./a.js');\nconst { a, b } = lib;",
    ],
    [
      'const task = millrace.task',
      "const millrace = require('millrace');\nconst task = millrace.task;\nconst a = require('./a.js').a;\nconst { b } = require('./a.js');",
    ],
    [
      'import … = require()',
      "import millrace = require('millrace');\nimport lib = require('./a.js');\nconst { task } = millrace;\nconst { a, b } = lib;",
    ],
    ['import * as', "import * as millrace from 'millrace';\nimport * as lib from './a.js';\nconst { task } = millrace;\nconst { a, b } = lib;"],
  ])('S22: names that are taken out of a whole module: %s', async (_what, head) => {
    const files = {
      'package.json': '{}',
      'flow.ts': `${head}\nconst byA = task((n: number) => a(n));\nconst byB = task((n: number) => b(n));`,
      'a.js': 'exports.a = (n) => n + 1;\nexports.b = (n) => n + 2;',
    };
    const tasks = ['byA', 'byB'];
    expect(await project(files).changedBy({ 'a.js': files['a.js'].replace('1', '3') }, tasks)).toEqual(['byA']);
    expect(await project(files).changedBy({ 'flow.ts': files['flow.ts'].replace('b(n)', 'b(-n)') }, tasks)).toEqual(['byB']);
  });

  it('is told by the names of what it gives away', async () => {
    const files = { ...FILES, 'lib/listed.js': 'module.exports = make();\nfunction make() {}' };
    expect(await names(await project(files).code('flow.js: byNamed'))).toContain('lib/named.js: exports.third');
    expect(await names(await project(files).code('flow.js: byListed'))).toContain('lib/listed.js: module.exports');
  });
});

describe('code that an ES module loads by other means', () => {
  it.each([
    ['createRequire', "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nconst a = require('./a.cjs');"],
    [
      'createRequire by another name',
      "import * as module from 'node:module';\nconst load = module.createRequire(import.meta.url);\nconst { a } = load('./a.cjs');",
    ],
    ['the address of a worker', "const a = new Worker(new URL('./a.cjs', import.meta.url));"],
    ['an address without a dot', "const a = new URL('a.cjs', import.meta.url);"],
  ])('S22: %s', async (_what, statement) => {
    const files = {
      'flow.ts': `import { task } from 'millrace';\n${statement}\nexport const t = task((n: number) => a + n);`,
      'a.cjs': 'exports.a = 1;',
    };
    expect(await project(files).changedBy({ 'a.cjs': 'exports.a = 2;' }, ['t'])).toEqual(['t']);
    expect(await project(files).changedBy({ 'a.cjs': 'exports.a = 1; // same' }, ['t'])).toEqual([]);
  });

  it('S22: a worker whose file gives nothing away', async () => {
    const files = {
      'flow.ts': "import { task } from 'millrace';\nexport const t = task((n: number) => new Worker(new URL('./w.js', import.meta.url)));",
      'w.js': "import { answer } from './answer.js';\nimport { parentPort } from 'node:worker_threads';\nparentPort.postMessage(answer);",
      'answer.js': 'export const answer = 1;\nexport const other = 2;',
    };
    expect(await project(files).changedBy({ 'w.js': `${files['w.js']}\nparentPort.close();` }, ['t'])).toEqual(['t']);
    expect(await project(files).changedBy({ 'answer.js': files['answer.js'].replace('1', '3') }, ['t'])).toEqual(['t']);
    expect(await project(files).changedBy({ 'answer.js': files['answer.js'].replace('2', '3') }, ['t'])).toEqual([]);
  });

  it('S22: JSON by createRequire', async () => {
    const head = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n";
    const files = {
      'flow.ts': `import { task } from 'millrace';\n${head}export const t = task((n: number) => require('./a.json').k + n);`,
      'a.json': '{ "k": 1 }',
    };
    expect(await project(files).changedBy({ 'a.json': '{ "k": 2 }' }, ['t'])).toEqual(['t']);
  });

  it('a function of the project that is called require is that function', async () => {
    const text =
      "import { task } from 'millrace';\nconst require = (name: string) => name + 1;\nexport const t = task((n: number) => require('x') + n);";
    const part = await project({ 'flow.ts': text }).code('t');
    expect(part.unsure).toBeUndefined();
    expect(await project({ 'flow.ts': text }).changedBy({ 'flow.ts': text.replace('+ 1', '+ 2') }, ['t'])).toEqual(['t']);
  });
});
