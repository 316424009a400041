import type { TaskDefinition } from '../model/task-definition.js';
import { adoptionOf } from './adoption.js';
import type { FlowDefinition } from './flow-runtime.js';
import { resolveParameters } from './parameters.js';
import { SUBFLOW_DEFAULTS, subflowSettings } from './subflow-settings.js';
import { checkName } from './task.js';
import { checkTarget, taskTarget } from './task-target.js';
import type { TaskOptions } from './task-type.js';

/**
 * A flow as a task of another, which expands in the same run (S7). `fn` is the body itself, so that every `asTask()` of a flow is the same task to a
 * run.
 * @throws MillraceError `TASK_OPTION_INVALID`
 */
export function subflowTask(definition: FlowDefinition, options: TaskOptions<[never], unknown>): TaskDefinition {
  const name = typeof options.name === 'string' ? checkName('task', options.name) : definition.name;
  const made: TaskDefinition = {
    ...SUBFLOW_DEFAULTS,
    ...subflowSettings(options as never),
    name,
    description: options.description ?? definition.description,
    fn: definition.body,
    code: definition.code,
    store: options.store ?? definition.store,
    subflow: {
      flowName: definition.name,
      adopt: adoptionOf(taskDefaults(definition)),
      resolve: async (params, reads) => {
        const { values, files } = await resolveParameters(definition.params ?? {}, { argument: (params ?? {}) as Record<string, unknown> });
        // Where the sub-flow is reused as a whole, files among its parameters count as what it read (S22b).
        for (const { path, digest } of Object.values(files)) reads?.asked(path, 'content', digest);
        return values;
      },
    },
    target: taskTarget(options.target, name),
  };
  return Object.freeze(checkTarget(made));
}

/** What the flow says for its tasks wherever they run: as a sub-flow too. */
function taskDefaults({ cache, store, defaults }: FlowDefinition): Partial<TaskDefinition> {
  return { ...(cache === undefined ? {} : { cache }), ...(store === undefined ? {} : { store }), ...defaults };
}
