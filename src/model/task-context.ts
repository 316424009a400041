import type { TempDir } from '../base/temp-dir.js';
import type { Logger } from './logger.js';

/** What a running task, or a flow's body, may know of its surroundings. */
export interface TaskContext {
  readonly runId: string;
  readonly flowName: string;
  /** Id of the task run, such as `clean#2`; in a flow's body, the run's id. */
  readonly taskRunId: string;
  /** From 1; 0 in a flow's body. */
  readonly attempt: number;
  /** The place of a child in its map, from 0; undefined for other tasks. */
  readonly mapIndex: number | undefined;
  /** Aborted when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly params: Readonly<Record<string, unknown>>;
  /** The same for every attempt of this task run: hand it to services that must not act twice. */
  readonly idempotencyKey: string;
  /** True while `visualize` or `preview` goes through the body without running tasks (S29). */
  readonly tracing: boolean;
  /** Tells whoever watches how far the task is: 0 to 1. */
  progress(fraction: number, message?: string): void;
  /** A new folder for files in between; it is removed when the attempt ends, or before by `await using`. */
  tempDir(): Promise<TempDir>;
}
