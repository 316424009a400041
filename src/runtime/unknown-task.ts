import { MillraceError } from '../base/error.js';

/** @param tasks the names that there are */
export function unknownTask(flow: string, task: string, tasks: readonly string[]): MillraceError {
  return new MillraceError('TASK_UNKNOWN', `expected a task of flow '${flow}'; got '${task}'`, { hint: `Its tasks are ${tasks.join(', ')}.` });
}
