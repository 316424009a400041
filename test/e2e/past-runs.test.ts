import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { CLI, fixture, type RecordedRun, type Shell, shellIn, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-past-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let shell: Shell;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'project-'));
  shell = shellIn(folder);
});

type Listed = readonly { readonly id: string; readonly flow: string; readonly tags: readonly string[]; readonly params: Record<string, string> }[];

const WATCHED = fixture('watched.ts');
const runsIn = async (...options: readonly string[]) => (await shell.json<Listed>('runs', ...options)).map(({ id }) => id);
const run = async (...options: readonly string[]) => (await shell.json<{ run: string }>('run', WATCHED, ...options)).run;

/** Files of results. */
function storedFiles(): readonly string[] {
  const store = join(folder, '.millrace', 'store', 'results');
  return existsSync(store) ? readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.')) : [];
}

describe('while a run goes on', () => {
  it('a client in another process sees its states, values, graph and log', async () => {
    const go = join(folder, 'go');
    const going = spawnNode([CLI, 'run', WATCHED, '--quiet', '--json'], {
      cwd: folder,
      env: { GO: go },
    });
    // As installed: the package by its name.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(fileURLToPath(new URL('../../', import.meta.url)), join(folder, 'node_modules', 'millrace'), 'dir');
    const script = join(folder, 'looks.mjs');
    const text = readFileSync(fixture('looks.mjs'), 'utf8');
    writeFileSync(script, text.replace('millrace/client', './node_modules/millrace/dist/client/index.js'));
    for (;;) {
      const [latest] = existsSync(join(folder, '.millrace')) ? await shell.json<Listed>('runs').catch(() => []) : [];
      const seen = latest && (await shell.json<RecordedRun>('inspect', latest.id));
      if (seen?.taskRuns.some(({ id, state }) => id === 'wait#0' && state === 'running')) break;
    }
    const looked = await spawnNode([script], { cwd: folder }).ended;
    expect(looked.err).toBe('');
    expect(JSON.parse(looked.out)).toEqual({
      state: 'running',
      tasks: { 'load#0': 'success', 'split#0': 'success', 'large#0': 'success', 'wait#0': 'running' },
      train: [2, 3, 4],
      test: [0, 1],
      nodes: [
        ['load#0', 'success'],
        ['split#0', 'success'],
        ['large#0', 'success'],
        ['wait#0', 'running'],
      ],
      logs: ['waiting'],
    });
    const removal = await shell.millrace('runs', 'rm', 'watched/latest');
    expect([removal.code, removal.out]).toEqual([1, expect.stringContaining('it is going on')]);
    writeFileSync(go, '');
    expect(await going.ended).toMatchObject({ code: 0 });
    expect(await runsIn('--state', 'success')).toHaveLength(1);
  });
});

describe('runs are found', () => {
  it('by parameters, tags and times; page by page', async () => {
    const [first, second, third] = [await run('-p', 'n=3'), await run('-p', 'rate=0.5', '--tag', 'odd'), await run('-p', 'n=3', '-p', 'rate=0.5')];
    expect(await runsIn('--param', 'n=3')).toEqual([third, first]);
    expect(await runsIn('--flow', 'watched', '--param', 'rate=0.50', '--param', 'n=3')).toEqual([third]);
    expect(await runsIn('--param', 'rate=0.5', '--tag', 'odd')).toEqual([second]);
    expect(await runsIn('--since', '1h')).toHaveLength(3);
    expect(await runsIn('--limit', '2')).toEqual([third, second]);
    expect(await runsIn('--limit', '2', '--before', second)).toEqual([first]);
    const none = await shell.millrace('runs', '--until', '2020-01-01');
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('NO_RUNS')]);
    expect((await shell.millrace('runs', '--since', 'tomorrow')).code).toBe(2);
    expect((await shell.millrace('inspect', '../etc')).code).not.toBe(0);
  });

  it('again, by what people write about them', async () => {
    await run();
    expect((await shell.millrace('tag', 'add', 'watched/latest', 'good', 'for review')).out).toMatch(/^good\nfor review\nuser:/);
    const tags = await shell.json<{ tags: string[]; systemTags: string[] }>('tag', 'remove', 'watched/latest', 'good');
    expect([tags.tags, tags.systemTags]).toEqual([['for review'], expect.arrayContaining([expect.stringMatching(/^host:/)])]);
    expect(await runsIn('--tag', 'for review', '--tag', tags.systemTags[0] as string)).toHaveLength(1);
    expect((await shell.millrace('tag', 'add', 'watched/latest', ' ')).code).toBe(2);
    expect((await shell.millrace('note', 'watched/latest')).code).toBe(1);
    await shell.millrace('note', 'watched/latest', 'the sensor was off\nuntil noon');
    const inspected = await shell.millrace('inspect', 'watched/latest');
    expect(inspected.out).toMatch(/notes +1\. \S+ \S+ {2}the sensor was off\n +until noon\n/);
    expect((await shell.json<{ notes: unknown[] }>('note', 'watched/latest', '--remove', '1')).notes).toEqual([]);
  });
});

