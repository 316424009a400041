import { MillraceError } from '../base/error.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../model/task-definition.js';
import { settingsOf } from './task-settings.js';
import type { AnyArgs, TaskOptions } from './task-type.js';

/** What bounds or repeats one call of a function means nothing for a flow in a flow, which is many calls and holds no slot (S7). */
const NOT_OF_SUBFLOWS: Readonly<Record<string, string>> = {
  retries: 'Give retries to the tasks in it, each or by the `defaults` of the flow.',
  timeout: 'Give time-outs to the tasks in it, or start it as a run of its own, which the `timeout` of its flow ends: startChild(params).',
  limit: 'It holds no slot: give the limit to the tasks in it, each or by the `defaults` of the flow.',
  priority: 'It holds no slot: give the priority to the tasks in it, each or by the `defaults` of the flow.',
  outputs: 'Return an object from its body, and take parts of it with .get(key).',
};

/**
 * What users write in the options of `asTask()`, checked and in the form the engine reads.
 * @throws MillraceError `TASK_OPTION_INVALID` for what a sub-flow cannot have, and as `settingsOf`
 */
export function subflowSettings(options: TaskOptions<AnyArgs, unknown>): Partial<TaskDefinition> {
  const { name } = options;
  for (const [option, hint] of Object.entries(NOT_OF_SUBFLOWS)) {
    if ((options as Readonly<Record<string, unknown>>)[option] === undefined) continue;
    throw new MillraceError('TASK_OPTION_INVALID', `expected asTask() with options that a flow in a flow can have; got '${option}'`, { hint });
  }
  return { ...settingsOf(options as never), ...(typeof name === 'function' ? { label: name } : {}) };
}

/** What is the same for every sub-flow. */
export const SUBFLOW_DEFAULTS = Object.freeze({
  ...TASK_DEFAULTS,
  kind: 'subflow',
  parameterNames: Object.freeze(['params']),
  slotless: true,
} as const);
