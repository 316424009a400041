import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import { createApp } from '../../../src/server/app.js';
import type { Api } from '../../../src/server/context.js';
import { Credentials, checkToken } from '../../../src/server/door/credentials.js';
import { allowedHosts, hostNameOf, isLoopback } from '../../../src/server/door/hosts.js';
import { LiveFeeds } from '../../../src/server/live/live-feeds.js';
import { type RunningServer, startServer } from '../../../src/server/start-server.js';
import { type Answer, ask, post, tokenOf } from './http.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-door-'));
let server: RunningServer;

beforeAll(async () => {
  server = await startServer({ port: 0, home: join(root, '.millrace') });
});
afterAll(async () => {
  await server.close();
  rmSync(root, { recursive: true, force: true });
});

/** The routes of the app as it is served; nothing of it is called. */
function table(): readonly { readonly method: string; readonly path: string }[] {
  const nothing = undefined as never;
  const context = {
    project: nothing,
    record: nothing,
    services: nothing,
    feeds: new LiveFeeds(nothing, nothing, systemClock),
    clock: systemClock,
    closing: new AbortController().signal,
  };
  const app: Api = createApp(context, { credentials: new Credentials('x'.repeat(20), 1), hosts: new Set(), onTrouble: () => {} });
  const routes = app.routes.filter(({ path }) => path !== '/*').map(({ method, path }) => ({ method, path }));
  return [...new Map(routes.map((route) => [`${route.method} ${route.path}`, route])).values()];
}

const HEADERS: Readonly<Record<string, RegExp>> = {
  'content-security-policy': /^default-src 'none'.*frame-ancestors 'none'/,
  'x-content-type-options': /^nosniff$/,
  'x-frame-options': /^DENY$/,
  'referrer-policy': /^no-referrer$/,
  'cross-origin-resource-policy': /^same-origin$/,
  'cache-control': /^no-store$/,
};

function expectRefusal({ status, headers, json }: Answer, wanted: number, code: string): void {
  expect([status, json]).toEqual([wanted, { error: { code, message: expect.any(String), hint: expect.any(String) } }]);
  for (const [name, pattern] of Object.entries(HEADERS)) expect(headers[name]).toMatch(pattern);
  for (const name of Object.keys(headers)) expect(name).not.toMatch(/^access-control-/);
  expect(JSON.stringify(json)).not.toMatch(/node_modules|\bat .*:\d+|src\/server/);
}

const routes = table();
// As an address: some of what is asked for may be there or not, since nobody gets so far.
const addressOf = (path: string): string => path.replaceAll(/:(\w+)/g, (_, name: string) => (name === 'index' ? '0' : 'x'));

