import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Shell, shellIn } from './spawned.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'millrace-reasons-'));
const project: Shell = shellIn(folder);

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "project", "type": "module" }',
  'src/constants.ts': 'export const LIMIT = 10;\n',
  'src/helper.ts': "import { LIMIT } from './constants.js';\nexport function normalise(n: number): number {\n  return n / LIMIT;\n}\n",
  'src/clean.ts': "import { normalise } from './helper.js';\nexport const clean = (n: number): number => normalise(n) + 1;\n",
  'node_modules/tool/package.json': '{ "name": "tool", "version": "1.2.0", "type": "module", "main": "index.js" }',
  'node_modules/tool/index.js': 'export const tool = (n) => n;\n',
  'rates.json': '[1]',
  'photo.png': 'pixels',
  'flow.ts': `import { readFileSync } from 'node:fs';
import { cache, file, type FileRef, flow, param, task } from 'millrace';
import { tool } from 'tool';
import { clean } from './src/clean.js';

const cleaned = task((n: number) => clean(n), { name: 'cleaned' });
const after = task((rows: number) => rows + 1, { name: 'after' });
const packaged = task((n: number) => tool(n), { name: 'packaged' });
const rates = task(() => readFileSync('rates.json', 'utf8').length, { name: 'rates' });
const sized = task((photo: FileRef) => photo.bytes, { name: 'sized' });
const fit = task((config: { lr: number; depth: number }) => config.lr * config.depth, { name: 'fit' });
const versioned = task((n: number) => n, { name: 'versioned', version: '1' });
const regional = (region: string) => task(() => region.length, { name: 'regional', captures: { region } });
const big = task((letter: string) => letter.repeat(40_000), { name: 'big' });
const stale = task(() => 1, { name: 'stale', cache: cache.default.ttl(0) });
const plain = task(() => 1, { name: 'plain', cache: false });

export const main = flow('main', { cache: cache.default, params: { lr: param({ default: 0.1 }) } }, ({ lr }) => [
  after(cleaned(20)), packaged(1), rates(), sized(file('photo.png')), fit({ lr, depth: 3 }), versioned(1), regional('eu')(), big('x'), stale(), plain(),
]);
`,
};

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** An edit as a person makes it: what stands there must be there. */
function edit(name: string, from: string, to: string): void {
  const text = readFileSync(join(folder, name), 'utf8');
  expect(text).toContain(from);
  write(name, text.replace(from, to));
}

interface Told {
  readonly state: string;
  readonly why?: { readonly kind: string; readonly detail?: string };
}

const text = ({ kind, detail }: { readonly kind: string; readonly detail?: string }): string => (detail === undefined ? kind : `${kind}: ${detail}`);

/** What would run, and why; without what always does. */
async function preview(...args: readonly string[]): Promise<Record<string, string>> {
  const { nodes } = await project.json<{ nodes: readonly (Told & { id: string })[] }>('preview', 'flow.ts', ...args);
  return Object.fromEntries(nodes.flatMap(({ id, why }) => (why === undefined || id === 'stale#0' || id === 'plain#0' ? [] : [[id, text(why)]])));
}

async function recordedReasons(): Promise<Record<string, string>> {
  const { taskRuns } = await project.json<{ taskRuns: readonly { id: string; reason?: { kind: string; detail?: string } }[] }>(
    'inspect',
    'main/latest',
  );
  return Object.fromEntries(taskRuns.flatMap(({ id, reason }) => (reason === undefined || id === 'stale#0' ? [] : [[id, text(reason)]])));
}

