import { describe, expect, it } from 'vitest';
import { cron } from '../../../src/schedule/cron.js';
import { every } from '../../../src/schedule/every.js';
import { instantsBetween } from '../../../src/schedule/instants.js';

/** Situations that the test suites of other schedulers have, and what is right here: the same, but where S34 says otherwise. */

type Made = Parameters<typeof instantsBetween>[0];

/** Each run's interval, as hours of UTC: `26T01..27T01`. */
function intervals(schedule: Made, after: string, count: number): readonly string[] {
  const found: string[] = [];
  const shown = (time: number): string => new Date(time).toISOString().slice(8, 13);
  for (const { at, from } of instantsBetween(schedule, Date.parse(after), Number.POSITIVE_INFINITY)) {
    found.push(`${shown(from)}..${shown(at)}`);
    if (found.length === count) break;
  }
  return found;
}

function hours(
  schedule: Made,
  start: string,
  count: number,
  timeZone: string,
): { readonly local: readonly number[]; readonly utc: readonly number[] } {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', hour: 'numeric' });
  const dates: Date[] = [];
  for (let at = schedule.next(new Date(Date.parse(start) - 1)); at !== undefined && dates.length < count; at = schedule.next(at)) dates.push(at);
  return { local: dates.map((date) => Number(format.format(date))), utc: dates.map((date) => date.getUTCHours()) };
}

describe('Airflow: data intervals of cron in Zurich, where clocks changed on 26 March and 29 October 2023', () => {
  const zurich = (hour: number): Made => cron(`0 ${hour} * * *`, { timezone: 'Europe/Zurich' });

  it('S34: going forward, at the hour after the change', () => {
    expect(intervals(zurich(3), '2023-03-24T12:00Z', 3)).toEqual(['24T02..25T02', '25T02..26T01', '26T01..27T01']);
  });

  it('S34: going forward, at the hour that is skipped', () => {
    expect(intervals(zurich(2), '2023-03-24T12:00Z', 3)).toEqual(['24T01..25T01', '25T01..26T01', '26T01..27T00']);
  });

  it('S34: going back, at the hour after the change', () => {
    expect(intervals(zurich(3), '2023-10-27T12:00Z', 3)).toEqual(['27T01..28T01', '28T01..29T02', '29T02..30T02']);
  });

  it('S34: going back, at the hour that is repeated: once, at the first of the two (Airflow: at the second)', () => {
    expect(intervals(zurich(2), '2023-10-27T12:00Z', 3)).toEqual(['27T00..28T00', '28T00..29T00', '29T00..30T01']);
  });
});

describe('Airflow: intervals of a schedule that was edited, or asked for between its instants', () => {
  it('S35: from one instant of the schedule of now to the next, whatever the last run was for', () => {
    expect(intervals(cron('0 0 * * *'), '2022-08-08T01:00Z', 1)).toEqual(['08T00..09T00']);
    expect(intervals(every('1h'), '2021-09-07T00:30Z', 2)).toEqual(['07T00..07T01', '07T01..07T02']);
  });

  it('an interval that is none is refused', () => {
    for (const length of ['0s', -1] as const) expect(() => every(length)).toThrow(expect.objectContaining({ name: 'MillraceError' }));
    expect(() => cron('0 0 1 13 0')).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }));
  });
});

describe('Prefect: cron in New York, where clocks changed on 11 March and 4 November 2018', () => {
  const zone = 'America/New_York';
  const york = (expression: string): Made => cron(expression, { timezone: zone });

  it('S34: hourly, going forward: every hour that there is', () => {
    expect(hours(york('0 * * * *'), '2018-03-11T04:00Z', 5, zone)).toEqual({ local: [23, 0, 1, 3, 4], utc: [4, 5, 6, 7, 8] });
  });

  it('hourly, going back: every hour that there is, as with Airflow and Unix (Prefect leaves one out); at a given hour, S34 holds', () => {
    expect(hours(york('0 * * * *'), '2018-11-04T03:00Z', 5, zone)).toEqual({ local: [23, 0, 1, 1, 2], utc: [3, 4, 5, 6, 7] });
    expect(hours(york('0 1 * * *'), '2018-11-03T05:00Z', 3, zone)).toEqual({ local: [1, 1, 1], utc: [5, 5, 6] });
  });

  it('S34: daily at nine stays at nine', () => {
    expect(hours(york('0 9 * * *'), '2018-03-08T14:00Z', 5, zone)).toEqual({ local: [9, 9, 9, 9, 9], utc: [14, 14, 14, 13, 13] });
    expect(hours(york('0 9 * * *'), '2018-11-01T13:00Z', 5, zone)).toEqual({ local: [9, 9, 9, 9, 9], utc: [13, 13, 13, 14, 14] });
  });

  it('S34: asked on the day of a change, before it', () => {
    const montreal = cron('10 0 * * *', { timezone: 'America/Montreal' });
    expect(hours(montreal, '2023-03-12T05:10:02Z', 5, zone)).toEqual({ local: [0, 0, 0, 0, 0], utc: [4, 4, 4, 4, 4] });
  });

  it('S34: daily by UTC, and by elapsed time, changes with nobody’s clock', () => {
    const nine = { local: [5, 5, 5, 4, 4], utc: [9, 9, 9, 9, 9] };
    expect(hours(cron('0 9 * * *'), '2018-11-01T09:00Z', 5, zone)).toEqual(nine);
    expect(hours(every('1d', { anchor: new Date('2018-11-01T09:00Z') }), '2018-11-01T09:00Z', 5, zone)).toEqual(nine);
  });
});
