/**
 * Where clocks jump over the end of a day: in Greenland they go from 23:00 to midnight. Croner passes over times of day in such a gap, where it has those
 * of all others fire at its end.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** A jump of the clock: at this time it goes from one time of the wall clock to another, both as if they were UTC. */
export interface MidnightGap {
  readonly at: number;
  readonly wallFrom: number;
  readonly wallTo: number;
}

/** In order: those after the one time, before the other. Clocks that are changed twice in a week are not such. */
export function* midnightGaps(timezone: string, after: number, before: number): Generator<MidnightGap, void> {
  for (let low = after; low < before; low += 7 * DAY_MS) {
    const high = Math.min(low + 7 * DAY_MS, before);
    const gap = gapBetween(timezone, low, high);
    if (gap !== undefined && gap.wallTo % DAY_MS === 0) yield gap;
  }
}

function gapBetween(timezone: string, low: number, high: number): MidnightGap | undefined {
  const [before, after] = [offsetAt(timezone, low), offsetAt(timezone, high)];
  if (after <= before) return undefined;
  let [same, other] = [low, high];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetAt(timezone, middle) === before) same = middle;
    else other = middle;
  }
  return { at: other, wallFrom: other + before, wallTo: other + after };
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** How far the wall clock is ahead of UTC, in milliseconds. */
function offsetAt(timezone: string, time: number): number {
  let format = formats.get(timezone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'longOffset' });
    formats.set(timezone, format);
  }
  const name = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /([+-])(\d\d):(\d\d)/.exec(name);
  if (match === null) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * MINUTE_MS;
}
