import { asError, MillraceError } from '../base/error.js';
import { hintOf } from '../engine/failures.js';
import { OnlyTasksError } from '../engine/only-tasks.js';
import { FlowRunError, TaskError } from '../model/task-error.js';

/** What the body came to. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Somebody asked for the run to end. */
export class RunCancelled extends Error {}

/** It took longer than the flow's `timeout`. */
export class RunTimedOut extends Error {}

/** What matters for whether, and why, a run failed. */
export interface RunEnd {
  readonly run: string;
  readonly flow: string;
  readonly body: Outcome;
  /** Why the run ended early: it was cancelled, or could not go on. */
  readonly stopped: Error | undefined;
  /** Task runs that failed by themselves. */
  readonly failures: readonly TaskError[];
  /** Those that nobody was told of. */
  readonly unhandled: readonly TaskError[];
}

/** One error that lists every failed task and its cause (S12), or says why the run could not go on. Undefined when the run succeeded. */
export function runFailure(end: RunEnd): FlowRunError | undefined {
  const { run, flow, body, stopped, failures } = end;
  const fail = (what: string, details: { code?: string; hint?: string; cause?: unknown } = {}): FlowRunError =>
    new FlowRunError(`run ${run} of flow '${flow}' ${what}`, { runId: run, failures, ...details });
  if (stopped instanceof RunCancelled) return fail(`was cancelled: ${stopped.message}`, { code: 'RUN_CANCELLED' });
  if (stopped instanceof RunTimedOut) return fail(`ran out of time: ${stopped.message}`, { code: 'RUN_TIMED_OUT' });
  if (stopped) return fail(`could not go on: ${stopped.message}`, { cause: stopped, ...codeOf(stopped), ...hintOf(stopped) });
  const error = 'error' in body ? asError(body.error) : undefined;
  const tasks = failedTasks(end, error);
  const thrown = error instanceof TaskError ? undefined : error;
  const cause = thrown ?? tasks[0];
  if (cause === undefined) return undefined;
  const what = thrown === undefined ? `${tasks.length} task${tasks.length === 1 ? '' : 's'} failed` : bodySentence(thrown);
  return fail(`failed: ${what}${tasks.map(listed).join('')}`, { cause, ...hintOf(cause) });
}

/** Of a message of several lines, such as that of a child's run, all stay under their own task. */
function listed({ message }: TaskError): string {
  return `\n  - ${message.replaceAll('\n', '\n    ')}`;
}

/** Also the one that the body was told of and threw on, whether it failed itself or was kept from running by another. */
function failedTasks({ unhandled }: RunEnd, thrown: Error | undefined): readonly TaskError[] {
  if (!(thrown instanceof TaskError)) return unhandled;
  let root = thrown;
  while (root.cause instanceof TaskError) root = root.cause;
  return unhandled.includes(root) ? unhandled : [...unhandled, root];
}

function bodySentence(thrown: Error): string {
  const isOfRun = thrown instanceof OnlyTasksError || (thrown instanceof MillraceError && thrown.code === 'NEVER_SETTLES');
  return isOfRun ? thrown.message : `its body threw: ${thrown.message}`;
}

function codeOf(error: Error): { code?: string } {
  return error instanceof MillraceError ? { code: error.code } : {};
}

/** The state that a run with this error ends in. */
export function endState(failure: FlowRunError | undefined): 'success' | 'failed' | 'cancelled' | 'timed-out' {
  if (failure === undefined) return 'success';
  return failure.code === 'RUN_CANCELLED' ? 'cancelled' : failure.code === 'RUN_TIMED_OUT' ? 'timed-out' : 'failed';
}
