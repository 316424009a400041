import type { HeartbeatTarget, OwnedRun } from '../run-record.js';

/** What the thread that sends heartbeats is started with. */
export interface HeartbeatOrders {
  readonly target: HeartbeatTarget;
  readonly leaseMs: number;
  /** The memory of the gate that it passes to go to the record. */
  readonly gate: SharedArrayBuffer;
}

/** What it is told: `hold` a run from now on, `release` it, `close` when there will be no more. */
export type HeartbeatMessage = { readonly hold: OwnedRun } | { readonly release: string } | { readonly close: true };

/** What it tells: runs that it was to hold and that somebody has taken, or that have ended. */
export interface LostRuns {
  readonly lost: readonly string[];
}
