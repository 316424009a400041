import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.js';
import { type NotificationEvent, shellNotification } from '../../../src/index.js';
import { deliver } from '../../../src/notify/deliver.js';

const folder = mkdtempSync(join(tmpdir(), 'millrace-shell-notification-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVENT = { id: 'evt_1', event: 'failure', flow: '$(touch pwned); `x`', run: 'r1', state: 'failed', text: '"; rm -rf ~; é' } as NotificationEvent;
const LIMIT_MS = 20_000;
const parts = { clock: systemClock, random: () => 0 };

describe.skipIf(process.platform === 'win32')('shellNotification', () => {
  it('hands the event over on stdin and in the environment, and puts nothing of it into a shell', async () => {
    const out = join(folder, 'out');
    const command = `cat > ${out}; printf '%s|%s|%s|%s' "$MILLRACE_EVENT" "$MILLRACE_FLOW" "$MILLRACE_RUN" "$MILLRACE_STATE" > ${out}.env`;
    expect(await deliver(shellNotification(command), EVENT, parts)).toBeUndefined();
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(EVENT);
    expect(readFileSync(`${out}.env`, 'utf8')).toBe('failure|$(touch pwned); `x`|r1|failed');
  });

  it('a list is a program and its arguments; one that does not read its stdin is none the worse', async () => {
    const large = { ...EVENT, text: 'x'.repeat(2_000_000) } as NotificationEvent;
    expect(await deliver(shellNotification(['true']), large, parts)).toBeUndefined();
  });

  it('an exit code other than 0 is tried again; one that is not there is not', async () => {
    const failing = shellNotification('echo to no avail >&2; exit 3', { retries: 1 });
    expect(await deliver(failing, EVENT, parts)).toMatchObject({
      attempts: 2,
      error: { message: expect.stringMatching(/exit code 0; got 3: to no avail/) },
    });
    expect(await deliver(shellNotification(['no-such-program-here']), EVENT, parts)).toMatchObject({ attempts: 1 });
  });

  it('one that takes too long is ended, with all that it started', async () => {
    const pidFile = join(folder, 'pid');
    const slow = shellNotification(`sleep 300 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`, { timeout: LIMIT_MS, retries: 0 });
    let timeIsUp = (): void => {};
    const schedule: Clock['schedule'] = (ms, callback, options) => {
      if (ms !== LIMIT_MS) return systemClock.schedule(ms, callback, options);
      timeIsUp = callback;
      return () => {};
    };
    const delivered = deliver(slow, EVENT, { ...parts, clock: { now: systemClock.now, schedule } });
    await expect.poll(() => existsSync(pidFile), { timeout: 25_000 }).toBe(true);
    timeIsUp();
    expect(await delivered).toMatchObject({ error: { code: 'NOTIFICATION_TIMED_OUT' } });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isThere(pid), { timeout: 25_000 }).toBe(false);
  });

  it.each([[''], [[]], [['']], [['a\0b']], [7]])('%j is no command', (command) => {
    expect(() => shellNotification(command as string)).toThrow(expect.objectContaining({ code: 'NOTIFICATION_INVALID' }));
  });
});

/** A process that has ended and that nobody has asked about yet is not there any more. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
