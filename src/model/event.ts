/** What happens in a run, in order. `RunHandle.events()` yields these; the live view is made of them. */
export interface RunEvent {
  readonly at: Date;
  /** Id of the node concerned, such as `clean#2`. */
  readonly node?: string;
  readonly type: RunEventType;
  readonly data?: unknown;
}

export type RunEventType = 'run-state' | 'task-state' | 'log' | 'progress' | 'artifact' | 'metric';

/** `data` of `task-state`. A final state is told only after its row is committed (S19). */
export interface TaskStateData {
  readonly task: string;
  readonly state: import('./states.js').TaskState;
  readonly attempt: number;
  /** Milliseconds from the start of the attempt, with final states that had one. */
  readonly ms?: number;
  readonly reason?: import('./reason.js').Reason;
  readonly error?: ErrorInfo;
  /** With `cached`, in a run that resumes another: the run whose result was taken over (S30). */
  readonly takenOver?: string;
  /** With `running`, of what waits instead of working: what for. */
  readonly waitsFor?: string;
  /** With `retrying`. */
  readonly retry?: RetryNotice;
}

/** What comes after an attempt that failed. */
export interface RetryNotice {
  /** Milliseconds until the next attempt may start. */
  readonly delayMs: number;
  /** How many attempts there are at most, the first one included. */
  readonly most: number;
}

/** `data` of `progress`: how far a task says it is. */
export interface ProgressData {
  readonly attempt: number;
  /** 0 to 1. */
  readonly fraction: number;
  readonly message?: string;
}

/** `data` of `artifact`, told when it is recorded. Without a `node` it is the flow body's. */
export interface ArtifactData {
  readonly attempt: number;
  readonly name: string;
  readonly kind: import('./artifact.js').ArtifactKind;
  readonly contentType: string;
  readonly ref: import('./artifact.js').ArtifactRef;
}

/** `data` of `metric`: points that were recorded together, as many steps as values. */
export interface MetricData {
  readonly attempt: number;
  readonly name: string;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** `data` of `run-state`. */
export interface RunStateData {
  readonly state: import('./states.js').RunState;
  readonly error?: ErrorInfo;
}

/** An error as it is recorded and sent: plain data. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly stack?: string;
  readonly cause?: ErrorInfo;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One line of a run's log. `node` is missing for lines of the run itself. Also the `data` of a `log` event. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
  readonly node?: string;
  readonly attempt?: number;
}
