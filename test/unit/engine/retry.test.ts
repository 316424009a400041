import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MillraceError } from '../../../src/base/error.js';
import { nextDelay } from '../../../src/engine/retry.js';
import { type NormalizedRetry, normalizeRetries, type RetryPolicy } from '../../../src/model/retry-policy.js';
import { Fail, Skip } from '../../../src/model/task-error.js';

const boom = new Error('boom');
const middle = (): number => 0.5;

function policy(retries: number | RetryPolicy): NormalizedRetry {
  const normalized = normalizeRetries(retries);
  if (!normalized) throw new Error('expected a policy');
  return normalized;
}

function delays(retries: number | RetryPolicy, random = middle): (number | undefined)[] {
  const normalized = policy(retries);
  return Array.from({ length: normalized.max + 1 }, (_, tried) => nextDelay(normalized, tried + 1, boom, random));
}

describe('S13 delays', () => {
  it.each<readonly [string, number | RetryPolicy, (number | undefined)[]]>([
    ['a number: at once', 2, [0, 0, undefined]],
    ['no delay', { max: 1 }, [0, undefined]],
    ['one delay for all', { max: 3, delay: '2s' }, [2_000, 2_000, 2_000, undefined]],
    ['exponential', { max: 4, delay: '1s', backoff: 'exponential' }, [1_000, 2_000, 4_000, 8_000, undefined]],
    ['exponential, from 1 second', { max: 2, backoff: 'exponential' }, [1_000, 2_000, undefined]],
    ['exponential with a cap', { max: 4, delay: '10s', backoff: 'exponential', maxDelay: '25s' }, [10_000, 20_000, 25_000, 25_000, undefined]],
    ['exponential from nothing', { max: 2, delay: 0, backoff: 'exponential' }, [0, 0, undefined]],
    ['a list, the last repeated', { max: 4, delay: ['1s', 5, '1m'] }, [1_000, 5, 60_000, 60_000, undefined]],
    ['a list longer than needed', { max: 1, delay: [1, 2, 3] }, [1, undefined]],
    ['a function of the attempt that failed', { max: 2, delay: (attempt) => `${2 ** attempt}s` }, [2_000, 4_000, undefined]],
    ['a function with a cap', { max: 1, delay: () => '1h', maxDelay: '1m' }, [60_000, undefined]],
  ])('S13 %s', (_what, retries, expected) => {
    expect(delays(retries)).toEqual(expected);
  });

  it('S13 a function sees what was thrown', () => {
    const patient = policy({ max: 1, delay: (_attempt, error) => (error as { wait: number }).wait });
    expect(nextDelay(patient, 1, { wait: 1_234 }, middle)).toBe(1_234);
  });

  it('S13 doubling never overflows, and no delay is longer than a timer can wait', () => {
    const endless = policy({ max: 5_000, delay: '1d', backoff: 'exponential' });
    expect(nextDelay(endless, 4_000, boom, middle)).toBe(2 ** 31 - 1);
    expect(nextDelay(policy({ max: 5_000, delay: 0, backoff: 'exponential' }), 4_000, boom, middle)).toBe(0);
  });

  it('S13 jitter spreads evenly around the delay, and the cap cuts the range', () => {
    const retries: RetryPolicy = { max: 1, delay: 1_000, jitter: 0.2 };
    expect([0, 0.5, 1].map((at) => delays(retries, () => at)[0])).toEqual([800, 1_000, 1_200]);
    expect([0, 0.5, 1].map((at) => delays({ ...retries, maxDelay: 1_000 }, () => at)[0])).toEqual([800, 900, 1_000]);
  });

  it('S13 whatever the policy, a delay lies within jitter of its base and under the cap', () => {
    const ms = fc.integer({ min: 0, max: 10_000 });
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        ms,
        ms,
        fraction,
        fraction,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('fixed', 'exponential'),
        (delay, cap, jitter, chance, attempt, backoff) => {
          const waited = nextDelay(policy({ max: 40, delay, jitter, maxDelay: cap, backoff }), attempt, boom, () => chance) as number;
          const base = Math.min(backoff === 'fixed' ? delay : delay * 2 ** (attempt - 1), cap);
          expect(waited).toBeGreaterThanOrEqual(base * (1 - jitter));
          expect(waited).toBeLessThanOrEqual(Math.min(cap, base * (1 + jitter)) * (1 + Number.EPSILON));
        },
      ),
    );
  });
});

