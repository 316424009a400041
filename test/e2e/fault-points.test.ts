import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshSchema } from '../postgres/fresh-schema.js';
import { type Counts, expectKept, expectNotAgain, expectTidy, integrityOf, linesOf, lookAt, type Place, random } from './oracles.js';
import { CLI, type Ended, fixture, spawnNode } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-faults-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

/** Every time that a point is passed with MILLRACE_TEST_FAULTS=all; else the first, and one of the later ones. */
const ALL = process.env.MILLRACE_TEST_FAULTS === 'all';
const SEED = Number(process.env.MILLRACE_TEST_SEED ?? 1);
const KINDS = ['throw', 'exit', 'kill'] as const;

/** Points that a run of `victim.mjs` must pass: one that vanished would make the tests below prove less, in silence. */
const IN_FILES = ['file.make-folder', 'file.rename', 'file.sync', 'file.sync-folder', 'file.unlink', 'file.write', 'spool.write', 'table.commit'];
const POINTS = { sqlite: ['record.commit', 'record.committed', ...IN_FILES], postgres: ['record.commit', 'record.committed'] };

let places = 0;
function newPlace(kind: 'sqlite' | 'postgres'): Place {
  const folder = mkdtempSync(join(root, 'project-'));
  if (kind === 'sqlite') return { folder };
  const { url, drop } = freshSchema(server, `faults_${process.pid}_${places++}`);
  drops.push(drop);
  return { folder, url };
}

async function run({ folder, url }: Place, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const faults = env.FAULT === undefined && env.POINTS === undefined ? [] : ['--import', fixture('faults.mjs')];
  const place = { cwd: folder, env: { LEDGER: join(folder, 'ledger'), SIZE: '2', MILLRACE_DATABASE_URL: url, ...env } };
  return await spawnNode([...faults, fixture('victim.mjs')], place).ended;
}

interface Undisturbed {
  readonly wanted: Counts;
  readonly out: string;
  /** By point, how often it is passed. */
  readonly points: Counts;
}

async function undisturbed(kind: 'sqlite' | 'postgres'): Promise<Undisturbed> {
  const place = newPlace(kind);
  const points = join(place.folder, 'points');
  const { out } = await run(place, { POINTS: points });
  return { wanted: linesOf(join(place.folder, 'ledger')), out, points: linesOf(points) };
}

/** One fault, then all that must hold, then a process that goes on. */
async function disturbed(kind: 'sqlite' | 'postgres', [fault, point, nth]: readonly [string, string, number], whole: Undisturbed): Promise<void> {
  const place = newPlace(kind);
  const ledger = join(place.folder, 'ledger');
  const { code, signal, err } = await run(place, { FAULT: `${fault} ${point} ${nth}` }); // O6
  // How often a commit is made depends on how fast the machine is; once it is made for sure.
  if (fault === 'kill' && nth === 1) expect(signal, `at ${point}: ${err}`).toBe('SIGKILL');
  if (fault === 'exit' && nth === 1) expect(code, `at ${point}: ${err}`).toBe(7);
  const when = `after '${fault}' at ${point} ${nth}`;
  const seen = await lookAt(place);
  expectKept(linesOf(ledger), seen, when);
  const before = linesOf(ledger);
  const next = await run(place);
  expect({ code: next.code, out: next.out }, `O2 ${when}: ${next.err}`).toEqual({ code: 0, out: whole.out });
  expectNotAgain(whole.wanted, seen, before, linesOf(ledger), when);
  const last = await lookAt(place);
  expectKept(linesOf(ledger), last, `${when}, and what came then`);
  expect(last.runs[0]?.state, `O2 ${when}`).toBe('success');
  await expectTidy(place.folder);
  rmSync(place.folder, { recursive: true, force: true });
}

function chosen(times: number, next: () => number): readonly number[] {
  if (ALL) return Array.from({ length: times }, (_, index) => index + 1);
  return times === 1 ? [1] : [1, 2 + Math.floor(next() * (times - 1))];
}

describe.each(server === '' ? (['sqlite'] as const) : (['sqlite', 'postgres'] as const))(
  'every write, sync, rename and commit that fails: %s',
  (kind) => {
    let whole: Undisturbed;
    beforeAll(async () => {
      whole = await undisturbed(kind);
    });

    it('the points are passed', () => {
      expect([...whole.points.keys()]).toEqual(expect.arrayContaining([...POINTS[kind]]));
    });

    it.concurrent.each(POINTS[kind])('a %s that hangs for a while holds up, and changes nothing', async (point) => {
      const place = newPlace(kind);
      const { code, out, err } = await run(place, { FAULT: `hang ${point} 1` });
      expect({ code, out }, err).toEqual({ code: 0, out: whole.out });
      expectKept(linesOf(join(place.folder, 'ledger')), await lookAt(place), `after it hung at ${point}`);
      await expectTidy(place.folder);
    });

    it.concurrent.each(POINTS[kind].flatMap((point) => KINDS.map((fault) => [fault, point] as const)))(
      '%s at each %s (O1 to O6)',
      { timeout: 120_000 },
      async (fault, point) => {
        for (const nth of chosen(whole.points.get(point) ?? 0, random(SEED + point.length))) await disturbed(kind, [fault, point, nth], whole);
      },
    );
  },
);

describe('what only the command line writes', () => {
  it.concurrent.each(['bundle.write', 'bundle.rename'].flatMap((point) => KINDS.map((fault) => [fault, point] as const)))(
    '%s at %s: the next command is none the wiser',
    async (fault, point) => {
      const folder = mkdtempSync(join(root, 'project-'));
      const env = { LEDGER: join(folder, 'ledger') };
      const command = [CLI, 'run', fixture('ledger.ts'), '--param', 'steps=2', '--json'];
      const points = join(folder, 'points');
      await spawnNode(['--import', fixture('faults.mjs'), ...command], { cwd: folder, env: { ...env, FAULT: `${fault} ${point} 1`, POINTS: points } })
        .ended;
      expect([...linesOf(points).keys()]).toContain(point);
      const { code, out } = await spawnNode(command, { cwd: folder, env }).ended;
      expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 0, state: 'success', result: 40_007 });
      expect(integrityOf(join(folder, '.millrace', 'millrace.db')), 'O4').toBe('ok');
      await expectTidy(folder);
    },
  );
});
