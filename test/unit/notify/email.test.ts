import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { type EmailOptions, email, type NotificationEvent, type SmtpServer, secret } from '../../../src/index.js';
import { deliver, type Undelivered } from '../../../src/notify/deliver.js';

const EVENT: NotificationEvent = {
  id: 'evt_1',
  event: 'failure',
  at: '2026-01-01T00:00:00.000Z',
  text: "flow 'etl' failed: no rows (run r1)",
  flow: 'etl',
  run: 'r1',
  state: 'failed',
  params: { day: 'monday' },
  error: { name: 'Error', message: 'no rows', hint: 'look\nwell' },
  counts: { failed: 1, success: 2 },
  failed: [{ id: 'read#0', attempts: 2, error: { name: 'Error', message: 'no rows' } }],
};

const folder = mkdtempSync(join(tmpdir(), 'millrace-email-'));
let tls: { readonly key: string; readonly cert: string };

beforeAll(() => {
  const made = spawnSync(
    'openssl',
    'req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'.split(' '),
    { cwd: folder, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  tls = { key: readFileSync(join(folder, 'key.pem'), 'utf8'), cert: readFileSync(join(folder, 'cert.pem'), 'utf8') };
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly secure: boolean;
  readonly user: unknown;
}

interface MailServer extends AsyncDisposable {
  readonly mails: Mail[];
  readonly port: number;
}

/** Refuses `never@…` for good, and `later@…` the first time. */
async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: Mail[] = [];
  const seen = new Set<string>();
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onRcptTo({ address }, _, done) {
      const isFirst = !seen.has(address);
      seen.add(address);
      const refuse = (text: string, responseCode: number): void => done(Object.assign(new Error(text), { responseCode }));
      if (address.startsWith('never')) refuse('no such user', 550);
      else if (address.startsWith('later') && isFirst) refuse('come back later', 451);
      else done();
    },
    onAuth({ username, password }, _, done) {
      if (username === 'ana' && password === 'open sesame') done(null, { user: username });
      else done(new Error('wrong password'));
    },
    onData(stream, session, done) {
      let text = '';
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          text,
          secure: session.secure,
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as { port: number };
  return { mails, port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

const hurried = { now: systemClock.now, schedule: (ms: number, call: () => void) => systemClock.schedule(ms >= 1_000 && ms < 10_000 ? 0 : ms, call) };

function send(smtp: EmailOptions['smtp'], more: Partial<EmailOptions> = {}): Promise<Undelivered> {
  const to = email({ to: 'ops@example.com', from: 'flows@example.com', smtp, timeout: '20s', within: '1m', ...more });
  return deliver(to, EVENT, { clock: hurried, random: () => 0 });
}

const local = (port: number, more: Partial<SmtpServer> = {}): SmtpServer => ({ host: 'localhost', port, ...more });

describe('email', () => {
  it('says what happened, to all recipients', async () => {
    await using server = await mailServer();
    expect(await send(`smtp://localhost:${server.port}`, { to: ['a@example.com', 'Bea <b@example.com>'] })).toBeUndefined();
    expect(server.mails).toMatchObject([{ from: 'flows@example.com', to: ['a@example.com', 'b@example.com'], secure: false }]);
    const { text } = server.mails[0] as Mail;
    expect(text).toContain("Subject: [millrace] flow 'etl' failed\r\n");
    expect(text).toContain('Message-ID: <evt_1@millrace>\r\n');
    expect(text).toContain('Auto-Submitted: auto-generated');
    expect(text).toMatch(/flow 'etl' failed: no rows \(run r1\).*Parameters: *day "monday".*read#0 \(2 attempts\): no rows.*millrace inspect r1/s);
  });

  it('a subject of your own is one line, whatever is in it', async () => {
    await using server = await mailServer();
    await send(local(server.port), { subject: ({ flow }) => `${flow}\r\nBcc: everybody@example.com` });
    expect(server.mails[0]?.text).toContain('Subject: etl Bcc: everybody@example.com\r\n');
    expect(server.mails[0]?.to).toEqual(['ops@example.com']);
  });

  it('logs in, over STARTTLS', async () => {
    await using server = await mailServer({ ...tls, disabledCommands: [], authOptional: false });
    process.env.SMTP_PASSWORD = 'open sesame';
    const login = { user: 'ana', password: secret('SMTP_PASSWORD'), requireTls: true };
    expect(await send(local(server.port, { ...login, ca: tls.cert }))).toBeUndefined();
    expect(server.mails).toMatchObject([{ secure: true, user: 'ana' }]);
    // A server that cannot show who it is gets neither mail nor password.
    expect(await send(local(server.port, login), { retries: 0 })).toMatchObject({ error: { message: expect.stringContaining('certificate') } });
    expect(server.mails).toHaveLength(1);
  });

  it('TLS from the first byte on, by an address that is a secret', async () => {
    await using server = await mailServer({ ...tls, secure: true, authOptional: false });
    process.env.SMTP_URL = `smtps://ana:open%20sesame@localhost:${server.port}`;
    expect(await send(secret('SMTP_URL'), { retries: 0 })).toMatchObject({ error: { message: expect.stringContaining('certificate') } });
    process.env.SMTP_PASSWORD = 'open sesame';
    expect(await send(local(server.port, { secure: true, user: 'ana', password: secret('SMTP_PASSWORD'), ca: tls.cert }))).toBeUndefined();
    expect(server.mails).toMatchObject([{ secure: true, user: 'ana' }]);
  });

  it('a wrong password is given up, and stands in no message', async () => {
    await using server = await mailServer({ authOptional: false, allowInsecureAuth: true });
    process.env.SMTP_PASSWORD = 'wrong-canary';
    const failed = await send(local(server.port, { user: 'ana', password: secret('SMTP_PASSWORD') }));
    expect(failed).toMatchObject({ attempts: 1, error: { message: expect.stringContaining('wrong password') } });
    expect(failed?.error.message).not.toContain('wrong-canary');
  });

  it('no password goes to a server without TLS elsewhere', async () => {
    await using server = await mailServer({ authOptional: false, allowInsecureAuth: true });
    process.env.SMTP_PASSWORD = 'open sesame';
    const failed = await send(local(server.port, { user: 'ana', password: secret('SMTP_PASSWORD'), requireTls: true }), { retries: 0 });
    expect(failed?.error.message).toContain('no secure connection to the server');
    expect(server.mails).toEqual([]);
  });

  it('those who are refused for good are told of; the others have theirs, once', async () => {
    await using server = await mailServer();
    const failed = await send(local(server.port), { to: ['a@example.com', 'never@example.com', 'later@example.com'] });
    expect(failed).toBeUndefined();
    expect(server.mails.map(({ to }) => to)).toEqual([['a@example.com'], ['later@example.com']]);
    await using other = await mailServer();
    expect(await send(local(other.port), { to: ['a@example.com', 'never@example.com'] })).toMatchObject({
      attempts: 1,
      error: { message: 'the server refused never@example.com (550 no such user)' },
    });
    expect(await send(local(other.port), { to: 'never2@example.com' })).toMatchObject({ attempts: 1 });
    expect(other.mails.map(({ to }) => to)).toEqual([['a@example.com']]);
  });

  it('a server that is down, or says nothing, is tried again', async () => {
    const silent = createServer((socket) => void socket.resume()).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    expect(await send(local(port), { timeout: '50ms', retries: 1 })).toMatchObject({ attempts: 2, error: { code: 'NOTIFICATION_TIMED_OUT' } });
    // Nothing is left open that would keep the process.
    await new Promise((resolve) => silent.close(resolve));
    const down = await send(local(port), { retries: 2 });
    expect(down).toMatchObject({ attempts: 3, error: { message: expect.stringContaining('ECONNREFUSED') } });
  });

  it.each([
    [{ to: [] }],
    [{ to: 'a@b\r\nBcc: c@d' }],
    [{ from: '' }],
    [{ smtp: 'http://localhost' }],
    [{ smtp: 'smtp://ana:hunter2@localhost' }],
    [{ smtp: { port: 25 } }],
    [{ smtp: { host: 'x', user: 'ana' } }],
    [{ smtp: { host: 'x', user: 'ana', password: 'hunter2' } }],
    [{ smtp: { host: 'x', tls: true } }],
    [{ cc: 'x@y' }],
  ])('%j is refused', (wrong) => {
    const make = () => email({ to: 'a@b', from: 'c@d', smtp: 'smtp://localhost', ...wrong } as EmailOptions);
    expect(make).toThrow(expect.objectContaining({ code: 'NOTIFICATION_INVALID', message: expect.not.stringContaining('hunter2') }));
  });
});
