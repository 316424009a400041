import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processIdentity } from '../../src/base/process-identity.js';
import { every } from '../../src/index.js';
import { ServiceRecord } from '../../src/runs/service/service-record.js';
import { openProject } from '../../src/runtime/project.js';
import { fixture, type RecordedRun, type Shell, shellIn, statesOf } from './spawned.js';

const file = fixture('nightly.ts');
const schedule = every('1d', { start: new Date('2026-01-01') });

/** As a service tells it. */
const DEFINITION = {
  description: 'Loads a day at a time',
  owner: 'ada',
  tags: ['daily'],
  schedules: [{ text: String(schedule), params: {}, spec: schedule.toJSON?.() }],
  missed: 'latest',
  overlap: 'queue',
  dependsOnPast: false,
  parameters: [
    { name: 'ms', type: 'integer', required: false, default: '20', help: 'how slow it is', secret: false, significant: true },
    { name: 'key', type: 'string', required: false, secret: true, significant: true },
  ],
  parametersSchema: { type: 'object', properties: { ms: { type: 'integer', minimum: 0 }, key: { type: 'string' } }, additionalProperties: false },
};

describe('words about flows', () => {
  let folder: string;
  let ledger: string;
  let shell: Shell;

  const withService = async <T>(use: (service: ServiceRecord) => Promise<T>): Promise<T> => {
    await using project = await openProject({ home: join(folder, '.millrace') });
    await using service = await ServiceRecord.open(project.record.heartbeat);
    return await use(service);
  };
  const serve = (): Promise<void> =>
    withService(async (service) => {
      const now = Date.now();
      const row = { id: 's1', owner: processIdentity(), folder, startedAt: now, seenAt: now, leaseUntil: now + 3_600_000, draining: false };
      await service.report(row, [
        { path: 'nightly.ts', digest: 'd', error: undefined, loadedAt: now, flows: [{ name: 'nightly', definition: DEFINITION }] },
        { path: 'broken.ts', digest: 'd', error: "broken.ts:1 expected ';'", loadedAt: now, flows: [] },
      ]);
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-words-'));
    ledger = join(folder, 'ledger');
    shell = shellIn(folder, { LEDGER: ledger });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  const ran = (): readonly string[] => {
    const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(ledger, { force: true });
    return lines.map((line) => line.split(' ')[0] as string);
  };

  it('test: nothing is recorded, and nothing needs a project', async () => {
    const whole = await shell.json<{ state: string }>('test', file, '-p', 'ms=1');
    expect([whole.state, ran()]).toEqual(['success', ['load', 'clean', 'store']]);
    const one = await shell.json<{ state: string; result: unknown; counts: object }>(
      'test',
      file,
      '--task',
      'clean',
      '--arg',
      '"monday"',
      '--arg',
      '1',
    );
    expect(one).toMatchObject({ state: 'success', result: 'clean monday', counts: { success: 1 } });
    expect(ran()).toEqual(['clean']);
    expect(existsSync(join(folder, '.millrace', 'millrace.db'))).toBe(false);
    const missing = await shell.millrace('test', file, '--task', 'clean');
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('TEST_INPUT_MISSING')]);
    expect((await shell.millrace('test', file, '--task', 'claen')).err).toContain('TASK_UNKNOWN');
    expect((await shell.millrace('test', file, '--task', 'clean', '--arg', 'monday')).code).toBe(2);
  });

  it('next and describe need nothing but the file', async () => {
    const coming = await shell.json<readonly { at: string; local: string; schedule: string }[]>('next', file, '--from', '2026-03-01', '-n', '3');
    expect(coming.map(({ at }) => at)).toEqual(['2026-03-02T00:00:00.000Z', '2026-03-02T11:00:00.000Z', '2026-03-03T00:00:00.000Z']);
    expect(coming[1]?.local).toBe('2026-03-02 06:00 America/New_York');
    const { out } = await shell.millrace('describe', file);
    expect(out).toMatch(/about +Loads a day at a time/);
    expect(out).toMatch(/2 +cron 0 6 \* \* 1 America\/New_York/);
    expect(out).toMatch(/load +1 +retries 2, time-out 1 m 00 s +reads a day/);
  });

  it('clear: chosen tasks of a run are executed again, by name, neighbours or failure; the rest is taken over', async () => {
    const broken = shellIn(folder, { LEDGER: ledger, BROKEN: join(folder, 'healed') });
    const failed = await broken.json<{ run: string; state: string }>('run', file, '-p', 'ms=1');
    expect([failed.state, ran()]).toEqual(['failed', ['load', 'clean', 'store']]);
    // There is a project, and nobody who serves flows.
    const nobody = await shell.millrace('next');
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('no service is running')]);
    expect(nobody.err).toContain('millrace serve');
    const dry = await shell.json<{ tasks: readonly string[] }>('clear', failed.run, '--task', 'clean', '--downstream', '--dry-run');
    expect(dry.tasks).toEqual(['clean', 'store']);
    expect((await shell.json<{ tasks: unknown }>('clear', failed.run, '--task', 'clean', '--upstream', '--dry-run')).tasks).toEqual([
      'load',
      'clean',
    ]);
    const healed = await shell.json<{ run: string; state: string; resumes: string }>('clear', failed.run, '--failed', '--file', file);
    expect([healed.state, healed.resumes, ran()]).toEqual(['success', failed.run, ['store']]);
    const again = await shell.json<{ run: string; state: string }>('clear', healed.run, '-t', 'c*', '--yes', '--file', file);
    expect([again.state, ran()]).toEqual(['success', ['clean']]);
    expect(statesOf(await shell.json<RecordedRun>('inspect', again.run))).toEqual({ 'load#0': 'cached', 'clean#0': 'success', 'store#0': 'cached' });
    expect((await shell.millrace('clear', again.run, '-t', 'laod')).code).toBe(2);
    expect((await shell.millrace('clear', again.run, '-t', 'load')).err).toContain('FLOW_NOT_SERVED');
    expect((await shell.millrace('clear', again.run)).code).toBe(2);
  });

  it('test --task takes what the newest run has', async () => {
    const tested = await shell.json<{ state: string; result: string }>('test', file, '--task', 'store');
    expect(tested.result).toMatch(/^stored clean 20/);
    expect(ran()).toEqual(['store']);
  });

  describe('of what services serve', () => {
    beforeAll(serve);

    it('flows: schedule, next instant, last run, broken files', async () => {
      const { flows, broken } = await shell.json<{ flows: readonly object[]; broken: readonly object[] }>('flows');
      expect(flows).toMatchObject([
        { flow: 'nightly', state: 'active', served: true, schedules: [String(schedule)], last: { state: 'success' }, file: 'nightly.ts' },
      ]);
      expect(broken).toEqual([{ path: 'broken.ts', service: 's1', error: "broken.ts:1 expected ';'" }]);
      expect((await shell.millrace('flows')).out).toMatch(/nightly +active +every 1d/);
    });

    it('next, describe: without the file', async () => {
      const [first] = await shell.json<readonly { flow: string; at: string }[]>('next', '--from', '2026-03-01T12:00', '-n', '1');
      expect(first).toMatchObject({ flow: 'nightly', at: '2026-03-02T00:00:00.000Z' });
      const about = await shell.json<object>('describe', 'nightly');
      expect(about).toMatchObject({
        owner: 'ada',
        parameters: [{ name: 'ms', default: 20 }, { name: 'key' }],
        past: { states: { success: 2, failed: 1 } },
      });
      const unknown = await shell.millrace('describe', 'nightli');
      expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining("Did you mean 'nightly'?")]);
    });

    it('pause and unpause: once, with the reason', async () => {
      expect(await shell.json('pause', 'nightly', '--why', 'the source moves')).toMatchObject({ state: 'paused', changed: true });
      expect(await shell.json('pause', 'nightly')).toMatchObject({ changed: false });
      expect((await shell.millrace('describe', 'nightly')).out).toMatch(/paused +since .*: the source moves/);
      expect((await shell.millrace('next', 'nightly', '-n', '1')).out).toContain('(paused)');
      expect(await shell.json('unpause', 'nightly')).toMatchObject({ state: 'active', changed: true });
    });

    it('trigger: adds a due run, its parameters checked by what the service tells', async () => {
      const asked = await shell.json<{ run: string; served: boolean }>('trigger', 'nightly', '-p', 'ms=3', '--tag', 'by-hand', '--at', '2099-01-01');
      expect(asked.served).toBe(true);
      expect(await withService((service) => service.due({ run: asked.run }))).toMatchObject([
        { flow: 'nightly', cause: 'request', params: { ms: '3' }, tags: ['by-hand'], dueAt: Date.parse('2099-01-01T00:00:00'), state: 'waiting' },
      ]);
      for (const wrong of ['ms=x', 'ms=-1', 'mss=3', 'key=geheim']) {
        const { code, err } = await shell.millrace('trigger', 'nightly', '-p', wrong);
        expect([code, err]).toEqual([2, expect.stringContaining('PARAMETER_INVALID')]);
      }
    });

    it('trigger --wait: follows the run, and ends as it does', async () => {
      const waiting = shell.start('trigger', 'nightly', '--wait');
      await waiting.printed('waiting for a service');
      const [due] = await withService((service) => service.due({ flow: 'nightly', until: Date.now() }));
      await withService((service) => service.settleDue(due?.run as string, 'refused', 'the file is broken'));
      const { code, err } = await waiting.ended;
      expect([code, err]).toEqual([1, expect.stringContaining('refused: the file is broken')]);
    });

    it('clear: hands the run over', async () => {
      const cleared = await shell.json<{ run: string; clears: string }>('clear', 'nightly/latest', '-t', 'store');
      expect(await withService((service) => service.due({ run: cleared.run }))).toMatchObject([
        { resumes: cleared.clears, again: { tasks: ['store'], downstream: false }, cause: 'request' },
      ]);
    });
  });
});
