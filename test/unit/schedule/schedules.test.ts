import { describe, expect, it } from 'vitest';
import type { Schedule } from '../../../src/model/schedule.js';
import { at } from '../../../src/schedule/at.js';
import { businessDays, businessDaysOfMonth, dates, daysOfMonth, weekdays } from '../../../src/schedule/calendar.js';
import { cron } from '../../../src/schedule/cron.js';
import { every } from '../../../src/schedule/every.js';
import { except } from '../../../src/schedule/except.js';
import { instantsBetween, latestInstant } from '../../../src/schedule/instants.js';
import { onDays } from '../../../src/schedule/on-days.js';
import { scheduleOf } from '../../../src/schedule/schedule-of.js';
import type { ScheduleSpec } from '../../../src/schedule/schedule-spec.js';
import { union } from '../../../src/schedule/union.js';

function times(schedule: Schedule<never>, after: string, count: number): readonly string[] {
  const found: string[] = [];
  for (let date = schedule.next(new Date(after)); date !== undefined && found.length < count; date = schedule.next(date)) found.push(shown(date));
  return found;
}

const shown = (date: Date | undefined): string => (date === undefined ? 'none' : date.toISOString().replace(':00.000Z', 'Z'));

describe('every', () => {
  it('S34: keeps to whole intervals, from 1970 where nothing else is said', () => {
    expect(times(every('1h'), '2026-01-01T10:20:00Z', 2)).toEqual(['2026-01-01T11:00Z', '2026-01-01T12:00Z']);
    expect(shown(every('1h').next(new Date('2026-01-01T11:00:00Z')))).toBe('2026-01-01T12:00Z');
    expect(shown(every('1h').previous?.(new Date('2026-01-01T11:00:00Z')))).toBe('2026-01-01T10:00Z');
  });

  it('S34: keeps to its anchor, before and after it; start and end are instants, where they fall on one', () => {
    const anchored = every('1d', { anchor: new Date('2026-01-10T06:30:00Z') });
    expect(times(anchored, '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T06:30Z']);
    const bounded = every('1h', { start: new Date('2026-01-01T00:15:00Z'), end: new Date('2026-01-01T02:15:00Z') });
    expect(times(bounded, '2020-01-01T00:00:00Z', 9)).toEqual(['2026-01-01T00:15Z', '2026-01-01T01:15Z', '2026-01-01T02:15Z']);
    expect(shown(bounded.previous?.(new Date('2030-01-01')))).toBe('2026-01-01T02:15Z');
    expect(bounded.previous?.(new Date('2026-01-01T00:15:00Z'))).toBeUndefined();
  });

  it('intervals longer than a timer can wait', () => {
    expect(times(every('60d', { start: new Date('2026-01-01') }), '2026-01-01', 2)).toEqual(['2026-03-02T00:00Z', '2026-05-01T00:00Z']);
  });

  it('jitter delays runs, not instants: by less than it says, and always the same', () => {
    const schedule = every('1h', { jitter: '10m' });
    expect(times(schedule, '2026-01-01T10:20:00Z', 1)).toEqual(['2026-01-01T11:00Z']);
    const delays = Array.from({ length: 50 }, (_, hour) => schedule.delay?.(new Date(hour * 3_600_000)) as number);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(600_000);
    expect(new Set(delays).size).toBeGreaterThan(40);
    expect(every('1h', { jitter: '10m' }).delay?.(new Date(3_600_000))).toBe(delays[1]);
  });

  it('what makes no sense is refused', () => {
    const invalid = expect.objectContaining({ code: 'SCHEDULE_INVALID' });
    expect(() => every(0)).toThrow(invalid);
    expect(() => every('1h', { jitter: '1h' })).toThrow(invalid);
    expect(() => every('1h', { start: new Date('soon') })).toThrow(invalid);
    expect(() => every('1h', { start: new Date(2), end: new Date(1) })).toThrow(invalid);
    expect(() => every('now' as '1h')).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });
});

