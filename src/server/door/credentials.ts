import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../../base/error.js';

/** Fewer characters can be guessed. */
const SHORTEST_TOKEN = 16;

/** 256 random bits, in letters that need no escape anywhere. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** @throws MillraceError `SERVER_TOKEN_INVALID`, without the token */
export function checkToken(token: string): string {
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token) && token.length >= SHORTEST_TOKEN && token.length <= 500) return token;
  throw new MillraceError(
    'SERVER_TOKEN_INVALID',
    `expected a token of ${SHORTEST_TOKEN} to 500 letters, digits and . _ ~ + / = -; got one of ${token.length} characters`,
    { hint: 'Make one with: openssl rand -base64 32' },
  );
}

/** What opens the door: the token as a header, or the cookie that the link sets. */
export class Credentials {
  readonly cookieName: string;
  /**
   * Not the token: cookies go to every port of a host, so another server there may come to see it. What it sees opens this server alone, and only
   * until this one ends.
   */
  readonly cookie = newToken();
  readonly #token: string;

  constructor(token: string, port: number) {
    this.#token = token;
    this.cookieName = `millrace_${port}`;
  }

  isToken(given: string): boolean {
    return isSame(given, this.#token);
  }

  /** @param header `Authorization` and `Cookie`, as they came */
  opens(header: { readonly authorization: string | undefined; readonly cookie: string | undefined }): boolean {
    const [, bearer] = /^Bearer ([^\s,]+)$/i.exec(header.authorization ?? '') ?? [];
    // Who gives a token means it: a wrong one is not made up for by a cookie.
    if (header.authorization !== undefined) return bearer !== undefined && this.isToken(bearer);
    return cookiesOf(header.cookie ?? '', this.cookieName).some((value) => isSame(value, this.cookie));
  }
}

function cookiesOf(header: string, name: string): readonly string[] {
  return header.split(';').flatMap((pair) => {
    const [key, value] = pair.split('=', 2);
    return key?.trim() === name && value !== undefined ? [value.trim()] : [];
  });
}

/** In a time that tells nothing about where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
