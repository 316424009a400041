import type { TaskDefinition } from '../model/task-definition.js';

/** What shall execute whatever is cached (S28). */
export interface Force {
  readonly all: boolean;
  /** Names of tasks that are forced with everything downstream. */
  readonly downstream: ReadonlySet<string>;
  /** Names of tasks that alone are forced. */
  readonly only: ReadonlySet<string>;
}

export const NO_FORCE: Force = { all: false, downstream: new Set(), only: new Set() };

export function spreads(force: Force): boolean {
  return force.downstream.size > 0;
}

/** `inherited`: something upstream was forced together with its downstream. */
export function isForced(force: Force, { name }: TaskDefinition, inherited: boolean): boolean {
  return force.all || inherited || force.downstream.has(name) || force.only.has(name);
}