describe('S13 what is tried again', () => {
  it('S13 Fail stops retrying and Skip is no failure, also of another copy of the package', () => {
    const eager = policy({ max: 5, if: () => true });
    for (const thrown of [new Fail(), new Skip(), Object.assign(new Error('other copy'), { name: 'Fail' })])
      expect(nextDelay(eager, 1, thrown, middle)).toBeUndefined();
    expect(nextDelay(eager, 1, boom, middle)).toBe(0);
  });

  it('S13 `if` is asked with the error and the attempt, and only while tries are left', () => {
    const asked: unknown[][] = [];
    const choosy = policy({ max: 1, if: (...args) => asked.push(args) > 0 });
    expect(nextDelay(choosy, 1, boom, middle)).toBe(0);
    expect(nextDelay(choosy, 2, boom, middle)).toBeUndefined();
    expect(asked).toEqual([[boom, 1]]);
    expect(nextDelay(policy({ max: 1, if: () => false }), 1, boom, middle)).toBeUndefined();
  });

  it('S13 an `if` or `delay` that throws, or gives nonsense, counts as no and is told of', () => {
    const fail = (): never => {
      throw new Error('in the policy');
    };
    const broken: RetryPolicy[] = [
      { max: 1, if: fail },
      { max: 1, if: (async () => fail()) as unknown as () => boolean },
      { max: 1, delay: fail },
      { max: 1, delay: () => `${Number.NaN}s` },
    ];
    for (const retries of broken) {
      const problems: MillraceError[] = [];
      expect(nextDelay(policy(retries), 1, boom, middle, (problem) => problems.push(problem))).toBeUndefined();
      expect(problems).toEqual([expect.objectContaining({ code: 'RETRY_POLICY_BROKEN' })]);
    }
  });

  it('S13 anything may have been thrown', () => {
    const hostile = new Proxy({}, { get: () => Reflect.apply(Number, undefined, [Symbol()]) });
    for (const thrown of [undefined, 'text', null, hostile]) expect(nextDelay(policy(1), 1, thrown, middle)).toBe(0);
  });
});

describe('S13 what a policy may say', () => {
  it('S13 nothing, or no tries, is no policy', () => {
    for (const retries of [undefined, 0, { max: 0 }]) expect(normalizeRetries(retries)).toBeUndefined();
  });

  it.each<readonly [unknown, string]>([
    [-1, 'retries: expected a whole number of tries, 0 or more; got -1'],
    [1.5, 'retries: expected a whole number of tries, 0 or more; got 1.5'],
    [Number.POSITIVE_INFINITY, 'retries: expected a whole number of tries, 0 or more; got Infinity'],
    [null, 'retries: expected a number or a policy such as { max: 3 }; got null'],
    ['3', 'retries: expected a number or a policy such as { max: 3 }; got "3"'],
    [{ delay: 1 }, 'retries: expected a whole number of tries, 0 or more; got undefined'],
    [{ max: 1, delay: '3 weeks' }, "retries.delay: expected a duration such as 500, '30s' or '5m'; got \"3 weeks\""],
    [{ max: 1, delay: '30d' }, 'retries.delay: expected a duration of at most 2147483647 ms (24.8 days); got "30d"'],
    [{ max: 1, delay: [] }, 'retries.delay: expected a list of at least one duration; got []'],
    [{ max: 1, delay: [1, -1] }, "retries.delay: expected a duration such as 500, '30s' or '5m'; got -1"],
    [{ max: 1, delay: [1], backoff: 'exponential' }, "retries.delay: expected one duration with backoff: 'exponential'; got [1]"],
    [{ max: 1, backoff: 'linear' }, "retries.backoff: expected 'fixed' or 'exponential'; got \"linear\""],
    [{ max: 1, jitter: 2 }, 'retries.jitter: expected a fraction from 0 to 1; got 2'],
    [{ max: 1, jitter: Number.NaN }, 'retries.jitter: expected a fraction from 0 to 1; got NaN'],
    [{ max: 1, maxDelay: -1 }, "retries.maxDelay: expected a duration such as 500, '30s' or '5m'; got -1"],
    [{ max: 1, if: true }, 'retries.if: expected a function (error, attempt) => boolean; got true'],
    [{ max: 1, delays: 3 }, 'retries: there is no option "delays"'],
  ])('S13 refuses %o', (retries, message) => {
    expect(() => normalizeRetries(retries as number)).toThrow(expect.objectContaining({ code: 'RETRY_POLICY_INVALID', message }));
  });
});
