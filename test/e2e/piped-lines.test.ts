import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI, fixture, shellIn, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-piped-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const FILE = fixture('piped-lines.ts');
const CHUNK = 65_536;

function project(lines: number, width = 200) {
  const folder = mkdtempSync(join(root, 'project-'));
  const result = join(folder, 'result');
  const env = { LINES: String(lines), WIDTH: String(width), RESULT: result };
  return { ...shellIn(folder, env), folder, env, result: () => Number(readFileSync(result, 'utf8')) };
}

interface PrintedLine {
  readonly type: string;
  readonly state?: string;
  readonly msg: string;
  readonly node?: string;
}

/** Each line whole: none is cut, none is run into another. */
function parsed(out: string): readonly PrintedLine[] {
  expect(out.endsWith('\n')).toBe(true);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PrintedLine);
}

function numbersOf(lines: readonly PrintedLine[]): readonly number[] {
  return lines.filter(({ type, msg }) => type === 'log' && /^\d+ x+$/.test(msg)).map(({ msg }) => Number.parseInt(msg, 10));
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe.concurrent('lines of JSON to a pipe', () => {
  it('a slow reader gets every line, in order, and Node keeps nothing of what it has not read', async () => {
    const { folder, env, result } = project(20_000, 1_000);
    // Not `spawned.start`, which reads as fast as it can.
    const { child, ended } = spawnNode([CLI, 'run', FILE, 'much'], { cwd: folder, env });
    const { stdout } = child;
    if (stdout === null) throw new Error('expected its output to be a pipe');
    let got = '';
    stdout.removeAllListeners('data');
    stdout.pause();
    const next = (): void => {
      // In larger pieces than the pipe has, and no oftener than timers allow.
      const piece = (stdout.read(Math.min(CHUNK, stdout.readableLength)) ?? '') as string;
      got += piece;
      if (!stdout.readableEnded) setTimeout(next, 1);
    };
    next();
    const { code } = await ended;
    const lines = parsed(got);
    expect(code).toBe(0);
    expect(numbersOf(lines)).toEqual(upTo(20_000));
    expect(lines.at(-1)).toMatchObject({ type: 'run-state', state: 'success' });
    // What is put aside has a bound: see the tests of SteadyOutput.
    expect(result()).toBe(0);
  });

  it('a reader that goes away (`| head -1`): the run ends well, and quietly', async () => {
    const { folder, env, json } = project(20_000);
    const { child, ended } = spawnNode([CLI, 'run', FILE, 'much'], { cwd: folder, env });
    child.stdout?.once('data', () => child.stdout?.destroy());
    expect(await ended).toMatchObject({ code: 0, err: '' });
    expect(await json('runs')).toMatchObject([{ state: 'success' }]);
  });

  it('process.exit in a body that never gave way: all that was printed before is out', async () => {
    const { millrace } = project(20_000);
    const { code, out } = await millrace('run', FILE, 'leaves');
    const lines = parsed(out);
    expect(code).toBe(3);
    expect(numbersOf(lines)).toEqual(upTo(20_000));
    expect(lines.at(-1)).toMatchObject({ type: 'run-state', state: 'crashed' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s while it prints: every line that is out is whole, none is missing, and the last says how it ended',
    async (signal) => {
      const { start, json } = project(5_000);
      const run = start('run', FILE, 'endless');
      await run.printed('has printed a lot');
      run.child.kill(signal);
      const { code, out } = await run.ended;
      const lines = parsed(out);
      const numbers = numbersOf(lines);
      expect(code).toBe(130);
      expect(numbers.length).toBeGreaterThan(5_000);
      expect(numbers).toEqual(upTo(numbers.length));
      expect(lines.at(-1)).toMatchObject({ type: 'run-state', state: 'cancelled' });
      expect(await json('runs')).toMatchObject([{ state: 'cancelled' }]);
    },
  );
});
