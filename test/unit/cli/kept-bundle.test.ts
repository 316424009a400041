import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleModule } from '../../../src/cli/flow-file/bundle.js';
import { findKeptBundle, keepBundle } from '../../../src/cli/flow-file/kept-bundle.js';

const ROOT = mkdtempSync(join(process.env.MILLRACE_HOME ?? tmpdir(), 'kept-'));

const FILES = {
  'package.json': '{ "name": "project", "type": "module" }',
  'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }',
  'flow.ts':
    "import { deep } from '@/deep.js';\nimport { helper } from './helper.js';\nimport pack from 'pack';\nexport default helper(deep) + pack;\n",
  'helper.ts': 'export const helper = (n: number): number => n + 1;\n',
  'lib/deep.ts': 'export const deep: number = 2;\n',
  'node_modules/pack/package.json': '{ "name": "pack", "version": "1.0.0", "main": "index.js" }',
  'node_modules/pack/index.js': 'module.exports = 1;\n',
};

let projects = 0;

/** Files old enough that a change would show. */
function projectOf(files: Readonly<Record<string, string>>) {
  const folder = join(ROOT, `project-${++projects}`);
  const write = (written: Readonly<Record<string, string>>): void => {
    for (const [file, text] of Object.entries(written)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
  };
  write(files);
  wait();
  const [home, entry] = [join(folder, '.millrace'), join(folder, 'flow.ts')];
  mkdirSync(home);
  return {
    folder,
    home,
    write,
    find: () => findKeptBundle(home, entry),
    async keep(): Promise<boolean> {
      const startedAt = Date.now();
      const keep = keepBundle(home, entry, await bundleModule(entry), startedAt);
      keep?.();
      return keep !== undefined;
    },
  };
}

function wait(): void {
  const before = Date.now() + 80;
  while (Date.now() < before);
}

describe('a bundle that an earlier process made', () => {
  it('is the bundle that would be made', async () => {
    const p = projectOf(FILES);
    expect(p.find()).toBeUndefined();
    expect(await p.keep()).toBe(true);
    const [made, kept] = [await bundleModule(join(p.folder, 'flow.ts')), p.find()];
    expect(kept?.code).toBe(made.code);
    expect(kept?.packages).toEqual(made.packages);
    expect(kept?.modules).toEqual(expect.arrayContaining([...made.modules]));
    expect(readdirSync(join(p.home, 'code'))).toHaveLength(1);
  });

  it.each<[string, (p: ReturnType<typeof projectOf>) => void]>([
    ['a file in it changes', (p) => p.write({ 'lib/deep.ts': 'export const deep: number = 3;\n' })],
    [
      'a file is put in place of one in it',
      (p) => {
        p.write({ other: FILES['helper.ts'] });
        renameSync(join(p.folder, 'other'), join(p.folder, 'helper.ts'));
      },
    ],
    ['a file goes', (p) => rmSync(join(p.folder, 'helper.ts'))],
    ['a file comes that an import may mean first', (p) => p.write({ 'helper.js': 'export const helper = () => 0;\n' })],
    ['the settings change', (p) => p.write({ 'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./other/*"] } } }' })],
    ['the manifest changes', (p) => p.write({ 'package.json': '{ "name": "project", "type": "module", "imports": {} }' })],
    [
      'a package is another version',
      (p) => p.write({ 'node_modules/pack/package.json': '{ "name": "pack", "version": "1.0.1", "main": "index.js" }' }),
    ],
    ['a package is found elsewhere first', (p) => p.write({ 'lib/node_modules/pack/index.js': 'module.exports = 2;\n' })],
    [
      'a package is linked',
      (p) => {
        renameSync(join(p.folder, 'node_modules/pack'), join(p.folder, 'moved'));
        symlinkSync(join(p.folder, 'moved'), join(p.folder, 'node_modules/pack'));
      },
    ],
    [
      'it is damaged',
      (p) => {
        const [name = ''] = readdirSync(join(p.home, 'code'));
        const path = join(p.home, 'code', name);
        writeFileSync(path, readFileSync(path, 'utf8').slice(0, -9));
      },
    ],
  ])('is made anew when %s', async (_what, change) => {
    const p = projectOf(FILES);
    expect(await p.keep()).toBe(true);
    expect(p.find()).toBeDefined();
    change(p);
    expect(p.find()).toBeUndefined();
  });

  it('is not kept where a file was written while it was made, or an import is not found', async () => {
    const p = projectOf(FILES);
    p.write({ 'helper.ts': FILES['helper.ts'] });
    expect(await p.keep()).toBe(false);
    const missing = projectOf({ ...FILES, 'flow.ts': "export default () => import('not-there');\n" });
    expect(await missing.keep()).toBe(false);
  });
});
