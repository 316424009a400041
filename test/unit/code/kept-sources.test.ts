import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { type CodeFile, readPackage } from '../../../src/code/code-package.js';
import { comparePackages } from '../../../src/code/compare-packages.js';
import { declarationReader } from '../../../src/code/declarations.js';
import { type FlowSourcesOptions, flowSources } from '../../../src/code/flow-sources.js';
import { packSources } from '../../../src/code/pack-sources.js';
import { listSources } from '../../../src/code/source-list.js';
import { loadParser, Sources } from '../../../src/code/sources.js';
import type { CodeSite } from '../../../src/model/code-site.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-sources-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'case-')), 'project');
  write('package.json', '{ "name": "project" }');
});

/** Long ago, so that a change of it would show. @returns its path */
function write(file: string, content: string | Uint8Array, at = 1_000): string {
  const path = join(folder, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, at, at);
  return path;
}

const list = async (...roots: readonly string[]) => listSources(new Sources(await loadParser()), roots);
const plain = { mask: (text: string) => text, loadedAt: 2_000_000 };

async function pack(entry: string, options: Partial<Parameters<typeof packSources>[1]> = {}) {
  const packed = await packSources(await list(entry), { root: entry, ...plain, ...options });
  const contents = new Map(packed.contents.map(({ digest, bytes }) => [digest, Buffer.from(bytes).toString()]));
  const { files = [], packages = {} } = readPackage(contents.get(packed.digest) ?? '') ?? {};
  return { ...packed, files, packages, textOf: (file: CodeFile | undefined) => file && contents.get(file.digest) };
}

describe('the sources that a flow loads', () => {
  it('are followed through every kind of import; of packages, the versions', async () => {
    write('node_modules/left/package.json', '{ "name": "left", "version": "1.2.3", "main": "index.js" }');
    write('node_modules/left/index.js', 'export {};');
    const entry = write(
      'flow.ts',
      "import './effect.js'; import type { T } from './type-only.js'; import data from './data.json'; import left from 'left';\nexport * from './again.js';\nconst later = async () => [await import('./later.js'), require('./old.cjs'), await import(String(left))];",
    );
    for (const file of ['effect.ts', 'type-only.ts', 'later.ts', 'old.cjs', 'unused.ts']) write(file, 'export const x = 1;');
    write('again.ts', "import './flow.js'; export const y = 1;");
    write('data.json', '{}');
    const { files, packages } = await list(entry);
    const names = files.map((file) => file.slice(folder.length + 1)).sort();
    expect(names).toEqual(['again.ts', 'data.json', 'effect.ts', 'flow.ts', 'later.ts', 'old.cjs']);
    expect(packages).toEqual({ left: '1.2.3' });
  });

  it('are kept as they are; what is outside, large or no text, by its digest alone', async () => {
    const outside = write('../shared/shared.ts', 'export const shared = 1;');
    write('broken.ts', 'export const = ;');
    write('image.png', Uint8Array.of(137, 80, 0, 255));
    write('large.json', `"${'x'.repeat(600_000)}"`);
    const entry = write('src/flow.ts', "import '../../shared/shared.js'; import '../broken.js'; import '../image.png'; import '../large.json';");
    const { files, textOf } = await pack(entry);
    expect(files.map(({ path, left }) => [path, left])).toEqual([
      ['../shared/shared.ts', 'outside'],
      ['broken.ts', undefined],
      ['image.png', 'binary'],
      ['large.json', 'large'],
      ['src/flow.ts', undefined],
    ]);
    expect(files.map(textOf)).toEqual([undefined, 'export const = ;', undefined, undefined, expect.stringContaining("import '../broken.js'")]);
    expect((await pack(entry, { project: dirname(dirname(outside)) })).files[0]?.left).toBeUndefined();
  });

  it('S18: are kept without secrets; a file that was changed after it was loaded is marked', async () => {
    const entry = write('flow.ts', "export const key = 'hunter2';");
    const masked = await pack(entry, { mask: (text) => text.replaceAll('hunter2', '***') });
    expect(masked.textOf(masked.files[0])).toBe("export const key = '***';");
    expect(JSON.stringify(masked.contents.map(({ bytes }) => Buffer.from(bytes).toString()))).not.toContain('hunter2');
    expect(masked.hasChanged).toBe(false);
    write('flow.ts', 'export const key = 2;', 3_000);
    const { files, hasChanged } = await pack(entry);
    expect([files[0]?.changed, hasChanged]).toEqual([true, true]);
  });

  it('are not read again while nothing has changed, in this process or the next', async () => {
    const helper = write('helper.ts', 'export const h = 1;');
    const entry = write('flow.ts', "import './helper.js';");
    symlinkSync(entry, join(folder, 'link.ts'));
    const site = (): CodeSite => ({
      kind: 'flow',
      code: undefined,
      members: undefined,
      also: undefined,
      madeAt: Date.now(),
      places: () => [{ file: entry, line: 1, column: 1 }],
    });
    const kept = new Set<string>();
    const options: FlowSourcesOptions = { books: join(folder, 'books'), secrets: [], mask: plain.mask, isKept: async (digest) => kept.has(digest) };
    const one = site();
    const first = await flowSources(one, options);
    expect(first?.contents).toHaveLength(3);
    kept.add(first?.digest as string);
    expect(await flowSources(one, options)).toEqual({ digest: first?.digest });
    // Files that were written this very moment may change once more unseen.
    await expect.poll(() => flowSources(site(), options)).toEqual({ digest: first?.digest });
    // Removed with the last run that had it.
    kept.clear();
    expect(await flowSources(one, options)).toEqual(first);
    kept.add(first?.digest as string);
    writeFileSync(helper, 'export const h = 2;');
    const changed = await flowSources(site(), options);
    expect([changed?.contents?.length, changed?.digest === first?.digest]).toEqual([3, false]);
    expect((await flowSources(site(), { ...options, secrets: ['h = 2'], mask: (text) => text.replaceAll('h = 2', '***') }))?.contents).toHaveLength(
      3,
    );
  });
});

