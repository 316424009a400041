import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusal, runChecks } from '../../../src/engine/run-checks.js';
import { check } from '../../../src/flow/check.js';
import type { Check, CheckResult } from '../../../src/model/check.js';

const checks = (...list: readonly Check<number>[]): readonly Check<never>[] => list as readonly Check<never>[];

describe('runChecks', () => {
  it('is synchronous when all checks are, and asynchronous when one is not', async () => {
    const positive = check('positive', (n: number) => n > 0);
    expect(runChecks(checks(positive), 1)).toEqual([{ name: 'positive', severity: 'fail', passed: true }]);
    const late = runChecks(
      checks(
        positive,
        check('even', async (n: number) => n % 2 === 0 || 'odd', { severity: 'warn' }),
      ),
      1,
    );
    expect(late).toBeInstanceOf(Promise);
    expect(await late).toEqual([
      { name: 'positive', severity: 'fail', passed: true },
      { name: 'even', severity: 'warn', passed: false, message: 'odd' },
    ]);
    expect(runChecks([], 1)).toEqual([]);
  });

  it('takes false, a message, an error and a rejection as not passed', async () => {
    const results = await runChecks(
      checks(
        check('false', () => false),
        check('message', () => 'too small'),
        check('empty message', () => ''),
        check('throws', () => {
          throw new Error('cannot look');
        }),
        check('rejects', () => Promise.reject(new TypeError('cannot wait'))),
        check('throws nothing', () => {
          throw undefined;
        }),
      ),
      1,
    );
    expect(results.map(({ passed, message }) => [passed, message])).toEqual([
      [false, undefined],
      [false, 'too small'],
      [false, undefined],
      [false, 'cannot look'],
      [false, 'cannot wait'],
      [false, 'a value that is not an Error was thrown: undefined'],
    ]);
  });

  it('takes no answer for no', () => {
    const forgetful = check('forgetful', (() => {}) as unknown as () => boolean);
    expect(runChecks(checks(forgetful), 1)).toEqual([
      { name: 'forgetful', severity: 'fail', passed: false, message: 'expected true, false or a message; got undefined' },
    ]);
  });

  it('runs all of them, also after one has failed', () => {
    const seen: number[] = [];
    const list = [1, 2, 3].map((n) => check(`${n}`, () => seen.push(n) < 0));
    runChecks(checks(...list), 0);
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('refusal', () => {
  it('lists each failed check with what was wrong; warnings refuse nothing', () => {
    const results: readonly CheckResult[] = [
      { name: 'ids are unique', severity: 'fail', passed: false },
      { name: 'no nulls', severity: 'fail', passed: false, message: '3 nulls' },
      { name: 'no free orders', severity: 'warn', passed: false },
      { name: 'not empty', severity: 'fail', passed: true },
    ];
    const error = refusal(results);
    expect(error?.code).toBe('CHECK_FAILED');
    expect(error?.message).toBe("expected the result to pass its checks; 2 of 4 failed: 'ids are unique', 'no nulls' (3 nulls)");
    expect(error?.results).toBe(results);
    expect(refusal(results.slice(2))).toBeUndefined();
  });

  it('a law: refused exactly when a check that counts has not passed', () => {
    const result = fc.record({ name: fc.string(), severity: fc.constantFrom('warn' as const, 'fail' as const), passed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(result), (results) => {
        expect(refusal(results) !== undefined).toBe(results.some(({ severity, passed }) => severity === 'fail' && !passed));
      }),
    );
  });
});
