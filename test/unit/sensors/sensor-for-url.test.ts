import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flow, sensorFor } from '../../../src/index.js';
import { eventsOf, failureOf, freshHome, recorded } from '../engine/workbench.js';

let server: Server | undefined;
beforeEach(() => void freshHome());
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
});

async function serve(listener: RequestListener, port = 0): Promise<number> {
  const listening = createServer(listener);
  server = listening;
  await new Promise<void>((done) => listening.listen(port, '127.0.0.1', done));
  return (listening.address() as AddressInfo).port;
}

/** The lines of the log, as they come. */
async function firstLine(handle: { events(): AsyncIterable<{ type: string; data?: unknown }> }): Promise<string> {
  for await (const { type, data } of handle.events()) if (type === 'log') return (data as { text: string }).text;
  return '';
}

describe('sensorFor.url', () => {
  it('waits until the server answers with a good status', async () => {
    const statuses = [503, 404, 204];
    const port = await serve((_, response) => void response.writeHead(statuses.shift() ?? 200).end('body'));
    const up = sensorFor.url(`http://127.0.0.1:${port}/health?key=k`, { every: 1 });
    const handle = flow('url', () => up()).start();
    const events = eventsOf(handle);
    await handle.result();
    expect(statuses).toEqual([]);
    const lines = (await events).filter(({ type }) => type === 'log').map(({ data }) => (data as { text: string }).text);
    expect(lines[0]).toBe(`waits for 'http://127.0.0.1:${port}/health': HTTP 503`);
    expect(up.taskName).toBe(`url http:_127.0.0.1:${port}_health`);
  });

  it('a server that is not up yet is waited for', async () => {
    const port = await serve(() => {});
    await new Promise((done) => server?.close(done));
    const handle = flow('down', () => sensorFor.url(`http://127.0.0.1:${port}/`, { every: 2, name: 'up' })()).start();
    expect(await firstLine(handle)).toBe(`waits for 'http://127.0.0.1:${port}/': no answer: ECONNREFUSED`);
    await serve((_, response) => void response.end(), port);
    await handle.result();
    expect((await recorded(handle.id)).states).toEqual({ 'up#0': 'success' });
  });

  it('ok says what is good, may read the body, and fails the attempt when it throws', async () => {
    let asked = 0;
    const port = await serve((_, response) => void response.writeHead(500).end(JSON.stringify({ ready: ++asked >= 3 })));
    const url = `http://127.0.0.1:${port}/`;
    const ready = sensorFor.url(url, { every: 1, name: 'ready', ok: async (response) => ((await response.json()) as { ready: boolean }).ready });
    await flow('ok', () => ready()).run();
    expect(asked).toBe(3);
    const odd = sensorFor.url(url, { name: 'odd', retries: 1, ok: () => Promise.reject(new Error('odd')) });
    expect((await failureOf(flow('odd', () => odd()).run())).failures[0]).toMatchObject({ attempts: 2, cause: { message: 'odd' } });
  });

  it('a request that is not answered in time was in vain; out of time the last reason is told', async () => {
    const port = await serve(() => {});
    const slow = sensorFor.url(`http://127.0.0.1:${port}/`, { name: 'slow', every: 1, requestTimeout: 20, timeout: 1_000 });
    const failure = await failureOf(flow('slow', () => slow()).run());
    expect(failure.failures[0]!.cause).toMatchObject({
      code: 'SENSOR_TIMED_OUT',
      message: expect.stringContaining('in vain: no answer within 20 ms'),
    });
  });

  it('keeps no connection for bodies that nobody reads', async () => {
    let open = 0;
    let asked = 0;
    const port = await serve((_, response) => {
      response.writeHead(++asked >= 20 ? 200 : 404);
      // More than a socket holds: an unread one would stay open.
      response.end(Buffer.alloc(1_000_000));
    });
    server?.on('connection', (socket) => {
      open++;
      socket.on('close', () => open--);
    });
    await flow('bodies', () => sensorFor.url(`http://127.0.0.1:${port}/`, { every: 1, name: 'big' })()).run();
    expect(open).toBeLessThanOrEqual(3);
  });

  it('refuses what is no address of a server', () => {
    for (const url of ['example.org', 'file:///etc/passwd', ''])
      expect(() => sensorFor.url(url)).toThrow(expect.objectContaining({ code: 'TASK_OPTION_INVALID' }));
  });
});