describe('cron', () => {
  it('by the wall clock of a time zone', () => {
    expect(times(cron('0 6 * * *', { timezone: 'Europe/Berlin' }), '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T05:00Z',
      '2026-03-29T04:00Z',
      '2026-03-30T04:00Z',
    ]);
  });

  it('S34: a skipped time of day fires once, at the next there is; a repeated one once', () => {
    const schedule = cron('30 2 * * *', { timezone: 'Europe/Berlin' });
    expect(times(schedule, '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:30Z']);
    expect(times(schedule, '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
    expect(shown(schedule.previous?.(new Date('2026-03-30T00:30:00Z')))).toBe('2026-03-29T01:00Z');
  });

  it('S34: also where the clock jumps over midnight', () => {
    const late = cron('30 23 * * *', { timezone: 'America/Nuuk' });
    expect(times(late, '2026-03-27T12:00:00Z', 3)).toEqual(['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z']);
    expect(shown(late.previous?.(new Date('2026-03-30T00:30:00Z')))).toBe('2026-03-29T01:00Z');
    expect(shown(late.previous?.(new Date('2026-03-29T01:00:00Z')))).toBe('2026-03-28T01:30Z');
    expect(times(cron('30 23 28 3 *', { timezone: 'America/Nuuk' }), '2025-05-01T00:00:00Z', 1)).toEqual(['2026-03-29T01:00Z']);
    expect(times(cron('*/30 * * * *', { timezone: 'America/Nuuk' }), '2026-03-29T00:30:00Z', 2)).toEqual(['2026-03-29T01:00Z', '2026-03-29T01:30Z']);
    expect(times(cron('30 22 * * *', { timezone: 'America/Nuuk' }), '2026-03-28T01:00:00Z', 2)).toEqual(['2026-03-29T00:30Z', '2026-03-29T23:30Z']);
  });

  it('month ends, leap days, and what never comes', () => {
    expect(times(cron('0 0 L * *'), '2027-12-31T12:00:00Z', 3)).toEqual(['2028-01-31T00:00Z', '2028-02-29T00:00Z', '2028-03-31T00:00Z']);
    expect(times(cron('0 0 29 2 *'), '2026-01-01', 2)).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z']);
    expect(times(cron('0 0 31 * *'), '2026-01-31T12:00:00Z', 2)).toEqual(['2026-03-31T00:00Z', '2026-05-31T00:00Z']);
    expect(cron('0 0 30 2 *').next(new Date('2026-01-01'))).toBeUndefined();
  });

  it('within start and end', () => {
    const schedule = cron('0 6 * * *', { start: new Date('2026-01-02T06:00:00Z'), end: new Date('2026-01-03T06:00:00Z') });
    expect(times(schedule, '2025-01-01', 9)).toEqual(['2026-01-02T06:00Z', '2026-01-03T06:00Z']);
  });

  it('what is no cron expression, or no time zone, is refused with what is wrong', () => {
    expect(() => cron('61 * * * *')).toThrow(/'61 \* \* \* \*': Invalid value for minute: 61/);
    expect(() => cron('soon')).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }));
    expect(() => cron('* * * * *', { timezone: 'Mars/Olympus' })).toThrow(/expected timezone of cron\(\) .* got "Mars\/Olympus"/);
  });
});

describe('onDays', () => {
  it('business days, but for holidays of one year and of every year', () => {
    const schedule = onDays(businessDays({ holidays: ['2026-12-24', '12-25'] }), { at: '18:30', timezone: 'Europe/Berlin' });
    expect(times(schedule, '2026-12-22T20:00:00Z', 3)).toEqual(['2026-12-23T17:30Z', '2026-12-28T17:30Z', '2026-12-29T17:30Z']);
    expect(times(schedule, '2030-12-24T20:00:00Z', 1)).toEqual(['2030-12-26T17:30Z']);
  });

  it('days of the month from both ends, several times a day', () => {
    expect(times(onDays(daysOfMonth(1, -1), { at: ['18:00', '06:00'] }), '2026-02-01T12:00:00Z', 4)).toEqual([
      '2026-02-01T18:00Z',
      '2026-02-28T06:00Z',
      '2026-02-28T18:00Z',
      '2026-03-01T06:00Z',
    ]);
  });

  it('business days of the month from both ends', () => {
    const schedule = onDays(businessDaysOfMonth([1, -1], { holidays: ['01-01'] }), { at: '09:00' });
    expect(times(schedule, '2025-12-31T12:00:00Z', 4)).toEqual(['2026-01-02T09:00Z', '2026-01-30T09:00Z', '2026-02-02T09:00Z', '2026-02-27T09:00Z']);
  });

  it('days are those of the time zone, not of UTC', () => {
    const mondays = onDays(weekdays('mon'), { at: '00:30', timezone: 'Pacific/Auckland' });
    expect(times(mondays, '2026-06-05T00:00:00Z', 1)).toEqual(['2026-06-07T12:30Z']);
  });

  it('days that are listed come to an end; a calendar may be one’s own', () => {
    expect(times(onDays(dates('2026-05-01', '2026-05-03'), { at: '08:00' }), '2026-01-01', 9)).toEqual(['2026-05-01T08:00Z', '2026-05-03T08:00Z']);
    const palindromes = {
      has: (day: string) => day.replaceAll('-', '') === [...day.replaceAll('-', '')].reverse().join(''),
      toString: () => 'palindromes',
    };
    expect(times(onDays(palindromes, { at: '00:00' }), '2026-01-01', 1)).toEqual(['2030-03-02T00:00Z']);
  });

  it('what is no time of day, no day or no calendar is refused', () => {
    expect(() => onDays(businessDays(), { at: '25:00' })).toThrow(/expected at of onDays\(\) as '06:30', or a list of such; got "25:00"/);
    expect(() => onDays(undefined as never, { at: '06:00' })).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }));
    const invalid = expect.objectContaining({ code: 'CALENDAR_INVALID' });
    expect(() => dates('2026-02-30')).toThrow(invalid);
    expect(() => daysOfMonth(32)).toThrow(invalid);
    expect(() => weekdays('monday' as 'mon')).toThrow(invalid);
    expect(() => businessDays({ weekend: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] })).toThrow(invalid);
  });
});

