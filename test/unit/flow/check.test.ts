import { describe, expect, it } from 'vitest';
import { check } from '../../../src/flow/check.js';
import type { Check } from '../../../src/model/check.js';

describe('check', () => {
  it('is frozen data; a failing one fails the task unless told otherwise', () => {
    const ok = (rows: readonly number[]): boolean => rows.length > 0;
    const made = check('not empty', ok);
    expect(made).toEqual({ name: 'not empty', severity: 'fail', ok });
    expect(Object.isFrozen(made)).toBe(true);
    expect(check('not empty', ok, { severity: 'warn' }).severity).toBe('warn');
  });

  it('takes the type of the value from where it stands', () => {
    const checks: readonly Check<{ readonly cents: number }[]>[] = [
      check('no free orders', (orders) => orders.every((order) => order.cents > 0) || 'some cost nothing', { severity: 'warn' }),
      check('not empty', async (orders) => orders.length > 0),
    ];
    expect(checks[0]?.ok([{ cents: 0 }])).toBe('some cost nothing');
  });

  it.each([
    ['', Boolean, {}],
    [undefined, Boolean, {}],
    ['x', undefined, {}],
    ['x', Boolean, { severity: 'error' }],
  ])('refuses what is no check (%#)', (name, ok, options) => {
    expect(() => check(name as string, ok as () => boolean, options as { severity: 'warn' })).toThrowError(
      expect.objectContaining({ code: 'CHECK_INVALID' }),
    );
  });
});
