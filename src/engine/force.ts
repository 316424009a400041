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

/**
 * By what a task is forced, for people; undefined: it is not.
 * @param before what was forced upstream of it, together with its downstream
 */
export function forcedBy(force: Force, { name }: TaskDefinition, before: string | undefined): string | undefined {
  if (force.all) return 'every task was forced';
  if (force.downstream.has(name) || force.only.has(name)) return `${name} was forced`;
  return before === undefined ? undefined : `it comes after ${before}, which was forced`;
}
