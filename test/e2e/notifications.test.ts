import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Receiver } from '../unit/notify/receiver.js';
import { fixture, shellIn, spawnNode } from './spawned.js';

const FILE = fixture('notifying.ts');
const folder = mkdtempSync(join(tmpdir(), 'millrace-notifications-'));
const { millrace } = shellIn(folder);
let receiver: Receiver;

beforeAll(async () => {
  receiver = await Receiver.open();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(fileURLToPath(new URL('../../', import.meta.url)), join(folder, 'node_modules', 'millrace'), 'dir');
});
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

describe('notifications on the command line', () => {
  it('a failing run is told of before the command ends, by its own exit code', async () => {
    const shell = shellIn(folder, { HOOK_URL: receiver.url, HOOK_KEY: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });
    const { code, out, err } = await shell.millrace('run', FILE, 'hooked');
    expect(code).toBe(1);
    expect(receiver.events()).toMatchObject([{ event: 'failure', flow: 'hooked', state: 'failed', failed: [{ id: 'bad#0' }] }]);
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(`${out}${err}`).not.toContain(receiver.url);
  });

  it('what cannot be delivered is told of, in the log and on stderr, and changes nothing', async () => {
    const { code, err } = await shellIn(folder, { HOOK_KEY: 'k' }).millrace('run', FILE, 'hooked');
    expect(code).toBe(1);
    const sentence = "the webhook of secret HOOK_URL was not told of failure: expected the secret 'HOOK_URL'; it is not set";
    expect(err).toContain(`millrace: ${sentence}`);
    expect((await millrace('logs', 'hooked/latest')).out).toContain(sentence);
  });

  it('a process that ends first leaves a line in the log of its run', async () => {
    const { code } = await millrace('run', FILE, 'leaving');
    expect(code).toBe(3);
    expect((await millrace('logs', 'leaving/latest')).out).toContain('a door was not told of success: the process ended before it was delivered');
    expect(await shellIn(folder).json('inspect', 'leaving/latest')).toMatchObject({ state: 'success' });
  });

  it('S31: of a run whose process was killed, a service tells, once', async () => {
    const shell = shellIn(folder, { HOOK_URL: receiver.url, HOOK_KEY: 'k' });
    const { child, ended } = shell.start('run', FILE, 'killed');
    await receiver.count(receiver.received.length + 1);
    child.kill('SIGKILL');
    await ended;
    const { id, state } = await shell.json<{ id: string; state: string }>('inspect', 'killed/latest');
    expect(state).toBe('crashed');
    const before = receiver.received.length;
    await Promise.all([shell.millrace('tell-crash', FILE, 'killed', id), shell.millrace('tell-crash', FILE, 'killed', id)]);
    expect(receiver.events().slice(before)).toMatchObject([{ event: 'crash', flow: 'killed', run: id, state: 'crashed' }]);
    expect((await shell.millrace('--help')).out).not.toContain('tell-crash');
  });

  it('without nodemailer, an e-mail says what to install', async () => {
    const hooks = `export const resolve = (name, context, next) => { if (name === 'nodemailer') throw new Error('not found'); return next(name, context); };`;
    const block = `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`;
    writeFileSync(join(folder, 'block.mjs'), block);
    writeFileSync(
      join(folder, 'script.mjs'),
      `import { email, flow } from 'millrace';
       const notify = email({ to: 'a@b', from: 'c@d', smtp: 'smtp://localhost', on: ['success'] });
       await flow('mailing', { notify }, () => 'ok').run();`,
    );
    const { code, out, err } = await spawnNode(['--import', './block.mjs', 'script.mjs'], { cwd: folder }).ended;
    expect(code, err).toBe(0);
    expect(`${out}${err}`).toContain(
      "the package 'nodemailer' is needed to send e-mails, and could not be loaded. Install it: npm install nodemailer",
    );
  });
});
