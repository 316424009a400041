import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { freshSchema } from '../postgres/fresh-schema.js';
import { fixture, type RecordedRun, type Shell, shellIn } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-cancel-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

function inFolder(): Shell {
  const folder = mkdtempSync(join(root, 'project-'));
  return shellIn(folder);
}

function onServer(): Shell {
  const { url, drop } = freshSchema(server, `cancel_${process.pid}_${drops.length}`);
  drops.push(drop);
  const folder = mkdtempSync(join(root, 'project-'));
  return shellIn(folder, { MILLRACE_DATABASE_URL: url });
}

const kinds = [{ kind: 'SQLite', make: inFolder }, ...(server === '' ? [] : [{ kind: 'PostgreSQL', make: onServer }])];

describe.each(kinds)('millrace cancel, over $kind', ({ make }) => {
  it('S15: ends a run of another process, says why in both, and finds it ended the next time', async () => {
    const shell = make();
    const victim = shell.start('run', fixture('leases.ts'), 'waiting');
    await victim.printed('the body has begun');
    const asked = await shell.json<{ run: string }>('cancel', 'waiting/latest', '--reason', 'the data are wrong', '--no-wait');
    expect(asked).toEqual({ run: expect.any(String), state: 'asked' });
    // Who asks again waits all the same; the first reason counts.
    const cancelled = await shell.millrace('cancel', asked.run);
    expect([cancelled.code, cancelled.out]).toEqual([0, expect.stringMatching(/^run \S+ of flow waiting was cancelled\n$/)]);
    expect((await victim.ended).code).toBe(130);
    const [run] = await shell.json<readonly RecordedRun[]>('runs');
    expect(run).toMatchObject({ state: 'cancelled', error: { code: 'RUN_CANCELLED', message: expect.stringContaining('the data are wrong') } });
    const again = await shell.millrace('cancel', 'waiting/latest');
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('had ended already: cancelled')]);
  });

  it('tells a run whose process is gone as crashed, one that has ended as such, and one that there is not', async () => {
    const shell = make();
    const victim = shell.start('run', fixture('leases.ts'), 'waiting');
    await victim.printed('the body has begun');
    victim.child.kill('SIGKILL');
    await victim.ended;
    const crashed = await shell.millrace('cancel', 'waiting/latest');
    expect([crashed.code, crashed.out]).toEqual([1, expect.stringMatching(/has crashed\n.*is gone/)]);
    await shell.millrace('run', fixture('leases.ts'), 'short');
    const over = await shell.millrace('cancel', 'short/latest', '--json');
    expect([over.code, JSON.parse(over.out)]).toEqual([1, expect.objectContaining({ state: 'success' })]);
    const unknown = await shell.millrace('cancel', 'nothing-like-it');
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('RUN_UNKNOWN')]);
  });
});
