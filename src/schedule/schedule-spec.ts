import type { CalendarSpec } from './calendar.js';

/**
 * Schedules as data: what they are made of, what `toJSON` gives, and what a service follows without the flow's file. Times are milliseconds since
 * the epoch; wall-clock times are `HH:mm`, in the time zone beside them.
 */
export type ScheduleSpec = EverySpec | CronSpec | OnDaysSpec | UnionSpec | ExceptSpec | AtSpec;

/** Between which times, both included, there are instants. */
export interface Bounds {
  readonly start?: number;
  readonly end?: number;
}

export interface EverySpec extends Bounds {
  readonly kind: 'every';
  readonly ms: number;
  /** One of its instants; the others are whole intervals away. */
  readonly anchor: number;
  /** Runs start up to so much later than their instants. */
  readonly jitterMs?: number;
}

export interface CronSpec extends Bounds {
  readonly kind: 'cron';
  readonly expression: string;
  /** IANA: `Europe/Berlin`. */
  readonly timezone: string;
}

export interface OnDaysSpec extends Bounds {
  readonly kind: 'on-days';
  readonly calendar: CalendarSpec;
  readonly at: readonly string[];
  readonly timezone: string;
}

export interface UnionSpec {
  readonly kind: 'union';
  readonly of: readonly ScheduleSpec[];
}

export interface ExceptSpec {
  readonly kind: 'except';
  readonly of: ScheduleSpec;
  readonly without: readonly ExclusionSpec[];
}

/** What is left out: days, as they are in a time zone; everything between two times, both included; or the instants of a schedule. */
export type ExclusionSpec =
  | { readonly days: CalendarSpec; readonly timezone: string }
  | { readonly from: number; readonly to: number }
  | { readonly schedule: ScheduleSpec };

export interface AtSpec {
  readonly kind: 'at';
  readonly of: ScheduleSpec;
  readonly params: Readonly<Record<string, unknown>>;
}
