import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMask } from '../../../src/log/mask.js';

describe('S18: createMask', () => {
  it('returns the text itself without secrets', () => {
    const text = 'nothing to hide';
    expect(createMask([])(text)).toBe(text);
    expect(createMask([''])(text)).toBe(text);
    expect(createMask(['hidden'])(text)).toBe(text);
  });

  it('masks every occurrence, and a longer secret as one', () => {
    const mask = createMask(['token', 'token-long']);
    expect(mask('token token-long tokentoken')).toBe('*** *** ***');
  });

  it('leaves no character of overlapping occurrences', () => {
    expect(createMask(['abcd', 'cdef'])('xabcdefx')).toBe('x***x');
    expect(createMask(['aba'])('xababax')).toBe('x***x');
  });

  const secret = 'p"ä\\ss/w+rd é\'&=?\t#1';
  it.each([
    ['itself', secret],
    ['JSON', JSON.stringify({ secret })],
    ['util.inspect', inspect({ secret })],
    ['a URL part', encodeURIComponent(secret)],
    ['a URL part, lower case', encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase())],
    ['a query', new URLSearchParams({ key: secret }).toString()],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64url', Buffer.from(secret).toString('base64url')],
  ])('masks it as %s', (_name, text) => {
    const masked = createMask([secret])(text);
    expect(masked).toContain('***');
    expect(masked).not.toContain('rd');
    expect(masked).not.toContain('cmQ');
  });

  it.each(['u:', 'me:', 'you:', 'user:'])('masks base64 of a Basic header after %s', (user) => {
    const value = 'canary-4711-secret';
    const header = Buffer.from(user + value + user).toString('base64');
    const masked = createMask([value])(header);
    expect(masked).toContain('***');
    // What is left may hold at most the bits at the edges.
    expect(Buffer.from(masked.split('***').join(''), 'base64').toString()).not.toContain('4711');
  });

  it('masks the lines of a secret of several lines one by one', () => {
    const key = '-----BEGIN KEY-----\nMIIEvAIB\nADANBgkq\n-----END KEY-----\n';
    const mask = createMask([key]);
    for (const line of key.trim().split('\n')) expect(mask(`| ${line} |`)).toBe('| *** |');
    expect(mask(key)).toBe('***');
  });

  it('masks a very short secret only where it stands alone', () => {
    const mask = createMask(['7', 'ab']);
    expect(mask('7 of 17, a7, ab, cab, ab=7; é7 𝒳7 _7')).toBe('*** of 17, a7, ***, cab, ***=***; é7 𝒳7 _7');
  });

  it('takes secrets that are no well-formed text', () => {
    expect(createMask(['\ud800abc'])('x\ud800abcx')).toBe('x***x');
  });

  it('law: no secret is left, and the rest is unchanged', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '$'), minLength: 3, maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '$'), maxLength: 40 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 4 }), text, (secrets, text) => {
        const masked = createMask(secrets)(text);
        for (const secret of secrets) expect(masked).not.toContain(secret);
        const covered = Array.from(text, (_, at) =>
          secrets.some((secret) => [...Array(secret.length).keys()].some((shift) => at >= shift && text.startsWith(secret, at - shift))),
        );
        expect(masked.replaceAll('***', '')).toBe([...text].filter((_, at) => !covered[at]).join(''));
      }),
    );
  });
});
