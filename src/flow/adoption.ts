import type { TaskDefinition } from '../model/task-definition.js';
import { withDefaults } from './task-settings.js';

/** A definition as the calls of one flow's body use it. */
export type Adopt = (definition: TaskDefinition) => TaskDefinition;

/** Each definition is filled in once. Undefined where the flow has no defaults, which costs nothing. */
export function adoptionOf(defaults: Partial<TaskDefinition>): Adopt | undefined {
  if (Object.keys(defaults).length === 0) return undefined;
  // Weak: bodies may define tasks, and a sub-flow's defaults outlive the run.
  const adopted = new WeakMap<TaskDefinition, TaskDefinition>();
  return (definition) => {
    let known = adopted.get(definition);
    if (known === undefined) {
      known = withDefaults(definition, defaults);
      adopted.set(definition, known);
    }
    return known;
  };
}
