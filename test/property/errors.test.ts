import { types } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueDigest } from '../../src/base/canonical.js';
import { MillraceError } from '../../src/base/error.js';
import { Fail, FlowRunError, Skip, TaskError, TimedOutError } from '../../src/model/task-error.js';
import { decodeText, encodeText } from '../../src/results/json.js';

/** Nobody taught these. */
class AppError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.name = 'AppError';
    this.status = status;
  }
}
class QuotaError extends RangeError {
  override get name(): string {
    return 'QuotaError';
  }
}

const key = fc.constantFrom('code', 'path', 'errno', 'extra', '__proto__', '$millrace');
const data = fc.oneof(fc.string(), fc.integer(), fc.constantFrom(undefined, null, Number.NaN, -0), fc.array(fc.integer(), { maxLength: 2 }));

const { error: anyError } = fc.letrec<{ error: Error; cause: unknown }>((tie) => ({
  cause: fc.oneof({ depthSize: 'small', withCrossShrink: true }, data, tie('error')),
  error: fc
    .tuple(
      fc.constantFrom(
        ...['Error', 'TypeError', 'AggregateError', 'MillraceError', 'TaskError', 'FlowRunError', 'TimedOut', 'Skip', 'Fail', 'DOMException'],
      ),
      fc.string(),
      fc.option(tie('cause'), { nil: undefined }),
      fc.array(fc.tuple(key, data), { maxLength: 3 }),
      fc.option(fc.constantFrom('Named', 'Error'), { nil: undefined }),
    )
    .map(([kind, message, cause, properties, name]) => {
      const error = make(kind, message, cause);
      if (kind === 'DOMException') return error;
      for (const [property, value] of properties)
        Object.defineProperty(error, property, { value, writable: true, enumerable: true, configurable: true });
      if (name !== undefined) error.name = name;
      return error;
    }),
}));

function make(kind: string, message: string, cause: unknown): Error {
  const details = { taskRunId: 'a#0', attempts: 2, cause, hint: 'look there' };
  switch (kind) {
    case 'TypeError':
      return new TypeError(message, { cause });
    case 'AggregateError':
      return new AggregateError([cause, new Error('other')], message);
    case 'MillraceError':
      return new MillraceError('CODE', message, details);
    case 'TaskError':
      return new TaskError('TASK_FAILED', message, details);
    case 'FlowRunError':
      return new FlowRunError(message, { runId: 'r', failures: [new TaskError('TASK_FAILED', message, details)], cause });
    case 'TimedOut':
      return new TimedOutError('a#0', 5);
    case 'Skip':
      return new Skip(message);
    case 'Fail':
      return new Fail(message);
    case 'DOMException':
      return new DOMException(message, 'AbortError');
    default:
      return cause === undefined ? new Error(message) : new Error(message, { cause });
  }
}

/** All there is to see of an error, also what matchers overlook. */
function seen(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const own = Object.entries(Object.getOwnPropertyDescriptors(value)).filter(([property]) => property !== 'stack');
  return {
    class: Object.getPrototypeOf(value),
    isNative: types.isNativeError(value),
    texts: [value.name, value.message, value.stack, String(value)],
    own: new Map(
      own.map(([property, { value: member, enumerable }]) => [property, [enumerable, Array.isArray(member) ? member.map(seen) : seen(member)]]),
    ),
  };
}

const roundTrip = (value: unknown): unknown => decodeText(encodeText(value));

describe('errors in results', () => {
  it('S16: come back as what they were: class, name, message, stack, cause, what they gather, and their own properties', () => {
    fc.assert(
      fc.property(anyError, (error) => {
        const back = roundTrip([error]) as [Error];
        expect(seen(back[0])).toEqual(seen(error));
        expect(valueDigest(back)).toBe(valueDigest([error]));
        expect(encodeText(back)).toBe(encodeText([error]));
      }),
      { numRuns: 300 },
    );
  });

  it('S21: have a digest that does not know where they were made', () => {
    fc.assert(
      fc.property(anyError, (error) => {
        const before = valueDigest(error);
        error.stack = 'elsewhere';
        expect(valueDigest(error)).toBe(before);
      }),
      { numRuns: 100 },
    );
  });

  it('S21: have another digest when they say something else', () => {
    const one = () => new TaskError('TASK_FAILED', 'no', { taskRunId: 'a#0', attempts: 1, cause: new Error('why') });
    const others = [
      one(),
      Object.assign(one(), { attempts: 2 }),
      Object.assign(one(), { name: 'Other' }),
      Object.assign(one(), { message: 'yes' }),
      Object.assign(one(), { cause: new TypeError('why') }),
      Object.assign(new Error('no', { cause: new Error('why') }), { ...one() }),
    ];
    expect(new Set(others.map((error) => valueDigest(error))).size).toBe(others.length);
  });

  it('S16: of a class that nobody taught come back as the nearest known, under their name, and then stay as they are', () => {
    const app = roundTrip(new AppError('gone', 410)) as AppError;
    expect(Object.getPrototypeOf(app)).toBe(Error.prototype);
    expect({ name: app.name, message: app.message, status: app.status }).toEqual({ name: 'AppError', message: 'gone', status: 410 });
    const quota = roundTrip(new QuotaError('too much')) as QuotaError;
    expect(Object.getPrototypeOf(quota)).toBe(RangeError.prototype);
    expect([quota.name, String(quota), Object.keys(quota)]).toEqual(['QuotaError', 'QuotaError: too much', []]);
    for (const error of [new AppError('gone', 410), new QuotaError('too much')]) {
      expect(valueDigest(roundTrip(error))).toBe(valueDigest(error));
      expect(encodeText(roundTrip(error))).toBe(encodeText(error));
    }
  });

  it('S16: are refused with the path when they hold what cannot be stored', () => {
    expect(() => encodeText({ failed: Object.assign(new Error('no'), { request: () => 1 }) })).toThrow(/'\.failed\.request' is the function request/);
    const circle = new Error('round');
    circle.cause = circle;
    expect(() => encodeText(circle)).toThrow(/refers back/);
  });
});
