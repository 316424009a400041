import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freshSchema } from '../postgres/fresh-schema.js';
import { type Counts, expectKept, expectNotAgain, expectTidy, linesOf, lookAt, type Place, random } from './oracles.js';
import { fixture, type Spawned, spawnNode } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-kills-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

/** 150 when nothing is said; MILLRACE_TEST_KILLS=2000 for a night. */
const KILLS = Number(process.env.MILLRACE_TEST_KILLS ?? 150);
/** Another one finds other moments; a failure names its own, and MILLRACE_TEST_SEED repeats it as far as the machine's speed allows. */
const SEED = Number(process.env.MILLRACE_TEST_SEED ?? 1);
/** So many of the kills meet a record on a server, where there is one. */
const ON_SERVER = server === '' ? 0 : Math.ceil(KILLS * 0.14);
/** Two at a time: a kill of one falls into the writes of no other. */
const LANES = 2;
const PATIENCE_MS = 60_000 + KILLS * 1_500;

const ledgerOf = ({ folder }: Place): string => join(folder, 'ledger');

let places = 0;
function newPlace(isOnServer: boolean): Place {
  const folder = mkdtempSync(join(root, 'project-'));
  if (!isOnServer) return { folder };
  const { url, drop } = freshSchema(server, `kills_${process.pid}_${places++}`);
  drops.push(drop);
  return { folder, url };
}

function start(place: Place): Spawned {
  return spawnNode([fixture('victim.mjs')], { cwd: place.folder, env: { LEDGER: ledgerOf(place), MILLRACE_DATABASE_URL: place.url } });
}

/** A run that nobody disturbs: what all others come to, how often each task runs in one, and how long its parts take. */
interface Undisturbed {
  readonly wanted: Counts;
  readonly out: string;
  readonly startMs: number;
  readonly runMs: number;
}

async function undisturbed(isOnServer: boolean): Promise<Undisturbed> {
  const place = newPlace(isOnServer);
  const started = performance.now();
  const run = start(place);
  await run.printed('the body has begun');
  const began = performance.now();
  const { code, out, err } = await run.ended;
  expect({ code, err }).toEqual({ code: 0, err: 'the body has begun\n' });
  return { wanted: linesOf(ledgerOf(place)), out, startMs: began - started, runMs: performance.now() - began };
}

/** Anywhere in its life: while it starts and opens the record, while it runs, when it is about to end or has just ended. */
async function killSomewhen(victim: Spawned, next: () => number, { startMs, runMs }: Undisturbed): Promise<boolean> {
  const isEarly = next() < 0.2;
  if (!isEarly) await Promise.race([victim.printed('the body has begun').catch(() => undefined), victim.ended]);
  await new Promise((resolve) => setTimeout(resolve, next() * (isEarly ? startMs : runMs * 1.05)));
  victim.child.kill('SIGKILL');
  return (await victim.ended).signal === 'SIGKILL';
}

/** Projects one after the other, each killed and resumed until it is done. @returns how many kills met a living process */
async function lane(seed: number, budget: number, isOnServer: boolean): Promise<number> {
  const next = random(seed);
  const whole = await undisturbed(isOnServer);
  let kills = 0;
  for (let project = 0; kills < budget; project++) {
    const place = newPlace(isOnServer);
    const ledger = ledgerOf(place);
    for (let round = 0; ; round++) {
      const when = `in round ${round} of project ${project}, seed ${seed}`;
      const seen = await lookAt(place);
      expectKept(linesOf(ledger), seen, when);
      const before = linesOf(ledger);
      const victim = start(place);
      const isSpared = kills >= budget;
      const isKilled = !isSpared && (await killSomewhen(victim, next, whole));
      kills += Number(isKilled);
      const { code, out, err } = await victim.ended; // O6
      expectNotAgain(whole.wanted, seen, before, linesOf(ledger), when);
      if (isKilled) continue;
      expect({ code, out }, `O2 ${when}: ${err}`).toEqual({ code: 0, out: whole.out });
      break;
    }
    const last = await lookAt(place);
    expectKept(linesOf(ledger), last, `at last, seed ${seed}`);
    expect(last.runs[0]?.state, `O2: project ${project}, seed ${seed}`).toBe('success');
    await expectTidy(place.folder);
    rmSync(place.folder, { recursive: true, force: true });
  }
  return kills;
}

describe(`S31: kill -9 at random moments, resumed and killed again (O1 to O6; MILLRACE_TEST_SEED=${SEED}, MILLRACE_TEST_KILLS=${KILLS})`, () => {
  const each = Math.ceil((KILLS - ON_SERVER) / LANES);

  it.concurrent.each(Array.from({ length: LANES }, (_, index) => SEED * 1_000 + index))(
    `SQLite: ${each} kills, nothing wrong, nothing recorded lost or done again, nothing left (seed %i)`,
    { timeout: PATIENCE_MS },
    async (seed) => {
      expect(await lane(seed, each, false)).toBe(each);
    },
  );

  it.skipIf(server === '')(`PostgreSQL: ${ON_SERVER} kills, the same`, { timeout: PATIENCE_MS }, async () => {
    expect(await lane(SEED * 1_000 + 900, ON_SERVER, true)).toBe(ON_SERVER);
  });
});
