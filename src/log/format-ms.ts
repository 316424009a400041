const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A length of time for people, in two units at most: `<0.1 ms`, `0.4 ms`, `12 ms`, `3.2 s`, `2 m 05 s`, `1 h 02 m`, `3 d 04 h`.
 * Each limit lies where rounding reaches the next unit, so that nothing prints as `1000 ms` or `60.0 s`.
 *
 * @param ms milliseconds; a negative length (the clock was set back) counts as none
 */
export function formatMs(ms: number): string {
  if (Number.isNaN(ms)) return 'unknown time';
  if (ms === Number.POSITIVE_INFINITY) return 'for ever';
  if (ms <= 0) return '0 ms';
  if (ms < 0.05) return '<0.1 ms';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < MINUTE - 50) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR - SECOND / 2) return twoUnits(Math.round(ms / SECOND), 60, 'm', 's');
  if (ms < DAY - MINUTE / 2) return twoUnits(Math.round(ms / MINUTE), 60, 'h', 'm');
  return twoUnits(Math.round(ms / HOUR), 24, 'd', 'h');
}

function twoUnits(count: number, base: number, large: string, small: string): string {
  return `${Math.floor(count / base)} ${large} ${String(count % base).padStart(2, '0')} ${small}`;
}
