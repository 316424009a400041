import type { OwnedRun } from '../run-record.js';
import type { Demand } from './share.js';

/** What a name means: so many at once, or so many starts in any stretch of `periodMs`. Both may be used under one name, each counted for itself. */
export interface LimitMeaning {
  readonly name: string;
  readonly max: number;
  readonly periodMs?: number | undefined;
}

/** A run that waits for a limit, or whose task runs hold units of it. */
export interface LimitUse extends OwnedRun {
  /** Ids of the task runs that hold units; of very many, the first. */
  readonly holds: readonly string[];
  /** How many task runs wait. */
  readonly waits: number;
  /** Of the first of them. */
  readonly priority: number;
  readonly agoMs: number;
}

/** Task runs of one rank that wait. Times are told as how long ago: nobody compares the clocks of two machines. */
export type Asked = Omit<Demand, 'at'> & { readonly agoMs: number };

/** What one process has of a limit, and what it would like to have. */
export interface LimitRequest {
  readonly meaning: LimitMeaning;
  /** How long ago this process was told the meaning, in milliseconds: of two meanings, the one that was said later counts. */
  readonly saidAgoMs: number;
  /** Units that its task runs are using; always 0 of a rate. All others that it had are anybody's. */
  readonly inUse: number;
  /** Of a rate: starts since it last asked, as milliseconds ago. */
  readonly started: readonly number[];
  /** Empty: it wants nothing more. */
  readonly demand: readonly Asked[];
  /** Its part ends when all of these have ended, or were taken from it. None of them still its own: it gets nothing. */
  readonly uses: readonly LimitUse[];
}

export interface LimitAnswer {
  /** Units it may use from now on, besides those in use. */
  readonly granted: number;
  /** What counts for all, if somebody has said otherwise later. */
  readonly meaning: LimitMeaning;
  /** What others who use it at this moment meant by the name before this request changed it. */
  readonly changedFrom: LimitMeaning | undefined;
  /** Others wait too: what is given back is not to be handed on without asking. */
  readonly isContended: boolean;
  /** Nobody goes before what still waits. */
  readonly isNext: boolean;
  /** Of a rate: in how many milliseconds the next start may be allowed; 0 where that depends on others. */
  readonly opensIn: number;
  /** Runs of others that hold units which this one waits for: should their owners be gone, these come back. */
  readonly heldBy: readonly string[];
}

/** A limit that somebody uses. */
export interface LimitInUse extends LimitMeaning {
  /** Units in use, or starts within the last period. */
  readonly used: number;
  readonly holders: readonly { readonly run: string; readonly taskRuns: readonly string[] }[];
  readonly waiting: readonly { readonly run: string; readonly count: number; readonly priority: number; readonly since: number }[];
}
