import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellIn, spawnNode } from './spawned.js';

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPT = 'answer.script.js';
/** Long before anything that is kept of it. */
const YESTERDAY = new Date(Date.now() - 86_400_000);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-compile-cache-'));
  writeScript('(function(n){return n+40})');
  const [cache, script] = [join(PACKAGE, 'dist/compile-cache.js'), join(folder, SCRIPT)].map((file) => pathToFileURL(file).href);
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { keepCompiled, runScript } from '${cache}';\nconsole.log(runScript('${script}')(2));\nkeepCompiled();\n`,
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeScript(text: string): void {
  writeFileSync(join(folder, SCRIPT), text);
  utimesSync(join(folder, SCRIPT), YESTERDAY, YESTERDAY);
}

/** What the script gave to a process of its own. */
async function answer({ flags = [], env = {} }: { flags?: readonly string[]; env?: Readonly<Record<string, string>> } = {}): Promise<string> {
  const { out, err, code } = await spawnNode([...flags, 'program.mjs'], { cwd: folder, env }).ended;
  expect({ err, code }).toEqual({ err: '', code: 0 });
  return out.trim();
}

function keptFile(): string | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cache'))
    .map((name) => join(folder, name))[0];
}

/** How many processes have added to what is kept: it starts anew where one could not use what was there. */
function keptBy(): number {
  const file = keptFile();
  return file === undefined ? 0 : (readFileSync(file)[0] as number);
}

describe('what is compiled of our own scripts', () => {
  it('is kept by the first three processes, each with what those before it had kept', async () => {
    const counts: number[] = [];
    for (let process = 0; process < 4; process++) {
      expect(await answer()).toBe('42');
      counts.push(keptBy());
    }
    expect(counts).toEqual([1, 2, 3, 3]);
    expect(readdirSync(folder).length).toBe(3);
  });

  it('is not used when a byte of it is another one', async () => {
    await answer();
    const bytes = readFileSync(keptFile() as string);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(keptFile() as string, bytes);
    expect(await answer()).toBe('42');
    expect(keptBy()).toBe(1);
  });

  it.each([0, 1, 20, 33, 200])('is not used when all but its first %i bytes are lost', async (length) => {
    await answer();
    writeFileSync(keptFile() as string, readFileSync(keptFile() as string).subarray(0, length));
    expect(await answer()).toBe('42');
    expect(keptBy()).toBe(1);
  });

  it('is not used when the script was changed since, even to one as long', async () => {
    await answer();
    writeFileSync(join(folder, SCRIPT), '(function(n){return n*40})');
    const tomorrow = new Date(Date.now() + 86_400_000);
    utimesSync(join(folder, SCRIPT), tomorrow, tomorrow);
    expect(await answer()).toBe('80');
  });

  it('is not kept by who runs with flags of their own, and theirs take nobody’s place', async () => {
    await answer({ flags: ['--no-opt'] });
    expect(keptBy()).toBe(0);
    await answer();
    expect(await answer({ flags: ['--no-opt'] })).toBe('42');
    expect(await answer({ env: { NODE_OPTIONS: '--no-deprecation' } })).toBe('42');
    expect(keptBy()).toBe(1);
  });

  it('is not kept where Node keeps nothing either', async () => {
    expect(await answer({ env: { NODE_DISABLE_COMPILE_CACHE: '1' } })).toBe('42');
    expect(keptBy()).toBe(0);
  });

  it.runIf(process.getuid?.() === 0)('is not kept by who may not write there, and read by them all the same', async () => {
    chmodSync(folder, 0o755);
    const asNobody = (): string =>
      spawnSync(process.execPath, ['program.mjs'], { cwd: folder, uid: 65_534, env: {}, encoding: 'utf8' }).stdout.trim();
    expect(asNobody()).toBe('42');
    expect(keptBy()).toBe(0);
    await answer();
    expect(asNobody()).toBe('42');
    expect(keptBy()).toBe(1);
  });
});

describe('the parts that every start loads', () => {
  beforeEach(() => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(PACKAGE, join(folder, 'node_modules/millrace'), 'dir');
  });

  it('are run from what is kept, imports of later parts included', async () => {
    writeFileSync(
      join(folder, 'flow.mjs'),
      "import { flow, task } from 'millrace';\nconst two = task(() => 2, { name: 'two' });\nexport const sum = flow('sum', () => two());\n",
    );
    const shell = shellIn(folder);
    for (let run = 0; run < 2; run++) expect((await shell.millrace('run', 'flow.mjs')).code).toBe(0);
    const inMemory = shellIn(folder, { MILLRACE_HOME: ':memory:' });
    expect((await inMemory.millrace('run', 'flow.mjs')).code).toBe(0);
    const kept = readdirSync(join(PACKAGE, 'dist/parts')).filter((name) =>
      name.endsWith(`.${process.version}-${process.platform}-${process.arch}.cache`),
    );
    expect(kept.map((name) => name.split('-')[0]).sort()).toEqual(['core', 'run']);
  });

  it('are modules to whoever bundles them', async () => {
    writeFileSync(
      join(folder, 'bundled.mjs'),
      "import { flow, task } from 'millrace';\nconst two = task(() => 2, { name: 'two' });\nconsole.log(await flow('sum', () => two()).run());\n",
    );
    const { build } = await import('rolldown');
    await build({
      input: join(folder, 'bundled.mjs'),
      platform: 'node',
      external: /^(?!\.|\/|#|millrace)/,
      output: { dir: join(folder, 'out') },
      logLevel: 'silent',
    });
    rmSync(join(folder, 'node_modules'), { recursive: true });
    const { out, err } = await spawnNode(['out/bundled.js'], { cwd: folder, env: { MILLRACE_HOME: ':memory:' } }).ended;
    expect({ out, err }).toEqual({ out: '2\n', err: '' });
  });

  it('have positions that their source maps are true of', async () => {
    writeFileSync(join(folder, 'thrown.mjs'), "import { task } from 'millrace';\ntry { task(1); } catch (error) { console.log(error.stack); }\n");
    const { out } = await spawnNode(['thrown.mjs'], { cwd: folder }).ended;
    const [, file, line, column] = /file:\/\/(\S+core-\S+\.script\.js):(\d+):(\d+)/.exec(out) as unknown as [string, string, string, string];
    const { SourceMap } = await import('node:module');
    const map = new SourceMap(JSON.parse(readFileSync(file.replace(/core-\w+\.script/, 'core').concat('.map'), 'utf8')));
    expect(map.findEntry(Number(line) - 1, Number(column) - 1)).toMatchObject({ originalSource: expect.stringContaining('src/flow/task.ts') });
  });
});
