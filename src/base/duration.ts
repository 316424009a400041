import { describe, MillraceError } from './error.js';

/** A length of time: a number of milliseconds, or a number with its unit. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * @returns milliseconds
 * @throws MillraceError `DURATION_INVALID` when the text is no duration or the number is negative or not finite
 */
export function toMs(duration: Duration): number {
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : undefined;
  const ms = match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : duration;
  if (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0) return ms;
  throw new MillraceError('DURATION_INVALID', `expected a duration such as 500, '500ms', '30s', '5m', '2h' or '7d'; got ${describe(duration)}`);
}
