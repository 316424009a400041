import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, it } from 'vitest';
import { sweepTemporaryFiles } from '../../src/base/atomic-file.js';
import { openProject } from '../../src/runtime/project.js';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const STEPS = 24;
const KILLS = 10;
/** An undisturbed run takes about as long, so kills fall anywhere in it. */
const LONGEST_MS = 90;

const valueAt = (index: number): string => (index % 3 === 0 ? `${index}:`.repeat(20_000) : `value ${index}`);
const TOTAL = Array.from({ length: STEPS }, (_, index) => valueAt(index).length).reduce((sum, length) => sum + length, 0);

/** Small, and the same everywhere: a failure can be repeated with its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

/** How often each task ran, whoever lived to tell. */
function executions(ledger: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  if (!existsSync(ledger)) return counts;
  for (const line of readFileSync(ledger, 'utf8').split('\n')) if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

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

function integrity(home: string): unknown {
  const database = new Database(join(home, 'millrace.db'));
  try {
    return (database.prepare('PRAGMA integrity_check').get() as { integrity_check: unknown }).integrity_check;
  } finally {
    database.close();
  }
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
      const before = executions(ledger);
      const victim = run();
      await victim.printed('the body has begun');
      await new Promise((resolve) => setTimeout(resolve, next() * LONGEST_MS));
      victim.child.kill('SIGKILL');
      await victim.ended; // O6
      const after = executions(ledger);
      for (const name of done) expect(after.get(name), `O3: ${name} was recorded before kill ${kill}`).toBe(before.get(name));
      expect(integrity(home), 'O4').toBe('ok');
      const { recorded } = await look(home);
      for (const name of done) expect(recorded.has(name), `O3: ${name} is still recorded`).toBe(true);
      done = recorded;
    }
    const before = executions(ledger);
    const { code, out } = await run().ended;
    expect({ code, ...(JSON.parse(out) as object) }, 'O2').toMatchObject({ code: 0, state: 'success', result: TOTAL });
    const after = executions(ledger);
    for (const name of done) expect(after.get(name), `O3: ${name}`).toBe(before.get(name));
    const { recorded, crashed } = await look(home);
    expect(recorded.size, 'O2').toBe(STEPS + 1);
    expect(crashed, 'kills that met a run').toBeGreaterThan(0);
    await sweepTemporaryFiles(folder);
    const left = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.tmp'));
    expect(left, 'O5').toEqual([]);
  });
});
