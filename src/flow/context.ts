import { MillraceError } from '../base/error.js';
import type { TaskContext } from '../model/task-context.js';
import { scopes } from './scope.js';

/**
 * The context of the running task; in a flow's body, that of the run.
 * @throws MillraceError `NO_CONTEXT` outside of both
 */
export function ctx(): TaskContext {
  const scope = scopes.getStore();
  if (scope) return scope.context;
  throw new MillraceError('NO_CONTEXT', 'expected ctx() to be called inside a running task or a flow body; it was called outside of both');
}
