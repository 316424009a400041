import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openProject } from '../../src/runtime/project.js';
import { expectTidy, integrityOf, linesOf, random } from './oracles.js';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STEPS = 24;
const KILLS = 10;
/** An undisturbed run takes about as long, so kills fall anywhere in it. */
const LONGEST_MS = 90;

const valueAt = (index: number): string => (index % 3 === 0 ? `${index}:`.repeat(20_000) : `value ${index}`);
const TOTAL = Array.from({ length: STEPS }, (_, index) => valueAt(index).length).reduce((sum, length) => sum + length, 0);

/** What the record says after a kill; throws where it contradicts an oracle. */
async function look(home: string): Promise<{ readonly recorded: ReadonlySet<string>; readonly crashed: number }> {
  const recorded = new Set<string>();
  let crashed = 0;
  await using project = await openProject({ home });
  for (const run of await project.record.runs({ limit: 100 })) {
    expect(run.state, `O4: run ${run.id} has no owner any more`).not.toBe('running');
    if (run.state === 'crashed') crashed++;
    for (const taskRun of await project.record.taskRuns(run.id)) {
      expect(taskRun.state, `O4: ${taskRun.id} of run ${run.id}`).not.toBe('running');
      if (taskRun.state !== 'success') continue;
      const index = Number(taskRun.id.slice('step#'.length));
      const value = await project.keeper.load(taskRun.artifacts, { serializer: undefined, outputs: undefined, store: undefined });
      if (taskRun.task === 'step') expect(value === valueAt(index), `O1: ${taskRun.id} of run ${run.id}`).toBe(true);
      recorded.add(taskRun.task === 'step' ? `step ${index}` : 'join');
    }
  }
  return { recorded, crashed };
}

describe('kill -9 at random moments (O1 to O6)', () => {
  it.concurrent.each([1, 2])('nothing wrong, nothing recorded lost, nothing left running (seed %i)', async (seed) => {
    const folder = mkdtempSync(join(root, 'project-'));
    const home = join(folder, '.millrace');
    const ledger = join(folder, 'ledger');
    const run = () => spawnNode([CLI, 'run', fixture('ledger.ts'), '--json'], { cwd: folder, env: { LEDGER: ledger } });
    const next = random(seed);
    let done: ReadonlySet<string> = new Set();
    for (let kill = 0; kill < KILLS; kill++) {
      const before = linesOf(ledger);
      const victim = run();
      await victim.printed('the body has begun');
      await new Promise((resolve) => setTimeout(resolve, next() * LONGEST_MS));
      victim.child.kill('SIGKILL');
      await victim.ended; // O6
      const after = linesOf(ledger);
      for (const name of done) expect(after.get(name), `O3: ${name} was recorded before kill ${kill}`).toBe(before.get(name));
      expect(integrityOf(join(home, 'millrace.db')), 'O4').toBe('ok');
      const { recorded } = await look(home);
      for (const name of done) expect(recorded.has(name), `O3: ${name} is still recorded`).toBe(true);
      done = recorded;
    }
    const before = linesOf(ledger);
    const { code, out } = await run().ended;
    expect({ code, ...(JSON.parse(out) as object) }, 'O2').toMatchObject({ code: 0, state: 'success', result: TOTAL });
    const after = linesOf(ledger);
    for (const name of done) expect(after.get(name), `O3: ${name}`).toBe(before.get(name));
    const { recorded, crashed } = await look(home);
    expect(recorded.size, 'O2').toBe(STEPS + 1);
    expect(crashed, 'kills that met a run').toBeGreaterThan(0);
    await expectTidy(folder);
  });
});
