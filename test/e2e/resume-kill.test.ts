import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunRow } from '../../src/model/records.js';
import { withOrigins } from '../../src/runs/with-origins.js';
import { openProject } from '../../src/runtime/project.js';
import { type Counts, expectNotAgain, expectTidy, integrityOf, lineOf, linesOf, random } from './oracles.js';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-resume-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Hunting for bugs, one wants more: MILLRACE_TEST_MORE=20; with MILLRACE_TEST_SEED, of one seed. */
const MORE = Number(process.env.MILLRACE_TEST_MORE ?? 1);
const SEEDS = process.env.MILLRACE_TEST_SEED === undefined ? [11, 12] : [Number(process.env.MILLRACE_TEST_SEED)];
const KILLS = 6 * MORE;
/** Kills fall anywhere in the time that an undisturbed run takes, and a little after. */
const BEYOND = 1.1;

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
  return { wanted: linesOf(ledger), result, ms };
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
      const before = linesOf(ledger);
      const victim = isFirst ? start('run', fixture('resumable.ts'), 'resumable') : start('resume', fixture('resumable.ts'), '--flow', 'resumable');
      await victim.printed('the body has begun');
      await new Promise((resolve) => setTimeout(resolve, next() * ms * BEYOND));
      victim.child.kill('SIGKILL');
      const { signal } = await victim.ended; // O6
      isFirst = false;
      kills += Number(signal === 'SIGKILL');
      expectNotAgain(wanted, { recorded }, before, linesOf(ledger), `after kill ${kill}`);
      expect(integrityOf(join(home, 'millrace.db')), 'O4').toBe('ok');
    }
    expect(kills, 'kills that met a run').toBeGreaterThan(0);
    // One that ended by itself, by the task that is not healed yet, is resumed as one that was killed.
    writeFileSync(healed, '');
    const { recorded } = await look(home);
    const before = linesOf(ledger);
    const { code, out, err } = await start('resume', fixture('resumable.ts'), '--flow', 'resumable').ended;
    expect({ code, ...(JSON.parse(out || '{}') as object) }, `O2 ${err}`).toMatchObject({ code: 0, state: 'success', result });
    expectNotAgain(wanted, { recorded }, before, linesOf(ledger), 'at last');
    const { runs } = await look(home);
    const [last] = runs.filter(({ flow }) => flow === 'resumable');
    expect(last).toMatchObject({ state: 'success', originRun: expect.any(String) });
    expect(runs.some(({ state }) => state === 'crashed')).toBe(true);
    await expectTidy(folder);
  });
});
