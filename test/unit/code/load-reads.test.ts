import { utimesSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changes, project } from './sources.js';

const HEAD = `import * as fs from 'node:fs';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { task } from 'millrace';
`;
const TASKS = 'export const t = task((x: number) => config.a * x);\nexport const plain = task((x: number) => x);\n';

describe('S22: what a module reads while it is loaded counts for who reaches it', () => {
  it.each([
    ['by a URL', "const config = JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8'));"],
    ['by the folder of the file', "const config = JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8'));"],
    ['by __dirname', "const config = JSON.parse(readFileSync(resolve(__dirname, 'config.json'), 'utf8'));"],
    [
      'by constants',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the source of a flow
      "const here = dirname(fileURLToPath(import.meta.url));\nconst NAME = 'config';\nconst config = JSON.parse(readFileSync(`${here}/${NAME}.json`, 'utf8'));",
    ],
    ['by a namespace', "const config = JSON.parse(fs.readFileSync(new URL('config.json', import.meta.url).pathname, 'utf8'));"],
    ['by promises', "const config = JSON.parse(await readFile(join(import.meta.dirname, 'config.json'), 'utf8'));"],
    ['through fs.promises', "const config = JSON.parse(await fs.promises.readFile(join(import.meta.dirname, 'config' + '.json'), 'utf8'));"],
    ['by require', "const { statSync } = require('fs');\nconst config = { a: statSync(join(__dirname, 'config.json')).size };"],
    [
      'in a function that is called',
      "const config = read();\nfunction read() {\n  const path = join(import.meta.dirname, 'config.json');\n  return JSON.parse(readFileSync(path, 'utf8'));\n}",
    ],
    [
      'in a function that is told the name',
      "const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));\nconst config = read('config.json');",
    ],
    ['in a callback', "const [config] = ['a'].map(() => JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8')));"],
    ['in a function that is called at once', "const config = (() => JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8')))();"],
    [
      'in a class',
      "class Config { static readonly a = JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8')).a; }\nconst config = Config;",
    ],
    [
      'in a constructor',
      "class Config { a = JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8')).a; }\nconst config = new Config();",
    ],
    [
      'in a statement that changes it',
      "const config: any = {};\nObject.assign(config, JSON.parse(readFileSync(join(import.meta.dirname, 'config.json'), 'utf8')));",
    ],
  ])('%s', async (_what, declaration) => {
    const p = project({ 'flow.ts': `${HEAD}${declaration}\n${TASKS}`, 'config.json': '{ "a": 1 }' });
    const before = await p.code('t');
    expect(before.unsure).toBeUndefined();
    p.write({ 'config.json': '{ "a": 2 }' });
    expect(changes(before, await p.code('t'))).toEqual(['config.json: (content)']);
    expect(await p.changedBy({ 'config.json': '{ "a": 3 }' }, ['t', 'plain'])).toEqual(['t']);
  });

  it('in another file, relative to the working directory, and what a folder lists or whether a file is there', async () => {
    const files = {
      'flow.ts': `import { config } from './config.js';\nimport { task } from 'millrace';\n${TASKS}`,
      'config.ts': '',
      'data/a.csv': '1',
      'rows.csv': '1',
    };
    const p = project(files);
    const near = relative(process.cwd(), join(p.folder, 'rows.csv'));
    p.write({
      'config.ts': `${HEAD}const lines = readFileSync('${near}', 'utf8');\nconst names = readdirSync(new URL('./data', import.meta.url));\nexport const config = { a: lines + names + existsSync(join(import.meta.dirname, 'flag')) } as any;\n`,
    });
    expect(await p.changedBy({ 'rows.csv': '2' }, ['t', 'plain'])).toEqual(['t']);
    expect(await p.changedBy({ 'data/b.csv': '1' }, ['t', 'plain'])).toEqual(['t']);
    expect(await p.changedBy({ 'data/b.csv': '2' }, ['t', 'plain'])).toEqual([]);
    expect(await p.changedBy({ flag: '' }, ['t', 'plain'])).toEqual(['t']);
  });

  it('says so where only the program knows the path', async () => {
    const p = project({ 'flow.ts': `${HEAD}const config = JSON.parse(readFileSync(process.env.CONFIG ?? 'x', 'utf8'));\n${TASKS}` });
    expect((await p.code('t')).unsure).toBe('flow.ts reads, while it loads, a file that only the program knows');
    expect((await p.code('plain')).unsure).toBeUndefined();
    const read = (how: string): string => `${HEAD}const config: any = {};\n${how}\n${TASKS}`;
    p.write({ 'flow.ts': read("for (const name of ['a'].map((one) => readFileSync(one, 'utf8'))) config[name] = 1;") });
    expect((await p.code('t')).unsure).toBeDefined();
    // Who knows when, and whether, that is called.
    p.write({ 'flow.ts': read("register(config, (name: string) => readFileSync(name, 'utf8'));\nfunction register(..._: unknown[]) {}") });
    expect((await p.code('t')).unsure).toBeUndefined();
  });

  it('a file that was changed after it was read says nothing about what runs', async () => {
    const p = project({
      'flow.ts': `${HEAD}const config = JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8'));\n${TASKS}`,
      'config.json': '{}',
    });
    utimesSync(join(p.folder, 'config.json'), 1_800_000, 1_700_100_000);
    expect((await p.code('t', { madeAt: 1_700_100_001_000 })).outdated).toBeUndefined();
    expect((await p.code('t', { madeAt: 1_700_099_999_000 })).outdated).toBe(join(p.folder, 'config.json'));
    expect((await p.code('plain', { madeAt: 1_700_099_999_000 })).outdated).toBeUndefined();
  });

  it('what tasks and functions read when they run is none of it: it is noticed then', async () => {
    const p = project({
      'flow.ts': `${HEAD}const path = join(import.meta.dirname, 'config.json');
const read = () => JSON.parse(readFileSync(path, 'utf8'));
const readers = { read() { return readFileSync(path, 'utf8'); } };
export const t = task((x: number) => read().a * x + readers.read().length);
export const plain = task(() => readFileSync(path, 'utf8'));
`,
      'config.json': '{ "a": 1 }',
    });
    expect(await p.changedBy({ 'config.json': '{ "a": 2 }' }, ['t', 'plain'])).toEqual([]);
  });
});
