import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-resume-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Document {
  readonly run: string;
  readonly state: string;
  readonly resumes?: string;
  readonly counts: Readonly<Record<string, number>>;
}

describe('millrace resume', () => {
  const [ledger, healed] = [join(root, 'ledger'), join(root, 'healed')];
  const file = fixture('resumable.ts');
  let shell: Shell;
  let failed: Document;

  /** What ran since this was last asked. */
  const ran = (): readonly string[] => {
    const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(ledger, { force: true });
    return lines;
  };

  beforeAll(async () => {
    shell = shellIn(root, { LEDGER: ledger, HEALED: healed });
    failed = await shell.json<Document>('run', file, 'resumable');
    expect(failed.state).toBe('failed');
    ran();
    writeFileSync(healed, '');
  });

  it('S30, S32: goes on with the newest run that has not succeeded; then there is nothing to resume', async () => {
    const done = await shell.json<Document>('resume', file);
    expect(done).toMatchObject({ state: 'success', resumes: failed.run });
    expect(ran()).toEqual(['shaky', 'join']);
    const record = await shell.json<RecordedRun & { readonly originRun: string }>('inspect', done.run);
    expect(record.originRun).toBe(failed.run);
    expect(statesOf(record)).toMatchObject({ 'step#0': 'cached', 'inner#0': 'cached', 'shaky#0': 'success' });
    const { out } = await shell.millrace('inspect', done.run);
    expect(out).toMatch(new RegExp(`resumes +${failed.run}`));
    expect(out).toMatch(new RegExp(`step#0 +cached .*taken over from run ${failed.run}`));

    const again = await shell.millrace('resume', file);
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('error[NOTHING_TO_RESUME]')]);
    const latest = await shell.millrace('resume', file, 'resumable/latest', '--quiet');
    expect([latest.code, latest.out, latest.err]).toEqual([0, '', '']);
    expect(await shell.json('resume', file, done.run)).toEqual({ run: done.run, flow: 'resumable', state: 'success', nothingToResume: true });
    expect(ran()).toEqual([]);
  });

  it('S30: from a step, with other parameters, and by the name of the run, whose flow is known by it', async () => {
    await shell.json<Document>('resume', file, 'resumable/latest', '--from', 'shaky');
    expect(ran()).toEqual(['shaky', 'join']);
    await shell.json<Document>('resume', file, 'resumable/latest', '--param', 'steps=11');
    expect(ran()).toEqual(['step 10', 'join']);
    const child = await shell.json<Document>('resume', file, 'child/latest', '--from', 'step');
    expect(child.state).toBe('success');
    expect(ran()).toEqual(['step 100', 'step 101', 'step 102', 'step 103']);
  });

  it('S32: wrong use, and runs that there are not', async () => {
    const refused = async (...args: readonly string[]) => {
      const { code, err } = await shell.millrace('resume', file, ...args);
      return [code, err];
    };
    expect(await refused(`${failed.run}x`)).toEqual([1, expect.stringContaining(`did you mean ${failed.run}`)]);
    expect(await refused('resumable')).toEqual([1, expect.stringContaining('did you mean resumable/latest')]);
    expect(await refused('resumable/latest', '--from', 'shakey')).toEqual([2, expect.stringContaining("Did you mean 'shaky'?")]);
    expect(await refused('resumable/latest', '--param', 'stpes=3')).toEqual([2, expect.stringContaining("did you mean 'steps'?")]);
    // Its body decides what it calls: only the run itself could tell.
    expect(await refused('resumable/latest', '--only', 'shakey')).toEqual([
      1,
      expect.stringContaining("failed: expected 'only' with the names of tasks"),
    ]);
    expect(await refused(failed.run, '--flow', 'child')).toEqual([1, expect.stringContaining('error[RUN_OF_ANOTHER_FLOW]')]);
    expect(ran()).toEqual([]);
  });

  it('--only executes one task, and takes the rest from earlier results', async () => {
    expect(await shell.json<Document>('run', file, 'child', '--param', 'from=100', '--only', 'step')).toMatchObject({ state: 'success' });
    expect(ran()).toHaveLength(4);
    const lacking = await shell.millrace('run', file, 'child', '--param', 'from=200', '--only', 'join');
    expect([lacking.code, lacking.err]).toEqual([2, expect.stringContaining('--only with the name of a task of this flow (step)')]);
  });
});