describe('what the command line is told', () => {
  it('S32: the paths of the client lead there too', async () => {
    const id = await run();
    expect(await shell.json<RecordedRun>('inspect', `watched/${id}`)).toMatchObject({ id });
    expect(await shell.json('inspect', `watched/${id}/load/0`)).toMatchObject({ run: id, id: 'load#0' });
    expect(await shell.json('inspect', `watched/${id}/load/load#0`)).toMatchObject({ id: 'load#0' });
    expect((await shell.millrace('tag', 'add', `watched/${id}`, 'good')).out).toContain('good');
    const gone = await shell.millrace('tag', 'remove', id, 'godo');
    expect([gone.code, gone.out, gone.err]).toEqual([1, '', expect.stringContaining("Did you mean 'good'?")]);
  });

  it('S32: a server that is down, of a move: nothing was moved, and no run is to be resumed', async () => {
    await run();
    const { code, err } = await shell.millrace('db', 'move', 'postgres://127.0.0.1:9/none');
    expect([code, err]).toEqual([1, expect.stringContaining('error[RECORD_UNREACHABLE]')]);
    expect(err).toContain('hint: Is the server up, and the address right? Nothing was moved');
    const wrong = await shell.millrace('db', 'move', 'mysql://127.0.0.1/none');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('error[RECORD_ADDRESS_INVALID]')]);
  });
});

describe('runs are removed', () => {
  it('with what no other needs; what another took answers still', async () => {
    const [maker, reuser, other] = [await run(), await run(), await run('-p', 'n=6')];
    expect(storedFiles()).toHaveLength(2);
    const would = await shell.json<{ removed: string[]; freedFiles: { count: number } }>('runs', 'rm', maker, other, '--dry-run');
    expect([would.removed.length, would.freedFiles.count, storedFiles().length]).toEqual([2, 1, 2]);
    const removed = await shell.millrace('runs', 'rm', maker, other);
    expect(removed.out).toMatch(/^removed 2 runs\n(?: {2}\S+\n){2}freed \d+ results \(\d+ B\) in the record\ndeleted 1 file \(100 KB\)\n$/);
    expect([await runsIn(), storedFiles().length]).toEqual([[reuser], 1]);
    const again = await shell.json<RecordedRun>('inspect', await run());
    expect(Object.fromEntries(again.taskRuns.map(({ id, state }) => [id, state]))).toMatchObject({ 'load#0': 'cached', 'large#0': 'cached' });
    expect((await shell.millrace('runs', 'rm')).code).toBe(2);
    expect((await shell.millrace('runs', 'rm', 'nope')).err).toContain('RUN_UNKNOWN');
    expect((await shell.millrace('runs', 'rm', '--older-than', 'long')).code).toBe(2);
    const mistyped = await shell.millrace('runs', 'rm', '--flow', 'watchd');
    expect([mistyped.code, mistyped.err]).toEqual([1, expect.stringContaining('did you mean --flow watched?')]);
    expect((await shell.json<{ removed: string[] }>('runs', 'rm', '--state', 'success', '--keep', '1')).removed).toEqual([reuser]);
  });

  it('by MILLRACE_RETENTION, once a day, beside a run', async () => {
    const runs = [await run(), await run(), await run()];
    const go = join(folder, 'go');
    const going = spawnNode([CLI, 'run', WATCHED, '--quiet'], { cwd: folder, env: { GO: go, MILLRACE_RETENTION: 'keep=1' } });
    let left = await runsIn();
    while (left.length > 2 || left.includes(runs[2] as string)) left = await runsIn();
    // The first made what the one that goes on may be about to take: it stays until that has taken it, or ended.
    expect([undefined, runs[0]]).toContain(left[1]);
    writeFileSync(go, '');
    expect((await going.ended).code).toBe(0);
    const kept = shellIn(folder, { MILLRACE_RETENTION: 'keep=1' });
    await kept.millrace('run', WATCHED, '--quiet');
    expect(await runsIn()).toHaveLength(left.length + 1);
    const misspelt = await shellIn(folder, { MILLRACE_RETENTION: 'a month' }).millrace('run', WATCHED, '--quiet');
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringContaining('RETENTION_INVALID')]);
  });
});