describe('declarations', () => {
  it('are found by the names that previews use, whole, with the comment in front of them', async () => {
    const read = await declarationReader();
    const text = '/** One. */\nexport const one = 1, two = 2;\n/** Three. */\nexport default function three() {}\nregister(one);\nclass Four {}\n';
    const found = read('a.ts', text)?.map(({ name, start, end }) => [name, text.slice(start, end)]);
    expect(found).toEqual([
      ['one', 'one = 1'],
      ['two', 'two = 2'],
      ['three', '/** Three. */\nexport default function three() {}'],
      ['register(one);', 'register(one);'],
      ['Four', 'class Four {}'],
    ]);
    expect([read('a.ts', 'const ='), read('a.json', '{}')]).toEqual([undefined, undefined]);
  });

  it('tell two packages apart: by what counts in code, by everything in data', async () => {
    const packageOf = (texts: Readonly<Record<string, string>>, packages: Record<string, string> = {}) => ({
      files: Object.entries(texts).map(([path, text]) => ({ path, digest: text, bytes: text.length })),
      packages,
      texts: new Map(Object.entries(texts)),
    });
    const before = packageOf({ 'a.ts': 'const a = 1;\nconst b = 1;', 'b.ts': 'const x = 1; // one', 'gone.ts': '', 'd.json': '1' }, { zod: '3.0.0' });
    const after = packageOf(
      { 'a.ts': 'const a = 2;\nconst c = 1;', 'b.ts': 'const x = 1;', 'new.ts': '', 'd.json': '2' },
      { zod: '4.0.0', __proto__x: '1' },
    );
    expect(comparePackages(before, after, await declarationReader())).toEqual({
      files: [
        {
          path: 'a.ts',
          kind: 'changed',
          declarations: [
            { name: 'a', before: 'const a = 1;', after: 'const a = 2;' },
            { name: 'c', after: 'const c = 1;' },
            { name: 'b', before: 'const b = 1;' },
          ],
        },
        { path: 'b.ts', kind: 'changed', declarations: [] },
        { path: 'd.json', kind: 'changed', text: { before: '1', after: '2' } },
        { path: 'gone.ts', kind: 'removed' },
        { path: 'new.ts', kind: 'added' },
      ],
      packages: [
        { name: '__proto__x', after: '1' },
        { name: 'zod', before: '3.0.0', after: '4.0.0' },
      ],
    });
  });
});
