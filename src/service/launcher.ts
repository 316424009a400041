import type { DueRun } from '../model/due-run.js';

/** Starts due runs, each once, and says when they have ended: in processes of their own, or in this one. */
export interface Launcher {
  launch(due: DueRun, file: string | undefined): Launched;
}

export interface Launched {
  /** Never rejects. */
  readonly ended: Promise<LaunchEnd>;
  /** Asks the run to end, as Ctrl+C would. */
  cancel(): void;
  /** Ends it at once. */
  kill(): void;
}

export interface LaunchEnd {
  /** Why there may be no run, in words: what it said last, or how its process ended. */
  readonly words: string;
}
