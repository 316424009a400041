import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freshSchema } from '../postgres/fresh-schema.js';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-shared-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
/** How often some processes set out together for keys that are new to all of them: the fewer, the more often. MILLRACE_TEST_ROUNDS=200 for a night. */
const roundsOf = (count: number): number => Number(process.env.MILLRACE_TEST_ROUNDS ?? Math.ceil(60 / count));

/** Processes that stay, and run a flow each time they are told to. */
async function contenders(count: number, cwd: string, url: string | undefined) {
  const { PATH, HOME, TZ, TMPDIR } = process.env;
  const bare = { PATH, HOME, TZ, TMPDIR, MILLRACE_HOME: join(cwd, '.millrace'), LEDGER: join(cwd, 'ledger') };
  const env = (url === undefined ? bare : { ...bare, MILLRACE_DATABASE_URL: url }) as NodeJS.ProcessEnv;
  const children = Array.from({ length: count }, () => fork(fixture('contender.mjs'), { cwd, env, execArgv: [] }));
  await Promise.all(children.map((child) => once(child, 'message')));
  return {
    round: async (round: number): Promise<readonly unknown[]> =>
      await Promise.all(
        children.map(async (child) => {
          const said = once(child, 'message');
          child.send(round);
          return (await said)[0];
        }),
      ),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    },
  };
}

const SUM = Array.from({ length: 60 }, (_, n) => n * n).reduce((a, b) => a + b, 0);

describe('processes that share a record', () => {
  const cases = [2, 4, 8].map((count) => [count, 'SQLite'] as const);
  it.each([...cases, ...(server === '' ? [] : cases.map(([count]) => [count, 'PostgreSQL'] as const))])(
    'S24: %i at once, round after round: each key computed once, on %s',
    { timeout: 600_000 },
    async (count, kind) => {
      const cwd = mkdtempSync(join(root, 'rounds-'));
      const rounds = roundsOf(count);
      let url: string | undefined;
      if (kind === 'PostgreSQL') {
        const schema = freshSchema(server, `rounds_${process.pid}_${count}`);
        drops.push(schema.drop);
        url = schema.url;
      }
      await using all = await contenders(count, cwd, url);
      for (let round = 0; round < rounds; round++) {
        const result = round * 300 + 3;
        expect(await all.round(round)).toEqual(Array.from({ length: count }, () => ({ round, result })));
      }
      const worked = readFileSync(join(cwd, 'ledger'), 'utf8').trim().split('\n');
      expect([worked.length, new Set(worked).size]).toEqual([3 * rounds, 3 * rounds]);
    },
  );

  it('S24: four at once compute each key once', async () => {
    const cwd = mkdtempSync(join(root, 'project-'));
    const ledger = join(cwd, 'ledger');
    const runs = Array.from(
      { length: 4 },
      () => spawnNode([CLI, 'run', fixture('shared-work.ts'), '--json'], { cwd, env: { LEDGER: ledger } }).ended,
    );
    for (const { code, out, err } of await Promise.all(runs)) {
      expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
      expect(JSON.parse(out).result).toBe(SUM);
    }
    const worked = readFileSync(ledger, 'utf8').trim().split('\n');
    expect([worked.length, new Set(worked).size]).toEqual([60, 60]);
  });

  it('S24, S31: what a killed one had claimed, another computes; what it had recorded, nobody', async () => {
    const cwd = mkdtempSync(join(root, 'project-'));
    const ledger = join(cwd, 'ledger');
    const start = () => spawnNode([CLI, 'run', fixture('shared-work.ts'), '--json'], { cwd, env: { LEDGER: ledger } });
    const victim = spawnNode([CLI, 'run', fixture('shared-work.ts')], { cwd, env: { LEDGER: ledger } });
    await victim.printed('works on 40');
    const other = start();
    victim.child.kill('SIGKILL');
    const { code, out } = await other.ended;
    expect([code, JSON.parse(out).result]).toEqual([0, SUM]);
    const worked = readFileSync(ledger, 'utf8').trim().split('\n');
    expect(new Set(worked).size).toBe(60);
    // Twice: what was under way, or not recorded yet, when it was killed.
    expect(worked.length).toBeLessThan(60 + 40);
  });
});
