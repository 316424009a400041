import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openPostgresRecord } from '../../src/runs/postgres/postgres-record.js';
import { freshSchema } from '../postgres/fresh-schema.js';
import { fixture, type Shell, shellIn } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-lines-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

const FIXTURE = fixture('many-lines.ts');
/** What waits for a commit at most. */
const WAITING = 8_192;

function place(lines: number): { readonly url: string; readonly shell: Shell } {
  const { url, drop } = freshSchema(server, `lines_${process.pid}_${drops.length}`);
  drops.push(drop);
  return { url, shell: shellIn(mkdtempSync(join(root, 'project-')), { MILLRACE_DATABASE_URL: url, LINES: `${lines}` }) };
}

/** How many lines are recorded: all are there, from the first, once and in order. */
async function recorded(url: string): Promise<number> {
  await using record = await openPostgresRecord(url);
  const [run] = await record.runs();
  let count = 0;
  for (let after: number | undefined; ; ) {
    const page = await record.logs(run?.id as string, { limit: 10_000, ...(after === undefined ? {} : { after }) });
    if (page.length === 0) return count;
    for (const { text } of page) if (!text.startsWith(`line ${count++}:`)) throw new Error(`expected line ${count - 1}; got '${text}'`);
    after = page.at(-1)?.seq;
  }
}

describe.skipIf(server === '')('what a synchronous body prints, over a record in PostgreSQL', () => {
  it('is recorded while it prints: many times as many lines take no more memory', async () => {
    const growth: number[] = [];
    for (const lines of [20_000, 400_000]) {
      const { url, shell } = place(lines);
      growth.push((await shell.json<{ result: number }>('run', FIXTURE)).result);
      expect(await recorded(url)).toBe(lines);
    }
    // A line takes some 500 bytes while it waits: all of them would take 190 MB.
    expect((growth[1] as number) - (growth[0] as number)).toBeLessThan(120);
  });

  it('S19: a process that is killed in the middle has lost the last few thousand lines at most', async () => {
    const { url, shell } = place(10_000_000);
    const victim = shell.start('run', FIXTURE, '--quiet');
    await victim.printed('said 100000');
    victim.child.kill('SIGKILL');
    await victim.ended;
    expect(await recorded(url)).toBeGreaterThanOrEqual(100_000 - WAITING);
    expect((await shell.json<{ state: string }[]>('runs'))[0]?.state).toBe('crashed');
  });
});
