import type { TaskContext } from './task-context.js';
import type { TaskError } from './task-error.js';

/** Called when something happens to a task run. A hook that throws is logged and changes nothing; nobody waits for one that is async. */
export interface TaskHooks<R> {
  /** Each attempt, before the function is called. */
  onStart?(context: TaskContext): void | Promise<void>;
  /** Once, when success is recorded. */
  onSuccess?(context: TaskContext, result: R): void | Promise<void>;
  /** Once, when no further attempt will be made. */
  onFailure?(context: TaskContext, error: TaskError): void | Promise<void>;
  /** Before each wait for another attempt. */
  onRetry?(context: TaskContext, error: unknown): void | Promise<void>;
}
