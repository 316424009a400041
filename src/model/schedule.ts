/**
 * When a flow is to run: a rule that yields instants (S34). A port of one method: what `every`, `cron` and the others of `schedule/` make, or
 * anything of one's own. `P` is what its runs are given as parameters.
 */
export interface Schedule<P = unknown> {
  /** What sort of rule it is: `every`, `cron`, … */
  readonly kind: string;
  /** Given to the runs it starts, in place of the flow's defaults. */
  readonly params?: Partial<P>;
  /** The first instant after this one, or undefined when there is none. The same for the same `after`, whoever asks and whenever. */
  next(after: Date): Date | undefined;
  /** The last instant before this one. Without it, it is looked for with `next`. */
  previous?(before: Date): Date | undefined;
  /** How much later than this instant its run starts, in milliseconds; always the same. @default 0 */
  delay?(instant: Date): number;
  /** The rule as data, where it can be followed without the flow's file: what `scheduleOf` in `schedule/` understands. */
  toJSON?(): unknown;
  /** For people: `every 1h from 2026-01-01T00:00:00Z`. Tells one schedule of a flow from another, so that it must not change by itself. */
  toString(): string;
}

/** What becomes of instants at which no service ran: none, the last, or each of them. */
export type MissedPolicy = 'skip' | 'latest' | 'all';
export const MISSED_POLICIES: readonly MissedPolicy[] = ['skip', 'latest', 'all'];

/** What becomes of a run that is due while the one before it goes on. */
export type OverlapPolicy = 'skip' | 'queue' | 'allow' | 'cancel-previous';
export const OVERLAP_POLICIES: readonly OverlapPolicy[] = ['skip', 'queue', 'allow', 'cancel-previous'];

/** Milliseconds since the epoch: the time a run stands for, and since when (S35). */
export interface ScheduledTime {
  readonly at: number;
  /** The instant before it: data of [from, at) is the run's. */
  readonly from: number;
}

/** As `ctx().dataInterval` has it. */
export function dataIntervalOf({ at, from }: ScheduledTime): { readonly start: Date; readonly end: Date } {
  return { start: new Date(from), end: new Date(at) };
}
