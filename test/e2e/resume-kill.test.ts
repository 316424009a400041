import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, it } from 'vitest';
import { sweepTemporaryFiles } from '../../src/base/atomic-file.js';
import type { RunRow } from '../../src/model/records.js';
import { withOrigins } from '../../src/runs/with-origins.js';
import { openProject } from '../../src/runtime/project.js';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-resume-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Hunting for bugs, one wants more: MILLRACE_TEST_MORE=20; with MILLRACE_TEST_SEED, of one seed. */
const MORE = Number(process.env.MILLRACE_TEST_MORE ?? 1);
const SEEDS = process.env.MILLRACE_TEST_SEED === undefined ? [11, 12] : [Number(process.env.MILLRACE_TEST_SEED)];
const KILLS = 6 * MORE;
/** Kills fall anywhere in the time that an undisturbed run takes, and a little after. */
const BEYOND = 1.1;

/** Small, and the same everywhere: a failure can be repeated with its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

type Counts = ReadonlyMap<string, number>;

/** How often each task ran, whoever lived to tell. */
function executions(ledger: string): Counts {
  const counts = new Map<string, number>();
  if (!existsSync(ledger)) return counts;
  for (const line of readFileSync(ledger, 'utf8').split('\n')) if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

/** What a task run notes in the ledger; calls whose lines are told apart by nothing are counted. */
function lineOf(task: string, inputs: Readonly<Record<string, { readonly shown?: string }>> | undefined): string {
  const index = inputs?.index?.shown;
  return index === undefined ? task : `${task} ${index}`;
}

interface Seen {
  /** By line, how many results of it are recorded: what is there is not to be computed again. */
  readonly recorded: Counts;
  readonly runs: readonly RunRow[];
}

/** What the record says after a kill; throws where it contradicts an oracle. */
async function look(home: string): Promise<Seen> {
  const recorded = new Map<string, number>();
  await using project = await openProject({ home });
  const runs = await project.record.runs({ limit: 1_000 });
  for (const run of runs) {
    expect(['running', 'pending'], `O4: run ${run.id} has no owner any more`).not.toContain(run.state);
    const taskRuns = await withOrigins(project.record, await project.record.taskRuns(run.id));
    for (const { id, task, state, artifacts, inputs } of taskRuns) {
      expect(['running', 'queued', 'pending'], `O4: ${id} of run ${run.id}`).not.toContain(state);
      if (artifacts.length === 0) continue;
      const value = await project.keeper.load(artifacts, { serializer: undefined, outputs: undefined, store: undefined });
      // O1: every result that says which it is is the true one.
      const line = lineOf(task, inputs);
      if (task === 'step' || task === 'each' || task === 'cached') expect(String(value).startsWith(line), `O1: ${id} of run ${run.id}`).toBe(true);
      if (state === 'success') recorded.set(line, (recorded.get(line) ?? 0) + 1);
    }
  }
  return { recorded, runs };
}

function integrity(home: string): unknown {
  const database = new Database(join(home, 'millrace.db'));
  try {
    return (database.prepare('PRAGMA integrity_check').get() as { integrity_check: unknown }).integrity_check;
  } finally {
    database.close();
  }
}

/** O3: of what was recorded as done, nothing is executed more often than it has to be. */
function checkNotAgain(wanted: Counts, recorded: Counts, before: Counts, after: Counts, when: string): void {
  for (const [line, most] of wanted) {
    const missing = Math.max(0, most - (recorded.get(line) ?? 0));
    const ran = (after.get(line) ?? 0) - (before.get(line) ?? 0);
    expect(ran, `O3: '${line}' ${when}: ${recorded.get(line) ?? 0} of ${most} were recorded`).toBeLessThanOrEqual(missing);
  }
}

/** How often each task runs in a run that nobody disturbs: what two runs of one flow have in common. */
async function undisturbed(folder: string): Promise<{ readonly wanted: Counts; readonly result: unknown; readonly ms: number }> {
  const ledger = join(folder, 'undisturbed');
  const healed = join(folder, 'always');
  writeFileSync(healed, '');
  const home = join(folder, 'quiet');
  const run = spawnNode([CLI, 'run', fixture('resumable.ts'), 'resumable', '--json'], {
    cwd: folder,
    env: { LEDGER: ledger, HEALED: healed, MILLRACE_HOME: home },
  });
  const { out } = await run.ended;
  const { result, ms } = JSON.parse(out) as { readonly result: unknown; readonly ms: number };
  return { wanted: executions(ledger), result, ms };
}

describe('S31: kill -9 at random moments, each run resumed by the next (O1 to O6)', () => {
  it.concurrent.each(SEEDS)('whatever was recorded as done is not executed again (seed %i)', { timeout: 60_000 * MORE }, async (seed) => {
    const folder = mkdtempSync(join(root, 'project-'));
    const home = join(folder, '.millrace');
    const { wanted, result, ms } = await undisturbed(folder);
    const [ledger, healed] = [join(folder, 'ledger'), join(folder, 'healed')];
    const start = (...args: readonly string[]) => spawnNode([CLI, ...args, '--json'], { cwd: folder, env: { LEDGER: ledger, HEALED: healed } });
    const next = random(seed);
    let isFirst = true;
    let kills = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const { recorded } = isFirst ? { recorded: new Map<string, number>() } : await look(home);
      const before = executions(ledger);
      const victim = isFirst ? start('run', fixture('resumable.ts'), 'resumable') : start('resume', fixture('resumable.ts'), '--flow', 'resumable');
      await victim.printed('the body has begun');
      await new Promise((resolve) => setTimeout(resolve, next() * ms * BEYOND));
      victim.child.kill('SIGKILL');
      const { signal } = await victim.ended; // O6
      isFirst = false;
      kills += Number(signal === 'SIGKILL');
      checkNotAgain(wanted, recorded, before, executions(ledger), `after kill ${kill}`);
      expect(integrity(home), 'O4').toBe('ok');
    }
    expect(kills, 'kills that met a run').toBeGreaterThan(0);
    // One that ended by itself, by the task that is not healed yet, is resumed as one that was killed.
    writeFileSync(healed, '');
    const { recorded } = await look(home);
    const before = executions(ledger);
    const { code, out, err } = await start('resume', fixture('resumable.ts'), '--flow', 'resumable').ended;
    expect({ code, ...(JSON.parse(out || '{}') as object) }, `O2 ${err}`).toMatchObject({ code: 0, state: 'success', result });
    checkNotAgain(wanted, recorded, before, executions(ledger), 'at last');
    const { runs } = await look(home);
    const [last] = runs.filter(({ flow }) => flow === 'resumable');
    expect(last).toMatchObject({ state: 'success', originRun: expect.any(String) });
    expect(runs.some(({ state }) => state === 'crashed')).toBe(true);
    await sweepTemporaryFiles(folder);
    const left = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.tmp'));
    expect(left, 'O5').toEqual([]);
  });
});