function storedFiles(): readonly string[] {
  const found = readdirSync(join(folder, '.millrace', 'store', 'results'), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

const run = async (...args: readonly string[]): Promise<void> => {
  const { code, err } = await project.millrace('run', 'flow.ts', '--quiet', ...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
};

beforeAll(async () => {
  for (const [name, content] of Object.entries(FILES)) write(name, content);
  symlinkSync(REPOSITORY, join(folder, 'node_modules/millrace'));
  await run();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PENDING = 'upstream-pending: cleaned#0';

describe('S27: why a task runs, exactly', { timeout: 120_000 }, () => {
  it('nothing has changed', async () => {
    expect(await preview()).toEqual({});
    const { nodes } = await project.json<{ nodes: readonly (Told & { id: string })[] }>('preview', 'flow.ts');
    const why = Object.fromEntries(nodes.map((node) => [node.id, node.why && text(node.why)]));
    expect(why['plain#0']).toBe('not-cached');
    expect(why['stale#0']).toMatch(/^expired: made \d{4}-\d\d-\d\dT[\d:.]+Z, kept for 0 ms$/);
  });

  it.each<[string, [string, string, string], Record<string, string>]>([
    [
      'a helper two imports away',
      ['src/helper.ts', 'n / LIMIT', 'n * LIMIT'],
      { 'cleaned#0': 'code-changed: src/helper.ts: normalise', 'after#0': PENDING },
    ],
    ['a constant', ['src/constants.ts', '10', '100'], { 'cleaned#0': 'code-changed: src/constants.ts: LIMIT', 'after#0': PENDING }],
    ['a package', ['node_modules/tool/package.json', '1.2.0', '1.3.0'], { 'packaged#0': 'code-changed: tool 1.2.0 -> 1.3.0' }],
    ['a file that is read', ['rates.json', '1', '2'], { 'rates#0': 'file-changed: rates.json' }],
    ['a file that is passed', ['photo.png', 'pixels', 'others'], { 'sized#0': 'input-changed: photo: file photo.png' }],
    ['an argument', ['flow.ts', 'depth: 3 }', 'depth: 4 }'], { 'fit#0': 'input-changed: config.depth: 3 -> 4' }],
    ['the version', ['flow.ts', "version: '1'", "version: '2'"], { 'versioned#0': 'version-changed: 1 -> 2' }],
    ['a captured variable', ['flow.ts', "regional('eu')", "regional('us')"], { 'regional#0': 'captured-variable: region: "eu" -> "us"' }],
  ])('%s', async (_, [name, from, to], expected) => {
    edit(name, from, to);
    expect(await preview()).toEqual(expected);
    write(name, FILES[name] as string);
    expect(await preview()).toEqual({});
  });

  it('a parameter; and several causes, in order, at 80 columns and in full', async () => {
    expect(await preview('--param', 'lr=0.2')).toEqual({ 'fit#0': 'input-changed: config.lr: 0.1 -> 0.2' });
    edit('flow.ts', 'config.lr * config.depth', 'config.lr / config.depth');
    edit('flow.ts', 'depth: 3 }', 'depth: 4 }');
    const { 'fit#0': told } = await preview('--param', 'lr=0.2');
    expect(told).toMatch(/^code-changed: .+; input config\.lr: 0\.1 -> 0\.2, config\.depth: 3 -> 4$/);
    const { out } = await project.millrace('preview', 'flow.ts', '--param', 'lr=0.2', '--why');
    expect(out).toMatch(/fit#0: code changed\n {2}.+\n {2}input config\.lr: 0\.1 -> 0\.2, config\.depth: 3 -> 4\n/);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(90);
    write('flow.ts', FILES['flow.ts'] as string);
  });

  it('the record of a run says what the preview said', async () => {
    edit('src/helper.ts', 'n / LIMIT', 'n * LIMIT');
    edit('rates.json', '1', '3');
    const said = await preview('--param', 'lr=0.5');
    const { out, err, code } = await project.millrace('run', 'flow.ts', '--param', 'lr=0.5');
    expect(code, err).toBe(0);
    expect(out).toContain('"msg":"starting (code changed: src/helper.ts: normalise)"');
    expect(out).toContain('"reason":{"kind":"file-changed","detail":"rates.json"}');
    expect(await recordedReasons()).toEqual({ ...said, 'after#0': 'input-changed: rows (from cleaned#0)' });
    for (const name of ['src/helper.ts', 'rates.json']) write(name, FILES[name] as string);
    expect(await preview()).toEqual({});
  });

  it('forced: by what', async () => {
    await run('--force-task', 'cleaned');
    expect(await recordedReasons()).toEqual({
      'cleaned#0': 'forced: cleaned was forced',
      'after#0': 'forced: it comes after cleaned#0, which was forced',
    });
    await run('--force-only', 'rates');
    expect(await recordedReasons()).toEqual({ 'rates#0': 'forced: rates was forced' });
    await run('--force');
    expect(new Set(Object.values(await recordedReasons()))).toEqual(new Set(['forced: every task was forced']));
  });

  it('a result that is gone, and one that is damaged', async () => {
    for (const stored of storedFiles()) unlinkSync(stored);
    expect(await preview()).toEqual({ 'big#0': expect.stringMatching(/^missing: results\//) });
    await run();
    expect(await recordedReasons()).toEqual({ 'big#0': expect.stringMatching(/^missing: results\//) });
    for (const stored of storedFiles()) {
      const bytes = readFileSync(stored);
      bytes[20_000] = (bytes[20_000] as number) ^ 1;
      writeFileSync(stored, bytes);
    }
    expect((await project.millrace('run', 'flow.ts', '--quiet')).code).toBe(0);
    expect(Object.values(await recordedReasons())).toEqual([expect.stringMatching(/^corrupted: the result at '.+' does not match its digest/)]);
  });
});
