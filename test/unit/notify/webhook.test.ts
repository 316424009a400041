import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Notification, type NotificationEvent, secret, type WebhookOptions, webhook } from '../../../src/index.js';
import { deliver } from '../../../src/notify/deliver.js';
import { Receiver } from './receiver.js';

const EVENT = { id: 'evt_1', event: 'failure', text: "flow 'x' failed" } as NotificationEvent;
const parts = { clock: { now: () => 0, schedule: (ms: number, call: () => void) => scheduled(ms, call) }, random: () => 0 };

/** How long a try may take. */
const LIMIT_MS = 10_000;
/** Waits between tries take no time; the time of a try is over when the test says so. */
let waits: number[] = [];
let timeIsUp = (): void => {};
function scheduled(ms: number, call: () => void): () => void {
  if (ms === LIMIT_MS) {
    timeIsUp = call;
    return () => {};
  }
  waits.push(ms);
  const timer = setTimeout(call);
  return () => clearTimeout(timer);
}

async function send(to: Notification): Promise<{ readonly attempts: number; readonly message: string } | undefined> {
  waits = [];
  const failed = await deliver(to, EVENT, parts);
  return failed && { attempts: failed.attempts, message: failed.error.message };
}

describe('webhook', () => {
  it.each([200, 202, 204])('%i: delivered, by one request', async (status) => {
    await using receiver = await Receiver.open(() => ({ status }));
    expect(await send(webhook(receiver.url))).toBeUndefined();
    expect(receiver.received).toHaveLength(1);
    expect(receiver.received[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'evt_1' });
    expect(receiver.received[0]?.headers).not.toHaveProperty('webhook-signature');
  });

  it.each([400, 401, 403, 404, 410, 422])('%i is given up', async (status) => {
    await using receiver = await Receiver.open(() => ({ status }));
    expect(await send(webhook(receiver.url))).toEqual({ attempts: 1, message: `it answered ${status}` });
  });

  it.each([408, 429, 500, 502, 503])('%i is tried again, under the same id', async (status) => {
    await using receiver = await Receiver.open((attempt) => ({ status: attempt < 3 ? status : 200 }));
    expect(await send(webhook(receiver.url))).toBeUndefined();
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual(['evt_1', 'evt_1', 'evt_1']);
    expect(waits).toEqual([1_000, 2_000]);
  });

  it('Retry-After is obeyed, as seconds and as a date', async () => {
    const inTenSeconds = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 10_000).toUTCString();
    const after = ['3', inTenSeconds, 'soon'];
    await using receiver = await Receiver.open((attempt) => ({
      status: attempt > 3 ? 200 : 503,
      headers: { 'retry-after': after[attempt - 1] ?? '' },
    }));
    expect(await send(webhook(receiver.url))).toBeUndefined();
    expect(waits).toEqual([3_000, expect.closeTo(10_000, -4), 4_000]);
  });

  it('redirects are not followed', async () => {
    await using other = await Receiver.open();
    await using receiver = await Receiver.open(() => ({ status: 307, headers: { location: other.url } }));
    expect(await send(webhook(receiver.url))).toEqual({ attempts: 1, message: 'it answered 307: redirects are not followed' });
    expect(other.received).toEqual([]);
  });

  it('a server that never answers has its time, and another try', async () => {
    await using receiver = await Receiver.open((attempt) => {
      if (attempt === 1) timeIsUp();
      return attempt === 1 ? undefined : { status: 200 };
    });
    expect(await send(webhook(receiver.url, { timeout: LIMIT_MS }))).toBeUndefined();
    expect(receiver.received).toHaveLength(2);
  });

  it('one that is not there is told of by what went wrong', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const failed = await send(webhook(`http://127.0.0.1:${port}/a/secret/path`, { retries: 1 }));
    expect(failed).toEqual({ attempts: 2, message: `it gave no answer: connect ECONNREFUSED 127.0.0.1:${port}` });
  });

  it('sends what `body` makes, to an address that is a secret, with headers', async () => {
    await using receiver = await Receiver.open();
    process.env.CHAT_URL = receiver.url;
    process.env.CHAT_TOKEN = 'Bearer abc';
    const chat = webhook(secret('CHAT_URL'), {
      body: ({ text }) => ({ text: `:fire: ${text}` }),
      headers: { authorization: secret('CHAT_TOKEN'), 'x-team': 'data' },
    });
    expect(chat.name).toBe('the webhook of secret CHAT_URL');
    expect(await send(chat)).toBeUndefined();
    expect(receiver.events()).toEqual([{ text: ":fire: flow 'x' failed" }]);
    expect(receiver.received[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-team': 'data' });
    process.env.CHAT_URL = 'no address';
    expect(await send(chat)).toEqual({ attempts: 1, message: 'its address is no URL' });
  });

  it('signs as Standard Webhooks does: their own example', async () => {
    const { signatureOf } = await import('../../../src/notify/send-webhook.js');
    const signature = signatureOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it.each([
    ['ftp://x', {}],
    ['nonsense', {}],
    ['https://user:hunter2@x', {}],
    ['https://x', { secret: 'plain text' }],
    ['https://x', { headers: { 'webhook-id': 'mine' } }],
    ['https://x', { headers: { 'x-two': 'a\r\nb: c' } }],
    ['https://x', { on: ['fail'] }],
    ['https://x', { retries: -1 }],
    ['https://x', { retrys: 1 }],
  ])('%s %j is refused', (url, options) => {
    expect(() => webhook(url, options as WebhookOptions)).toThrow(expect.objectContaining({ code: 'NOTIFICATION_INVALID' }));
    try {
      webhook(url, options as WebhookOptions);
    } catch (error) {
      expect(String(error)).not.toMatch(/hunter2|plain text/);
    }
  });
});
