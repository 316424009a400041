import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture, shellIn } from './spawned.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-project-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = fixture('ledger.ts');
const folder = (): string => mkdtempSync(join(root, 'folder-'));
const files = (path: string): readonly string[] => readdirSync(path, { recursive: true }).map(String);

describe.concurrent('where a project lies', () => {
  it('MILLRACE_HOME, relative to the working directory too; nothing is made elsewhere', async () => {
    const cwd = folder();
    const env = { MILLRACE_HOME: 'memory/here', LEDGER: join(cwd, 'ledger') };
    expect((await shellIn(cwd, env).millrace('run', FILE, '-q', '-p', 'steps=2')).code).toBe(0);
    expect(readdirSync(cwd).sort()).toEqual(['ledger', 'memory']);
    expect(readdirSync(join(cwd, 'memory', 'here'))).toContain('millrace.db');
  });

  it('the nearest .millrace at or above the working directory; else one is made in it', async () => {
    const top = folder();
    const below = join(top, 'a', 'b');
    mkdirSync(below, { recursive: true });
    const env = { MILLRACE_HOME: undefined, LEDGER: join(top, 'ledger') };
    expect((await shellIn(top, env).millrace('run', FILE, '-q', '-p', 'steps=2')).code).toBe(0);
    expect((await shellIn(below, env).millrace('run', FILE, '-q', '-p', 'steps=2')).code).toBe(0);
    expect(readdirSync(below)).toEqual([]);
    expect((await shellIn(below, env).json<readonly object[]>('runs')).length).toBe(2);
    // Reused from below as well: it is the same project.
    expect(readFileSync(join(top, 'ledger'), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('a look at no project makes none', async () => {
    const cwd = folder();
    const shell = shellIn(cwd, { LEDGER: join(cwd, 'ledger') });
    expect((await shell.millrace('runs')).err).toContain('error[NO_PROJECT]: there are no runs here');
    expect((await shell.millrace('preview', FILE)).code).toBe(0);
    expect((await shell.millrace('show', FILE)).code).toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it(':memory: leaves nothing on disk', async () => {
    const cwd = folder();
    const { code, out } = await shellIn(cwd, { MILLRACE_HOME: ':memory:', LEDGER: '/dev/null' }).millrace('run', FILE, '--json', '-p', 'steps=4');
    expect({ code, state: (JSON.parse(out) as { state: string }).state }).toEqual({ code: 0, state: 'success' });
    expect(files(cwd)).toEqual([]);
  });
});

describe('two runs at once in one project', () => {
  it('both succeed, from the first moment of an empty folder on, and both are recorded whole', async () => {
    const cwd = folder();
    const shell = shellIn(cwd, { LEDGER: join(cwd, 'ledger') });
    const ended = await Promise.all(['left', 'right'].map((name) => shell.millrace('run', FILE, '--json', '--name', name)));
    for (const { code, err } of ended) expect({ code, err }).toEqual({ code: 0, err: 'the body has begun\n' });
    const results = ended.map(({ out }) => (JSON.parse(out) as { result: number }).result);
    expect(results[0]).toBe(results[1]);
    const runs = await shell.json<readonly { name: string; state: string; counts: Record<string, number> }[]>('runs');
    expect(runs.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(['left success', 'right success']);
    for (const { counts } of runs) expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(25);
    // A copy of the folder is the whole project: no write is left in anybody's memory.
    const copy = folder();
    cpSync(cwd, copy, { recursive: true });
    expect(await shellIn(copy, { LEDGER: join(copy, 'ledger') }).json('run', FILE)).toMatchObject({ counts: { cached: 25 } });
  });
});
