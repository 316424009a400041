import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sameDigests } from '../../src/engine/inputs.js';
import { freshHome } from '../unit/engine/workbench.js';
import { mapOf, programFlow } from './program-flow.js';
import { checkEnd, executedIn, expectedState, inTime, type Ran, ran, resumed, runs, warmUp } from './program-run.js';
import { firesEarly, type Program, programs, stepsOf } from './random-program.js';

beforeAll(async () => {
  freshHome();
  await warmUp();
}, 60_000);

const concurrency = fc.constantFrom(1, 2, 3, 16);

/** About a quarter of all calls, others for each seed. */
const brokenBy = (seed: number) => (id: string) => createHash('sha256').update(`${seed} ${id}`).digest().readUInt8(0) % 4 === 0;

/** Tasks whose inputs are not settled when they are asked about: what they were handed is nobody's to say. */
function earlyTasks(program: Program): ReadonlySet<string> {
  return new Set([...stepsOf(program)].filter((step) => 'traits' in step && firesEarly(step.traits)).map(({ id }) => `t${id}`));
}

const taskOf = (id: string): string => mapOf(id).replace(/^.*\./, '').replace(/#.*$/, '');

/** What had a stored result is executed again only where it is handed something else. */
function checkNotAgain(program: Program, before: readonly Ran[], after: Ran): void {
  const early = earlyTasks(program);
  const executed = executedIn(after);
  for (const { id, inputs } of after.record.tasks) {
    if (!executed.has(id) || early.has(taskOf(id))) continue;
    const done = before.flatMap(({ record }) =>
      record.tasks.filter((row) => row.id === id && (row.artifacts.length > 0 || row.origin !== undefined)),
    );
    const same = done.filter((row) => row.inputs !== undefined && inputs !== undefined && sameDigests(row.inputs, inputs));
    expect(same.map((row) => [row.id, row.state])).toEqual([]);
    // Handed what cannot be compared, it could never be taken over.
    for (const row of done) expect([id, row.inputs === undefined]).toEqual([id, false]);
  }
}

describe('S30: a random program of which something is broken', () => {
  it('resumed when that is mended, ends as if nothing had been, and what had a stored result is not executed again', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs({ patient: true }),
        concurrency,
        concurrency,
        fc.nat(),
        inTime(async (program, first, second, seed) => {
          const made = programFlow(program);
          made.isBroken = brokenBy(seed);
          const broken = await ran(made, first);
          fc.pre(broken.record.run.state === 'failed');
          made.isBroken = () => false;
          const mended = await resumed(made, broken.record.run.id, second);
          checkEnd(program, mended);
          checkNotAgain(program, [broken], mended);
        }),
      ),
      runs(60),
    );
  });

  it('mended bit by bit, each run resuming the one before, comes to the same; and a run that succeeded is not to be resumed', async () => {
    await fc.assert(
      fc.asyncProperty(
        programs({ patient: true }),
        concurrency,
        fc.array(fc.nat(), { minLength: 2, maxLength: 3 }),
        inTime(async (program, workers, seeds) => {
          const made = programFlow(program);
          const before: Ran[] = [];
          for (const seed of seeds) {
            made.isBroken = brokenBy(seed);
            const last = before.at(-1);
            if (last !== undefined && last.record.run.state === 'success') return;
            const run = last === undefined ? await ran(made, workers) : await resumed(made, last.record.run.id, workers);
            checkNotAgain(program, before, run);
            before.push(run);
          }
          const last = before.at(-1) as Ran;
          if (last.record.run.state === 'success') return;
          made.isBroken = () => false;
          const mended = await resumed(made, last.record.run.id, workers);
          expect(mended.record.run.state).toBe(expectedState(program));
          checkEnd(program, mended);
          checkNotAgain(program, before, mended);
        }),
      ),
      runs(30),
    );
  });
});
