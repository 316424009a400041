import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CodeBook } from '../../../src/code/code-book.js';
import type { SiteCode } from '../../../src/code/site-code.js';
import type { CodeSite } from '../../../src/model/code-site.js';
import { type Project, project } from './sources.js';

const FILES = {
  'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }',
  'flow.ts':
    "import { helper } from './helper';\nimport table from './table.json';\nimport { pack } from 'pack';\nconst t = task((n) => helper(n) + table.x + pack(n));\n",
  'helper.ts': "import { deep } from '@/deep';\nexport const helper = (n: number) => deep(n) + 1;\n",
  'lib/deep.ts': 'export const deep = (n: number) => n * 2;\n',
  'table.json': '{ "x": 1 }',
  'node_modules/pack/package.json': '{ "name": "pack", "version": "1.0.0", "main": "index.js" }',
  'node_modules/pack/index.js': 'exports.pack = (n) => n;\n',
};

const site = (folder: string, line = 4): CodeSite => {
  const code = (n: number): number => n;
  const places = () => [{ file: join(folder, 'flow.ts'), line, column: 11 }];
  return { kind: 'task', code, members: undefined, also: undefined, madeAt: Date.now(), places };
};

const found: SiteCode = {
  digest: 'd1',
  pieces: [{ file: 'flow.ts', name: 't', digest: 'p1' }],
  packages: { pack: '1.0.0' },
  unsure: undefined,
  uses: [],
  files: [],
  depth: 1,
  outdated: undefined,
};

/** A book in which one process has written, and another reads. */
async function written(made: Project): Promise<{ readonly look: () => SiteCode | undefined; readonly books: string }> {
  const books = join(made.folder, '.books');
  const files = ['flow.ts', 'helper.ts', 'lib/deep.ts', 'table.json', 'node_modules/pack/package.json'].map((file) => join(made.folder, file));
  const root = join(made.folder, 'flow.ts');
  const book = new CodeBook(books, root);
  book.add(site(made.folder), false, { ...found, files: files.slice(0, 3) });
  await book.save({ files: new Set(files), isComplete: true });
  return { books, look: () => new CodeBook(books, root).find(site(made.folder), false, Date.now()) };
}

/** Old enough that a change would show. */
function settled(files: Readonly<Record<string, string>>): Project {
  const made = project(files);
  const before = Date.now() + 80;
  while (Date.now() < before);
  return made;
}

