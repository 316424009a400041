import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLI, fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const FILE = fixture('damage.ts');
const root = mkdtempSync(join(tmpdir(), 'millrace-damage-'));
const RUN = ['run', FILE, 'damage', '--quiet'];

/** A project with one good run, copied for each test. */
const original = join(root, 'original');

beforeAll(async () => {
  mkdirSync(original);
  expect(await shellIn(original).millrace(...RUN)).toMatchObject({ code: 0, out: '', err: '' });
});

afterAll(() => {
  for (const mount of mounts) spawnSync('umount', [mount]);
  rmSync(root, { recursive: true, force: true });
});

function copied(): Shell {
  const folder = mkdtempSync(join(root, 'copy-'));
  cpSync(original, folder, { recursive: true });
  return shellIn(folder);
}

function resultFile({ folder }: Shell): string {
  const store = join(folder, '.millrace', 'store', 'results');
  const [file] = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return join(file?.parentPath ?? '', file?.name ?? '');
}

const latest = async ({ json }: Shell, flow = 'damage'): Promise<RecordedRun> => await json('inspect', `${flow}/latest`);

describe.concurrent('a damaged result is computed anew, never returned, and only it (S25)', () => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    missing: (file) => rmSync(file),
    truncated: (file) => truncateSync(file, 1_000),
    empty: (file) => truncateSync(file, 0),
    'one bit flipped': (file) => {
      const bytes = readFileSync(file);
      bytes[50_000] = (bytes[50_000] as number) ^ 1;
      writeFileSync(file, bytes);
    },
  };

  it.each(Object.keys(damages))('%s', async (damage) => {
    const project = copied();
    const file = resultFile(project);
    const bytes = readFileSync(file);
    damages[damage]?.(file);
    expect(await project.json('run', FILE, 'damage')).toMatchObject({ state: 'success', result: 100 });
    const run = await latest(project);
    expect(statesOf(run)['small#0']).toBe('cached');
    const ran = (await project.millrace('logs', 'damage/latest')).out;
    expect([ran.includes('big ran'), ran.includes('small ran')]).toEqual([true, false]);
    // It is whole again, and found again.
    expect(readFileSync(file).equals(bytes)).toBe(true);
    await project.millrace(...RUN);
    expect(statesOf(await latest(project))).toMatchObject({ 'small#0': 'cached', 'big#0': 'cached' });
    if (damage !== 'missing') expect(existsSync(join(project.folder, '.millrace', 'store', 'quarantine'))).toBe(true);
  });

  it('looked at: inspect says what is wrong with it, and shows all else', async () => {
    const project = copied();
    rmSync(resultFile(project));
    const { code, out } = await project.millrace('inspect', 'damage/latest/big');
    expect(code).toBe(0);
    expect(out).toMatch(/task run +big#0/);
  });
});

describe.concurrent('a damaged record is told from an empty one, and nothing is written over it', () => {
  const damages: Readonly<Record<string, readonly [(file: string) => void, RegExp]>> = {
    'no database': [
      (file) => writeFileSync(file, 'these are my notes, not a database\n'.repeat(40)),
      /error\[RECORD_NOT_A_DATABASE\]: \S+millrace\.db is not a record/,
    ],
    'pages overwritten': [
      (file) => {
        const bytes = readFileSync(file);
        for (let at = 8_192; at < bytes.length; at += 37) bytes[at] = (bytes[at] as number) ^ 0x55;
        writeFileSync(file, bytes);
      },
      /error\[RECORD_CORRUPTED\]: the record \S+millrace\.db is damaged/,
    ],
    truncated: [(file) => truncateSync(file, 9_000), /error\[RECORD_CORRUPTED\]: the record \S+millrace\.db is damaged/],
  };

  it.each(Object.keys(damages))('%s: code, file and what to do; run and look-ups fail alike', async (damage) => {
    const project = copied();
    const file = join(project.folder, '.millrace', 'millrace.db');
    const [inflict, expected] = damages[damage] as (typeof damages)[string];
    inflict(file);
    const damaged = readFileSync(file);
    for (const command of [RUN, ['runs'], ['inspect', 'damage/latest']]) {
      const { code, err } = await project.millrace(...command);
      expect(code).toBe(1);
      expect(err).toMatch(expected);
      expect(err).toMatch(/hint: Move it aside \(`mv \S+millrace\.db \S+millrace\.db\.damaged`\) and start anew/);
      expect(err).not.toMatch(/^\s+at /m);
    }
    expect(readFileSync(file).equals(damaged)).toBe(true);
    // What the hint says works; the results in the store are still there.
    for (const name of readdirSync(join(project.folder, '.millrace')))
      if (name.startsWith('millrace.db')) rmSync(join(project.folder, '.millrace', name));
    expect((await project.millrace(...RUN)).code).toBe(0);
  });
});

// ── folders that cannot be written ──

const mounts: string[] = [];
/** Root may write everywhere, so permissions alone do not do. */
function mounted(options: string): string {
  const folder = mkdtempSync(join(root, 'mount-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`mount failed: ${stderr}`);
  mounts.push(folder);
  return folder;
}

const canMount = ((): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'millrace-probe-'));
  const works = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]).status === 0;
  if (works) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return works;
})();

// Root may write everywhere: then it is tried as somebody who may not. Skipped where that one cannot even start the command.
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const canBeNobody = process.platform !== 'win32' && spawnSync(process.execPath, [CLI, '--version'], { cwd: '/', ...NOBODY }).status === 0;

