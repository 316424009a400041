import type { FlowPolicy } from '../runs/service/admission.js';
import type { ServedFile } from '../runs/service/served.js';
import type { FlowData } from './flow-data.js';
import type { FollowedRule } from './followed-rule.js';

/** A flow that a service can start now. */
export interface ServableFlow {
  readonly data: FlowData;
  /** Where it is defined. Absolute; undefined: in this process. */
  readonly file: string | undefined;
  /** Of `data.schedules`, in the same order. */
  readonly rules: readonly FollowedRule[];
}

/** What a service serves: files of a folder, or a flow of this process. */
export interface Definitions {
  /** Those that can be started. */
  flows(): readonly ServableFlow[];
  /** What is told to others through the record; another list each time it has changed. */
  files(): readonly ServedFile[];
  /** A little of the clock's time has gone by: whatever is to be looked at again may be, without keeping anybody waiting. */
  refresh(now: number): void;
  /** The instants that are listed do not reach: they are asked for anew, from this time on. */
  listAgain(flow: ServableFlow, after: number): void;
  /** It could not be started: perhaps its file has changed. */
  doubt(flow: string): void;
}

export function policyOf({ data }: ServableFlow): FlowPolicy {
  const { name, overlap, maxActiveRuns, dependsOnPast, retries } = data;
  return { flow: name, overlap, dependsOnPast, retries, ...(maxActiveRuns === undefined ? {} : { maxActive: maxActiveRuns }) };
}
