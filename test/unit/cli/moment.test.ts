import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../../src/cli/moment.js';

const NOW = Date.UTC(2026, 10, 20, 12);

describe('a moment on the command line', () => {
  it.each([
    ['12h', NOW - 12 * 3_600_000],
    ['1.5h', NOW - 90 * 60_000],
    ['2026-11-20', new Date(2026, 10, 20).getTime()],
    ['2026-11-20T09:30', new Date(2026, 10, 20, 9, 30).getTime()],
    ['2026-11-20 09:30:15.250', new Date(2026, 10, 20, 9, 30, 15, 250).getTime()],
    ['2026-11-20T09:30Z', Date.UTC(2026, 10, 20, 9, 30)],
    ['2026-11-20T09:30+02:00', Date.UTC(2026, 10, 20, 7, 30)],
  ])('%s', (text, expected) => expect(parseMoment(text, NOW)).toBe(expected));

  it.each(['', 'soon', 'Nov 20', '12', '2026-13-01', '20.11.2026'])('is not %j', (text) =>
    expect(() => parseMoment(text, NOW)).toThrow('Expected a date'),
  );
});
