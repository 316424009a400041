import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CLI, fixture, spawnNode } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-shared-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SUM = Array.from({ length: 60 }, (_, n) => n * n).reduce((a, b) => a + b, 0);

describe('processes that share a record', () => {
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