describe('union, except, at', () => {
  it('union has the instants of all, each once', () => {
    const both = union(every('2h'), every('3h'));
    expect(times(both, '2026-01-01T00:00:00Z', 4)).toEqual(['2026-01-01T02:00Z', '2026-01-01T03:00Z', '2026-01-01T04:00Z', '2026-01-01T06:00Z']);
    expect(shown(both.previous?.(new Date('2026-01-01T06:00:00Z')))).toBe('2026-01-01T04:00Z');
  });

  it('except leaves out days, times between, and instants of another schedule', () => {
    const base = every('6h');
    expect(times(except(base, { days: weekdays('sat', 'sun'), timezone: 'Europe/Berlin' }), '2026-01-02T20:00:00Z', 1)).toEqual([
      '2026-01-05T00:00Z',
    ]);
    const during = { from: new Date('2026-01-01T06:00:00Z'), to: new Date('2026-01-01T12:00:00Z') };
    expect(times(except(base, during), '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T18:00Z']);
    expect(times(except(base, cron('0 12 * * *')), '2026-01-01T06:00:00Z', 1)).toEqual(['2026-01-01T18:00Z']);
    expect(except(every('1d'), every('1h')).next(new Date(0))).toBeUndefined();
  });

  it('at has parameters of its own, which tell it from the same schedule with others', () => {
    const schedule = at(cron('0 3 * * 0'), { testRatio: 0.4, name: 'weekly' });
    expect(schedule.params).toEqual({ testRatio: 0.4, name: 'weekly' });
    expect(String(schedule)).toBe('cron 0 3 * * 0 UTC with name="weekly" testRatio=0.4');
  });

  it('a schedule of one’s own is one among others, and is refused when it does not go on', () => {
    const own: Schedule<never> = { kind: 'own', next: (after) => new Date(after.getTime() + 7), toString: () => 'own' };
    expect(union(own, every('1h')).next(new Date(0))?.getTime()).toBe(7);
    const stuck: Schedule<never> = { ...own, next: (after) => after };
    expect(() => union(stuck).next(new Date(0))).toThrow(expect.objectContaining({ code: 'SCHEDULE_INVALID' }));
  });
});

describe('as data', () => {
  const schedules: readonly Schedule<never>[] = [
    every('90m', { anchor: new Date('2026-01-01T00:10:00Z'), jitter: '5m', end: new Date('2027-01-01') }),
    cron('*/20 8-18 * * mon-fri', { timezone: 'America/New_York', start: new Date('2026-01-01') }),
    onDays(businessDaysOfMonth(-1, { holidays: ['12-31'], weekend: ['fri', 'sat'] }), { at: ['06:00', '18:00'], timezone: 'Asia/Riyadh' }),
    except(
      union(every('1h'), cron('30 4 * * *')),
      { days: dates('12-25') },
      { from: new Date('2026-02-01'), to: new Date('2026-03-01') },
      every('4h'),
    ),
    at(union(every('1d'), onDays(daysOfMonth(15), { at: '12:00' })), { size: 3 }) as Schedule<never>,
  ];

  it.each(schedules)('%s', (schedule) => {
    const spec = JSON.parse(JSON.stringify(schedule)) as ScheduleSpec;
    const copy = scheduleOf(spec);
    expect(String(copy)).toBe(String(schedule));
    expect(copy.params).toEqual(schedule.params);
    expect(times(copy, '2026-01-30T00:00:00Z', 20)).toEqual(times(schedule, '2026-01-30T00:00:00Z', 20));
  });

  it('what holds something of one’s own cannot be said so', () => {
    expect(onDays({ has: () => true, toString: () => 'own' }, { at: '06:00' }).toJSON?.()).toBeUndefined();
    expect(union({ kind: 'own', next: () => undefined, toString: () => 'own' }).toJSON?.()).toBeUndefined();
  });
});

describe('instants', () => {
  it('S35: between two times, each with the one before it and when its run is due', () => {
    const schedule = every('1d', { start: new Date(0) });
    const day = 86_400_000;
    expect([...instantsBetween(schedule, day, 3 * day)]).toEqual([
      { at: 2 * day, from: day, dueAt: 2 * day },
      { at: 3 * day, from: 2 * day, dueAt: 3 * day },
    ]);
    expect(latestInstant(schedule, 3 * day)).toEqual({ at: 3 * day, from: 2 * day, dueAt: 3 * day });
    // The first of all has nothing before it.
    expect([...instantsBetween(schedule, -1, 0)]).toEqual([{ at: 0, from: 0, dueAt: 0 }]);
  });

  it('of a schedule that can only go forward', () => {
    const yearly: Schedule<never> = {
      kind: 'own',
      next: (after) => new Date(Date.UTC(after.getUTCFullYear() + 1, 0, 1)),
      toString: () => 'yearly',
    };
    const at = Date.UTC(2026, 0, 1);
    expect(latestInstant(yearly, at)).toEqual({ at, from: Date.UTC(2025, 0, 1), dueAt: at });
  });
});
