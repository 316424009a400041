import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { ctx, flow, type Notification, type NotificationEvent, param, secret, task, webhook } from 'millrace';

/** For this example only: keys come from the environment, or from `.millrace/secrets`. */
process.env.HOOK_KEY ??= 'a key that both sides know';

/** Whether somebody who knows the key has sent this, and not long ago. */
function isSigned({ headers }: IncomingMessage, body: string): boolean {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name]));
  const expected = createHmac('sha256', process.env.HOOK_KEY ?? '')
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  const [given, wanted] = [signature ?? '', `v1,${expected}`].map((one) => Buffer.from(one));
  const isRecent = Math.abs(Date.now() / 1_000 - Number(timestamp)) < 300;
  return isRecent && given?.length === wanted?.length && timingSafeEqual(given as Buffer, wanted as Buffer);
}

/** A receiver that is busy once, and then takes what is signed. */
async function openReceiver(events: NotificationEvent[]): Promise<Server> {
  let requests = 0;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (++requests === 1) response.writeHead(503, { 'retry-after': '0' });
    else if (isSigned(request, body)) events.push(JSON.parse(body));
    else response.writeHead(401);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const count = task((rows: number) => {
  if (rows === 0) throw new Error('there are no rows');
  return rows;
});

/** A notification of your own is an object with one method. */
const printed: Notification = { name: 'a line', on: ['failure', 'success', 'deadline'], notify: ({ text }) => console.error(text) };

function nightly(address: string) {
  const hook = webhook(address, { secret: secret('HOOK_KEY'), on: ['failure', 'success'] });
  return flow('nightly', { params: { rows: param({ default: 0 }) }, deadline: '1h', notify: [hook, printed] }, ({ rows }) => count(rows));
}

const receive = task(async (rows: number) => {
  const events: NotificationEvent[] = [];
  const server = await openReceiver(events);
  try {
    const watched = nightly(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
    // A failing run is told of as well as any: it does not fail for it, and is not slower than it must be.
    await watched.run({ rows }, { throwOnFailure: false, signal: ctx().signal });
  } finally {
    server.close();
  }
  return events.map(({ event, state, failed }) => ({ event, state, failed: failed.map(({ id }) => id) }));
});

export const notifications = flow(
  'notifications',
  { description: 'A flow that tells a signed webhook what became of it.', params: { rows: param({ default: 0, help: '0 rows are a failure' }) } },
  ({ rows }) => receive(rows),
);
