import type { TempDir } from '../base/temp-dir.js';
import type { ArtifactRef } from './artifact.js';
import type { RunTrigger } from './asset.js';
import type { Logger } from './logger.js';
import type { Serializer } from './serializer.js';

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
  /** The time that the run stands for: its instant of the schedule; for a run started by hand its start, unless given (S35). */
  readonly scheduledTime: Date;
  /** The data that is the run's: from the instant before to its own, `end` excluded. For a run started by hand both are its start, unless given. */
  readonly dataInterval: { readonly start: Date; readonly end: Date };
  /** What made a service start the run, of what its flow runs `on`; empty for all other runs. */
  readonly triggers: readonly RunTrigger[];
  /** True while `visualize` or `preview` goes through the body without running tasks (S29). */
  readonly tracing: boolean;
  /** Tells whoever watches how far the task is: 0 to 1. The last word is recorded. */
  progress(fraction: number, message?: string): void;
  /**
   * Keeps a value beside the result, for people: a table, a plot, an image, a text, a file (`file(path)`), or anything else that can be stored.
   * What it is shows itself in the value, or is said by `table`, `markdown`, `image` and `plot`. Secrets in texts are masked. The same name again
   * takes the place of what it named before; what a failed attempt gave stays hidden (S13).
   * @param name letters, digits and `_ . ~ : + -`, beginning with a letter or digit, at most 200
   * @throws MillraceError `ARTIFACT_NAME_INVALID`, `ARTIFACT_INVALID`, `RESULT_NOT_STORABLE`, and what the store throws. One that nobody awaits is told
   * of in the log instead
   */
  artifact(name: string, value: unknown, options?: ArtifactOptions): Promise<ArtifactRef>;
  /**
   * Adds a point to a series of numbers: a loss, an accuracy. NaN and infinities are kept: a training that diverged has them.
   * @param name as an artifact's, also in parts: `train/loss`
   * @param step finite; without one, the next whole number after the last step of this metric, from 0
   * @throws MillraceError `METRIC_INVALID`
   */
  metric(name: string, value: number, step?: number): void;
  /** A new folder for files in between; it is removed when the attempt ends, or before by `await using`. */
  tempDir(): Promise<TempDir>;
}

export interface ArtifactOptions {
  /** How it is stored. @default by the value: frames as Parquet or Arrow, bytes and texts as they are, everything else as JSON */
  readonly serializer?: Serializer;
}
