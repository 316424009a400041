import type { DueRun, RunCause } from '../../model/due-run.js';
import type { OverlapPolicy } from '../../model/schedule.js';

/** What a flow says about runs of its own at the same time. */
export interface FlowPolicy {
  readonly flow: string;
  /** What becomes of a run that is due while another that nobody asked for by hand goes on. */
  readonly overlap: OverlapPolicy;
  /** Runs at the same time, for whatever cause. @default none */
  readonly maxActive?: number | undefined;
  /** A run waits until the one of the instant before it has succeeded. */
  readonly dependsOnPast: boolean;
  /** How often a run that failed is tried again. @default 0 */
  readonly retries?: number;
}

/** A run of the flow that goes on, or is being started. */
export interface ActiveRun {
  readonly run: string;
  /** Undefined: started by hand. */
  readonly cause: RunCause | undefined;
  readonly backfill: string | undefined;
}

/** Everything the decision is made from: of one flow, at one moment. */
export interface AdmissionState {
  readonly policy: FlowPolicy;
  readonly isPaused: boolean;
  /** Due by now, in the order in which they were due. */
  readonly candidates: readonly DueRun[];
  readonly active: readonly ActiveRun[];
  /** How many runs of each backfill may go on at the same time; of one that is stopped, none. */
  readonly backfills: ReadonlyMap<string, number>;
  /** Keys of candidates whose instant before has not succeeded. */
  readonly blockedByPast: ReadonlySet<string>;
  /** How many may start now, for reasons of whoever starts them. @default no bound */
  readonly room?: number;
}

export interface Admission {
  readonly start: readonly DueRun[];
  readonly skip: readonly { readonly due: DueRun; readonly why: string }[];
  /** Runs that are to make room. */
  readonly cancel: readonly string[];
}

/** Started by a rule, not by a person: what `overlap` and pausing are about. */
const BY_ITSELF: ReadonlySet<RunCause | undefined> = new Set<RunCause>(['schedule', 'asset', 'flow']);

/** Which of the due runs start now, and which never will (S35). Pure: whoever asks about the same state is told the same. */
export function admit(state: AdmissionState): Admission {
  const { policy, candidates, backfills } = state;
  const active = [...state.active];
  const start: DueRun[] = [];
  const skip: { due: DueRun; why: string }[] = [];
  const cancel = new Set<string>();
  const newest = candidates.findLast(({ cause }) => BY_ITSELF.has(cause));
  const hasRoom = (): boolean =>
    (policy.maxActive === undefined || active.length < policy.maxActive) && (state.room === undefined || start.length < state.room);
  const begin = (due: DueRun): void => {
    start.push(due);
    active.push({ run: due.run, cause: due.cause, backfill: due.backfill });
  };
  const decideByItself = (due: DueRun): void => {
    if (state.isPaused || state.blockedByPast.has(due.key)) return;
    const before = active.filter(({ cause }) => BY_ITSELF.has(cause));
    if (policy.overlap === 'cancel-previous' && due !== newest) skip.push({ due, why: `a later run was due: ${newest?.key}` });
    else if (before.length === 0 || policy.overlap === 'allow') {
      if (hasRoom()) begin(due);
    } else if (policy.overlap === 'skip') skip.push({ due, why: `run ${before[0]?.run} was going on` });
    else if (policy.overlap === 'cancel-previous') for (const { run } of before) cancel.add(run);
  };
  for (const due of candidates) {
    if (BY_ITSELF.has(due.cause)) decideByItself(due);
    else if (!hasRoom()) continue;
    else if (due.backfill === undefined) begin(due);
    else if (state.blockedByPast.has(due.key)) continue;
    else if (active.filter(({ backfill }) => backfill === due.backfill).length < (backfills.get(due.backfill) ?? 0)) begin(due);
  }
  return { start, skip, cancel: [...cancel] };
}
