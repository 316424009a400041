import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

  it('millrace serve --notify: of all runs of the service, of crashes, of broken files', async () => {
    const here = mkdtempSync(join(folder, 'served-'));
    mkdirSync(join(here, 'flows'));
    const write = (name: string, text: string): void => writeFileSync(join(here, name), text);
    write(
      'notify.ts',
      `import { appendFileSync } from 'node:fs';
import { type NotificationEvent, type ServiceNews, webhook, secret } from 'millrace';
const ledger = {
  name: 'the ledger',
  on: ['success', 'crash', 'refused'] as const,
  notify: (event: NotificationEvent | ServiceNews) => appendFileSync('ledger', event.event + ' ' + event.flow + ' ' + event.run + '\\n'),
};
export default [ledger, webhook(secret('HOOK_URL'), { secret: secret('HOOK_KEY') })];
`,
    );
    write('flows/good.ts', "import { flow } from 'millrace';\nexport default flow('good', () => 1);\n");
    write(
      'flows/bad.ts',
      "import { flow, task } from 'millrace';\nconst no = task(() => { throw new Error('no rows'); });\nexport default flow('bad', () => no());\n",
    );
    write('flows/gone.ts', "import { flow } from 'millrace';\nexport default flow('gone', () => { process.kill(process.pid, 'SIGKILL'); });\n");
    write('flows/broken.ts', "import { flow } from 'millrace';\nflow('broken', () => { let x = ; });\n");
    const before = receiver.received.length;
    const shell = shellIn(here, { HOOK_URL: receiver.url, HOOK_KEY: 'k' });
    const service = shell.start('serve', 'flows', '--notify', 'notify.ts');
    for (const flow of ['good', 'bad', 'gone']) await service.printed(`"flows":["${flow}"]`);
    await receiver.count(before + 1);
    expect(receiver.events()[before]).toMatchObject({
      event: 'broken-file',
      file: 'broken.ts',
      text: expect.stringMatching(/^broken\.ts is broken: .*FLOW_FILE_SYNTAX/),
    });
    const runs: Record<string, string> = {};
    for (const flow of ['good', 'bad', 'gone']) runs[flow] = (await shell.json<{ run: string }>('trigger', flow, '--wait')).run;
    await receiver.count(before + 3);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    expect(receiver.events().slice(before + 1)).toMatchObject([
      { event: 'failure', flow: 'bad', run: runs.bad, failed: [{ id: 'no#0' }] },
      { event: 'crash', flow: 'gone', run: runs.gone },
    ]);
    expect(readFileSync(join(here, 'ledger'), 'utf8').trim().split('\n').sort()).toEqual([`crash gone ${runs.gone}`, `success good ${runs.good}`]);
    expect(await shell.millrace('serve', 'flows', '--notify', 'nobody.ts')).toMatchObject({ code: 2, err: expect.stringContaining('nobody.ts') });
    write('none.ts', "export default 'ops@example.com';\n");
    expect((await shell.millrace('serve', 'flows', '--notify', 'none.ts')).err).toContain(
      "expected 'notify' that none.ts exports as default to be what webhook",
    );
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
