import type { Logger } from './logger.js';

/** What a running task, or a flow's body, may know of its surroundings. */
export interface TaskContext {
  readonly runId: string;
  readonly flowName: string;
  /** Id of the task run, such as `clean#2`; in a flow's body, the run's id. */
  readonly taskRunId: string;
  /** From 1; 0 in a flow's body. */
  readonly attempt: number;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly params: Readonly<Record<string, unknown>>;
  /** The same for every attempt of this task run: hand it to services that must not act twice. */
  readonly idempotencyKey: string;
  /** True while `visualize` or `preview` goes through the body without running tasks (S29). */
  readonly tracing: boolean;
}
