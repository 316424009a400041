import { MillraceError } from '../base/error.js';
import { knowError } from '../base/error-class.js';

/**
 * A task run that did not succeed: what `await future` rejects with. `cause` is what the task threw, or the `TaskError` of the upstream
 * that kept it from running.
 *
 * Codes: `TASK_FAILED`, `TASK_UPSTREAM_FAILED`, `TASK_SKIPPED`, `TASK_CANCELLED`, `TASK_CRASHED`.
 */
export class TaskError extends MillraceError {
  /** The node's id, such as `clean#2`. */
  readonly taskRunId: string;
  readonly attempts: number;

  constructor(code: string, message: string, details: { taskRunId: string; attempts: number; cause?: unknown; hint?: string }) {
    super(code, message, details);
    this.taskRunId = details.taskRunId;
    this.attempts = details.attempts;
    withoutFrames(this);
  }
}

knowError('TaskError', TaskError);

/** What a task waited for that others were to make, and why it is not to be had. */
export interface WaitedInVain {
  readonly awaited: string;
  readonly why: string;
  readonly cause?: unknown;
  /** A condition, not data of others. */
  readonly isSensor?: boolean;
}

/**
 * An attempt took longer than its task's `timeout`. Code `TASK_TIMED_OUT`; of a wait for data of others `EXTERNAL_TIMED_OUT`, of a sensor
 * `SENSOR_TIMED_OUT`.
 */
export class TimedOutError extends MillraceError {
  constructor(taskRunId: string, ms: number, wait?: WaitedInVain) {
    if (wait === undefined) {
      super('TASK_TIMED_OUT', `expected '${taskRunId}' to end within ${ms} ms; it did not`, {
        hint: 'Raise its timeout, or let it listen to ctx().signal.',
      });
    } else {
      super(wait.isSensor ? 'SENSOR_TIMED_OUT' : 'EXTERNAL_TIMED_OUT', `'${taskRunId}' waited ${ms} ms for ${wait.awaited}, in vain: ${wait.why}`, {
        cause: wait.cause,
        hint: wait.isSensor
          ? 'Raise its timeout, or say soft: true, so that it is skipped instead.'
          : 'See that whoever makes it runs, or raise the timeout.',
      });
    }
  }
}

knowError('TimedOutError', TimedOutError);

/** Throw it in a task to end it as `skipped`; what depends on it is skipped too. */
export class Skip extends Error {
  constructor(reason = 'skipped by the task') {
    super(reason);
    this.name = 'Skip';
  }
}

knowError('Skip', Skip);

/** Throw it in a task to fail without another try. */
export class Fail extends Error {
  constructor(reason = 'failed by the task') {
    super(reason);
    this.name = 'Fail';
  }
}

knowError('Fail', Fail);

/** `flow.run()` rejects with this: every failed task run with its cause (S12), or the error of the flow's own body. Code `RUN_FAILED`. */
export class FlowRunError extends MillraceError {
  readonly runId: string;
  /** Not listed when the error is printed: the message names them, and the first is the cause. */
  declare readonly failures: readonly TaskError[];

  constructor(message: string, details: { runId: string; failures: readonly TaskError[]; cause?: unknown; code?: string; hint?: string }) {
    super(details.code ?? 'RUN_FAILED', message, details);
    this.runId = details.runId;
    withoutFrames(this);
    Object.defineProperty(this, 'failures', { value: details.failures });
  }
}

knowError('FlowRunError', FlowRunError);

/** These are made by the engine: their frames tell nothing, and would be repeated for every task run that ends without a value. Causes keep theirs. */
function withoutFrames(error: Error): void {
  error.stack = `${error.name}: ${error.message}`;
}
