import type { RunTrigger } from './asset.js';
import type { ScheduledTime } from './schedule.js';

/**
 * Why a run is to be: its schedule says so, a backfill, somebody asked for it (`millrace trigger`, the page), or what it waits for has come: an
 * asset was renewed, another flow has ended.
 */
export type RunCause = 'schedule' | 'backfill' | 'request' | 'asset' | 'flow';

/** What becomes of a due run. Once `started`, the run itself tells. */
export type DueState = 'waiting' | 'claimed' | 'started' | 'skipped' | 'refused';

/** Names of tasks, or patterns of them. */
export interface RepeatedTasks {
  readonly tasks: readonly string[];
  /** And all that is made of them. */
  readonly downstream: boolean;
}

/** A run that is to be, before there is one: what services share, and each of which starts once (S35). */
export interface DueRun {
  readonly flow: string;
  /** What it is for, unique in its flow: the schedule and its instant, say. A second one of the same key is none. */
  readonly key: string;
  /** The id that its run will have: of two that start it, the record refuses the second. */
  readonly run: string;
  readonly cause: RunCause;
  /** The schedule it is an instant of, as text. */
  readonly schedule?: string;
  readonly backfill?: string;
  /** By name, as `RunRow.params` has them: all others are the flow's defaults. Checked when it starts; no secrets, which each service has itself. */
  readonly params: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** The run that it goes on with (S30): parameters that are not given are that run's. */
  readonly resumes?: string;
  /** Tasks that are executed whatever that run has finished. */
  readonly again?: RepeatedTasks;
  readonly scheduled?: ScheduledTime;
  /** What has come, of what its flow waits for. */
  readonly triggers?: readonly RunTrigger[];
  /** Not to start before. Milliseconds since the epoch, as all times here. */
  readonly dueAt: number;
  readonly createdAt: number;
  readonly state: DueState;
  /** Why it was skipped or refused. */
  readonly why?: string;
  /** The service that has claimed or started it. */
  readonly service?: string;
}

/** As it is asked for: nothing has become of it yet. */
export type NewDueRun = Omit<DueRun, 'state' | 'why' | 'service'>;
