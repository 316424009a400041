import { type Force, NO_FORCE } from '../engine/force.js';
import { TaskSelection } from '../engine/task-selection.js';
import type { RunOptions } from '../flow/flow-runtime.js';
import type { TaskRef } from '../flow/task-type.js';

/** What the options of a run say shall execute whatever is cached (S28). */
export function forceOf({ force, forceOnly }: RunOptions): Force {
  if (force === undefined && forceOnly === undefined) return NO_FORCE;
  const names = (refs: TaskRef | readonly TaskRef[] | undefined): TaskSelection => {
    const list = refs === undefined ? [] : Array.isArray(refs) ? (refs as readonly TaskRef[]) : [refs as TaskRef];
    return new TaskSelection(list.map((ref) => (typeof ref === 'string' ? ref : ref.taskName)));
  };
  return { all: force === true, downstream: force === true ? new TaskSelection() : names(force), only: names(forceOnly) };
}
