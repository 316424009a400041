import { asError, MillraceError, messageOf } from '../base/error.js';
import type { ErrorInfo } from '../model/event.js';
import type { TaskState } from '../model/states.js';
import { TaskError } from '../model/task-error.js';

/** What went wrong in a run, and who has been told (S12). Sparse: a run without failures costs nothing. */
export class Failures {
  readonly #errors = new Map<number, TaskError>();
  /** The upstreams (or a sub-flow's children) that kept a node from succeeding. */
  readonly #causes = new Map<number, readonly number[]>();
  readonly #handled = new Set<number>();
  /** Nodes that failed by themselves, in order: those that a run must answer for. */
  readonly #roots: number[] = [];

  failed(node: number, error: TaskError): void {
    this.#errors.set(node, error);
    this.#roots.push(node);
  }

  /** The node ended because of others; `error` says so to whoever awaits it. */
  because(node: number, causes: readonly number[], error: TaskError): void {
    this.#errors.set(node, error);
    this.#causes.set(node, causes);
    // Whoever answers for its failure may have said so before it ended.
    if (this.#handled.has(node) && isFailure(error)) for (const cause of causes) this.handle(cause);
  }

  error(node: number): TaskError | undefined {
    return this.#errors.get(node);
  }

  /** Those for want of which a node ended without a value. */
  causesOf(node: number): readonly number[] {
    return this.#causes.get(node) ?? [];
  }

  /** What the first of these nodes failed of: the failure at the beginning, however long the chain that leads to it. */
  rootOf(nodes: readonly number[]): unknown {
    const error = nodes.map((node) => this.#errors.get(node)).find((known) => known !== undefined);
    return error?.cause instanceof TaskError && error.code !== 'TASK_FAILED' ? error.cause : error;
  }

  get any(): boolean {
    return this.#roots.length > 0;
  }

  /** Somebody is told of this node's failure, and so of the failures behind it; it need not have ended yet. */
  handle(node: number): void {
    const stack = [node];
    while (stack.length > 0) {
      const next = stack.pop() as number;
      if (this.#handled.has(next)) continue;
      this.#handled.add(next);
      stack.push(...(this.#causes.get(next) ?? []));
    }
  }

  all(): TaskError[] {
    return this.#roots.map((node) => this.#errors.get(node) as TaskError);
  }

  unhandled(): TaskError[] {
    return this.#roots.filter((node) => !this.#handled.has(node)).map((node) => this.#errors.get(node) as TaskError);
  }

  /** Unhandled failures among these nodes: a sub-flow answers for its children. */
  unhandledAmong(isMember: (node: number) => boolean): number[] {
    return this.#roots.filter((node) => isMember(node) && !this.#handled.has(node));
  }
}

const CODES: Partial<Record<TaskState, string>> = {
  failed: 'TASK_FAILED',
  'upstream-failed': 'TASK_UPSTREAM_FAILED',
  skipped: 'TASK_SKIPPED',
  cancelled: 'TASK_CANCELLED',
  'timed-out': 'TASK_TIMED_OUT',
  crashed: 'TASK_CRASHED',
};

function isFailure({ code }: TaskError): boolean {
  return code !== CODES.skipped && code !== CODES.cancelled;
}

/** The error of a node that ended in `state` because of what was thrown. */
export function taskError(id: string, state: TaskState, attempts: number, thrown: unknown): TaskError {
  const cause = asError(thrown);
  const verb = {
    failed: 'failed',
    'upstream-failed': 'did not run',
    skipped: 'was skipped',
    cancelled: 'was cancelled',
    'timed-out': 'ran out of time',
    crashed: 'crashed',
  }[state as 'failed'];
  return new TaskError(CODES[state] ?? 'TASK_FAILED', `task '${id}' ${verb}: ${messageOf(cause)}`, {
    taskRunId: id,
    attempts,
    cause,
    ...hintOf(cause),
  });
}

/** The error of a step between nodes, which people know by what they wrote: `match()`. A branch that is not taken says so by itself. */
export function derivedError(called: string, state: TaskState, attempts: number, thrown: unknown): TaskError {
  const cause = asError(thrown);
  const message = state === 'skipped' ? cause.message : `${called} ${state === 'cancelled' ? 'was cancelled' : 'failed'}: ${cause.message}`;
  return new TaskError(CODES[state] ?? 'TASK_FAILED', message, { taskRunId: called, attempts, cause, ...hintOf(cause) });
}

/** What to do about an error is to be done about whatever it causes. */
export function hintOf(error: unknown): { hint?: string } {
  return error instanceof MillraceError && error.hint !== undefined ? { hint: error.hint } : {};
}

const MAX_CAUSES = 8;

/** An error as plain data, for records and events. Getters that throw and causes without end are survived. */
export function errorInfo(thrown: unknown, depth = 0): ErrorInfo {
  const error = asError(thrown);
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  // The message of a thrown non-Error is all there is to say of it.
  const hasCause = error.cause !== undefined && code !== 'THROWN_NON_ERROR';
  return {
    name: error.name,
    message: messageOf(error),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(tellsWhere(error) ? { stack: error.stack } : {}),
    ...(hasCause && depth < MAX_CAUSES ? { cause: errorInfo(error.cause, depth + 1) } : {}),
  };
}

/** A skip is a decision and no failure: nobody looks for where it was made, and a run may have thousands. Our own wrappers have no frames. */
function tellsWhere({ name, stack }: Error): boolean {
  return name !== 'Skip' && typeof stack === 'string' && /^\s+at /m.test(stack);
}

/** Thrown through a derived step whose inputs have no value: the step ends as these did. */
export class NoValue extends MillraceError {
  readonly from: readonly number[];

  constructor(from: readonly number[]) {
    super('NO_VALUE', 'the input has no value');
    this.from = from;
  }
}
