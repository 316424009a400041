import { describe, expect, it } from 'vitest';
import { cron } from '../../src/schedule/cron.js';

/**
 * S34 against a second implementation: every time zone there is, at every change of its clock from 2020 to 2030. That one knows nothing of croner: it
 * finds the changes by looking at the offset hour by hour, and for each day of the wall clock what instant a time of day means.
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const [FROM, TO] = [Date.UTC(2020, 0, 1), Date.UTC(2031, 0, 1)];

/** Minutes that the wall clock of a zone is ahead of UTC. */
function offsetsOf(timeZone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)])) as Record<string, number>;
    const wall = Date.UTC(part.year as number, (part.month as number) - 1, part.day, part.hour, part.minute, part.second);
    return Math.round((wall - time) / MINUTE);
  };
}

interface Change {
  /** The first instant of the new offset. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

function changesOf(offsetAt: (time: number) => number): readonly Change[] {
  const changes: Change[] = [];
  const STEP = 7 * DAY;
  for (let low = FROM, before = offsetAt(low); low < TO; low += STEP) {
    const after = offsetAt(low + STEP);
    if (after !== before) changes.push(...within(offsetAt, low, low + STEP));
    before = after;
  }
  return changes;
}

/** Changes lie at whole minutes; two in one week are found one by one. */
function within(offsetAt: (time: number) => number, low: number, high: number): readonly Change[] {
  const before = offsetAt(low);
  let [same, other] = [low, high];
  while (other - same > MINUTE) {
    const middle = same + Math.floor((other - same) / 2 / MINUTE) * MINUTE;
    if (offsetAt(middle) === before) same = middle;
    else other = middle;
  }
  const after = offsetAt(other);
  const first: Change = { at: other, before, after };
  return after === offsetAt(high) ? [first] : [first, ...within(offsetAt, other, high)];
}

/** The instant that a time of the wall clock means, given as if it were UTC: the first where there are two; where there is none, when the clock jumps. */
function meant(wall: number, { at, before, after }: Change): number {
  const early = wall - before * MINUTE;
  if (early < at) return early;
  const late = wall - after * MINUTE;
  return late >= at ? late : at;
}

const zones = Intl.supportedValuesOf('timeZone');
const TIMES_OF_DAY = [0, 30, 60, 90, 119, 120, 150, 180, 210, 23 * 60 + 45];

describe('S34: changes of the clock', () => {
  it(`a time of day fires once a day, in each of ${zones.length} time zones, at each change from 2020 to 2030`, { timeout: 120_000 }, () => {
    let looked = 0;
    for (const timezone of zones) {
      const offsetAt = offsetsOf(timezone);
      for (const change of changesOf(offsetAt)) {
        // Two changes within days of each other (Ramadan in Morocco) are each looked at by the days that have but one.
        if (offsetAt(change.at - 2 * DAY) !== change.before || offsetAt(change.at + 2 * DAY) !== change.after) continue;
        const today = Math.floor((change.at + change.before * MINUTE) / DAY) * DAY;
        const minutes = TIMES_OF_DAY[looked++ % TIMES_OF_DAY.length] as number;
        // Also the time of day that is hit by the change itself.
        const hit = Math.floor(((change.at + Math.min(change.before, change.after) * MINUTE) % DAY) / MINUTE) + 30;
        for (const time of new Set([minutes, hit % (24 * 60)])) {
          const days = [-1, 0, 1].map((day) => meant(today + day * DAY + time * MINUTE, change));
          const schedule = cron(`${time % 60} ${Math.floor(time / 60)} * * *`, { timezone });
          const found: number[] = [];
          let next = schedule.next(new Date((days[0] as number) - 1));
          while (found.length < 3 && next) {
            found.push(next.getTime());
            next = schedule.next(next);
          }
          const label = `${timezone} at ${new Date(change.at).toISOString()}, ${Math.floor(time / 60)}:${time % 60}`;
          expect({ label, found: found.map(iso) }).toEqual({ label, found: days.map(iso) });
        }
      }
    }
    expect(looked).toBeGreaterThan(1_000);
  });
});

const iso = (time: number): string => new Date(time).toISOString();