describe('the door', () => {
  it('stands before all of this', () => {
    expect(routes.length).toBeGreaterThan(25);
    expect(routes.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/', '/api/events', '/api/runs/:run/events', '/api/openapi.json', '/api/runs/:run/result']),
    );
  });

  describe.each([
    ...routes,
    { method: 'GET', path: '/nothing' },
    { method: 'DELETE', path: '/api/runs/:run' },
    { method: 'OPTIONS', path: '/api/runs' },
  ])('$method $path', ({ method, path }) => {
    const address = addressOf(path);
    const sent = { method, headers: { 'content-type': 'application/json' }, ...(method === 'GET' ? {} : { body: '{}' }) };
    const withHeaders = (headers: Readonly<Record<string, string>>) => ({ ...sent, headers: { ...sent.headers, ...headers } });

    it('opens to nobody without the token, or with another', async () => {
      expectRefusal(await ask(server, address, { ...sent, token: false }), 401, 'TOKEN_NEEDED');
      for (const authorization of ['Bearer x', 'Bearer ', `Basic ${tokenOf(server)}`, `Bearer ${tokenOf(server)}x`, tokenOf(server)])
        expectRefusal(await ask(server, address, { ...withHeaders({ authorization }), token: false }), 401, 'TOKEN_NEEDED');
      // The token is no cookie, and in an address it counts in the link alone.
      expectRefusal(
        await ask(server, address, { ...withHeaders({ cookie: `millrace_${server.port}=${tokenOf(server)}` }), token: false }),
        401,
        'TOKEN_NEEDED',
      );
      if (path !== '/') expectRefusal(await ask(server, `${address}?token=${tokenOf(server)}`, { ...sent, token: false }), 401, 'TOKEN_NEEDED');
    });

    it('opens under no foreign name', async () => {
      for (const host of ['evil.example', `127.0.0.1.evil.example:${server.port}`, 'localhost.evil.example', '10.0.0.1'])
        expectRefusal(await ask(server, address, withHeaders({ host })), 421, 'HOST_REFUSED');
    });

    it('opens to no page of another site', async () => {
      for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:${server.port + 1}`, `http://localhost:${server.port}`, 'file://'])
        expectRefusal(await ask(server, address, withHeaders({ origin })), 403, 'ORIGIN_REFUSED');
      for (const site of ['cross-site', 'same-site', 'x'])
        expectRefusal(await ask(server, address, withHeaders({ 'sec-fetch-site': site })), 403, 'ORIGIN_REFUSED');
    });

    it.skipIf(method === 'GET')('takes nothing but JSON', async () => {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data',
        'text/json',
        'application/json, text/plain',
        'application/json-patch',
      ])
        expectRefusal(await ask(server, address, withHeaders({ 'content-type': type })), 415, 'JSON_NEEDED');
      expectRefusal(await ask(server, address, { method, body: '{}' }), 415, 'JSON_NEEDED');
    });
  });

  it('opens by the link, which leaves a cookie that is not the token, and no token in the address bar', async () => {
    const opened = await ask(server, new URL(server.link).pathname + new URL(server.link).search, { token: false });
    expect([opened.status, opened.headers.location]).toEqual([303, '/']);
    const [cookie = ''] = opened.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(new RegExp(`^millrace_${server.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
    expect(cookie).not.toContain(tokenOf(server));
    const [pair = ''] = cookie.split(';');
    const page = await ask(server, '/', { token: false, headers: { cookie: `other=1; ${pair}`, 'sec-fetch-site': 'none' } });
    expect([page.status, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
    expect(page.text).not.toMatch(/<script|style/);
    const own = { cookie: pair, origin: `http://127.0.0.1:${server.port}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask(server, '/api/runs', { token: false, headers: own })).status).toBe(200);
    // A wrong token is not made up for by a cookie.
    expect((await ask(server, '/api/runs', { token: false, headers: { ...own, authorization: 'Bearer x' } })).status).toBe(401);
    expect((await ask(server, '/?token=wrong', { token: false })).status).toBe(401);
    expect((await ask(server, '/?token=', { token: false, headers: { cookie: pair } })).status).toBe(401);
  });

  it('drops what could reach a prototype, and takes no body that is too large, or no JSON', async () => {
    const taken = await post(server, '/api/flows/x/runs', '{"params":{"__proto__":{"a":1},"constructor":1,"prototype":2},"__proto__":3}');
    expect([taken.status, taken.json.error.code]).toEqual([404, 'FLOW_UNKNOWN']);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    expect((await post(server, '/api/flows/x/runs', '{"params":')).json.error.code).toBe('JSON_INVALID');
    expect(
      (await ask(server, '/api/flows/x/runs', { method: 'POST', headers: { 'content-type': 'application/json' }, body: Uint8Array.of(0xff, 0xfe) }))
        .status,
    ).toBe(400);
    const large = JSON.stringify({ params: { x: 'y'.repeat(1_000_000) } });
    expect((await post(server, '/api/flows/x/runs', large)).status).toBe(413);
    expect((await post(server, '/api/flows/x/runs', large, { headers: { 'transfer-encoding': 'chunked' } })).status).toBe(413);
    expect((await ask(server, `/api/runs?flow=${'x'.repeat(9_000)}`)).status).toBe(414);
  });

  it('takes no body that nests too deep to be gone through, and any way of saying that it is JSON', async () => {
    const deep = (levels: number) => `{"params":{"x":${'['.repeat(levels - 2)}"]]\\"[["${']'.repeat(levels - 2)}}}`;
    expect((await post(server, '/api/flows/x/runs', deep(500))).json.error.code).toBe('FLOW_UNKNOWN');
    for (const levels of [501, 3_000, 200_000]) {
      const { status, json } = await post(server, '/api/flows/x/runs', deep(levels));
      expect([levels, status, json.error.code]).toEqual([levels, 400, 'JSON_TOO_DEEP']);
    }
    for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])
      expect((await post(server, '/api/flows/x/runs', {}, { headers: { 'content-type': type } })).status).toBe(404);
  });

  it('says with what an address can be asked', async () => {
    const asked = async (method: string, path: string) => {
      const { status, headers, json } = await post(server, path, {}, { method });
      return [status, headers.allow, json?.error.code];
    };
    expect(await asked('DELETE', '/api/runs')).toEqual([405, 'GET, HEAD', 'METHOD_REFUSED']);
    expect(await asked('PUT', '/api/flows/x/runs')).toEqual([405, 'POST', 'METHOD_REFUSED']);
    expect(await asked('POST', '/api/runs/x/tags')).toEqual([405, 'PATCH', 'METHOD_REFUSED']);
    expect(await asked('OPTIONS', '/api/events')).toEqual([405, 'GET, HEAD', 'METHOD_REFUSED']);
    expect(await asked('POST', '/api/nothing')).toEqual([404, undefined, 'ROUTE_UNKNOWN']);
  });

  it('cuts lines on which nothing moves: of requests that never end, and of readers that take nothing', async () => {
    const troubles: unknown[] = [];
    const hasty = await startServer({ port: 0, home: join(root, '.millrace'), idleMs: 300, onTrouble: (error) => troubles.push(error) });
    const line = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(hasty.port, '127.0.0.1', () => socket.write(text));
        // Who does not read does not hear of the end: writing tells.
        const timer = setInterval(() => socket.write(' '), 400);
        socket.pause().on('error', () => {});
        socket.on('close', () => {
          clearInterval(timer);
          resolve();
        });
      });
    try {
      await line('GET /api/runs HTTP/1.1\r\nHost: local');
      await line(
        `POST /api/flows/x/runs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf(hasty)}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
      );
      await line(`GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf(hasty)}\r\n\r\n`.repeat(1_000));
    } finally {
      await hasty.close();
    }
    expect(troubles).toEqual([]);
  }, 60_000);

  it('keeps the token where nobody else can read it, and takes it away at the end', async () => {
    const other = await startServer({ port: 0, home: join(root, '.millrace') });
    const file = other.tokenFile as string;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(tokenOf(other)).toMatch(/^[\w-]{43}$/);
    expect(tokenOf(other)).not.toBe(tokenOf(server));
    expect((await ask(other, '/api/runs', { token: false, headers: { authorization: `Bearer ${tokenOf(server)}` } })).status).toBe(401);
    await other.close();
    expect(() => statSync(file)).toThrow();
  });

  it('is opened to other machines only by who gives it a token', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.7', 'example.org'])
      await expect(startServer({ port: 0, host, home: join(root, '.millrace') })).rejects.toMatchObject({ code: 'SERVER_EXPOSED' });
    await expect(startServer({ port: 0, token: 'short', home: join(root, '.millrace') })).rejects.toMatchObject({ code: 'SERVER_TOKEN_INVALID' });
    const token = 'given-by-somebody-0123';
    const open = await startServer({ port: 0, host: '0.0.0.0', token, home: join(root, '.millrace'), allowedHosts: ['flows.example'] });
    try {
      const asked = (host: string) => ask(open, '/api/services', { token: false, headers: { host, authorization: `Bearer ${token}` } });
      expect([open.link, open.tokenFile]).toEqual([`http://localhost:${open.port}/`, undefined]);
      for (const host of ['localhost', 'flows.example:8443', hostname(), '[::1]:1']) expect((await asked(host)).status).toBe(200);
      for (const host of ['evil.example', '0.0.0.0.evil.example']) expect((await asked(host)).status).toBe(421);
    } finally {
      await open.close();
    }
  });

  it('says when the port is taken', async () => {
    await expect(startServer({ port: server.port, home: join(root, '.millrace') })).rejects.toMatchObject({ code: 'PORT_TAKEN' });
  });
});

describe('names of hosts', () => {
  it('are read as they are meant, or not at all', () => {
    expect(['LOCALHOST:1', '127.0.0.1', '[::1]:80', 'a_b.example'].map(hostNameOf)).toEqual(['localhost', '127.0.0.1', '::1', 'a_b.example']);
    expect(['', 'a b', 'a:b', '::1', 'a/b', 'a@b', 'a:123456', 'ä'].map(hostNameOf)).toEqual(Array.from({ length: 8 }, () => undefined));
    expect(['127.0.0.1', '127.8.9.1', 'localhost', '::1', '[::1]'].every(isLoopback)).toBe(true);
    expect(['0.0.0.0', '127.0.0.1.example', '::', 'localhost.example', '10.0.0.1'].some(isLoopback)).toBe(false);
    expect(allowedHosts('192.168.1.7', ['Proxy.Example'])).toEqual(new Set(['localhost', '127.0.0.1', '::1', '192.168.1.7', 'proxy.example']));
  });

  it('a token that is refused is not told', () => {
    expect(() => checkToken('secret word with blanks')).toThrow(/got one of 23 characters/);
  });
});
