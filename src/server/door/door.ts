import type { Context, MiddlewareHandler } from 'hono';
import { ApiError } from '../api-error.js';
import { checkBody } from './body.js';
import type { Credentials } from './credentials.js';
import { hostNameOf } from './hosts.js';

const LARGEST_TARGET = 8_000;

export interface DoorOptions {
  readonly credentials: Credentials;
  readonly hosts: ReadonlySet<string>;
}

/**
 * The one way in: in front of every route and every stream, of those to come too, and of what there is not. Loopback is no trust boundary: any page in
 * a browser of this machine can send requests here, so who asks, by which name, from which page and with which kind of body are all looked at.
 */
export function door({ credentials, hosts }: DoorOptions): MiddlewareHandler {
  return async (c, next) => {
    lockDown(c);
    checkHost(c, hosts);
    checkOrigin(c);
    if (c.req.url.length > LARGEST_TARGET) throw new ApiError(414, 'ADDRESS_TOO_LONG', `expected an address of at most ${LARGEST_TARGET} characters`);
    if (isLink(c)) return openByLink(c, credentials);
    if (!credentials.opens({ authorization: c.req.header('authorization'), cookie: c.req.header('cookie') })) {
      c.header('WWW-Authenticate', 'Bearer realm="millrace"');
      throw new ApiError(401, 'TOKEN_NEEDED', 'expected the token of this server; got none, or another', {
        hint: 'Open the link that the server printed when it started; or send Authorization: Bearer <token>.',
      });
    }
    if (!isSafe(c)) await checkBody(c);
    await next();
    // Nobody reads it: what it is made of is let go.
    if (c.req.method === 'HEAD') await c.res.body?.cancel();
  };
}

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** On every answer, refusals included. A route may say more, as long as it says it after this. */
function lockDown(c: Context): void {
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
}

function checkHost(c: Context, hosts: ReadonlySet<string>): void {
  const host = hostNameOf(c.req.header('host') ?? '');
  if (host !== undefined && hosts.has(host)) return;
  throw new ApiError(421, 'HOST_REFUSED', 'expected a Host that this server is known by; got another', {
    hint: 'Use the address that it printed, or start it with --allow-host <name>.',
  });
}

/** Browsers say from which page a request comes; other programs say nothing, and are not confined by it. */
function checkOrigin(c: Context): void {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const isOwn = origin === undefined || /^https?:\/\/(.*)$/i.exec(origin)?.[1]?.toLowerCase() === c.req.header('host')?.toLowerCase();
  if (isOwn && (site === undefined || site === 'same-origin' || site === 'none')) return;
  throw new ApiError(403, 'ORIGIN_REFUSED', 'expected a request from a page of this server, or from no page at all; it comes from another site', {
    hint: 'Paste the link into the address bar instead of following it from a page.',
  });
}

function isSafe(c: Context): boolean {
  return c.req.method === 'GET' || c.req.method === 'HEAD';
}

function isLink(c: Context): boolean {
  return c.req.method === 'GET' && c.req.path === '/' && c.req.query('token') !== undefined;
}

/** The token leaves the address bar at once: it is in no history, and in no screenshot. */
function openByLink(c: Context, credentials: Credentials): Response {
  if (!credentials.isToken(c.req.query('token') ?? ''))
    throw new ApiError(401, 'TOKEN_NEEDED', 'expected the token of this server; the link has another');
  c.header('Set-Cookie', `${credentials.cookieName}=${credentials.cookie}; HttpOnly; SameSite=Strict; Path=/`);
  return c.redirect('/', 303);
}