describe.skipIf(!canBeNobody)("somebody else's project", () => {
  it('can be looked at, previewed and drawn by who may not write to its folder', () => {
    const { folder } = copied();
    const home = join(folder, '.millrace');
    const allow = (path: string): void => chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444);
    for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) allow(join(home, name));
    for (const path of [home, folder]) allow(path);
    chmodSync(root, 0o755);
    const env = { PATH: process.env.PATH, HOME: folder, MILLRACE_HOME: home };
    const millrace = (...args: readonly string[]) => spawnSync(process.execPath, [CLI, ...args], { cwd: '/', env, encoding: 'utf8', ...NOBODY });
    expect(millrace('runs').stdout).toMatch(/damage +success/);
    expect(millrace('inspect', 'damage/latest/small').stdout).toContain("'small'");
    expect(millrace('preview', FILE, 'damage').stdout).toContain('small#0 (complete)');
    const refused = millrace(...RUN);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/error\[RECORD_READ_ONLY\]: the record \S+millrace\.db cannot be written\n/);
    // Folders that cannot be written cannot be removed either.
    for (const name of readdirSync(home, { recursive: true, encoding: 'utf8' })) chmodSync(join(home, name), 0o755);
    for (const path of [home, folder]) chmodSync(path, 0o755);
  });
});

// Skipped where no small or read-only file system can be made: that takes Linux, root and the right to mount.
describe.skipIf(!canMount)('a file system that refuses', () => {
  it('read-only: a run is refused with what to do; looking, previewing and drawing go on working', async () => {
    const folder = mounted('size=4m');
    const project = shellIn(folder);
    expect((await project.millrace(...RUN)).code).toBe(0);
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0);
    const refused = await project.millrace(...RUN);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/error\[RECORD_READ_ONLY\]: the record \S+millrace\.db cannot be written\n/);
    expect(refused.err).toContain('hint: Make the file and its folder writable, or choose another project folder with MILLRACE_HOME.');
    expect((await project.millrace('runs')).out).toMatch(/damage +success/);
    expect((await project.millrace('inspect', 'damage/latest/small')).out).toContain("'small'");
    expect((await project.millrace('logs', 'damage/latest')).out).toContain('small ran');
    expect((await project.millrace('preview', FILE, 'damage')).out).toContain('small#0 (complete)');
    const elsewhere = shellIn(folder, { MILLRACE_HOME: join(folder, 'not', 'made') });
    expect((await elsewhere.millrace('show', FILE, 'damage')).code).toBe(0);
    const { code, err } = await elsewhere.millrace(...RUN);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('error[HOME_NOT_WRITABLE]: expected to make the project folder') });
    expect(err).toContain('hint: Run in a folder you may write to, or set MILLRACE_HOME to one.');
  });

  it('full, while a result is written: that task fails, no file is left half, and with space the work goes on where it was', async () => {
    const project = shellIn(mounted('size=2m'));
    const { code, err } = await project.millrace(...RUN, '-p', 'kilobytes=4000');
    expect(code).toBe(1);
    expect(err).toMatch(/task 'big#0' failed: no space is left to write '\S+\.json'/);
    expect(err).toContain('hint: Free some space, then resume the run: what was recorded is kept.');
    expect(statesOf(await latest(project))).toEqual({ 'small#0': 'success', 'big#0': 'failed', 'size#0': 'upstream-failed' });
    const files = readdirSync(join(project.folder, '.millrace', 'store'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files).toEqual([]);
    spawnSync('mount', ['-o', 'remount,size=16m', project.folder]);
    expect((await project.millrace(...RUN, '-p', 'kilobytes=4000')).code).toBe(0);
    expect(statesOf(await latest(project))).toEqual({ 'small#0': 'cached', 'big#0': 'success', 'size#0': 'success' });
  });

  it('full, while the record is written: the run could not go on, and once there is room the record says so', async () => {
    const project = shellIn(mounted('size=2m'));
    const { code, err } = await project.millrace('run', FILE, 'talkative', '--quiet');
    expect(code).toBe(1);
    expect(err).toMatch(/error\[RECORD_FULL\]: run \S+ of flow 'talkative' could not go on: no room is left for the record \S+millrace\.db\n/);
    expect(err).toContain('hint: Free space and resume the run: everything recorded before is kept.');
    spawnSync('mount', ['-o', 'remount,size=32m', project.folder]);
    expect((await latest(project, 'talkative')).state).toBe('crashed');
    expect((await project.millrace('run', FILE, 'talkative', '--quiet')).code).toBe(0);
  });
});

describe('permissions', () => {
  it.skipIf(process.getuid?.() === 0)('a folder of somebody else: refused with what to do (root may write everywhere, so it skips)', async () => {
    const folder = mkdtempSync(join(root, 'closed-'));
    spawnSync('chmod', ['a-w', folder]);
    const { code, err } = await shellIn(folder).millrace(...RUN);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('error[HOME_NOT_WRITABLE]') });
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it('a file where the project folder should be', async () => {
    const folder = mkdtempSync(join(root, 'file-'));
    writeFileSync(join(folder, '.millrace'), 'mine');
    const { code, err } = await shellIn(folder).millrace(...RUN);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('error[HOME_NOT_WRITABLE]: expected to make the project folder') });
    expect(readFileSync(join(folder, '.millrace'), 'utf8')).toBe('mine');
  });
});
