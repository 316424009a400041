/** Which instants of a schedule are run, and how (S36). */
export interface BackfillOptions {
  /** Instants from here, included. */
  from: Date;
  /** Up to here, included; those that have yet to come are the schedule's. */
  to: Date;
  /** Of a flow with several schedules, which: 1 is the first. */
  schedule?: number;
  /** Instants that have had a run: none of them, those that came to no success, or all. @default 'none' */
  reprocess?: 'none' | 'failed' | 'all';
  /** @default 'forward' */
  order?: 'forward' | 'backward';
  /** Runs at the same time. Of a flow with `dependsOnPast`, one. @default 1 */
  maxActive?: number;
  /** Stores nothing and runs nothing: `instants()` says what would be run. @default false */
  dryRun?: boolean;
  /** Aborting it cancels what runs, and pauses the backfill. */
  signal?: AbortSignal;
}
