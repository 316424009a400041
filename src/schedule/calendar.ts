import { describe, MillraceError } from '../base/error.js';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** In the order of `Date.getUTCDay()`. */
const WEEKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY_MS = 86_400_000;

/** A set of days. */
export interface Calendar {
  /** @param day `2026-12-24` */
  has(day: string): boolean;
  toString(): string;
  /** As data, where that says it all. */
  toJSON?(): unknown;
}

/** Calendars as data. */
export type CalendarSpec =
  | { readonly kind: 'weekdays'; readonly days: readonly Weekday[] }
  | { readonly kind: 'dates'; readonly dates: readonly string[] }
  | { readonly kind: 'days-of-month'; readonly days: readonly number[] }
  | { readonly kind: 'business-days'; readonly holidays: readonly string[]; readonly weekend: readonly Weekday[] }
  | {
      readonly kind: 'business-days-of-month';
      readonly days: readonly number[];
      readonly holidays: readonly string[];
      readonly weekend: readonly Weekday[];
    };

export interface BusinessDayOptions {
  /** Days on which nobody works, as `2026-12-25`; as `12-25`, every year. @default none */
  readonly holidays?: readonly string[];
  /** @default ['sat', 'sun'] */
  readonly weekend?: readonly Weekday[];
}

/** These days of each week. @throws MillraceError `CALENDAR_INVALID` */
export function weekdays(...days: readonly [Weekday, ...Weekday[]]): Calendar {
  return calendarOf({ kind: 'weekdays', days: checkedWeekdays(days) });
}

/** These days: `2026-12-24`; `12-24` is one of every year. @throws MillraceError `CALENDAR_INVALID` */
export function dates(...days: readonly [string, ...string[]]): Calendar {
  return calendarOf({ kind: 'dates', dates: checkedDates(days) });
}

/** These days of each month, from 1; counted from its end, from -1: `daysOfMonth(1, -1)`. @throws MillraceError `CALENDAR_INVALID` */
export function daysOfMonth(...days: readonly [number, ...number[]]): Calendar {
  return calendarOf({ kind: 'days-of-month', days: checkedNumbers(days, 31) });
}

/** All days that are neither weekend nor holidays. @throws MillraceError `CALENDAR_INVALID` */
export function businessDays(options: BusinessDayOptions = {}): Calendar {
  return calendarOf({ kind: 'business-days', ...businessOf(options) });
}

/** The first business day of each month is 1, the last -1. @throws MillraceError `CALENDAR_INVALID` */
export function businessDaysOfMonth(days: number | readonly number[], options: BusinessDayOptions = {}): Calendar {
  return calendarOf({ kind: 'business-days-of-month', days: checkedNumbers([days].flat(), 23), ...businessOf(options) });
}

export function calendarOf(spec: CalendarSpec): Calendar {
  return Object.freeze({ has: testOf(spec), toString: () => textOf(spec), toJSON: () => spec });
}

function testOf(spec: CalendarSpec): (day: string) => boolean {
  switch (spec.kind) {
    case 'weekdays':
      return (day) => spec.days.includes(weekdayOf(day));
    case 'dates':
      return inDates(spec.dates);
    case 'days-of-month':
      return (day) => spec.days.some((number) => number === dayOfMonth(day) || number === dayOfMonth(day) - 1 - lengthOfMonth(day));
    case 'business-days':
      return isBusinessDay(spec);
    case 'business-days-of-month': {
      const isOpen = isBusinessDay(spec);
      return (day) => isOpen(day) && spec.days.some((number) => number === placeIn(day, isOpen, number < 0));
    }
  }
}

/** Which of its month's business days it is: from 1, or from -1 at the end. */
function placeIn(day: string, isOpen: (day: string) => boolean, fromEnd: boolean): number {
  const [month, own] = [day.slice(0, 8), dayOfMonth(day)];
  let place = 0;
  const step = fromEnd ? -1 : 1;
  for (let number = fromEnd ? lengthOfMonth(day) : 1; number !== own + step; number += step)
    if (isOpen(`${month}${String(number).padStart(2, '0')}`)) place += step;
  return place;
}

function isBusinessDay({ holidays, weekend }: Required<BusinessDayOptions>): (day: string) => boolean {
  const isHoliday = inDates(holidays);
  return (day) => !weekend.includes(weekdayOf(day)) && !isHoliday(day);
}

function inDates(list: readonly string[]): (day: string) => boolean {
  const known = new Set(list);
  return (day) => known.has(day) || known.has(day.slice(5));
}

function weekdayOf(day: string): Weekday {
  return WEEKDAYS[new Date(day).getUTCDay()] as Weekday;
}

function dayOfMonth(day: string): number {
  return Number(day.slice(8));
}

function lengthOfMonth(day: string): number {
  return new Date(Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)), 1) - DAY_MS).getUTCDate();
}

function businessOf({ holidays = [], weekend = ['sat', 'sun'] }: BusinessDayOptions): Required<BusinessDayOptions> {
  if (new Set(weekend).size >= 7) throw invalid('a weekend of fewer than seven days', weekend);
  return { holidays: checkedDates(holidays), weekend: checkedWeekdays(weekend) };
}

function checkedWeekdays(days: readonly Weekday[]): readonly Weekday[] {
  const wrong = days.find((day) => !WEEKDAYS.includes(day));
  if (wrong === undefined) return WEEKDAYS.filter((day) => days.includes(day));
  throw invalid(`days of the week as ${WEEKDAYS.map((day) => `'${day}'`).join(', ')}`, wrong);
}

function checkedDates(days: readonly string[]): readonly string[] {
  const wrong = days.find((day) => !isDay(/^\d\d-\d\d$/.test(day) ? `2024-${day}` : day));
  if (wrong === undefined) return [...new Set(days)].sort();
  throw invalid("days as '2026-12-24', or '12-24' for every year", wrong);
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(text);
  // February 30th would be a day of March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function checkedNumbers(days: readonly number[], most: number): readonly number[] {
  const wrong = days.find((day) => !Number.isInteger(day) || day === 0 || Math.abs(day) > most);
  if (wrong === undefined && days.length > 0) return [...new Set(days)].sort((a, b) => a - b);
  throw invalid(`days of the month from 1 to ${most}, or from -${most} to -1 counted from its end`, wrong ?? days);
}

function invalid(expected: string, got: unknown): MillraceError {
  return new MillraceError('CALENDAR_INVALID', `expected ${expected}; got ${describe(got)}`);
}

function textOf(spec: CalendarSpec): string {
  switch (spec.kind) {
    case 'weekdays':
      return spec.days.join(' ');
    case 'dates':
      return spec.dates.join(' ');
    case 'days-of-month':
      return `days ${spec.days.join(' ')} of the month`;
    case 'business-days':
      return `business days${exceptionsOf(spec)}`;
    case 'business-days-of-month':
      return `business days ${spec.days.join(' ')} of the month${exceptionsOf(spec)}`;
  }
}

function exceptionsOf({ holidays, weekend }: Required<BusinessDayOptions>): string {
  const closed = weekend.join(' ') === 'sun sat' ? '' : ` without ${weekend.join(' ') || 'weekends'}`;
  return `${closed}${holidays.length === 0 ? '' : ` but ${holidays.join(' ')}`}`;
}
