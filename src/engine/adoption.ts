import { withDefaults } from '../flow/task-settings.js';
import type { TaskDefinition } from '../model/task-definition.js';

/** Definitions as one run uses them: each is filled in once. Undefined where the flow has no defaults, which costs nothing. */
export function adoptionOf(defaults: Partial<TaskDefinition>): ((definition: TaskDefinition) => TaskDefinition) | undefined {
  if (Object.keys(defaults).length === 0) return undefined;
  const adopted = new Map<TaskDefinition, TaskDefinition>();
  return (definition) => {
    let known = adopted.get(definition);
    if (known === undefined) {
      known = withDefaults(definition, defaults);
      adopted.set(definition, known);
    }
    return known;
  };
}
