import type { TaskDefinition } from '../model/task-definition.js';
import { TaskSelection } from './task-selection.js';

/** What shall execute whatever is cached (S28). */
export interface Force {
  readonly all: boolean;
  /** Tasks that are forced with everything downstream. */
  readonly downstream: TaskSelection;
  /** Tasks that alone are forced. */
  readonly only: TaskSelection;
}

export const NO_FORCE: Force = { all: false, downstream: new TaskSelection(), only: new TaskSelection() };

export function spreads(force: Force): boolean {
  return !force.downstream.isEmpty;
}

/** `inherited`: something upstream was forced together with its downstream. */
export function isForced(force: Force, { name }: TaskDefinition, inherited: boolean): boolean {
  return force.all || inherited || force.downstream.has(name) || force.only.has(name);
}