describe('a book of code', () => {
  it('says in another process what was found', async () => {
    const made = settled(FILES);
    const { look } = await written(made);
    expect(look()).toEqual({ ...found, files: ['flow.ts', 'helper.ts', 'lib/deep.ts'].map((file) => join(made.folder, file)) });
  });

  it.each<[string, (folder: string, made: Project) => void]>([
    ['a file that holds it changes', (_, made) => made.write({ 'lib/deep.ts': 'export const deep = (n: number) => n * 3;\n' })],
    ['another file that was looked at changes', (_, made) => made.write({ 'table.json': '{ "x": 2 }' })],
    [
      'a package is installed in another version',
      (_, made) => made.write({ 'node_modules/pack/package.json': '{ "name": "pack", "version": "1.0.1" }' }),
    ],
    ['the settings change', (_, made) => made.write({ 'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./other/*"] } } }' })],
    ['a file goes', (_, made) => made.remove('table.json')],
    ['a file comes that an import may mean first', (_, made) => made.write({ 'helper.mts': 'export const helper = 1;\n' })],
    ['settings come that count before', (_, made) => made.write({ 'lib/tsconfig.json': '{}' })],
    ['packages come that are found first', (folder) => mkdirSync(join(folder, 'lib', 'node_modules'))],
    [
      'content changes while size and time stay',
      (folder) => {
        const path = join(folder, 'helper.ts');
        writeFileSync(`${path}~`, "import { deep } from '@/deep';\nexport const helper = (n: number) => deep(n) + 2;\n");
        utimesSync(`${path}~`, 1_700_000_000, 1_700_000_000);
        renameSync(`${path}~`, path);
      },
    ],
    ['the book is damaged', (folder) => writeFileSync(join(folder, '.books', readdirSync(join(folder, '.books'))[0] as string), '{"format":')],
  ])('says nothing once %s', async (_, change) => {
    const made = settled(FILES);
    const { look } = await written(made);
    change(made.folder, made);
    expect(look()).toBeUndefined();
  });

  it('goes on when files come and go that are no code', async () => {
    const made = settled(FILES);
    const { look } = await written(made);
    made.write({ 'out.csv': 'a,b' });
    mkdirSync(join(made.folder, 'data'));
    expect(look()).toBeDefined();
  });

  it('knows each call by its place, and by what its function says', async () => {
    const made = settled(FILES);
    const { books } = await written(made);
    const book = new CodeBook(books, join(made.folder, 'flow.ts'));
    expect(book.find(site(made.folder, 5), false, Date.now())).toBeUndefined();
    expect(book.find({ ...site(made.folder), code: (n: number) => n + 1 }, false, Date.now())).toBeUndefined();
    expect(book.find(site(made.folder), true, Date.now())).toBeUndefined();
  });

  it('knows a call by those that led there only as far as they say where the function is', async () => {
    const made = settled(FILES);
    const { look } = await written(made);
    const called = (line: number): CodeSite => {
      const places = () => [...site(made.folder).places(), { file: join(made.folder, 'main.ts'), line, column: 1 }];
      return { ...site(made.folder), places };
    };
    const root = join(made.folder, 'flow.ts');
    const book = new CodeBook(join(made.folder, '.books'), root);
    expect(book.find(called(1), false, Date.now())).toEqual(look());
    book.add(called(7), true, { ...found, depth: 2, files: [root] });
    await book.save({ files: new Set([root]), isComplete: true });
    const again = new CodeBook(join(made.folder, '.books'), root);
    expect(again.find(called(7), true, Date.now())).toBeDefined();
    expect(again.find(called(8), true, Date.now())).toBeUndefined();
  });

  it('says when what runs is not what the file says', async () => {
    const made = settled(FILES);
    const { books } = await written(made);
    const book = new CodeBook(books, join(made.folder, 'flow.ts'));
    expect(book.find(site(made.folder), false, 1_000)?.outdated).toBe(join(made.folder, 'flow.ts'));
  });

  it('keeps what it said when more is found', async () => {
    const made = settled(FILES);
    const { books, look } = await written(made);
    const root = join(made.folder, 'flow.ts');
    const second = new CodeBook(books, root);
    expect(second.find(site(made.folder), false, Date.now())).toBeDefined();
    second.add(site(made.folder, 9), false, { ...found, digest: 'd2', files: [root] });
    await second.save({ files: new Set([root]), isComplete: true });
    expect(look()?.digest).toBe('d1');
    expect(new CodeBook(books, root).find(site(made.folder, 9), false, Date.now())?.digest).toBe('d2');
  });

  it.each<[string, Readonly<Record<string, string>>, boolean]>([
    ['something was not found at all', {}, false],
    ['a path may mean one of several files', { 'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*", "./other/*"] } } }' }, true],
    ['settings extend what is not there', { 'tsconfig.json': '{ "extends": "./none.json" }' }, true],
  ])('is not written when %s', async (_, files, isComplete) => {
    const made = settled({ ...FILES, ...files });
    const books = join(made.folder, '.books');
    const root = join(made.folder, 'flow.ts');
    const book = new CodeBook(books, root);
    book.add(site(made.folder), false, { ...found, files: [root] });
    await book.save({ files: new Set([root]), isComplete });
    expect(existsSync(books)).toBe(false);
  });

  it('is not written of a file that was written just now', async () => {
    const made = settled(FILES);
    const root = join(made.folder, 'flow.ts');
    const fresh = join(made.folder, 'fresh.ts');
    writeFileSync(fresh, '');
    const book = new CodeBook(join(made.folder, '.books'), root);
    book.add(site(made.folder), false, { ...found, files: [fresh] });
    await book.save({ files: new Set([root]), isComplete: true });
    expect(existsSync(join(made.folder, '.books'))).toBe(false);
  });

  it('follows what settings extend, packages too', async () => {
    const made = settled({
      ...FILES,
      'tsconfig.json': '{ "extends": ["./base.json", "shared/strict"] }',
      'base.json': '{}',
      'node_modules/shared/package.json': '{ "name": "shared", "version": "1.0.0" }',
      'node_modules/shared/strict.json': '{}',
    });
    const { look } = await written(made);
    expect(look()).toBeDefined();
    made.write({ 'node_modules/shared/strict.json': '{ "compilerOptions": {} }' });
    expect(look()).toBeUndefined();
  });

  it('cannot be written: nothing happens', async () => {
    const made = settled(FILES);
    const root = join(made.folder, 'flow.ts');
    symlinkSync(join(made.folder, 'no', 'such', 'folder'), join(made.folder, '.books'));
    const book = new CodeBook(join(made.folder, '.books'), root);
    book.add(site(made.folder), false, { ...found, files: [root] });
    await book.save({ files: new Set([root]), isComplete: true });
    rmSync(join(made.folder, '.books'));
    expect(book.find(site(made.folder), false, Date.now())).toBeUndefined();
  });
});
