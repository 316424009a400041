import { describe, expect, it } from 'vitest';
import { createMask } from '../../../src/log/mask.js';
import { maskData } from '../../../src/log/mask-data.js';
import { maskError } from '../../../src/log/mask-error.js';

const SECRET = 'pa"ss/word';
const mask = createMask([SECRET]);

describe('secrets in what is thrown (S18)', () => {
  it('an error stays the error it is, of its class, and shows *** with all its causes', () => {
    class HttpError extends Error {
      readonly code = `E_${SECRET}`;
    }
    const error = new HttpError(`refused ${SECRET}`, { cause: new AggregateError([new TypeError(SECRET)], `all of ${SECRET}`) });
    maskError(error, mask);
    const all = error.cause as AggregateError;
    expect([error.message, error.code, all.message, (all.errors as Error[])[0]?.message]).toEqual(['refused ***', 'E_***', 'all of ***', '***']);
    expect(error.stack).toMatch(/^Error: refused \*\*\*\n/);
    expect(error).toBeInstanceOf(HttpError);
  });

  it('what cannot be changed or read, loops, or is no error, is survived', () => {
    const frozen = Object.freeze(new Error(SECRET));
    const loop = new Error(SECRET);
    loop.cause = loop;
    const unreadable = Object.defineProperty({}, 'message', {
      get() {
        throw new Error('no');
      },
    });
    for (const odd of [frozen, unreadable, undefined, SECRET]) expect(() => maskError(odd, mask)).not.toThrow();
    maskError(loop, mask);
    expect(loop.message).toBe('***');
  });

  it('in plain data every text is masked, also one that holds JSON', () => {
    const data = { a: [`x ${SECRET}`, 1, null], b: JSON.stringify({ token: SECRET }) };
    expect(maskData(data, mask)).toEqual({ a: ['x ***', 1, null], b: '{"token":"***"}' });
  });
});
